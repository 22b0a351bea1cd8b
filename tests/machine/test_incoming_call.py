"""One incoming call: every arrow of the drawing, and what crosses."""

from __future__ import annotations

import pytest
from bench import PROXY, make_request
from incoming_side import RINGING, TARGET, IncomingSide

from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    Reporter,
)
from siptapi_core.machine.incoming_call import LIMIT
from siptapi_core.machine.user_agent import ALLOW
from siptapi_core.sip.uri import SipUri, TelUri

NOT_ANSWERED = IncomingEnded(IncomingOutcome.NOT_ANSWERED)
MISSED = IncomingEnded(IncomingOutcome.MISSED)
ELSEWHERE = IncomingAnsweredElsewhere()


def by_us(outcome: IncomingOutcome, status: int) -> IncomingEnded:
    return IncomingEnded(outcome, status, Reporter.SIPTAPI)


# --- ringing -------------------------------------------------------------------------------------


def test_it_rings_and_the_caller_is_told():
    bench = IncomingSide()
    bench.invite(("Record-Route", "<sip:b;lr>, <sip:c;lr>"), ("Record-Route", "<sip:a;lr>"))
    assert bench.told == [RINGING]
    [response] = bench.responses("INVITE")
    assert response.status == 180
    assert response.to.tag == "tag-1"
    assert response.contact is not None
    assert str(response.contact.uri) == TARGET
    assert [str(route) for route in response.record_routes] == [
        "<sip:b;lr>",
        "<sip:c;lr>",
        "<sip:a;lr>",
    ]
    assert response.headers.get("Allow") == ALLOW[1]
    assert bench.sent[0][2] == PROXY


def test_a_line_may_want_no_180():
    bench = IncomingSide(send_180=False)
    invite = bench.invite()
    assert bench.told == [RINGING]
    assert bench.statuses("INVITE") == [100]
    assert len(bench.agent) == 1  # no early dialog
    bench.cancel(invite)
    assert bench.statuses("INVITE") == [100, 487]
    bench.hang_over()


def test_a_retransmission_is_answered_again_and_told_once():
    bench = IncomingSide()
    bench.invite()
    bench.invite()
    assert bench.told == [RINGING]
    assert bench.statuses("INVITE") == [180, 180]


def test_one_hop_too_many_is_for_proxies_to_count():
    bench = IncomingSide()
    request = bench.invite()
    bench = IncomingSide()
    bench.receive(request.with_headers(request.headers.replaced("Max-Forwards", "0")))
    assert bench.statuses("INVITE") == [180]


def test_a_number_as_request_uri_is_no_contact():
    bench = IncomingSide()
    bench.invite(uri="tel:200")
    [response] = bench.responses("INVITE")
    assert response.headers.get("Contact") == "<sip:200@example.com>"


@pytest.mark.parametrize("tag", ["100rel", "timer", "Timer, 100REL"])
def test_extensions_that_an_unanswered_call_never_comes_to_may_be_required(tag):
    bench = IncomingSide()
    invite = bench.invite(
        ("Require", tag), ("Supported", "timer"), ("Session-Expires", "10"), ("Min-SE", "10")
    )
    assert bench.told == [RINGING]
    bench.cancel(invite, "SIP;cause=200")
    assert bench.told == [RINGING, ELSEWHERE]
    bench.hang_over()


def test_who_requires_100rel_gets_no_unreliable_180():
    bench = IncomingSide()
    bench.invite(("Require", "timer, 100REL"))
    assert bench.statuses("INVITE") == [100]


def test_who_supports_100rel_gets_the_180():
    bench = IncomingSide()
    bench.invite(("Supported", "100rel"), ("Require", "timer"))
    [response] = bench.responses("INVITE")
    assert response.status == 180
    assert "Require" not in response.headers


# --- ended by the other side ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reasons", "sends_reason", "ending"),
    [
        (['SIP;cause=200;text="Call completed elsewhere"'], False, ELSEWHERE),
        (["Q.850;cause=16", "SIP;cause=200"], True, ELSEWHERE),
        ([], False, NOT_ANSWERED),
        ([], True, MISSED),
        (["SIP;cause=603"], True, IncomingEnded(IncomingOutcome.REJECTED, 603)),
        (["SIP;cause=486"], False, IncomingEnded(IncomingOutcome.BUSY, 486)),
    ],
)
def test_a_cancel_ends_it_and_its_reason_says_how(reasons, sends_reason, ending):
    bench = IncomingSide(sends_reason=sends_reason)
    invite = bench.invite()
    bench.now = 3.0
    bench.cancel(invite, *reasons)
    assert bench.told == [RINGING, ending]
    assert bench.statuses("CANCEL") == [200]
    assert bench.statuses("INVITE") == [180, 487]
    assert [response.to.tag for response in bench.responses("INVITE")] == ["tag-1", "tag-1"]
    assert not bench.shown[0].is_ringing
    bench.hang_over()


@pytest.mark.parametrize(("moment", "ending"), [(0.499, NOT_ANSWERED), (0.5, MISSED)])
def test_a_cancel_that_may_have_waited_for_our_first_word_is_no_missed_call(moment, ending):
    bench = IncomingSide(sends_reason=True)
    invite = bench.invite()
    bench.now = moment
    bench.cancel(invite)
    assert bench.told == [RINGING, ending]


def test_a_cancel_that_comes_twice_is_told_once():
    bench = IncomingSide()
    invite = bench.invite()
    bench.cancel(invite, "SIP;cause=200")
    bench.cancel(invite)
    assert bench.told == [RINGING, ELSEWHERE]
    assert bench.statuses("CANCEL") == [200, 200]


def test_the_ack_of_the_487_ends_the_transaction():
    bench = IncomingSide()
    bench.cancel(bench.invite())
    bench.acknowledge()
    bench.pass_until(100.0)
    assert bench.statuses("INVITE") == [180, 487]  # and never resent
    bench.hang_over()


def test_a_bye_in_the_early_dialog_ends_it_as_well():
    bench = IncomingSide(sends_reason=True)
    bench.invite()
    answer = bench.in_early_dialog("BYE", ("Reason", "SIP;cause=200"))
    assert answer.status == 200
    assert bench.told == [RINGING, ELSEWHERE]
    assert bench.statuses("INVITE") == [180, 487]
    assert bench.in_early_dialog("BYE", cseq="3 BYE").status == 481
    bench.hang_over()


def test_a_stray_ack_is_nothing():
    bench = IncomingSide()
    bench.invite()
    [ringing] = bench.responses("INVITE")
    via = f"SIP/2.0/UDP 192.0.2.1:5060;branch={bench.branch()}"
    bench.receive(make_request("ACK", uri=TARGET, via=via, to=str(ringing.to)))
    assert bench.told == [RINGING]
    assert len(bench.sent) == 1
    assert bench.shown[0].is_ringing


# --- other requests in the early dialog ----------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("OPTIONS", b"", 200),
        ("INFO", b"x", 200),
        ("UPDATE", b"", 200),
        ("UPDATE", b"v=0\r\n", 500),
        ("INVITE", b"v=0\r\n", 500),
        ("NOTIFY", b"", 481),
        ("PRACK", b"", 405),
        ("REFER", b"", 405),
        ("FOO", b"", 501),
    ],
)
def test_what_else_may_come_in_the_early_dialog(method, body, status):
    bench = IncomingSide()
    bench.invite()
    answer = bench.in_early_dialog(method, body=body)
    assert answer.status == status
    assert answer.headers.get("Retry-After") == ("5" if status == 500 else None)
    assert (answer.headers.get("Contact") is not None) == (status == 200)
    assert bench.told == [RINGING]
    assert bench.shown[0].is_ringing


@pytest.mark.parametrize("method", ["BYE", "OPTIONS"])
def test_a_request_that_is_out_of_order_is_refused(method):
    bench = IncomingSide()
    bench.invite()
    assert bench.in_early_dialog("INFO", cseq="7 INFO").status == 200
    for number in (1, 6, 7):
        assert bench.in_early_dialog(method, cseq=f"{number} {method}").status == 500
    assert bench.in_early_dialog(method, cseq=f"8 {method}").status == 200


# --- ended by us ---------------------------------------------------------------------------------


def test_it_can_be_rejected_for_all_phones():
    bench = IncomingSide()
    bench.invite()
    bench.shown[0].reject(1.0)
    assert bench.told == [RINGING, by_us(IncomingOutcome.REJECTED, 603)]
    assert bench.statuses("INVITE") == [180, 603]
    bench.acknowledge()
    bench.hang_over()
    assert bench.statuses("INVITE") == [180, 603]


@pytest.mark.parametrize(
    ("to", "contact"),
    [
        (SipUri(host="example.com", user="*21%23"), "<sip:*21%23@example.com>"),
        (TelUri("+431505641"), "<tel:+431505641>"),
    ],
)
def test_the_caller_can_be_sent_elsewhere(to, contact):
    bench = IncomingSide()
    bench.invite()
    bench.shown[0].redirect(to, 1.0)
    assert bench.told == [RINGING, by_us(IncomingOutcome.REDIRECTED, 302)]
    final = bench.responses("INVITE")[-1]
    assert (final.status, final.headers.get("Contact")) == (302, contact)
    assert final.headers.get("Allow") == ALLOW[1]
    bench.hang_over()


def test_stepping_aside_is_no_rejection():
    bench = IncomingSide()
    bench.invite()
    bench.shown[0].give_up(1.0)
    bench.shown[0].give_up(2.0)
    assert bench.told == [RINGING, by_us(IncomingOutcome.NOT_ANSWERED, 480)]
    assert bench.statuses("INVITE") == [180, 480]
    bench.hang_over()


def test_what_rings_no_more_can_be_neither_rejected_nor_redirected():
    bench = IncomingSide()
    bench.cancel(bench.invite())
    for act in (
        lambda: bench.shown[0].reject(1.0),
        lambda: bench.shown[0].redirect(SipUri(host="x"), 1.0),
    ):
        with pytest.raises(RefusedError, match=r"^the call rings no more$"):
            act()
    assert bench.told == [RINGING, NOT_ANSWERED]
    assert bench.statuses("INVITE") == [180, 487]


@pytest.mark.parametrize("act", ["reject", "redirect", "give_up"])
def test_a_cancel_that_crosses_our_answer_changes_nothing(act):
    bench = IncomingSide()
    invite = bench.invite()
    getattr(bench.shown[0], act)(*([SipUri(host="x")] if act == "redirect" else []), 1.0)
    told = list(bench.told)
    bench.cancel(invite, "SIP;cause=200")
    assert bench.statuses("CANCEL") == [200]
    assert bench.told == told
    assert len(bench.statuses("INVITE")) == 2
    bench.hang_over()


# --- nobody ends it ------------------------------------------------------------------------------


@pytest.mark.parametrize("sends_reason", [False, True])
def test_what_nobody_cancels_ends_by_itself(sends_reason):
    bench = IncomingSide(sends_reason=sends_reason)
    bench.invite()
    bench.pass_until(LIMIT - 0.001)
    assert bench.told == [RINGING]
    bench.pass_until(LIMIT)
    assert bench.told == [RINGING, by_us(IncomingOutcome.NOT_ANSWERED, 480)]
    bench.hang_over()


def test_the_limit_is_above_timer_c():
    assert LIMIT > 180


@pytest.mark.parametrize("expires", [0, 30, 199])
def test_the_caller_may_give_it_less_time(expires):
    bench = IncomingSide()
    bench.invite(("Expires", str(expires)))
    bench.pass_until(max(0.0, expires - 0.001))
    if expires:
        assert bench.told == [RINGING]
    bench.pass_until(expires)
    assert bench.told == [RINGING, by_us(IncomingOutcome.NOT_ANSWERED, 487)]
    assert bench.statuses("INVITE")[:2] == [180, 487]
    bench.hang_over()


@pytest.mark.parametrize("expires", ["200", "4000", "99999999999999"])
def test_no_caller_may_give_it_more_time(expires):
    bench = IncomingSide()
    bench.invite(("Expires", expires))
    bench.pass_until(LIMIT)
    assert bench.told == [RINGING, by_us(IncomingOutcome.NOT_ANSWERED, 480)]
    bench.hang_over()


def test_no_timer_is_left_after_an_end():
    bench = IncomingSide()
    bench.cancel(bench.invite())
    bench.acknowledge()
    bench.run_out()
    assert bench.now < LIMIT
    bench.hang_over()
