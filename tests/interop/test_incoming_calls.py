"""Calls that come to a phone and to SIPTAPI, registered beside it on the same account.

``SIPTAPI_INTEROP_CALLS=100`` makes as many calls, of each kind, as the product promises to survive.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from itertools import cycle, islice
from typing import Any

import pytest
from lab.daemon import CALLER, Heard
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until
from lab.sipp import Sipp

from siptapi_core.commands import (
    CallDirection,
    CallRecord,
    Dial,
    Dialling,
    ListCalls,
    ListHistory,
    ListLines,
    Redirect,
    Reject,
    ShowCall,
)
from siptapi_core.contracts import Dialer
from siptapi_core.events import CallEvent

pytestmark = pytest.mark.interop

CALLS = int(os.environ.get("SIPTAPI_INTEROP_CALLS", "40"))
COLLEAGUES = {name: f"secret-of-{name}" for name in ("declining", "busy", "curt")}
"""Accounts with phones of their own ways; alice's is a person's."""


class Office:
    """A proxy, phones, SIPTAPI on the account of each, and somebody who calls them."""

    def __init__(self, lab: Lab, **line: Any) -> None:
        self.lab = lab
        self.proxy = lab.kamailio(passwords=PASSWORDS | COLLEAGUES)
        self.phone = lab.baresip("alice", self.proxy, answer="manual")
        self.caller = lab.baresip("2002", self.proxy)
        account = {"domain": DOMAIN, "outbound_proxy": self.proxy.uri, "register": True} | line
        tables = {
            f"lines.{user}": account | {"user": user, "password": password}
            for user, password in (PASSWORDS | COLLEAGUES).items()
            if user != "2002"
        }
        self.daemon = lab.daemon(tables={"lines.office": tables.pop("lines.alice"), **tables})
        self.daemon.run(all_registered)

    def scripted_phone(self, user: str, scenario: str, **values: Any) -> Sipp:
        """A phone of ``user`` that does as ``scenario`` says."""
        phone = self.lab.sipp(scenario, seconds=30 + CALLS, **values)
        register = self.lab.sipp(
            "registers",
            proxy=f"{self.proxy.host}:5060",
            user=user,
            password=COLLEAGUES[user],
            contact=phone.place,
        )
        register.assert_followed()
        self.lab.forget(register)
        return phone

    def call(self, user: str = "alice") -> None:
        """Somebody calls."""
        self.caller.command("dial", f"sip:{user}@{DOMAIN}")

    def rings(self) -> None:
        """Wait until the phone of alice rings."""
        wait_until(lambda: self.phone.calls == 1, seconds=5, what="the phone ringing")

    def quiet(self) -> None:
        """End what is left of a call."""
        self.caller.hang_up_all()
        self.phone.hang_up_all()


async def all_registered(dialer: Dialer, heard: Heard) -> None:
    while True:
        lines = (await dialer.execute(ListLines(), CALLER)).lines  # type: ignore[union-attr]
        if all(line.registration == "registered" for line in lines):
            return
        await heard.until("registration_changed")


async def history(dialer: Dialer) -> list[CallRecord]:
    """Every call, the first first, with its events."""
    listed = await dialer.execute(ListHistory(limit=1000), CALLER)
    records = [
        await dialer.execute(ShowCall(call=record.call), CALLER)
        for record in reversed(listed.calls)  # type: ignore[union-attr]
    ]
    assert [record.evolve(events=()) for record in records] == [*reversed(listed.calls)]
    return records


# --- every ending --------------------------------------------------------------------------------

Ending = Callable[[Office, Dialer, str], Awaitable[None]]


async def answered(office: Office, _dialer: Dialer, _call: str) -> None:
    office.rings()
    office.phone.command("accept")


async def abandoned(office: Office, _dialer: Dialer, _call: str) -> None:
    office.rings()
    await asyncio.sleep(0.6)  # sooner it could be another phone's doing: see below
    office.caller.hang_up_all()


async def left_alone(_office: Office, _dialer: Dialer, _call: str) -> None:
    """The phone does by itself what it does."""


async def rejected(_office: Office, dialer: Dialer, call: str) -> None:
    await dialer.execute(Reject(call=call), CALLER)


async def redirected(_office: Office, dialer: Dialer, call: str) -> None:
    await dialer.execute(Redirect(call=call, number="2999"), CALLER)


ELSEWHERE = "incoming_answered_elsewhere"
ENDED = "incoming_ended"
OF_A_ROUND: list[tuple[str, Ending, str, tuple[str, int | None]]] = [
    *[("office", answered, ELSEWHERE, ("answered-elsewhere", None))] * 8,
    *[("office", abandoned, ENDED, ("missed", None))] * 4,
    *[("declining", left_alone, ENDED, ("rejected", 603))] * 2,
    *[("busy", left_alone, ENDED, ("busy", 600))] * 2,
    *[("office", rejected, ENDED, ("rejected", 603))] * 2,
    *[("office", redirected, ENDED, ("redirected", 302))] * 2,
]
"""The line that is called, what is done, the last event, and outcome and status in the history."""


def test_every_ending_is_told_and_kept_as_it_was(lab: Lab) -> None:
    office = Office(lab, sends_reason=True)
    after_ringing = "turned_away_after_ringing"
    office.scripted_phone("declining", after_ringing, status="603 Decline", calls=CALLS)
    office.scripted_phone("busy", after_ringing, status="600 Busy Everywhere", calls=CALLS)
    planned = list(islice(cycle(OF_A_ROUND), CALLS))
    planned = planned[::3] + planned[1::3] + planned[2::3]
    told: list[str] = []

    async def use(dialer: Dialer, heard: Heard) -> None:
        for line, end, last, _ in planned:
            office.call("alice" if line == "office" else line)
            ringing = await heard.until("incoming_ringing")
            assert (ringing.line, ringing.happening.caller) == (line, "2002")
            await end(office, dialer, ringing.call)
            await heard.until(last, call=ringing.call)
            told.append(ringing.call)
            office.quiet()
        assert (await dialer.execute(ListCalls(), CALLER)).calls == ()
        check(await history(dialer), heard)

    def check(records: list[CallRecord], heard: Heard) -> None:
        assert [record.call for record in records] == told
        for record, (line, _, last, ending) in zip(records, planned, strict=True):
            of_call = [e for e in heard.events if getattr(e, "call", "") == record.call]
            assert list(record.events) == of_call
            assert heard.of(record.call) == ["incoming_ringing", last]
            assert (record.line, record.number, record.direction) == (line, "2002", "incoming")
            assert (record.outcome, record.status) == ending
            assert record.ended is not None
            assert record.ended >= record.started
            assert not record.unfinished

    office.daemon.run(use, seconds=10 + CALLS)


def test_where_the_pbx_gives_no_reasons_nobody_is_said_to_have_given_up(lab: Lab) -> None:
    office = Office(lab)

    async def use(dialer: Dialer, heard: Heard) -> None:
        for end, last in ((abandoned, ENDED), (answered, ELSEWHERE)):
            office.call()
            ringing = await heard.until("incoming_ringing")
            await end(office, dialer, ringing.call)
            await heard.until(last)
            office.quiet()
        records = await history(dialer)
        assert [record.outcome for record in records] == ["not-answered", "answered-elsewhere"]

    office.daemon.run(use)


def test_a_phone_that_declines_before_we_have_rung_is_no_missed_call(lab: Lab) -> None:
    """The CANCEL waits for our 180, and then Kamailio's gives no Reason."""
    office = Office(lab, sends_reason=True)
    office.scripted_phone("curt", "turned_away", status="603 Decline", calls=10)

    async def use(dialer: Dialer, heard: Heard) -> None:
        for _ in range(10):
            office.call("curt")
            await heard.until(ENDED)
            office.quiet()
        records = await history(dialer)
        outcomes = {(record.outcome, record.status) for record in records}
        assert outcomes <= {("not-answered", None), ("rejected", 603)}
        assert len(records) == 10

    office.daemon.run(use)


def test_a_call_to_an_account_of_two_lines_rings_on_both(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller = lab.baresip("2002", proxy)
    account = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}
    line = account | {"outbound_proxy": proxy.uri, "register": True}
    daemon = lab.daemon(tables={"lines.office": line, "lines.home": line})
    daemon.run(all_registered)

    async def use(dialer: Dialer, heard: Heard) -> None:
        caller.command("dial", f"sip:alice@{DOMAIN}")
        rings = [await heard.until("incoming_ringing") for _ in range(2)]
        assert {event.line for event in rings} == {"office", "home"}
        caller.hang_up_all()
        for _ in rings:
            await heard.until(ENDED)
        assert len(await history(dialer)) == 2

    daemon.run(use)


# --- while we dial -------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["refer-via-proxy", "reverse"])
def test_what_we_dial_ourselves_is_no_incoming_call(lab: Lab, strategy: str) -> None:
    """The proxy forks our INVITE to the phone back to us, or that of a callee who calls it."""
    office = Office(lab, strategies=[strategy])
    office.phone.command("answermode", "auto")
    dials = max(CALLS // 2, 20) if strategy == "refer-via-proxy" else 10

    async def use(dialer: Dialer, heard: Heard) -> None:
        for number in range(dials):
            reply = await dialer.execute(Dial(number="2002"), CALLER)
            assert isinstance(reply, Dialling)
            ended = await heard.until("call_ended", call=reply.call)
            assert ended.happening.outcome == "answered", number
            wait_until(lambda: office.phone.calls == 1, seconds=5, what="they talk")
            office.quiet()
        records = await history(dialer)
        assert [(record.direction, record.outcome) for record in records] == [
            (CallDirection.OUTGOING, "answered")
        ] * dials
        of_calls = {e.happening.name for e in heard.events if isinstance(e, CallEvent)}
        assert not {name for name in of_calls if name.startswith("incoming")}

    office.daemon.run(use, seconds=10 + CALLS)
