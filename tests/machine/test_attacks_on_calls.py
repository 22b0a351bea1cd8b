"""What somebody who is no party of a call can do to it: nothing, each attack by itself.

He knows whatever crosses the network unprotected but what we make up ourselves: tags of 64 random
bits, branches of 64, Call-IDs of 128 (`siptapi_core.net.identifiers`).
"""

from __future__ import annotations

import pytest
from bench import LONG, PROXY, Bench, make_request
from incoming_side import NEXT_HOP, TARGET, IncomingSide
from phone_side import CallBench

from siptapi_core.events import Outcome
from siptapi_core.machine.strangers import Strangers
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Headers, Request
from siptapi_core.targets import Address

ATTACKER = Address("198.51.100.7", 5060)
CREDENTIALS = Credentials("200", "secret")
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n", qop="auth"')


def guarded() -> CallBench:
    """A call whose user agent answers no strangers, as every network of ours."""
    bench = CallBench(credentials=CREDENTIALS)
    strangers = Strangers(lambda *_: None)
    bench.agent.strangers = bench.agent.transactions.strangers = strangers
    return bench


def sent_to(bench: Bench, host: str) -> list[str]:
    bench.collect()
    return [message.start_line for _, message, to in bench.sent if to.host == host]


# --- requests from nobody of the call ------------------------------------------------------------


@pytest.mark.parametrize("source", [ATTACKER, PROXY])
def test_a_refer_makes_nobody_dial(source):
    """Neither from a stranger, who gets no answer, nor from the proxy, which gets 405."""
    bench = guarded().referred()
    before = len(bench.sent)
    headers = (("Refer-To", "<sip:premium@example.com>"), LONG)
    bench.receive(make_request("REFER", headers=headers), source)
    if source is ATTACKER:
        assert len(bench.sent) == before
    else:
        assert bench.statuses("REFER")[-1:] == [405]
    assert all("premium" not in line for line in sent_to(bench, PROXY.host))
    assert bench.referred_to == ["<sip:301@example.com>"]


@pytest.mark.parametrize("source", [ATTACKER, PROXY])
def test_a_notify_outside_the_dialog_reports_nothing(source):
    bench = guarded().referred()
    told = len(bench.told)
    request = bench.phone_request(
        *("NOTIFY", ("Event", "refer"), ("Subscription-State", "terminated"), LONG),
        ("Content-Type", "message/sipfrag"),
        body=b"SIP/2.0 200 OK\r\n",
    )
    forged = request.with_headers(request.headers.replaced("To", "<sip:200@example.com>"))
    bench.receive(forged, source)
    assert bench.told[told:] == []
    assert bench.statuses("NOTIFY") == ([] if source is ATTACKER else [481])


@pytest.mark.parametrize("tag", ["", ";tag=guess", ";tag=phone", ";tag=tag-2"])
@pytest.mark.parametrize("method", ["BYE", "NOTIFY", "INVITE", "UPDATE", "CANCEL"])
def test_a_guessed_tag_is_no_way_into_a_call(method, tag):
    bench = guarded().referred()
    told = len(bench.told)
    request = bench.phone_request(method)
    own = request.to
    forged = f"<{own.uri}>{tag}"
    assert str(own.tag) not in tag
    bench.receive(request.with_headers(request.headers.replaced("To", forged)), ATTACKER)
    assert bench.told[told:] == []
    assert sent_to(bench, ATTACKER.host) == []
    bench.notify("200 OK", state="terminated")
    bench.run_out()
    assert bench.ended.outcome is Outcome.ANSWERED


def test_a_cancel_with_the_branch_of_a_call_ends_it_only_from_where_that_came():
    bench = IncomingSide()
    invite = bench.invite()
    headers = invite.headers.replaced("CSeq", "1 CANCEL")
    bench.receive(Request("CANCEL", invite.uri, headers), ATTACKER)
    assert [call.is_ringing for call in bench.shown] == [True]
    bench.cancel(invite)
    assert [call.is_ringing for call in bench.shown] == [False]


def test_a_bye_with_a_guessed_tag_ends_no_ringing_call():
    bench = IncomingSide()
    bench.invite()
    bye = make_request("BYE", uri=TARGET, to="<sip:200@example.com>;tag=guess", cseq="2 BYE")
    bench.receive(bye, ATTACKER)
    assert [call.is_ringing for call in bench.shown] == [True]


# --- where our answers go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK-1",
        "SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bK-1;rport",
        "SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK-1;received=203.0.113.9;rport=53",
        "SIP/2.0/UDP 203.0.113.9;branch=z9hG4bK-1;maddr=203.0.113.9",
        "SIP/2.0/TCP 203.0.113.9;branch=z9hG4bK-1",
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_an_invite_with_a_forged_via_is_answered_to_its_sender_or_not_at_all(via, known):
    strangers = Strangers(lambda *_: None)
    if known:
        strangers.expect_calls(NEXT_HOP, ATTACKER.host, 0.0)
    bench = Bench(strangers=strangers)
    bench.receive(make_request(via=via, headers=(LONG,)), ATTACKER)
    bench.run_out()
    assert [to.host for _, _, to in bench.sent] == ([ATTACKER.host] if known else [])
    for _, response, _ in bench.sent:
        assert response.via.received == ATTACKER.host


# --- responses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_that_answers_no_request_of_ours_is_nothing(status):
    bench = guarded().dial()
    before = len(bench.sent)
    invite = bench.last("INVITE")
    response = invite.response(status, to_tag="x", headers=(CHALLENGE,))
    forged = response.headers.replaced("Via", str(response.via).replace("z9hG4bK", "z9hG4bKx"))
    bench.receive(type(response)(status, "Unauthorized", Headers(forged.items())), PROXY)
    assert len(bench.sent) == before


@pytest.mark.parametrize("status", [401, 407])
def test_a_challenge_from_elsewhere_gets_no_password(status):
    """Even by somebody who has seen our branch: it ends the call, but reveals no digest."""
    bench = guarded().dial()
    bench.reply(status, headers=(CHALLENGE,), source=ATTACKER)
    bench.run_out()
    for _, message, to in bench.sent:
        assert to.host != ATTACKER.host
        assert "Proxy-Authorization" not in message.headers
        assert "Authorization" not in message.headers


def test_an_answer_from_another_address_counts_where_it_has_our_branch():
    """Proxies of several addresses answer from another; a branch has 64 bits to guess."""
    bench = guarded().dial()
    bench.reply(180, source=Address("192.0.2.77", 5060))
    assert bench.names[-1] == "phone_ringing"


@pytest.mark.parametrize("status", [300, 301, 302, 305, 380])
def test_nobody_redirects_our_call(status):
    bench = guarded().dial()
    bench.reply(status, headers=(("Contact", "<sip:evil@198.51.100.7>"),))
    bench.run_out()
    assert sent_to(bench, ATTACKER.host) == []
    assert [line.split()[0] for line in sent_to(bench, PROXY.host)] == ["INVITE", "ACK"]
    assert bench.ended.outcome is not Outcome.ANSWERED


def test_nobody_redirects_our_refer():
    bench = guarded().up()
    bench.reply(302, "REFER", headers=(("Contact", "<sip:evil@198.51.100.7>"),))
    bench.run_out()
    assert sent_to(bench, ATTACKER.host) == []
    assert bench.referred_to == ["<sip:301@example.com>"]


# --- what a phone reports ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evil",
    [
        "SIP/2.0 486 Busy\r\nVia: x\r\n\r\nSIP/2.0 200 OK",
        "SIP/2.0 486 \x1b[2J\x07",
        "SIP/2.0 486 <script>alert(1)</script>",
        "SIP/2.0 486 " + "x" * 60_000,
    ],
)
def test_a_sipfrag_says_one_status_whatever_stands_behind_it(evil):
    bench = guarded().referred()
    bench.phone_sends(
        "NOTIFY",
        ("Event", "refer"),
        ("Subscription-State", "terminated"),
        ("Content-Type", "message/sipfrag"),
        body=evil.encode(),
    )
    bench.run_out()
    assert bench.ended.outcome is Outcome.BUSY
