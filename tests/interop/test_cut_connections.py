"""TCP connections that are cut off in the middle of what they carry.

Many calls at once: the short form is for every day; ``nox -s soak`` makes more, also where the cuts
come at any moment, and prints the rows of docs/reliability.md. Then one call with two strategies,
whose INVITE was on the connection: the phone never rings for both.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from contextlib import suppress

import pytest
from lab.addresses import PORT
from lab.baresip import Baresip
from lab.cutter import Cutter
from lab.kamailio import Kamailio
from lab.laboratory import Lab
from lab.lossy_town import Told, Town, check_truth, expected_of, open_town
from lab.relay import Weather
from lab.siptapi import Siptapi

from siptapi_core.events import Outcome

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(sys.platform != "linux", reason="needs 127.0.0.0/8"),
]

CALLS = int(os.environ.get("SIPTAPI_LOSSY_CALLS", "48"))
RATE = 6.0
BEGIN, EVERY = 2.0, 4.0
"""Seconds until the connection is cut, and from then on: one that lasted is opened again."""
PATIENCE = 10.0
"""Seconds that a phone may ring or be silent: its word may have been lost with a connection."""
NEAR = 1.0
"""Seconds from a cut in which a call may yet begin over the connection that is no more."""
WEATHERS = {"every 4 s": Weather(delay=0.02, jitter=0.05)}
if CALLS > 100:
    WEATHERS["at any moment"] = Weather(delay=0.02, jitter=0.05, cuts=0.002)


@pytest.mark.parametrize("name", list(WEATHERS))
def test_every_call_ends_and_the_phone_saw_what_is_told(name: str) -> None:
    weather = WEATHERS[name]

    async def main() -> None:
        patience = {"patience": PATIENCE, "silence": PATIENCE}
        async with open_town(weather, seed=CALLS, tcp=True, **patience) as town:
            cutting = asyncio.create_task(cut(town))
            async with asyncio.timeout(60 + 5 * CALLS / RATE):
                told = await town.call(CALLS, rate=RATE)
            cutting.cancel()
            with suppress(asyncio.CancelledError):
                await cutting
            check(town, told)
            print(row(name, town, told))

    async def cut(town: Town) -> None:
        await asyncio.sleep(BEGIN)
        while not weather.cuts:
            await asyncio.to_thread(town.relay.cut)
            await asyncio.sleep(EVERY)

    asyncio.run(main())


def check(town: Town, told: dict[str, Told]) -> None:
    assert len(told) == CALLS
    assert town.calls_in_progress() == 0
    assert town.relay.ended, "it was cut"
    check_truth(told, town.seen())
    for number, each in told.items():
        assert was_cut(town, each) or each.ended == expected_of(number), (number, each)
        # What was lost is sent again; where the next connection may be cut too, not for ever.
        assert town.relay.weather.cuts or each.ended.outcome is not Outcome.FAILED, (number, each)


def was_cut(town: Town, told: Told) -> bool:
    over = told.begun + told.seconds
    return any(told.begun - NEAR < moment <= over for moment in town.relay.ended)


def row(name: str, town: Town, told: dict[str, Told]) -> str:
    """A row of the table in docs/reliability.md."""
    as_ever = sum(each.ended == expected_of(number) for number, each in told.items())
    others = Counter(
        each.ended.outcome.value
        for number, each in told.items()
        if each.ended != expected_of(number)
    )
    seconds = sorted(each.seconds for each in told.values())
    cut = sum(was_cut(town, each) for each in told.values())
    return (
        f"| {name} | {len(told)} | {len(town.relay.ended)} | {cut} | {as_ever} "
        f"| {others['failed']} | {others['unknown']} "
        f"| {seconds[len(seconds) // 2]:.2f} s | {seconds[-1]:.1f} s |"
    )


# --- one call, two strategies --------------------------------------------------------------------

ANSWERED = ("answered", "callee", 0)
FAILED = ("failed", "proxy", 3)
BEHIND = "when the proxy and the phone have it"
INVITE_WITH_PASSWORD = b"\r\nProxy-Authorization: "


class Office:
    """A proxy that is reached by a way that can be cut, and a phone that is picked up by hand."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._host = lab.host()
        self.proxy: Kamailio = lab.kamailio(listens=[f"tcp:{self._host}:{PORT}"])
        self.phone: Baresip = lab.baresip("alice", self.proxy, answer="manual")
        self.callee: Baresip = lab.baresip("2002", self.proxy)

    def way(self, *, passes: bool, again: bool) -> Cutter:
        """... at the INVITE that has credentials: the first that the proxy passes on."""
        return Cutter(
            self._lab.host(),
            self._host,
            at=INVITE_WITH_PASSWORD,
            passes=passes,
            again=again,
        )

    def dial(self, place: str) -> Siptapi:
        """By the proxy, over TCP at ``place``; else to the phone itself."""
        return self._lab.dial(
            outbound_proxy=f"sip:{place};transport=tcp",
            resolvers=["a"],
            strategies=["refer-via-proxy", "refer-to-phone"],
            phone=self.phone.address,
        )

    def times_rung(self) -> int:
        """Of the phone."""
        return [event["type"] for event in self.phone.events].count("CALL_INCOMING")

    def pick_up(self) -> None:
        self.phone.await_event("CALL_INCOMING")
        self.phone.command("accept")


@pytest.fixture
def office(lab: Lab) -> Office:
    return Office(lab)


@pytest.mark.parametrize("where", ["before it", BEHIND])
def test_the_call_goes_through_and_the_phone_rings_once(office: Office, where: str) -> None:
    passes = where == BEHIND
    with office.way(passes=passes, again=True) as way:
        call = office.dial(way.place)
        if passes:
            office.phone.await_event("CALL_INCOMING")
            assert "phone_ringing" not in [event["event"] for event in call.events()]
            way.cut()
            call.await_event("phone_ringing")  # what the proxy had said is said again
        office.pick_up()
        result = call.finish()
    assert result.ending == ANSWERED
    assert "strategy_fell_back" not in result.names
    assert office.times_rung() == 1
    assert len(office.callee.incoming()) == 1


@pytest.mark.parametrize("where", ["before it", BEHIND])
def test_without_another_connection_nobody_knows_and_nothing_else_is_tried(
    office: Office, where: str
) -> None:
    passes = where == BEHIND
    with office.way(passes=passes, again=False) as way:
        call = office.dial(way.place)
        if passes:
            office.phone.await_event("CALL_INCOMING")
            way.cut()
        result = call.finish()
    assert result.ending == FAILED
    assert result.failure["disturbed"] == "maybe"
    assert "it may have arrived" in result.failure["reason"]
    assert "strategy_fell_back" not in result.names
    assert office.times_rung() == passes


def test_where_there_was_no_connection_the_second_strategy_is_tried_at_once(
    lab: Lab, office: Office
) -> None:
    call = office.dial(f"{lab.host()}:{PORT}")
    office.pick_up()
    result = call.finish()
    assert "strategy_fell_back" in result.names
    assert "phone_answered" in result.names
    assert office.times_rung() == 1
