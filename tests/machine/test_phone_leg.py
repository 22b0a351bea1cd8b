"""The dialog with the phone: every arrow of the drawing, forks, crossings, challenges, routes."""

from __future__ import annotations

import pytest
from bench import PHONE, PROXY, STANDBY, TCP_PROXY
from phone_side import ACCOUNT, CONTACT, RECORD_ROUTE, LegBench

from siptapi_core.errors import NetworkError
from siptapi_core.machine import phone_leg
from siptapi_core.machine.phone_leg import LegState
from siptapi_core.sip.auth import Authorization, Credentials
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri, TelUri

CREDENTIALS = Credentials("200", "secret")
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


def picked_up(**parts) -> LegBench:
    bench = LegBench(**parts).start()
    bench.pick_up()
    return bench


# --- the INVITE ----------------------------------------------------------------------------------


def test_nothing_is_sent_before_the_start():
    bench = LegBench()
    assert bench.leg.state is LegState.IDLE
    assert not bench.leg.provisional
    assert not bench.leg.rang
    assert bench.requests("INVITE") == []
    assert len(bench.agent) == 0


def test_the_invite_says_what_the_plan_says():
    bench = LegBench(
        route=(NameAddr(SipUri(host="a.example", parameters=(("lr", None),))),),
        invite_headers=(("Answer-Mode", "Auto"),),
    ).start()
    assert bench.leg.state is LegState.CALLING
    invite = bench.last("INVITE")
    assert str(invite.uri) == "sip:201@example.com"
    assert bench.destinations("INVITE") == [PROXY]
    assert invite.headers.items()[1:-1] == (
        ("Route", "<sip:a.example;lr>"),
        ("Max-Forwards", "70"),
        ("From", '"SIPTAPI" <sip:200@example.com>;tag=tag-1'),
        ("To", "<sip:201@example.com>"),
        ("Call-ID", "call-1"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:200@192.0.2.9:5062>"),
        ("Allow", "INVITE, ACK, CANCEL, BYE, NOTIFY, OPTIONS, INFO, UPDATE"),
        ("Allow-Events", "refer"),
        ("User-Agent", "SIPTAPI"),
        ("Answer-Mode", "Auto"),
        ("Content-Type", "application/sdp"),
    )
    assert b"a=recvonly" in invite.body
    assert b"c=IN IP4 192.0.2.9" in invite.body
    assert b"m=audio 9 RTP/AVP" in invite.body
    assert b" 1 IN IP4" in invite.body


def test_the_contact_names_the_transport_where_it_is_not_udp():
    bench = LegBench(addresses=(TCP_PROXY,))
    assert bench.leg.contact == "<sip:200@192.0.2.9:5062;transport=tcp>"


def test_a_caller_without_a_user_has_a_contact_without_one():
    bench = LegBench(from_=NameAddr(TelUri("200", ())))
    assert bench.leg.contact == "<sip:192.0.2.9:5062>"


@pytest.mark.parametrize("status", [101, 180, 181, 182, 183, 199])
def test_the_first_18x_is_ringing(status):
    bench = LegBench().start()
    bench.reply(100)
    assert bench.leg.provisional
    assert (bench.leg.state, bench.heard) == (LegState.CALLING, [])
    bench.reply(status)
    assert (bench.leg.state, bench.heard) == (LegState.RINGING, ["ringing"])
    bench.reply(180)
    assert bench.heard == ["ringing"]
    assert bench.leg.rang


@pytest.mark.parametrize("status", [300, 302, 404, 486, 503, 603])
@pytest.mark.parametrize("before", [(), (100,), (180,)])
def test_a_refusal_ends_it(status, before):
    bench = LegBench().start()
    for provisional in before:
        bench.reply(provisional)
    bench.reply(status, reason="Because")
    assert bench.leg.state is LegState.GONE
    assert bench.heard[-1] == ("failed", status, "Because", 0.0)
    assert len(bench.requests("ACK")) == 1
    assert bench.requests("CANCEL") == []


def test_silence_ends_it():
    bench = LegBench().start()
    bench.pass_until(32.0)
    assert bench.leg.state is LegState.GONE
    assert bench.heard == [("failed", None, "no answer from udp:192.0.2.1:5060", 32.0)]


def test_a_challenge_to_the_invite_is_answered():
    bench = LegBench(credentials=CREDENTIALS).start()
    bench.reply(407, headers=(CHALLENGE,))
    first, again = bench.requests("INVITE")
    assert again.cseq.number == 2
    assert (again.call_id, again.from_, again.body) == (first.call_id, first.from_, first.body)
    assert bench.heard == []
    bench.pick_up()
    acknowledgement = bench.last("ACK")
    assert acknowledgement.cseq.number == 2
    assert (  # RFC 3261 22.1
        acknowledgement.headers.get("Proxy-Authorization")
        == again.headers.get("Proxy-Authorization")
    )


def test_the_ack_carries_the_credentials_for_the_phone_too():
    bench = LegBench(credentials=CREDENTIALS).start()
    bench.reply(401, headers=(("WWW-Authenticate", CHALLENGE[1]),))
    bench.pick_up()
    credentials = bench.last("INVITE").headers.get("Authorization")
    assert bench.last("ACK").headers.get("Authorization") == credentials is not None


def test_trap_8_a_second_challenge_to_the_same_credentials_ends_it():
    bench = LegBench(credentials=CREDENTIALS).start()
    bench.reply(407, headers=(CHALLENGE,))
    bench.reply(407, headers=(CHALLENGE,))
    assert bench.heard == [("failed", 407, "Proxy Authentication Required", 0.0)]


def test_a_silent_proxy_is_left_for_the_standby():
    bench = LegBench(addresses=(PROXY, STANDBY)).start()
    bench.pass_until(32.0)
    assert bench.destinations("INVITE")[-1] == STANDBY
    assert bench.heard == []


def test_the_standby_s_failure_names_both():
    bench = LegBench(addresses=(PROXY, STANDBY)).start()
    bench.agent.refused(PROXY, 0.0)
    bench.reply(503)
    both = f"{PROXY} refuses our packets; {STANDBY} says 503 Service Unavailable"
    assert bench.heard == [("failed", 503, both, 0.0)]


def left_for_the_standby() -> LegBench:
    bench = LegBench(addresses=(PROXY, STANDBY)).start()
    bench.pass_until(1.5)
    bench.answer(bench.requests("OPTIONS")[-1], 200)
    bench.pass_until(2.0)
    assert bench.destinations("INVITE")[-1] == STANDBY
    return bench


def test_a_proxy_that_was_left_and_then_rings_is_cancelled():
    bench = left_for_the_standby()
    bench.pick_up()
    bench.answer(bench.requests("INVITE")[0], 180, to_tag="late")
    assert bench.destinations("CANCEL") == [PROXY]
    assert bench.heard == ["answered", "up"]


def test_a_proxy_that_was_left_and_then_answers_is_acknowledged_and_left():
    bench = left_for_the_standby()
    bench.pick_up()
    bench.answer(bench.requests("INVITE")[0], 200, to_tag="late", headers=(CONTACT, RECORD_ROUTE))
    assert bench.destinations("ACK") == [STANDBY, PROXY]
    assert bench.destinations("BYE") == [PROXY]
    assert bench.last("BYE").to.tag == "late"
    assert bench.heard == ["answered", "up"]
    assert bench.leg.state is LegState.UP


def test_after_the_failure_too():
    bench = left_for_the_standby()
    bench.reply(404)
    bench.answer(bench.requests("INVITE")[0], 200, to_tag="late", headers=(CONTACT, RECORD_ROUTE))
    assert bench.destinations("BYE") == [PROXY]
    assert bench.heard == [("failed", 404, "Not Found", 2.0)]


def test_a_hang_up_stops_the_search_for_a_standby():
    bench = LegBench(addresses=(PROXY, STANDBY)).start()
    bench.pass_until(1.6)
    bench.do("cancel")
    bench.answer(bench.requests("OPTIONS")[-1], 200)
    bench.run_out()
    assert STANDBY not in bench.destinations("INVITE")
    silence = f"no answer from {PROXY}; no answer from {STANDBY}"
    assert bench.heard == [("failed", None, silence, 5.6)]


def test_a_hang_up_at_a_silent_standby_does_not_wait_for_timer_b():
    bench = LegBench(addresses=(PROXY, STANDBY)).start()
    bench.reply(100)
    bench.reply(503)
    bench.do("cancel")
    bench.pass_until(4.0)
    words = f"{PROXY} says 503 Service Unavailable; no answer from {STANDBY}"
    assert bench.heard == [("failed", None, words, 4.0)]
    bench.answer(bench.last("INVITE"), 180)
    assert bench.destinations("CANCEL") == [STANDBY]


def test_an_invite_that_the_standby_has_met_elsewhere_has_arrived():
    bench = left_for_the_standby()
    bench.reply(482)
    bench.run_out()
    assert not bench.leg.rang
    assert bench.leg.provisional
    words = f"no answer from {PROXY}; {STANDBY} says 482 Loop Detected"
    assert bench.heard == [("failed", None, words, 32.0)]


# --- the answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [(), (100,), (180,)])
def test_a_2xx_is_acknowledged_and_the_dialog_is_up(before):
    bench = LegBench().start()
    for provisional in before:
        bench.reply(provisional)
    bench.pick_up()
    assert bench.heard[-2:] == ["answered", "up"]
    assert bench.leg.state is LegState.UP
    acknowledgement = bench.last("ACK")
    assert acknowledgement.cseq.number == 1
    assert acknowledgement.headers.lines("Route") == ("<sip:192.0.2.1;lr>",)
    assert str(acknowledgement.uri) == "sip:201@192.0.2.2:5060"
    assert acknowledgement.to.tag == "phone"
    assert acknowledgement.via.branch != bench.last("INVITE").via.branch
    assert "Proxy-Authorization" not in acknowledgement.headers


def test_what_the_plan_s_next_hop_recorded_is_not_located_again():
    bench = picked_up()
    assert bench.asked == []
    assert bench.destinations("ACK") == [PROXY]


def test_another_route_is_located():
    bench = LegBench().start()
    bench.where = (STANDBY, PHONE)
    bench.pick_up(CONTACT, ("Record-Route", "<sip:core.example;lr>"))
    assert bench.asked == ["sip:core.example;lr"]
    assert bench.destinations("ACK") == [STANDBY]


def test_without_a_route_the_contact_is_located():
    bench = LegBench().start()
    bench.pick_up(CONTACT)
    assert bench.asked == ["sip:201@192.0.2.2:5060"]
    assert bench.destinations("ACK") == [PHONE]


def test_of_several_ways_that_of_the_invite_comes_first_then_the_living():
    bench = LegBench().start()
    bench.where = (PHONE, STANDBY, PROXY)
    bench.agent.transactions.dead_addresses.add(PHONE, 0.0)
    bench.pick_up(CONTACT, ("Record-Route", "<sip:core.example;lr>"))
    assert bench.destinations("ACK") == [PROXY]
    bench.do("leave")
    for dead in (PROXY, STANDBY):
        bench.agent.refused(dead, bench.now)
    assert bench.destinations("BYE") == [PROXY, STANDBY, PHONE]


def test_an_ack_does_not_go_where_nobody_is_if_there_is_another_way():
    bench = LegBench().start()
    bench.where = (PHONE, STANDBY)
    bench.agent.transactions.dead_addresses.add(PHONE, 0.0)
    bench.pick_up(CONTACT)
    assert bench.destinations("ACK") == [STANDBY]


def test_trap_9_what_cannot_be_located_is_reached_where_the_invite_was():
    bench = LegBench().start()
    bench.where = ()
    bench.pick_up(("Contact", "<sip:201@unreachable.invalid>"))
    assert bench.destinations("ACK") == [PROXY]
    bench.do("leave")
    assert bench.destinations("BYE") == [PROXY]


def test_trap_9_a_direct_call_stays_with_the_phone_s_address():
    bench = LegBench(direct=True, addresses=(PHONE,)).start()
    bench.pick_up(("Contact", "<sip:201@example.com;gr=urn:uuid:1>"))
    assert bench.asked == []
    assert bench.destinations("ACK") == [PHONE]
    assert str(bench.last("ACK").uri) == "sip:201@example.com;gr=urn:uuid:1"


def test_requests_inside_the_dialog_try_every_address():
    bench = LegBench().start()
    bench.where = (PHONE, STANDBY)
    bench.pick_up(CONTACT)
    bench.do("leave")
    bench.agent.refused(PHONE, bench.now)
    assert bench.destinations("BYE") == [PHONE, STANDBY]


def test_an_answer_that_we_have_no_way_to_is_a_failure():
    bench = LegBench().start()
    bench.pass_until(0.25)

    def no_way(towards):
        raise NetworkError(f"there is no way to {towards}")

    bench.agent.transactions._local_address = no_way
    bench.pick_up()
    assert bench.heard == ["answered", ("failed", None, f"there is no way to {PROXY}", 0.25)]
    assert bench.leg.state is LegState.GONE
    bench.run_out()
    assert len(bench.heard) == 2


def test_a_bye_has_no_body():
    bench = picked_up()
    bench.do("leave")
    assert bench.last("BYE").body == b""


def test_a_retransmitted_2xx_gets_the_same_ack_again():
    bench = picked_up()
    first = bench.last("ACK")
    bench.pass_until(0.5)
    bench.pick_up()
    assert bench.requests("ACK") == [first, first]
    assert bench.destinations("ACK") == [PROXY, PROXY]
    assert bench.heard == ["answered", "up"]


def test_a_2xx_is_not_acknowledged_before_its_way_is_known():
    bench = LegBench(later=True).start()
    bench.pick_up(CONTACT)
    bench.pick_up(CONTACT)
    assert bench.heard == ["answered"]
    assert bench.leg.state is LegState.UP
    assert bench.requests("ACK") == []
    bench.located(PHONE)
    assert bench.heard == ["answered", "up"]
    assert bench.destinations("ACK") == [PHONE]


def test_a_2xx_to_the_invite_that_was_challenged_counts_more_than_what_comes_to_the_next():
    bench = LegBench(credentials=CREDENTIALS).start()
    first = bench.last("INVITE")
    bench.reply(407, headers=(CHALLENGE,))
    bench.answer(first, 200, headers=(CONTACT, RECORD_ROUTE))
    assert bench.heard == ["answered", "up"]
    assert [request.cseq.number for request in bench.requests("ACK")] == [1, 1]
    bench.reply(180, to_tag="other")
    bench.reply(486, to_tag="other")
    assert bench.heard == ["answered", "up"]
    assert bench.leg.state is LegState.UP
    assert not bench.leg.rang


def test_an_answer_without_a_contact_is_used_with_the_invite_s_uri():
    bench = LegBench().start()
    bench.pick_up(RECORD_ROUTE)
    assert str(bench.last("ACK").uri) == "sip:201@example.com"


def test_an_answer_without_a_tag_makes_a_dialog_too():
    bench = LegBench().start()
    bench.reply(200, to_tag=None, headers=(CONTACT, RECORD_ROUTE))
    assert bench.heard == ["answered", "up"]
    assert bench.last("ACK").to.tag is None


def test_an_answer_whose_route_cannot_be_read_is_a_failure():
    bench = LegBench().start()
    bench.pass_until(0.25)
    for _ in range(2):
        bench.pick_up(CONTACT, ("Record-Route", "<<nonsense"))
    [(what, status, reason, now)] = bench.heard
    assert (what, status, now) == ("failed", None, 0.25)
    assert reason.startswith("the phone's answer cannot be read: ")
    assert bench.leg.state is LegState.GONE
    assert bench.requests("ACK") == []


def test_requests_have_the_contact_and_product_that_they_are_given():
    bench = picked_up()
    heard = []
    bench.leg.request(
        "REFER",
        headers=(("Refer-To", "<sip:301@example.com>"),),
        on_response=lambda response, now: heard.append(response.status),
        on_failure=lambda problem, now: heard.append(problem),
        now=0.0,
    )
    refer = bench.last("REFER")
    assert refer.headers.get("Refer-To") == "<sip:301@example.com>"
    assert refer.headers.get("User-Agent") == "SIPTAPI"
    assert refer.cseq.number == 2
    bench.reply(202, "REFER")
    bench.leg.request(
        "REFER",
        headers=(),
        on_response=lambda response, now: heard.append(response.status),
        on_failure=lambda problem, now: heard.append(problem),
        now=0.0,
    )
    bench.pass_until(32.0)
    assert heard == [202, "no answer from udp:192.0.2.1:5060"]


# --- forks ---------------------------------------------------------------------------------------


def test_trap_11_a_second_2xx_is_acknowledged_and_left():
    bench = picked_up()
    bench.pick_up(("Contact", "<sip:201@192.0.2.55>"), RECORD_ROUTE, to_tag="other")
    assert [request.to.tag for request in bench.requests("ACK")] == ["phone", "other"]
    [bye] = bench.requests("BYE")
    assert bye.to.tag == "other"
    assert str(bye.uri) == "sip:201@192.0.2.55"
    assert bye.cseq.number == 2
    bench.reply(200, "BYE")
    assert bench.heard == ["answered", "up"]
    assert bench.leg.state is LegState.UP
    bench.pick_up(("Contact", "<sip:201@192.0.2.55>"), RECORD_ROUTE, to_tag="other")
    assert len(bench.requests("ACK")) == 3
    assert len(bench.requests("BYE")) == 1


def test_the_two_forks_count_their_requests_each():
    bench = picked_up()
    bench.pick_up(CONTACT, RECORD_ROUTE, to_tag="other")
    bench.do("leave")
    assert [(bye.to.tag, bye.cseq.number) for bye in bench.requests("BYE")] == [
        ("other", 2),
        ("phone", 2),
    ]


def test_an_invite_makes_us_call_on_a_few_others_and_no_more():
    """Whoever answers it names whom we send ACK and BYE to: it might be anybody."""
    bench = picked_up()
    for number in range(1000):
        bench.pick_up(("Contact", f"<sip:a@192.0.2.{number % 200}>"), to_tag=f"t{number}")
    assert len(bench.requests("ACK")) == phone_leg.MOST_FORKS
    assert len(bench.requests("BYE")) == phone_leg.MOST_FORKS - 1
    assert bench.leg.state is LegState.UP
    assert bench.heard == ["answered", "up"]


def test_the_bye_of_the_surplus_fork_changes_nothing():
    bench = picked_up()
    bench.pick_up(CONTACT, RECORD_ROUTE, to_tag="other")
    bench.phone_sends("BYE", tag="other")
    assert bench.statuses("BYE") == [200]
    assert bench.leg.state is LegState.UP
    assert bench.heard == ["answered", "up"]


def test_a_fork_that_answers_after_another_refused_is_left():
    bench = LegBench().start()
    bench.reply(486)
    bench.pick_up()
    assert [request.cseq.method for request in bench.requests("BYE")] == ["BYE"]
    assert len(bench.requests("ACK")) == 2
    assert bench.heard == [("failed", 486, "Busy Here", 0.0)]
    bench.phone_sends("NOTIFY", ("Event", "refer"))
    assert bench.statuses("NOTIFY") == [200]


def test_the_surplus_fork_s_challenge_and_silence_are_no_news():
    bench = picked_up()
    bench.pick_up(CONTACT, RECORD_ROUTE, to_tag="other")
    bench.run_out()
    assert bench.heard == ["answered", "up"]


# --- cancel --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [100, 180])
def test_a_cancel_after_a_provisional_response_is_sent_at_once(status):
    bench = LegBench().start()
    bench.reply(status)
    bench.do("cancel")
    bench.do("cancel")
    assert len(bench.requests("CANCEL")) == 1
    bench.reply(200, "CANCEL")
    bench.reply(487)
    assert bench.heard[-1] == ("failed", 487, "Request Terminated", 0.0)
    assert len(bench.requests("ACK")) == 1
    bench.run_out()
    assert len(bench.heard) == (1 if status == 100 else 2)


def test_a_cancel_before_waits_for_the_provisional_response():
    bench = LegBench().start()
    bench.do("cancel")
    assert bench.requests("CANCEL") == []
    bench.pass_until(3.0)
    bench.reply(100)
    bench.reply(180)
    assert bench.moments("CANCEL") == [3.0]
    assert len(bench.requests("INVITE")) == 3


def test_a_cancelled_invite_that_nobody_answers_ends_after_64_t1():
    bench = LegBench().start()
    bench.reply(100)
    bench.pass_until(5.0)
    bench.do("cancel")
    bench.reply(200, "CANCEL")
    bench.pass_until(36.999)
    assert bench.heard == []
    bench.pass_until(37.0)
    assert bench.heard == [("failed", None, "no final response to the cancelled INVITE", 37.0)]
    assert bench.leg.state is LegState.GONE
    bench.reply(487)
    bench.run_out()
    assert len(bench.heard) == 1


def test_a_silent_proxy_gets_no_cancel_and_no_standby_a_call():
    bench = LegBench(addresses=(PROXY, STANDBY)).start()
    bench.do("cancel")
    bench.run_out()
    assert set(bench.destinations("INVITE")) == {PROXY}
    assert bench.requests("CANCEL") == []
    assert bench.heard == [("failed", None, "no answer from udp:192.0.2.1:5060", 4.0)]


def test_a_phone_that_speaks_only_after_we_gave_up_is_cancelled_all_the_same():
    bench = LegBench().start()
    bench.do("cancel")
    bench.pass_until(5.0)
    bench.reply(180)
    assert bench.moments("CANCEL") == [5.0]
    bench.reply(200, "CANCEL")
    bench.reply(487)
    bench.run_out()
    assert bench.heard == [("failed", None, "no answer from udp:192.0.2.1:5060", 4.0)]


def test_a_phone_that_is_picked_up_after_we_gave_up_is_acknowledged_and_left():
    bench = LegBench().start()
    bench.do("cancel")
    bench.pass_until(5.0)
    bench.pick_up()
    assert len(bench.requests("ACK")) == 1
    assert len(bench.requests("BYE")) == 1
    bench.reply(200, "BYE")
    bench.run_out()
    assert len(bench.heard) == 1


def test_a_challenge_to_what_is_cancelled_is_not_answered():
    bench = LegBench(credentials=CREDENTIALS).start()
    bench.do("cancel")
    bench.reply(407, headers=(CHALLENGE,))
    assert len(bench.requests("INVITE")) == 1
    assert bench.heard == [("failed", 407, "Proxy Authentication Required", 0.0)]


def test_a_200_that_crosses_the_cancel_is_acknowledged_and_left():
    bench = LegBench().start()
    bench.reply(180)
    bench.do("cancel")
    bench.pick_up()
    assert len(bench.requests("ACK")) == 1
    assert len(bench.requests("BYE")) == 1
    assert bench.heard == ["ringing", "answered"]
    bench.reply(481, "CANCEL")
    bench.reply(200, "BYE")
    assert bench.heard[-1] == ("gone", "by us", 0.0)
    bench.run_out()
    assert len(bench.heard) == 3


def test_a_200_instead_of_a_provisional_response_to_what_is_cancelled():
    bench = LegBench().start()
    bench.do("cancel")
    bench.pick_up()
    assert bench.requests("CANCEL") == []
    assert len(bench.requests("BYE")) == 1
    assert bench.heard == ["answered"]


def test_a_refusal_stops_the_cancel_s_timer():
    bench = LegBench().start()
    bench.reply(100)
    bench.do("cancel")
    bench.reply(487)
    bench.reply(200, "CANCEL")
    bench.run_out()
    assert bench.heard == [("failed", 487, "Request Terminated", 0.0)]


# --- leaving -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 408, 481, 500])
def test_after_our_bye_any_answer_is_the_end(status):
    bench = picked_up()
    bench.do("leave")
    bench.do("leave")
    assert bench.leg.state is LegState.LEAVING
    assert len(bench.requests("BYE")) == 1
    bench.reply(100, "BYE")
    assert bench.leg.state is LegState.LEAVING
    bench.pass_until(1.0)
    bench.reply(status, "BYE")
    assert bench.leg.state is LegState.GONE
    assert bench.heard[-1] == ("gone", "by us", 1.0)


def test_after_our_bye_silence_is_the_end_too():
    bench = picked_up()
    bench.do("leave")
    bench.pass_until(32.0)
    assert bench.heard[-1] == ("gone", "by us", 32.0)


def test_our_bye_is_challenged():
    bench = picked_up(credentials=CREDENTIALS)
    bench.do("leave")
    bench.reply(407, "BYE", headers=(CHALLENGE,))
    first, again = bench.requests("BYE")
    assert (first.cseq.number, again.cseq.number) == (2, 3)
    authorization = Authorization.parse(again.headers.get("Proxy-Authorization"))
    assert authorization.verify("BYE", b"", "secret")
    assert bench.leg.state is LegState.LEAVING


def test_leaving_before_the_way_is_known_waits_for_it():
    bench = LegBench(later=True).start()
    bench.pick_up(CONTACT)
    bench.do("leave")
    assert bench.requests("BYE") == []
    bench.located(PHONE)
    assert bench.heard == ["answered"]
    assert bench.destinations("BYE") == [PHONE]
    assert bench.leg.state is LegState.LEAVING


def test_leaving_what_is_not_up_sends_nothing():
    bench = LegBench().start()
    bench.do("leave")
    assert bench.requests("BYE") == []
    assert bench.leg.state is LegState.CALLING


# --- the phone's requests ------------------------------------------------------------------------


def test_the_phone_s_bye_ends_it():
    bench = picked_up()
    bench.pass_until(2.0)
    bench.phone_sends("BYE")
    assert bench.statuses("BYE") == [200]
    assert bench.heard[-1] == ("gone", "by phone", 2.0)
    assert bench.leg.state is LegState.GONE
    bench.phone_sends("BYE")
    assert bench.statuses("BYE") == [200, 200]
    assert len(bench.heard) == 3
    bench.do("leave")
    assert bench.requests("BYE") == []


@pytest.mark.parametrize("status", [200, 408, 481])
def test_trap_3_byes_that_cross_are_one_good_end(status):
    bench = picked_up()
    bench.do("leave")
    bench.phone_sends("BYE")
    assert bench.statuses("BYE") == [200]
    assert bench.heard[-1] == ("gone", "by us", 0.0)
    bench.reply(status, "BYE")
    assert bench.leg.state is LegState.GONE
    assert len(bench.heard) == 3


def test_a_bye_before_our_ack_ends_it_and_is_not_referred():
    bench = LegBench(later=True).start()
    bench.pick_up(CONTACT)
    bench.phone_sends("BYE")
    assert bench.statuses("BYE") == [200]
    assert bench.heard == ["answered", ("gone", "by phone", 0.0)]
    bench.located(PHONE)
    assert len(bench.requests("ACK")) == 1
    assert bench.heard == ["answered", ("gone", "by phone", 0.0)]


def test_trap_10_a_reinvite_before_our_ack_is_answered_too():
    bench = LegBench(later=True).start()
    bench.pick_up(CONTACT)
    bench.phone_sends("INVITE", CONTACT)
    assert bench.statuses("INVITE") == [200]


def test_a_notify_goes_to_the_owner_at_any_time():
    bench = picked_up()
    bench.phone_sends("NOTIFY")
    bench.do("leave")
    bench.phone_sends("NOTIFY")
    bench.reply(200, "BYE")
    bench.phone_sends("NOTIFY")
    assert bench.statuses("NOTIFY") == [200, 200, 200]
    assert bench.heard.count("notify") == 3


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "OPTIONS", "INFO"])
def test_trap_10_requests_inside_the_dialog_are_answered(method):
    bench = picked_up()
    bench.phone_sends(method, CONTACT)
    assert bench.statuses(method) == [200]
    bench.do("leave")
    bench.phone_sends(method, CONTACT)
    assert bench.statuses(method) == [200, 200]
    bench.reply(200, "BYE")
    bench.phone_sends(method, CONTACT)
    assert bench.statuses(method) == [200, 200, 481]


@pytest.mark.parametrize(("method", "status"), [("REFER", 405), ("FOO", 501)])
def test_what_we_do_not_do_is_refused_inside_the_dialog(method, status):
    bench = picked_up()
    bench.phone_sends(method)
    assert bench.statuses(method) == [status]


def test_the_acks_of_our_answers_end_their_resending():
    bench = picked_up()
    bench.phone_sends("INVITE", CONTACT, cseq=7)
    bench.phone_sends("ACK", cseq=7)
    bench.run_out()
    assert bench.statuses("INVITE") == [200]


def test_a_phone_that_never_acknowledges_our_answer_is_left():
    bench = picked_up()
    bench.phone_sends("INVITE", CONTACT)
    bench.pass_until(31.999)
    assert bench.requests("BYE") == []
    bench.pass_until(32.0)
    assert bench.moments("BYE") == [32.0]
    bench.reply(200, "BYE")
    assert bench.heard[-1] == ("gone", "by us", 32.0)


def test_but_not_once_it_has_gone_itself():
    bench = picked_up()
    bench.phone_sends("INVITE", CONTACT)
    bench.phone_sends("BYE")
    bench.run_out()
    assert bench.requests("BYE") == []


def test_a_surplus_fork_that_never_acknowledges_changes_nothing():
    bench = picked_up()
    bench.pick_up(CONTACT, RECORD_ROUTE, to_tag="other")
    bench.phone_sends("INVITE", CONTACT, tag="other")
    bench.run_out()
    assert [bye.to.tag for bye in bench.requests("BYE")][:1] == ["other"]
    assert {bye.to.tag for bye in bench.requests("BYE")} == {"other"}
    assert bench.leg.state is LegState.UP


@pytest.mark.parametrize("method", ["NOTIFY", "BYE", "INFO"])
def test_requests_out_of_order_are_refused_with_500(method):
    bench = picked_up()
    bench.phone_sends("INFO", cseq=50)
    bench.phone_sends(method, cseq=49)
    assert bench.statuses(method)[-1] == 500
    assert bench.heard == ["answered", "up"]


@pytest.mark.parametrize("method", ["NOTIFY", "BYE", "INVITE"])
def test_another_fork_that_we_do_not_know_gets_481(method):
    bench = picked_up()
    bench.phone_sends(method, tag="unknown")
    assert bench.statuses(method) == [481]
    assert bench.heard == ["answered", "up"]


def test_a_request_before_any_answer_gets_481():
    bench = LegBench().start()
    bench.reply(180)
    bench.phone_sends("INFO")
    assert bench.statuses("INFO") == [481]


def closed(bench):
    """Close the leg; returns what says, once it is there, that nothing more can come."""
    forgotten = []
    bench.leg.close(bench.now, lambda: forgotten.append(bench.now))
    return forgotten


def test_after_the_close_late_requests_are_answered_for_64_t1():
    bench = picked_up()
    bench.phone_sends("BYE")
    bench.pass_until(10.0)
    forgotten = closed(bench)
    bench.pass_until(41.9)
    bench.phone_sends("NOTIFY")
    assert forgotten == []
    bench.pass_until(42.0)
    bench.phone_sends("NOTIFY")
    assert bench.statuses("NOTIFY") == [200, 481]
    assert forgotten == [42.0]
    bench.run_out()
    assert len(bench.agent) == 0


def test_after_that_an_answer_to_the_invite_is_still_left_and_then_it_is_over():
    bench = LegBench().start()
    bench.do("cancel")
    bench.pass_until(4.0)
    assert bench.heard[-1][0] == "failed", "nobody seems to be there"
    forgotten = closed(bench)
    bench.pass_until(50.0)
    assert len(bench.agent) == 1, "the INVITE alone: its dialog is refused"
    bench.pick_up()
    assert bench.moments("ACK") == [50.0]
    assert bench.moments("BYE")[0] == 50.0
    bench.reply(200, "BYE")
    bench.run_out()
    assert forgotten == [100.0], "twice again 64*T1 later: the INVITE's transaction ends at 82"
    assert len(bench.agent) == 0


def test_another_name_for_the_account_changes_no_address():
    bench = LegBench(from_=NameAddr(ACCOUNT, 'Ä, "B"')).start()
    assert bench.last("INVITE").from_.display_name == 'Ä, "B"'
