"""The demo's phones as somebody has them on a desk: they ring, and a person decides.

::

    idle ─▶ ringing ─pick_up─▶ picked up ─▶ calling ─▶ talking ─hang_up─▶ idle
      │        └─reject, or it rang for too long─▶ idle
      └─call─▶ calling ─▶ talking
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

from siptapi_core.demo.phone import SimulatedPhone
from siptapi_core.demo.phone_calls import CallPhase, IncomingCall, PhoneCall
from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.dialer.event_bus import Bus
from siptapi_core.errors import RefusedError, UnknownNameError
from siptapi_core.net.driver import Driver
from siptapi_core.sip.masking import mask_credentials
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value

Call = TypeVar("Call", bound=PhoneCall)

SIPTAPI, PROXY = "SIPTAPI", "Proxy"
"""Where messages come from and go to, besides the phones."""
DECLINE = 603
"""What a phone answers when somebody rejects the call (RFC 3261 section 21.6.2)."""


class DeskState(enum.StrEnum):
    """What a phone on the desk does."""

    IDLE = "idle"
    RINGING = "ringing"
    PICKED_UP = "picked_up"
    """SIPTAPI has it on the line, and nobody else so far."""
    CALLING = "calling"
    TALKING = "talking"


class DemoEvent(NamedTuple):
    """``demo_phone`` or ``demo_message``, and what is told of it, as plain data for JSON."""

    name: str
    data: Mapping[str, object]


class DeskPhone(Value, kw_only=True):
    """A phone, the driver of its socket, and the account that it may be called by."""

    name: str
    phone: SimulatedPhone
    driver: Driver
    calls: SipUri
    """Whom its call button calls."""


class DeskPhones:
    """The phones by name, and what passes their ``proxy``.

    A phone is ``{"name", "number", "state", "caller"}``; ``caller`` is what its display shows. A
    message is ``{"time", "from", "to", "first_line", "text"}``, between a phone's name, `PROXY` and
    `SIPTAPI`, with its credentials masked. ``accounts`` are the users that SIPTAPI calls from.
    """

    def __init__(
        self, phones: Mapping[str, DeskPhone], accounts: frozenset[str], proxy: DemoProxy
    ) -> None:
        self._phones = phones
        self._accounts = accounts
        self._bus: Bus[DemoEvent] = Bus()
        self._told: dict[str, Mapping[str, object]] = {}
        self._places = {desk.phone.address: name for name, desk in phones.items()}
        self._places[proxy.address] = PROXY
        proxy.on_passing = self._on_passing
        for name, desk in phones.items():
            desk.phone.on_change = partial(self._on_change, name)

    def phones(self) -> list[dict[str, object]]:
        """Every phone as it is now."""
        return [self._show(name) for name in self._phones]

    def pick_up(self, name: str) -> None:
        """Answer what rings.

        Raises:
            UnknownNameError, RefusedError: there is no such phone, or it does not ring.
        """
        self._act(name, SimulatedPhone.answer, {DeskState.RINGING}, "ring")

    def reject(self, name: str) -> None:
        """Refuse what rings; raises as `pick_up`."""
        self._act(name, lambda phone, now: phone.reject(now, DECLINE), {DeskState.RINGING}, "ring")

    def hang_up(self, name: str) -> None:
        """Put the receiver down; raises as `pick_up`, where it is down already."""
        held = {DeskState.PICKED_UP, DeskState.CALLING, DeskState.TALKING}
        self._act(name, SimulatedPhone.hang_up, held, "hold a call")

    def call(self, name: str) -> None:
        """Call the other line, so that a call comes in; raises as `pick_up`, where it is in use."""

        def call(phone: SimulatedPhone, now: float) -> None:
            phone.call(self._phones[name].calls, lambda *_report: None, now)

        self._act(name, call, {DeskState.IDLE}, "stand idle")

    def changes(self) -> AsyncIterator[DemoEvent]:
        """What the phones do and what passes the proxy, from now on."""
        return self._bus.subscribe()

    def close(self) -> None:
        """End every stream of changes."""
        self._bus.close()

    def _on_passing(self, data: bytes, source: Address, destination: Address) -> None:
        """A datagram comes to the proxy or leaves it."""
        if not self._bus.subscriptions or not data.strip():  # a keep-alive (RFC 5626 3.5.1)
            return
        text = mask_credentials(data.decode(errors="replace"))
        told = {
            "time": time.time(),
            "from": self._places.get(source, SIPTAPI),
            "to": self._places.get(destination, SIPTAPI),
            "first_line": text.partition("\r\n")[0],
            "text": text,
        }
        self._bus.publish(DemoEvent("demo_message", told))

    def _act(
        self,
        name: str,
        do: Callable[[SimulatedPhone, float], None],
        states: set[DeskState],
        wanted: str,
    ) -> None:
        if name not in self._phones:
            raise UnknownNameError("phone", name, known=tuple(self._phones))
        desk = self._phones[name]
        if self._state(desk.phone) not in states:
            raise RefusedError(f"{name}'s phone does not {wanted} just now")
        desk.driver.drive(partial(do, desk.phone))

    def _on_change(self, name: str, _what: str) -> None:
        phone = self._phones[name].phone
        phone.incoming[:] = [call for call in phone.incoming if call.phase is not CallPhase.OVER]
        phone.outgoing[:] = [call for call in phone.outgoing if call.phase is not CallPhase.OVER]
        # It notes what happens before it is done with it.
        asyncio.get_running_loop().call_soon(self._tell, name)

    def _tell(self, name: str) -> None:
        shown = self._show(name)
        if shown != self._told.get(name):
            self._told[name] = shown
            self._bus.publish(DemoEvent("demo_phone", shown))

    def _show(self, name: str) -> dict[str, object]:
        phone = self._phones[name].phone
        state = self._state(phone)
        return {
            "name": name,
            "number": phone.account.user,
            "state": state.value,
            "caller": self._display(phone),
        }

    def _state(self, phone: SimulatedPhone) -> DeskState:
        if _in(phone.incoming, CallPhase.RINGING):
            return DeskState.RINGING
        if _in(phone.outgoing, CallPhase.RINGING):
            return DeskState.CALLING
        held = _in(phone.incoming, CallPhase.TALKING)
        if _in(phone.outgoing, CallPhase.TALKING) or not all(map(self._is_ours, held)):
            return DeskState.TALKING
        return DeskState.PICKED_UP if held else DeskState.IDLE

    def _display(self, phone: SimulatedPhone) -> str:
        """The other party, as the display of a phone shows it."""
        for outgoing in phone.outgoing:
            if outgoing.phase is not CallPhase.OVER:
                return outgoing.target.user_text
        for incoming in phone.incoming:
            caller = incoming.invite.from_
            if incoming.phase is not CallPhase.OVER:
                user = caller.uri.user_text if isinstance(caller.uri, SipUri) else str(caller.uri)
                return caller.display_name or user
        return ""

    def _is_ours(self, call: IncomingCall) -> bool:
        uri = call.invite.from_.uri
        return isinstance(uri, SipUri) and uri.user_text in self._accounts


def _in(calls: Iterable[Call], phase: CallPhase) -> list[Call]:
    return [call for call in calls if call.phase is phase]
