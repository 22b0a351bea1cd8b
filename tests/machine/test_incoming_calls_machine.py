"""Which requests become incoming calls, and what the others are answered."""

from __future__ import annotations

import pytest
from bench import LONG, PROXY, make_request
from incoming_side import RINGING, TARGET, IncomingSide, make_line

from siptapi_core.events import IncomingEnded, IncomingOutcome, Reporter
from siptapi_core.machine.own_calls import GRACE
from siptapi_core.sip.uri import SipUri

ACCOUNT = SipUri(host="example.com", user="200")
OTHER_WAY = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-other-way"
THIRD_WAY = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-third-way"


# --- strangers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status"),
    [("INVITE", 480), ("OPTIONS", 200), ("NOTIFY", 481), ("MESSAGE", 405), ("FOO", 501)],
)
def test_what_is_for_no_line_is_answered_as_to_strangers(method, status):
    bench = IncomingSide()
    bench.receive(make_request(method, uri="sip:999@192.0.2.9", to="<sip:999@example.com>"))
    assert bench.statuses(method) == [status]
    assert bench.told == []
    bench.hang_over()


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("NOTIFY", 481), ("BYE", 481)])
def test_other_requests_to_a_line_are_no_calls(method, status):
    bench = IncomingSide()
    bench.receive(make_request(method, uri=TARGET))
    assert bench.statuses(method) == [status]
    assert bench.told == []
    bench.hang_over()


def test_a_line_that_left_gets_no_calls_and_those_that_ring_go_on():
    bench = IncomingSide()
    invite = bench.invite()
    bench.calls.lines.remove("office")
    bench.invite(call_id="another", via=OTHER_WAY)
    assert bench.statuses("INVITE") == [180, 480]
    bench.cancel(invite)
    assert len(bench.told) == 2
    bench.hang_over()


def test_an_unknown_requirement_is_named_and_nothing_is_shown():
    bench = IncomingSide()
    bench.invite(LONG, ("Require", "timer, foo"), ("Require", "precondition"))
    [response] = bench.responses("INVITE")
    assert response.status == 420
    assert response.headers.get("Unsupported") == "foo, precondition"
    assert bench.told == []
    bench.hang_over()


# --- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "missing"),
    [
        ([("Content-Type", "application/isup;version=x")], "Accept"),
        ([("c", "text/plain")], "Accept"),
        ([("Content-Type", "application/sdp"), ("Content-Encoding", "gzip")], "Accept-Encoding"),
        ([("e", "identity, GZIP")], "Accept-Encoding"),
        (
            [("Content-Type", "text/plain"), ("Content-Disposition", "render;handling=required")],
            "Accept",
        ),
    ],
)
def test_a_body_that_must_be_understood_and_is_not(headers, missing):
    bench = IncomingSide()
    bench.invite(*headers, LONG, body=b"body")
    [response] = bench.responses("INVITE")
    assert response.status == 415
    assert response.headers.get(missing)
    assert bench.told == []
    bench.hang_over()


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "application/sdp")],
        [("Content-Type", "Application/SDP; charset=utf-8"), ("Content-Encoding", "Identity")],
        [("Content-Type", "multipart/mixed;boundary=x")],
        [("Content-Type", "text/plain"), ("Content-Disposition", "render;handling=optional")],
        [("Content-Encoding", "gzip"), ("Content-Disposition", 'x; a=b ;HANDLING = "Optional"')],
    ],
)
def test_a_body_that_is_no_obstacle(headers):
    bench = IncomingSide()
    bench.invite(*headers, body=b"body")
    assert bench.statuses("INVITE") == [180]


def test_an_encoding_of_nothing_is_no_obstacle():
    bench = IncomingSide()
    bench.invite(("Content-Encoding", "gzip"), ("Content-Type", "text/plain"))
    assert bench.statuses("INVITE") == [180]


# --- our own call, come back ---------------------------------------------------------------------


def test_trap_5_our_own_call_through_a_b2bua_is_no_incoming_call():
    bench = IncomingSide()
    bench.calls.own_calls.begin(ACCOUNT, ACCOUNT)
    bench.invite(from_="<sip:200@192.0.2.1>;tag=of-the-b2bua")
    assert bench.statuses("INVITE") == [480]
    assert bench.told == []
    bench.hang_over()


def test_somebody_else_may_call_while_we_dial():
    bench = IncomingSide()
    bench.calls.own_calls.begin(ACCOUNT, ACCOUNT)
    bench.invite()
    assert bench.told == [RINGING]


def test_one_line_of_ours_may_call_another():
    other = make_line("other", "token-2", account=SipUri(host="example.com", user="202"))
    bench = IncomingSide(make_line(), other)
    bench.calls.own_calls.begin(ACCOUNT, ACCOUNT)
    uri = "sip:202@192.0.2.9:5062;line=token-2"
    bench.invite(uri=uri, from_="<sip:200@example.com>;tag=of-the-phone")
    assert len(bench.shown) == 1
    assert bench.shown[0].line == other


def test_after_the_grace_one_may_call_oneself():
    bench = IncomingSide()
    bench.calls.own_calls.begin(ACCOUNT, ACCOUNT)
    bench.calls.own_calls.end(ACCOUNT, ACCOUNT, 0.0)
    bench.now = GRACE + 1
    bench.invite(from_="<sip:200@example.com>;tag=x")
    assert bench.statuses("INVITE") == [180]


# --- the same call by several ways ---------------------------------------------------------------


def take(bench: IncomingSide, **parts: str) -> None:
    """An INVITE that the transaction layer has let through, whatever it may think of it."""
    from siptapi_core.machine.server_transaction import ServerTransaction

    request = make_request(**{"uri": TARGET, **parts})
    transaction = ServerTransaction(bench.agent.transactions, (parts["via"],), request, PROXY, 1300)
    bench.calls.on_request(request, transaction, PROXY, bench.now)


def test_a_call_that_rings_on_a_line_already_is_refused_there():
    """To two contacts of one line, such as that of an earlier life: not one request but two."""
    bench = IncomingSide()
    bench.invite()
    take(bench, via=OTHER_WAY, uri="sip:200@192.0.2.9:5062;line=token-of-yore")
    assert bench.statuses("INVITE") == [180, 482]
    assert bench.told == [RINGING]


def test_a_call_to_two_lines_is_one_call_on_each():
    bench = IncomingSide(make_line("a", "token"), make_line("b", "token-2"))
    bench.invite()
    take(bench, via=OTHER_WAY, uri="sip:200@192.0.2.9:5062;line=token-2")
    assert [call.line.name for call in bench.shown] == ["a", "b"]
    assert len(bench.calls) == 2


def test_two_calls_on_one_line_are_two():
    bench = IncomingSide()
    first = bench.invite()
    bench.invite(call_id="another", via=OTHER_WAY)
    bench.cancel(first)
    assert [call.is_ringing for call in bench.shown] == [False, True]


def test_the_tag_of_the_caller_tells_calls_of_one_call_id_apart():
    bench = IncomingSide()
    bench.invite()
    bench.invite(from_="<sip:301@example.com>;tag=another", via=OTHER_WAY)
    assert [call.is_ringing for call in bench.shown] == [True, True]


def test_the_same_call_may_come_again_once_it_has_ended():
    bench = IncomingSide()
    bench.cancel(bench.invite())
    bench.acknowledge()
    bench.pass_until(40.0)
    bench.invite(via=OTHER_WAY)
    assert [call.is_ringing for call in bench.shown] == [False, True]


# --- the end of it all ---------------------------------------------------------------------------


def test_stepping_aside_in_all_calls():
    bench = IncomingSide()
    bench.invite()
    bench.invite(call_id="another", via=OTHER_WAY)
    bench.calls.give_up(1.0)
    ended = IncomingEnded(IncomingOutcome.NOT_ANSWERED, 480, Reporter.SIPTAPI)
    assert bench.told == [RINGING, RINGING, ended, ended]
    bench.invite(LONG, call_id="third", via=THIRD_WAY)
    assert bench.statuses("INVITE")[-1] == 480
    assert len(bench.told) == 4, "nobody would tell of its end"
    bench.hang_over()
