"""The callee first, a party who waits for its transfer, phones that pick up by themselves.

Each with a real proxy and real phones. baresip 1.0, as Debian has it, heeds no auto-answer header:
that part is played by sipp, which looks for what the makers' manuals say.
"""

from __future__ import annotations

import asyncio
import re
import sys
from html import escape
from pathlib import Path

import pytest
from lab.daemon import CALLER, Heard
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until

from siptapi_core.commands import Dial, Dialling, HangUp, Transfer
from siptapi_core.contracts import Dialer
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallEvent

pytestmark = pytest.mark.interop

REVERSE = {"strategies": ["reverse"]}
ACD = {"strategies": ["acd"]}
AGENT = PASSWORDS | {"3003": "secret-of-3003"}


# --- reverse -------------------------------------------------------------------------------------


def test_the_callee_is_called_first_and_calls_the_phone(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    result = lab.dial_via(proxy, **REVERSE).finish()
    assert result.ending == ("answered", "callee", 0)
    assert result.names == [
        *("call_placed", "callee_trying", "callee_ringing", "callee_answered", "refer_accepted"),
        *("phone_calling", "phone_answered", "handed_over", "call_ended"),
    ]
    assert callee.incoming() == ["sip:alice@office.test"]
    assert phone.incoming() == ["sip:2002@office.test"]
    assert "Refer-To: <sip:alice@office.test>" in callee.trace()
    assert "Referred-By: <sip:alice@office.test>" in callee.trace()
    wait_until(lambda: (phone.calls, callee.calls) == (1, 1), seconds=5, what="they talk")


def test_a_phone_that_is_not_the_account_s(lab: Lab) -> None:
    proxy = lab.kamailio(passwords=AGENT)
    phone = lab.baresip("3003", proxy=proxy.uri, password=AGENT["3003"])
    callee = lab.baresip("2002", proxy)
    result = lab.dial_via(proxy, phone="3003", display_name="{number}", **REVERSE).finish()
    assert result.ending == ("answered", "callee", 0)
    assert (callee.incoming(), phone.incoming()) == (
        ["sip:alice@office.test"],
        ["sip:2002@office.test"],
    )


def test_a_busy_callee_is_busy_at_the_callee(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    call = lab.dial_via(proxy, **REVERSE)
    callee.await_event("CALL_INCOMING")
    callee.command("hangup")
    result = call.finish()
    assert result.ending == ("busy", "callee", 4)
    assert (result.failure["reported_by"], result.failure["disturbed"]) == ("proxy", "yes")
    assert phone.incoming() == []


def test_an_unknown_callee_is_not_found_at_the_callee(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    result = lab.dial_via(proxy, "2999", **REVERSE).finish()
    assert result.ending == ("not-found", "callee", 4)
    assert result.failure["disturbed"] == "no"


def test_a_busy_phone_is_busy_at_the_phone(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy, answer="manual")
    callee = lab.baresip("2002", proxy)
    call = lab.dial_via(proxy, **REVERSE)
    phone.await_event("CALL_INCOMING")
    phone.command("hangup")
    assert call.finish().ending == ("busy", "phone", 3)
    wait_until(lambda: callee.calls == 0, seconds=5, what="the callee is left in peace")


def test_a_callee_that_accepts_no_refer(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, transfers=False)
    result = lab.dial_via(proxy, **REVERSE).finish()
    assert result.ending == ("failed", "refer", 3)
    assert (result.failure["status"], result.failure["reported_by"]) == (501, "proxy")
    assert phone.incoming() == []
    wait_until(lambda: callee.calls == 0, seconds=5, what="the callee is left in peace")


def test_it_is_hung_up_while_the_callee_rings(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    call = lab.dial_via(proxy, **REVERSE)
    call.await_event("callee_ringing")
    call.interrupt()
    assert call.finish(10).ending == ("cancelled", "callee", 130)
    wait_until(lambda: callee.calls == 0, seconds=5, what="it rings no more")


def test_the_next_strategy_where_the_callee_was_not_disturbed(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    strategies = {"strategies": ["reverse", "refer-via-proxy"]}
    result = lab.dial_via(proxy, "2999", **strategies).finish()
    assert result.ending == ("not-found", "callee", 4)
    assert "strategy_fell_back" in result.names
    assert "phone_answered" in result.names


# --- acd, and transfers --------------------------------------------------------------------------


async def dial(dialer: Dialer, number: str, **command: str) -> str:
    reply = await dialer.execute(Dial(number=number, **command), CALLER)
    assert isinstance(reply, Dialling)
    return reply.call


async def transfer(dialer: Dialer, call: str, number: str) -> None:
    await dialer.execute(Transfer(call=call, number=number), CALLER)


def ending(heard: Heard) -> tuple[str, str]:
    last = heard.events[-1].happening
    return last.outcome, last.stage  # type: ignore[union-attr]


def test_a_customer_waits_and_is_transferred_to_an_agent(lab: Lab) -> None:
    proxy = lab.kamailio(passwords=AGENT)
    customer = lab.baresip("2002", proxy)
    agent = lab.baresip("3003", proxy=proxy.uri, password=AGENT["3003"])
    daemon = lab.daemon(outbound_proxy=proxy.uri, **ACD)

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer, "2002")
        await heard.until("callee_answered")
        assert agent.incoming() == []
        await transfer(dialer, call, "2999")  # nobody: the customer waits on
        await heard.until("call_failed")
        await transfer(dialer, call, "3003")
        await heard.until("call_ended")
        with pytest.raises(RefusedError, match="no call"):
            await transfer(dialer, call, "3003")

    heard = daemon.run(use)
    assert ending(heard) == ("answered", "callee")
    assert [e.happening.name for e in heard.events if isinstance(e, CallEvent)] == [
        *("call_placed", "callee_trying", "callee_ringing", "callee_answered"),
        *("transfer_requested", "refer_accepted", "phone_calling", "call_failed"),
        *("transfer_requested", "refer_accepted", "phone_calling", "phone_answered"),
        *("handed_over", "call_ended"),
    ]
    assert agent.incoming() == ["sip:2002@office.test"]
    wait_until(lambda: (agent.calls, customer.calls) == (1, 1), seconds=5, what="they talk")


def test_the_command_line_transfers_too(lab: Lab) -> None:
    proxy = lab.kamailio()
    agent, _customer = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    daemon = lab.daemon(outbound_proxy=proxy.uri, **ACD)

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer, "2002")
        await heard.until("callee_answered")
        siptapi = str(Path(sys.executable).with_name("siptapi"))
        process = await asyncio.create_subprocess_exec(
            *(siptapi, "--config", str(daemon.config), "transfer", call, "alice@office.test"),
            env=daemon.environment(daemon.folder),
        )
        assert await process.wait() == 0
        await heard.until("call_ended")

    assert ending(daemon.run(use)) == ("answered", "callee")
    assert agent.incoming() == ["sip:2002@office.test"]


def test_a_customer_whom_nobody_takes_is_let_go(lab: Lab) -> None:
    proxy = lab.kamailio()
    customer = lab.baresip("2002", proxy)
    tables = {"strategies.acd": {"transfer_timeout": 1}}
    call = lab.dial(tables=tables, outbound_proxy=proxy.uri, **ACD)
    result = call.finish()
    assert result.ending == ("cancelled", "callee", 4)
    assert result.failure["reason"] == "transferred to nobody for 1 s"
    wait_until(lambda: customer.calls == 0, seconds=5, what="the customer is let go")


def test_a_customer_who_hangs_up_and_one_whom_we_hang_up(lab: Lab) -> None:
    proxy = lab.kamailio()
    customer = lab.baresip("2002", proxy)
    daemon = lab.daemon(outbound_proxy=proxy.uri, **ACD)

    async def use(dialer: Dialer, heard: Heard) -> None:
        await dial(dialer, "2002")
        await heard.until("callee_answered")
        customer.command("hangup")
        await heard.until("call_ended")
        assert ending(heard) == ("cancelled", "callee")
        call = await dial(dialer, "2002")
        await heard.until("callee_answered", call=call)
        await dialer.execute(HangUp(call=call), CALLER)
        await heard.until("call_ended", call=call)

    assert ending(daemon.run(use)) == ("cancelled", "callee")
    wait_until(lambda: customer.calls == 0, seconds=5, what="the customer is let go")


def test_a_transfer_while_the_phone_rings_replaces_the_callee(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy, answer="manual")
    callee = lab.baresip("2002", proxy)
    daemon = lab.daemon(outbound_proxy=proxy.uri)

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer, "2999")
        await heard.until("phone_ringing")
        await transfer(dialer, call, "2002")
        phone.command("accept")
        await heard.until("call_ended")

    assert ending(daemon.run(use)) == ("answered", "callee")
    assert callee.incoming() == ["sip:alice@office.test"]
    assert "2999" not in phone.trace()


def test_what_the_phone_is_asked_or_has_cannot_be_transferred(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    daemon = lab.daemon(outbound_proxy=proxy.uri, bye="never")

    async def use(dialer: Dialer, heard: Heard) -> None:
        call = await dial(dialer, "2002")
        await heard.until("callee_trying")
        with pytest.raises(RefusedError, match="was told whom to call already"):
            await transfer(dialer, call, "2999")
        callee.await_event("CALL_INCOMING")
        callee.command("accept")
        await heard.until("callee_answered")
        with pytest.raises(RefusedError, match="the phone has the call now; transfer it on the"):
            await transfer(dialer, call, "2999")
        await dialer.execute(HangUp(call=call), CALLER)
        await heard.until("call_ended")

    heard = daemon.run(use)
    assert ending(heard) == ("answered", "callee")
    assert "transfer_requested" not in heard.of(heard.events[0].call)  # type: ignore[union-attr]


# --- auto-answer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["itself", "all"])
@pytest.mark.parametrize(
    ("way", "header"),
    [
        ("answer-mode", "Answer-Mode: Auto"),
        ("call-info", "Call-Info: <sip:office.test>;answer-after=0"),
        ("alert-info-ring-answer", "Alert-Info: Ring Answer"),
        ("alert-info-autoanswer", "Alert-Info: <sip:office.test>;info=alert-autoanswer;delay=0"),
        ("alert-info-auto-answer", "Alert-Info: Auto Answer"),
        ("p-auto-answer", "P-Auto-Answer: normal"),
    ],
)
def test_a_phone_that_looks_for_it_picks_up(lab: Lab, way: str, header: str, chosen: str) -> None:
    phone = lab.sipp("picks_up_if_told", looks_for=escape(re.escape(header).replace("\\ ", " ")))
    result = lab.dial_to(phone, auto_answer=[way if chosen == "itself" else "all"]).finish()
    assert result.ending == ("answered", "callee", 0)
    phone.assert_followed()


def test_a_phone_that_heeds_none_of_them_rings_as_ever(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy, answer="manual")
    result = lab.dial_via(proxy, auto_answer=["all"], ring_timeout=1).finish()
    assert result.ending == ("no-answer", "phone", 3)


def test_what_lets_the_phone_pick_up_reaches_no_callee(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    result = lab.dial_via(proxy, auto_answer=["all"]).finish()
    assert result.ending == ("answered", "callee", 0)
    wanted = ("Answer-Mode:", "answer-after", "Ring Answer", "alert-autoanswer", "P-Auto-Answer")
    heard, refer = phone.trace(), phone.trace().partition("REFER sip:")[2]
    assert all(each in heard for each in wanted)
    for each in wanted:
        assert each not in refer
        assert each not in callee.trace()


def test_where_the_callee_comes_first_nobody_is_told_to_pick_up(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone, callee = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    result = lab.dial_via(proxy, auto_answer=["all"], **REVERSE).finish()
    assert result.ending == ("answered", "callee", 0)
    for trace in (phone.trace(), callee.trace()):
        assert "Answer-Mode:" not in trace
        assert "alert-autoanswer" not in trace
