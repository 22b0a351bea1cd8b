"""What can befall the network: what the user sees of it, and that nothing told is lost."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any, TypeVar

import pytest
from lab.daemon import CALLER, Daemon, Heard, check_history
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.nat import INSIDE, Namespace, Nat, NatLab
from lab.programs import Program, require, wait_until
from lab.sipp import Sipp

from siptapi_core.commands import Dial, Dialling
from siptapi_core.contracts import Dialer
from siptapi_core.events import CallEvent, CallFailed

pytestmark = pytest.mark.interop

IS_LONG = "SIPTAPI_SOAK_SECONDS" in os.environ
ACCOUNT = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}
STEPPED_CLOCK = Path(__file__).parent / "lab" / "stepped_clock.py"
"""Not imported: it would step the clock of this process."""
P = TypeVar("P", bound=Program)


async def dial(dialer: Dialer, line: str = "office") -> str:
    reply = await dialer.execute(Dial(number="2002", line=line), CALLER)
    assert isinstance(reply, Dialling)
    return reply.call


async def ended(heard: Heard, call: str) -> str:
    """Wait for a call's end; returns the outcome."""
    await heard.until("call_ended", call=call)
    return heard.endings()[call]


def why(heard: Heard, call: str) -> str:
    """The reason of the only failure of a call."""
    (failure,) = (
        event.happening
        for event in heard.events
        if isinstance(event, CallEvent)
        and event.call == call
        and isinstance(event.happening, CallFailed)
    )
    return failure.reason


# --- programs ------------------------------------------------------------------------------------


def test_a_proxy_that_is_restarted_costs_the_calls_of_that_moment_only(lab: Lab) -> None:
    phone = lab.sipp("callee_rings_for_long", milliseconds="3000", calls=2)
    proxy = lab.kamailio(static={"alice": phone.place})
    daemon = lab.daemon(outbound_proxy=proxy.uri, phone="alice", resolvers=["a"])

    async def use(dialer: Dialer, heard: Heard) -> None:
        under_way = await dial(dialer)
        await heard.until("callee_ringing", call=under_way)
        await asyncio.to_thread(proxy.stop)
        begun = time.monotonic()
        lost = await dial(dialer)
        assert await ended(heard, lost) == "failed"
        assert "refuses our packets" in why(heard, lost)
        assert time.monotonic() - begun < 1.0, "nobody waits for a proxy that is not there"
        await asyncio.to_thread(proxy.start)
        assert await ended(heard, under_way) == "answered"
        assert await ended(heard, await dial(dialer)) == "answered"

    check_history(daemon, daemon.run(use))


def test_a_phone_that_is_restarted_leaves_its_call_unknown_and_takes_the_next(lab: Lab) -> None:
    phone = lab.sipp("callee_rings_until_we_leave")
    daemon = lab.daemon(strategies=["refer-to-phone"], phone=phone.address, callee_timeout=2.0)

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer)
        await heard.until("callee_ringing", call=call)
        phone.stop()
        assert await ended(heard, call) == "unknown"
        again = Sipp(phone.folder / "again", "answered", host=phone.host)
        await asyncio.to_thread(again.start)
        assert await ended(heard, await dial(dialer)) == "answered"
        again.stop()

    check_history(daemon, daemon.run(use))


def test_dns_that_is_gone_costs_only_what_was_not_asked_for_lately(lab: Lab) -> None:
    phone = lab.sipp("answered", calls=3)
    dns = lab.knot({DOMAIN: f"phone A {phone.host}\nother A {phone.host}\n"})
    line = ACCOUNT | {"strategies": ["refer-to-phone"], "resolvers": ["a"]}
    daemon = lab.daemon(
        tables={
            "lines.office": line | {"phone": f"phone@phone.{DOMAIN}:5060"},
            "lines.other": line | {"phone": f"phone@other.{DOMAIN}:5060"},
            "dns": {"servers": [dns.server], "query_timeout": 0.5, "overall_timeout": 2.0},
        }
    )

    async def use(dialer: Dialer, heard: Heard) -> None:
        assert await ended(heard, await dial(dialer)) == "answered"
        await asyncio.to_thread(dns.stop)
        assert await ended(heard, await dial(dialer)) == "answered"
        begun = time.monotonic()
        lost = await dial(dialer, "other")
        assert await ended(heard, lost) == "failed"
        assert f"other.{DOMAIN}" in why(heard, lost)
        assert time.monotonic() - begun < 5.0
        await asyncio.to_thread(dns.start)
        assert await ended(heard, await dial(dialer, "other")) == "answered"

    check_history(daemon, daemon.run(use))


# --- the clock -----------------------------------------------------------------------------------


def test_a_clock_that_is_set_changes_no_call_and_no_timer(lab: Lab, tmp_path: Path) -> None:
    """Backwards by a day in the middle of a call, and forwards by a year before the next."""
    clock = tmp_path.parent / f"{tmp_path.name}-clock"
    clock.write_text("0", encoding="ascii")
    registrar = lab.registrar()
    phone = lab.sipp("callee_rings_for_long", milliseconds="1000", calls=3)
    daemon = lab.daemon(
        plugins=[STEPPED_CLOCK],
        environment={"SIPTAPI_TEST_CLOCK": str(clock)},
        register=True,
        outbound_proxy=registrar.uri,
        strategies=["refer-to-phone"],
        phone=phone.address,
    )
    daemon.await_logged("registration_changed", state="registered")

    async def use(dialer: Dialer, heard: Heard) -> None:
        for seconds in (-86_400, 365 * 86_400, 0):
            call = await dial(dialer)
            await heard.until("callee_ringing", call=call)
            clock.write_text(str(seconds), encoding="ascii")
            begun = time.monotonic()
            assert await ended(heard, call) == "answered"
            assert 0.5 < time.monotonic() - begun < 5

    heard = daemon.run(use)
    check_history(daemon, heard)
    ids = [event.id for event in heard.events]
    assert ids == sorted(ids), "they count on, whatever the clock says"
    assert registrar.bindings("alice"), "its time is not over"
    states = [line["state"] for line in daemon.log() if line["event"] == "registration_changed"]
    assert states == ["registering", "registered"]


# --- the way -------------------------------------------------------------------------------------


class Office(NatLab):
    """The daemon is inside, behind a router; `lose` and `mend` the cable between them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, Nat.MASQUERADE)

    @property
    def here(self) -> Namespace:
        """The network that the daemon is in."""
        return self._inside

    def lose(self) -> None:
        """Nothing comes or goes any more."""
        self._router.ip("link", "set", "lan", "down")

    def mend(self) -> None:
        """As it was."""
        self._router.ip("link", "set", "lan", "up")

    def _run(self, part: P) -> P:
        if not isinstance(part, Daemon):
            return super()._run(part)
        part.namespace = self._inside
        return Lab._run(self, part)


@pytest.fixture
def office(tmp_path: Path) -> Any:
    require("ip", package="iproute2")
    if os.geteuid() != 0:
        pytest.fail("only root can make network namespaces")
    with Office(tmp_path) as made:
        yield made
        print(made.traces())


def test_a_network_that_is_gone_for_a_while_ends_no_call_that_it_did_not_cut(
    office: Office,
) -> None:
    """40 s in the long form: then the phone has given up reporting, and we say that we know not."""
    gone = 40.0 if IS_LONG else 4.0
    phone = office.sipp("callee_rings_for_long", milliseconds="1500", calls=3, seconds=150)
    daemon = office.daemon(
        strategies=["refer-to-phone"],
        phone=phone.address,
        learn_address=True,
        callee_timeout=60.0,
        resolvers=["a"],
    )

    async def use(dialer: Dialer, heard: Heard) -> None:
        under_way = await dial(dialer)
        await heard.until("callee_ringing", call=under_way)
        office.lose()
        begun = time.monotonic()
        lost = await dial(dialer)
        assert await ended(heard, lost) == "failed"
        # What the system says of it depends on how far the interface is on its way down.
        assert why(heard, lost).startswith(f"there is no way to udp:{phone.place}: No ")
        assert time.monotonic() - begun < 10
        await asyncio.sleep(max(0.0, gone - (time.monotonic() - begun)))
        office.mend()
        outcome = await ended(heard, under_way)
        assert outcome == ("unknown" if IS_LONG else "answered")
        assert await ended(heard, await dial(dialer)) == "answered"

    check_history(daemon, daemon.run(use, 200))


def address_changes(office: Office) -> None:
    """Within `LOOK_EVERY` and T2: only the long form has so much time (see test_line_services)."""
    registrar = office.registrar()
    daemon = office.daemon(register=True, outbound_proxy=registrar.uri, resolvers=["a"])

    def told() -> bool:
        return f"Contact: <sip:alice@{elsewhere}:" in registrar.trace()

    elsewhere = INSIDE.replace(".2", ".3")
    daemon.await_logged("registration_changed", state="registered")
    assert not told()
    office.here.ip("address", "delete", f"{INSIDE}/24", "dev", "eth0")
    office.here.ip("address", "add", f"{elsewhere}/24", "dev", "eth0")
    office.here.ip("route", "replace", "default", "via", "192.168.7.1")
    daemon.await_logged("this computer has another address: lines register anew", seconds=50)
    wait_until(told, seconds=10, what="a REGISTER from there")


if IS_LONG:

    def test_a_computer_with_another_address_registers_anew(office: Office) -> None:
        address_changes(office)
