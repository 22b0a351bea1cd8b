"""The daemon is killed in the middle of calls: what it told is kept, what it left is marked."""

from __future__ import annotations

import asyncio
import random

import pytest
from lab.daemon import CALLER, Daemon, Heard
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until

from siptapi_core.commands import Dial, ListHistory, ShowCall
from siptapi_core.contracts import Dialer
from siptapi_core.errors import NetworkError
from siptapi_core.events import CallEvent

pytestmark = pytest.mark.interop

ROUNDS = 4
CALLS = 50
"""Outgoing ones in a round; besides, somebody calls."""
LAST = {"call_ended", "incoming_ended", "incoming_answered_elsewhere"}


def test_what_a_client_heard_survives_a_kill_and_the_rest_is_marked(lab: Lab) -> None:
    proxy = lab.kamailio()
    caller = lab.baresip("2002", proxy)
    phone = lab.sipp("callee_rings_for_long", milliseconds="200", calls=1000)
    account = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}
    daemon = lab.daemon(
        tables={
            "lines.office": account | {"register": True, "outbound_proxy": proxy.uri},
            "lines.direct": account
            | {"strategies": ["refer-to-phone"], "phone": f"alice@{phone.place}"},
        }
    )
    heard: list[CallEvent] = []
    for _ in range(ROUNDS):
        wait_until(lambda: '"registered"' in daemon.trace(), seconds=5, what="registered")
        caller.command("dial", f"sip:alice@{DOMAIN}")
        told = until_killed(daemon, random.uniform(0.2, 1.5))
        assert not heard or told[0].id > heard[-1].id, "their ids go on"
        heard += told
        caller.hang_up_all()
        daemon.start()
    check(daemon, heard)


def until_killed(daemon: Daemon, seconds: float) -> list[CallEvent]:
    """Make calls, kill the daemon after so long, and return what was told of calls."""
    told: list[CallEvent] = []

    async def use(dialer: Dialer, heard: Heard) -> None:
        asyncio.get_running_loop().call_later(seconds, daemon.kill)
        dials = [
            asyncio.ensure_future(dialer.execute(Dial(number="2002", line="direct"), CALLER))
            for _ in range(CALLS)
        ]
        assert await heard.to_the_end() == "the daemon has gone"
        failed = await asyncio.gather(*dials, return_exceptions=True)
        assert {type(each) for each in failed if isinstance(each, Exception)} <= {NetworkError}
        told.extend(event for event in heard.events if isinstance(event, CallEvent))

    daemon.run(use)
    return told


def check(daemon: Daemon, heard: list[CallEvent]) -> None:
    async def use(dialer: Dialer, _heard: Heard) -> None:
        listed = (await dialer.execute(ListHistory(limit=1000), CALLER)).calls  # type: ignore[union-attr]
        records = [await dialer.execute(ShowCall(call=each.call), CALLER) for each in listed]
        kept = {event for record in records for event in record.events}  # type: ignore[union-attr]
        assert kept.issuperset(heard)
        for record in records:
            names = [event.happening.name for event in record.events]  # type: ignore[union-attr]
            assert names[0] in {"call_placed", "incoming_ringing"}
            has_ended = not LAST.isdisjoint(names)
            assert record.unfinished is not has_ended  # type: ignore[union-attr]
            assert bool(record.outcome) is has_ended  # type: ignore[union-attr]
        print(f"{len(records)} calls, {sum(r.unfinished for r in records)} unfinished")  # type: ignore[union-attr]
        assert any(record.direction == "incoming" for record in listed)

    daemon.run(use)
