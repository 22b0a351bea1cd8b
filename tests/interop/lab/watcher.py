"""SIPTAPI's own dialog watch, on a real socket, in a thread with an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from lab.addresses import PORT
from lab.kamailio import DOMAIN, Kamailio
from lab.programs import wait_until

from siptapi_core.events import TracedMessage
from siptapi_core.logs import logger
from siptapi_core.machine.dialog_watch import DialogReport, DialogWatch
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.phone_leg import Located
from siptapi_core.machine.subscription import SubscriberState, Subscription
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

T = TypeVar("T")


class Watcher:
    """Subscribes to the dialogs of ``user`` with that user's account.

    ``reports`` is what it was told of dialogs, ``told`` whether it watches, and why not.
    """

    def __init__(
        self, *, host: str, proxy: Kamailio, user: str, password: str, expires: int = 600
    ) -> None:
        self.reports: list[DialogReport] = []
        self.told: list[tuple[bool, str]] = []
        self.messages: list[TracedMessage] = []
        self._proxy = Address(proxy.host, PORT)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._network = self._in_loop(self._open(host))
        account = SipUri(host=DOMAIN, user=user)
        self.subscription = Subscription(
            SubscriptionPlan(
                target=account,
                from_=NameAddr(account),
                next_hop=SipUri(host=DOMAIN),
                expires=expires,
            ),
            agent=self._network.agent,
            flows=Flows(self._network.agent.transactions),
            credentials=Credentials(user, password),
            locate=self._locate,
            owner=DialogWatch(self),
        )
        self._do(self.subscription.start)

    # --- what it is told ---

    def on_dialog(self, report: DialogReport, now: float) -> None:
        self.reports.append(report)

    def on_watching(self, reason: str, now: float, *, watching: bool) -> None:
        self.told.append((watching, reason))

    @property
    def states(self) -> list[str]:
        """The states that were reported, in order."""
        return [report.dialog.state.value for report in self.reports]

    def sent(self, method: str) -> int:
        """How many requests of ``method`` it sent."""
        return sum(m.direction == "sent" and m.text.startswith(method) for m in self.messages)

    # --- what it is waited for ---

    def await_told(self, *expected: tuple[bool, str]) -> None:
        """Wait until it has said so, and no more, of itself."""
        wait_until(
            lambda: self.told == [*expected], seconds=20, what=f"{expected}, but {self.told}"
        )

    def await_state(self, state: str, *, count: int = 1) -> None:
        """Wait until a dialog has got into ``state``, the ``count``-th that does."""
        wait_until(
            lambda: self.states.count(state) >= count,
            seconds=10,
            what=f"{count} {state}, but {self.states}",
        )

    def unsubscribe(self) -> None:
        """Stop, and wait until that is done."""
        self._do(self.subscription.stop)
        wait_until(
            lambda: self.subscription.state is SubscriberState.ENDED,
            seconds=5,
            what="unsubscribed",
        )

    def close(self) -> None:
        """Give the socket back."""
        self._in_loop(self._network.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def trace(self) -> str:
        """Every message."""
        return "\n".join(f"{m.time:.3f} {m.direction} {m.peer}\n{m.text}" for m in self.messages)

    async def _open(self, host: str) -> SipNetwork:
        network = await SipNetwork.open(
            clock=SystemClock(),
            identifiers=SystemIdentifiers(),
            logger=logger(__name__),
            hosts=(host,),
            ports=(PORT,),
        )
        network.tracers.append(self.messages.append)
        return network

    def _locate(self, _uri: SipUri, then: Located) -> None:
        self._do(lambda now: then((self._proxy,), now))

    def _do(self, act: Callable[[float], None]) -> None:
        self._loop.call_soon_threadsafe(self._network.drive, act)

    def _in_loop(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(10)
