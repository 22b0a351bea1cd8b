"""Watched lines: what the daemon tells of conversations, by Kamailio's presence server."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from lab.daemon import CALLER, Daemon, Heard
from lab.kamailio import DOMAIN, Kamailio
from lab.laboratory import Lab
from lab.programs import wait_until

from siptapi_core.commands import CallRecord, Dial, Dialling, ListHistory, ListLines, ShowStatus
from siptapi_core.contracts import Dialer

pytestmark = pytest.mark.interop


def watching(lab: Lab, proxy: Kamailio, **line: Any) -> Daemon:
    """A daemon that watches alice's phone by now."""
    daemon = lab.daemon(watch=True, outbound_proxy=proxy.uri, **line)
    wait_until(
        lambda: any(line["event"] == "watch changed" for line in daemon.log()),
        seconds=5,
        what="a word of the watch",
    )
    return daemon


async def dial(dialer: Dialer) -> str:
    reply = await dialer.execute(Dial(number="2002"), CALLER)
    assert isinstance(reply, Dialling)
    return reply.call


async def only_call(dialer: Dialer) -> CallRecord:
    """The history, which has one call."""
    [record] = (await dialer.execute(ListHistory(), CALLER)).calls  # type: ignore[union-attr]
    status = await dialer.execute(ShowStatus(), CALLER)
    assert status.counters["followed calls"] == 0  # type: ignore[union-attr]
    return record


@pytest.mark.parametrize("strategy", ["refer-via-proxy", "reverse"])
def test_how_long_a_conversation_was_that_we_set_up(lab: Lab, strategy: str) -> None:
    proxy = lab.kamailio(watchable=True)
    phone, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    daemon = watching(lab, proxy, strategies=[strategy])

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer)
        await heard.until("call_ended", call=call)
        talking = time.monotonic()
        wait_until(lambda: phone.calls == callee.calls == 1, seconds=5, what="they talk")
        await asyncio.sleep(1.5)
        phone.hang_up_all()
        ended = await heard.until("conversation_ended", call=call)
        talked = time.monotonic() - talking
        assert ended.happening.duration == pytest.approx(talked, abs=0.5)  # type: ignore[union-attr]
        assert heard.of(call).count("conversation_ended") == 1
        assert "call_corrected" not in heard.of(call)
        record = await only_call(dialer)
        assert (record.outcome, record.duration) == ("answered", ended.happening.duration)  # type: ignore[union-attr]

    daemon.run(use)


def test_a_phone_that_reported_an_answer_too_soon_is_corrected(lab: Lab) -> None:
    """sipp plays a PBX that says 200 at once; baresip is its leg to a callee who is not there."""
    proxy = lab.kamailio(watchable=True)
    pbx = lab.sipp("ended_by_sipfrag", sipfrag="200 OK", state="terminated;reason=noresource")
    leg = lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    daemon = watching(lab, proxy, strategies=["refer-to-phone"], phone=f"alice@{pbx.place}")

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer)
        await heard.until("call_ended", call=call)
        assert heard.endings() == {call: "answered"}
        leg.command("dial", f"sip:2002@{DOMAIN}")
        callee.await_event("CALL_INCOMING")
        leg.hang_up_all()
        corrected = await heard.until("call_corrected", call=call)
        # Kamailio says that it is over, not why.
        assert corrected.happening.outcome == "unknown"  # type: ignore[union-attr]
        record = await only_call(dialer)
        assert (record.outcome, record.answered, record.duration) == ("unknown", None, None)

    daemon.run(use)
    pbx.assert_followed()


def test_a_callee_who_answers_after_all_is_told(lab: Lab) -> None:
    """The phone says nothing more after 202; only the watch knows."""
    proxy = lab.kamailio(watchable=True)
    pbx = lab.sipp("nothing_after_202", refer_sub="true")
    leg, _callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    phone = {"strategies": ["refer-to-phone"], "phone": f"alice@{pbx.place}"}
    daemon = watching(lab, proxy, notify_timeout=1, **phone)

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer)
        await heard.until("refer_accepted", call=call)
        leg.command("dial", f"sip:2002@{DOMAIN}")
        await heard.until("call_ended", call=call)
        assert heard.endings() == {call: "unknown"}
        corrected = await heard.until("call_corrected", call=call)
        assert corrected.happening.outcome == "answered"  # type: ignore[union-attr]
        leg.hang_up_all()
        await heard.until("conversation_ended", call=call)
        record = await only_call(dialer)
        assert (record.outcome, record.duration is not None) == ("answered", True)

    daemon.run(use)


def test_the_conversation_of_an_incoming_call(lab: Lab) -> None:
    proxy = lab.kamailio(watchable=True)
    phone = lab.baresip("alice", proxy, answer="manual")
    caller = lab.baresip("2002", proxy)
    daemon = watching(lab, proxy, register=True)
    wait_until(lambda: registered(daemon), seconds=5, what="registered")

    async def use(dialer: Dialer, heard: Heard) -> None:
        caller.command("dial", f"sip:alice@{DOMAIN}")
        call = (await heard.until("incoming_ringing")).call  # type: ignore[union-attr]
        wait_until(lambda: phone.calls == 1, seconds=5, what="the phone ringing")
        phone.command("accept")
        await heard.until("incoming_answered_elsewhere", call=call)
        await asyncio.sleep(1.0)
        caller.hang_up_all()
        ended = await heard.until("conversation_ended", call=call)
        assert ended.happening.duration == pytest.approx(1.0, abs=0.5)  # type: ignore[union-attr]
        assert heard.of(call) == [
            *("incoming_ringing", "incoming_answered_elsewhere", "conversation_ended")
        ]
        record = await only_call(dialer)
        assert (record.outcome, record.direction) == ("answered-elsewhere", "incoming")
        assert record.duration == ended.happening.duration  # type: ignore[union-attr]

    daemon.run(use)


def test_where_there_is_nothing_to_watch_calls_go_on(lab: Lab) -> None:
    phone = lab.sipp("answered")
    direct = {"strategies": ["refer-to-phone"], "phone": f"nobody@{phone.place}"}
    daemon = watching(lab, lab.kamailio(), **direct)

    async def use(dialer: Dialer, heard: Heard) -> None:
        [line] = (await dialer.execute(ListLines(), CALLER)).lines  # type: ignore[union-attr]
        assert line.problem == "refused: 404 Not Found"
        call = await dial(dialer)
        await heard.until("call_ended", call=call)
        assert heard.endings() == {call: "answered"}

    daemon.run(use)
    phone.assert_followed()
    told = [line["watching"] for line in daemon.log() if line["event"] == "watch changed"]
    assert told == [False]


def registered(daemon: Daemon) -> bool:
    return any(line.get("state") == "registered" for line in daemon.log())
