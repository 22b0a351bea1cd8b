from __future__ import annotations

import pytest
from attrs import evolve
from bench import PHONE, PROXY, STANDBY
from exchange_bench import CHALLENGE, ExchangeBench

from siptapi_core.sip.auth import Authorization


def test_every_response_is_told():
    rig = ExchangeBench().start()
    for status in (100, 180, 200, 200):
        rig.reply(status)
    assert rig.told == [(100, 0.0), (180, 0.0), (200, 0.0), (200, 0.0)]
    assert rig.exchange.destination == PROXY


def test_a_challenge_is_answered_and_not_told():
    rig = ExchangeBench("REFER").start()
    first = rig.last("REFER")
    rig.reply(407, headers=(CHALLENGE,))
    again = rig.last("REFER")
    assert rig.told == []
    assert len(rig.requests("REFER")) == 2
    assert again.via.branch != first.via.branch
    assert (again.call_id, again.from_, again.cseq.number) == (first.call_id, first.from_, 2)
    assert Authorization.parse(again.headers.get("Proxy-Authorization")).verify("REFER", b"", "pw")
    assert rig.exchange.request.cseq.number == 2
    rig.reply(202)
    assert rig.told == [(202, 0.0)]


def test_a_challenge_that_we_cannot_answer_is_told():
    rig = ExchangeBench(credentials=None).start()
    rig.reply(407, headers=(CHALLENGE,))
    assert rig.told == [(407, 0.0)]
    assert len(rig.requests("INVITE")) == 1


def test_trap_8_a_challenge_from_another_host_is_not_answered():
    rig = ExchangeBench().start()
    rig.reply(407, headers=(CHALLENGE,), source=PHONE)
    assert rig.told == [(407, 0.0)]
    assert len(rig.requests("INVITE")) == 1


def test_a_challenge_from_another_port_of_the_host_is_answered():
    rig = ExchangeBench().start()
    rig.reply(401, headers=(("WWW-Authenticate", CHALLENGE[1]),), source=evolve(PROXY, port=9999))
    assert rig.told == []
    assert len(rig.requests("INVITE")) == 2


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_silence_is_told_when_no_address_is_left(method):
    rig = ExchangeBench(method).start()
    rig.run_out()
    assert rig.told == [("no answer from udp:192.0.2.1:5060", 32.0)]


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_a_silent_address_is_left_for_the_next(method):
    rig = ExchangeBench(method, addresses=(PROXY, STANDBY)).start()
    rig.pass_until(32.0)
    assert rig.told == []
    assert rig.destinations(method)[-1] == STANDBY
    assert rig.exchange.destination == STANDBY
    first, *_, last = rig.requests(method)
    assert first.cseq == last.cseq
    assert first.via.branch != last.via.branch
    rig.reply(200, source=STANDBY)
    assert rig.told == [(200, 32.0)]
    rig.run_out()


def test_every_address_is_tried_once():
    rig = ExchangeBench(addresses=(PROXY, STANDBY, PHONE)).start()
    rig.run_out()
    silence = [f"no answer from udp:192.0.2.{n}:5060" for n in (1, 3, 2)]
    assert rig.told == [("; ".join(silence), 96.0)]
    assert list(dict.fromkeys(rig.destinations("INVITE"))) == [PROXY, STANDBY, PHONE]


def test_a_refused_packet_leads_to_the_next_address_at_once():
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    rig.agent.refused(PROXY, 0.0)
    rig.collect()
    assert rig.destinations("INVITE") == [PROXY, STANDBY]
    assert rig.told == []
    rig.agent.refused(STANDBY, 1.0)
    refusals = [f"udp:192.0.2.{n}:5060 refuses our packets" for n in (1, 3)]
    assert rig.told == [("; ".join(refusals), 1.0)]


def test_an_address_that_we_have_no_way_to_is_passed_over():
    rig = ExchangeBench(addresses=(PROXY, STANDBY))
    rig.unreachable = {PROXY}
    rig.start()
    assert rig.destinations("INVITE") == [STANDBY]
    assert rig.told == []


def test_no_way_to_any_address_is_told():
    rig = ExchangeBench(addresses=(PROXY, STANDBY))
    rig.unreachable = {PROXY, STANDBY}
    rig.start()
    no_way = [f"there is no way to udp:192.0.2.{n}:5060" for n in (1, 3)]
    assert rig.told == [("; ".join(no_way), 0.0)]
    assert not rig.exchange.can_cancel
    rig.exchange.abandon(0.0)


def test_after_a_first_word_silence_is_the_end():
    rig = ExchangeBench("REFER", addresses=(PROXY, STANDBY)).start()
    rig.reply(100)
    rig.run_out()
    assert rig.told == [(100, 0.0), ("no answer from udp:192.0.2.1:5060", 32.0)]


def test_after_an_answered_challenge_silence_is_the_end():
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    rig.reply(407, headers=(CHALLENGE,))
    rig.run_out()
    assert rig.told == [("no answer from udp:192.0.2.1:5060", 32.0)]


@pytest.mark.parametrize("before", [(), (100,)])
def test_a_503_leads_to_the_next_address(before):
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    for status in before:
        rig.reply(status)
    rig.reply(503)
    assert rig.told == [(status, 0.0) for status in before]
    assert rig.destinations("INVITE") == [PROXY, STANDBY]
    first, second = rig.requests("INVITE")
    assert first.cseq == second.cseq
    assert len(rig.requests("ACK")) == 1
    rig.pass_until(32.0)
    both = "udp:192.0.2.1:5060 says 503 Service Unavailable; no answer from udp:192.0.2.3:5060"
    assert rig.told[-1] == (both, 32.0)


def test_a_standby_that_is_silent_after_a_503_is_left_too():
    rig = ExchangeBench(addresses=(PROXY, STANDBY, PHONE)).start()
    rig.reply(100)
    rig.reply(503)
    rig.pass_until(32.0)
    assert rig.exchange.destination == PHONE


@pytest.mark.parametrize("status", [500, 404, 603])
def test_another_refusal_is_the_answer(status):
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    rig.reply(status)
    assert rig.told == [(status, 0.0)]
    assert rig.destinations("INVITE") == [PROXY]


def test_a_503_is_the_answer_once_the_phone_rang():
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    rig.reply(101)
    rig.reply(503)
    assert rig.told == [(101, 0.0), (503, 0.0)]


def test_a_503_is_the_answer_of_the_last_address():
    rig = ExchangeBench().start()
    rig.reply(503)
    assert rig.told == [(503, 0.0)]


@pytest.mark.parametrize("end", ["challenge", "503", "silence", "refused"])
def test_who_stopped_trying_takes_what_comes_as_the_end(end):
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    rig.exchange.stop_trying(0.0)
    match end:
        case "challenge":
            rig.reply(407, headers=(CHALLENGE,))
        case "503":
            rig.reply(503)
        case "silence":
            rig.pass_until(32.0)
        case "refused":
            rig.agent.refused(PROXY, 0.0)
    assert len(rig.told) == 1
    assert set(rig.destinations("INVITE")) == {PROXY}
    assert {request.cseq.number for request in rig.requests("INVITE")} == {1}


def test_cancel_waits_for_a_provisional_response():
    rig = ExchangeBench()
    assert not rig.exchange.can_cancel
    rig.start()
    assert not rig.exchange.can_cancel
    rig.reply(100)
    assert rig.exchange.can_cancel
    rig.exchange.cancel(0.0)
    assert rig.exchange.is_cancelled
    cancel = rig.last("CANCEL")
    assert cancel.via.branch == rig.last("INVITE").via.branch
    rig.answer(cancel, 200)
    assert rig.told == [(100, 0.0)]
    rig.reply(487)
    assert rig.told == [(100, 0.0), (487, 0.0)]
    assert not rig.exchange.can_cancel


@pytest.mark.parametrize("cancel_fails", ["silence", "refused"])
def test_what_becomes_of_the_cancel_itself_is_not_told(cancel_fails):
    rig = ExchangeBench().start()
    rig.reply(100)
    assert not rig.exchange.is_cancelled
    rig.exchange.cancel(0.0)
    if cancel_fails == "refused":
        rig.agent.refused(PROXY, 0.0)
    rig.run_out()
    assert rig.told == [(100, 0.0)]


@pytest.mark.parametrize("late", [180, 200, 407, 503, "silence", "refused"])
def test_abandoned_it_tells_and_sends_nothing_more(late):
    rig = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    rig.exchange.abandon(0.0)
    assert len(rig.agent) == 0
    assert rig.agent.next_timer() is None
    if late == "refused":
        rig.agent.refused(PROXY, 0.0)
    elif late != "silence":
        rig.reply(late, headers=(CHALLENGE,))
    rig.run_out()
    assert rig.told == []
    assert [message.method for _, message, _ in rig.sent] == ["INVITE"]


def test_it_may_be_abandoned_before_it_began():
    rig = ExchangeBench()
    rig.exchange.abandon(0.0)
    assert rig.sent == []
