from __future__ import annotations

from itertools import count

import pytest
from attrs import evolve
from bench import PHONE, PROXY, SIPTAPI, STANDBY, Bench, make_request, without_via

from siptapi_core.errors import NetworkError
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.client_transaction import ClientState
from siptapi_core.machine.exchange import Exchange
from siptapi_core.sip.auth import Authorization, Credentials

CREDENTIALS = Credentials("200", "pw")
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


class Rig(Bench):
    """An exchange under way on the bench; what it told is in ``told``."""

    def __init__(self, method="INVITE", addresses=(PROXY,), credentials=CREDENTIALS):
        super().__init__()
        self.method = method
        self.told = []
        self.unreachable = set()
        self.agent.transactions._local_address = self.local_address
        self.cseqs = count(2)
        self.exchange = Exchange(
            self.agent.transactions,
            without_via(make_request(method)),
            addresses,
            authentication=Authentication(credentials, self.identifiers),
            next_cseq=lambda: next(self.cseqs),
            on_response=lambda response, now: self.told.append((response.status, now)),
            on_failure=lambda problem, now: self.told.append((problem, now)),
        )

    def local_address(self, towards):
        if towards in self.unreachable:
            raise NetworkError(f"there is no way to {towards}")
        return evolve(SIPTAPI, transport=towards.transport)

    def start(self):
        self.exchange.start(self.now)
        self.collect()
        return self

    def reply(self, status, *, source=PROXY, headers=()):
        self.answer(self.last(self.method), status, headers=headers, source=source)


def test_every_response_is_told():
    rig = Rig().start()
    for status in (100, 180, 200, 200):
        rig.reply(status)
    assert rig.told == [(100, 0.0), (180, 0.0), (200, 0.0), (200, 0.0)]
    assert rig.exchange.destination == PROXY


def test_a_challenge_is_answered_and_not_told():
    rig = Rig("REFER").start()
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
    rig = Rig(credentials=None).start()
    rig.reply(407, headers=(CHALLENGE,))
    assert rig.told == [(407, 0.0)]
    assert len(rig.requests("INVITE")) == 1


def test_trap_8_a_challenge_from_another_host_is_not_answered():
    rig = Rig().start()
    rig.reply(407, headers=(CHALLENGE,), source=PHONE)
    assert rig.told == [(407, 0.0)]
    assert len(rig.requests("INVITE")) == 1


def test_a_challenge_from_another_port_of_the_host_is_answered():
    rig = Rig().start()
    rig.reply(401, headers=(("WWW-Authenticate", CHALLENGE[1]),), source=evolve(PROXY, port=9999))
    assert rig.told == []
    assert len(rig.requests("INVITE")) == 2


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_silence_is_told_when_no_address_is_left(method):
    rig = Rig(method).start()
    rig.run_out()
    assert rig.told == [("no answer from udp:192.0.2.1:5060", 32.0)]


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_a_silent_address_is_left_for_the_next(method):
    rig = Rig(method, addresses=(PROXY, STANDBY)).start()
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
    rig = Rig(addresses=(PROXY, STANDBY, PHONE)).start()
    rig.run_out()
    assert rig.told == [("no answer from udp:192.0.2.2:5060", 96.0)]
    assert list(dict.fromkeys(rig.destinations("INVITE"))) == [PROXY, STANDBY, PHONE]


def test_a_refused_packet_leads_to_the_next_address_at_once():
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    rig.agent.refused(PROXY, 0.0)
    rig.collect()
    assert rig.destinations("INVITE") == [PROXY, STANDBY]
    assert rig.told == []
    rig.agent.refused(STANDBY, 1.0)
    assert rig.told == [("udp:192.0.2.3:5060 refuses our packets", 1.0)]


def test_an_address_that_we_have_no_way_to_is_passed_over():
    rig = Rig(addresses=(PROXY, STANDBY))
    rig.unreachable = {PROXY}
    rig.start()
    assert rig.destinations("INVITE") == [STANDBY]
    assert rig.told == []


def test_no_way_to_any_address_is_told():
    rig = Rig(addresses=(PROXY, STANDBY))
    rig.unreachable = {PROXY, STANDBY}
    rig.start()
    assert rig.told == [("there is no way to udp:192.0.2.3:5060", 0.0)]
    assert not rig.exchange.can_cancel
    rig.exchange.abandon(0.0)


def test_after_a_first_word_silence_is_the_end():
    rig = Rig("REFER", addresses=(PROXY, STANDBY)).start()
    rig.reply(100)
    rig.run_out()
    assert rig.told == [(100, 0.0), ("no answer from udp:192.0.2.1:5060", 32.0)]


def test_after_an_answered_challenge_silence_is_the_end():
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    rig.reply(407, headers=(CHALLENGE,))
    rig.run_out()
    assert rig.told == [("no answer from udp:192.0.2.1:5060", 32.0)]


@pytest.mark.parametrize("before", [(), (100,)])
def test_a_503_leads_to_the_next_address(before):
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    for status in before:
        rig.reply(status)
    rig.reply(503)
    assert rig.told == [(status, 0.0) for status in before]
    assert rig.destinations("INVITE") == [PROXY, STANDBY]
    first, second = rig.requests("INVITE")
    assert first.cseq == second.cseq
    assert len(rig.requests("ACK")) == 1
    rig.pass_until(32.0)
    assert rig.told[-1] == ("no answer from udp:192.0.2.3:5060", 32.0)


def test_a_standby_that_is_silent_after_a_503_is_left_too():
    rig = Rig(addresses=(PROXY, STANDBY, PHONE)).start()
    rig.reply(100)
    rig.reply(503)
    rig.pass_until(32.0)
    assert rig.exchange.destination == PHONE


@pytest.mark.parametrize("status", [500, 404, 603])
def test_another_refusal_is_the_answer(status):
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    rig.reply(status)
    assert rig.told == [(status, 0.0)]
    assert rig.destinations("INVITE") == [PROXY]


def test_a_503_is_the_answer_once_the_phone_rang():
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    rig.reply(101)
    rig.reply(503)
    assert rig.told == [(101, 0.0), (503, 0.0)]


def test_a_503_is_the_answer_of_the_last_address():
    rig = Rig().start()
    rig.reply(503)
    assert rig.told == [(503, 0.0)]


@pytest.mark.parametrize("end", ["challenge", "503", "silence", "refused"])
def test_who_stopped_trying_takes_what_comes_as_the_end(end):
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    rig.exchange.stop_trying()
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
    rig = Rig()
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
    rig = Rig().start()
    rig.reply(100)
    assert not rig.exchange.is_cancelled
    rig.exchange.cancel(0.0)
    if cancel_fails == "refused":
        rig.agent.refused(PROXY, 0.0)
    rig.run_out()
    assert rig.told == [(100, 0.0)]


@pytest.mark.parametrize("late", ["response", "challenge", "silence", "refused", "503"])
def test_abandoned_it_tells_and_sends_nothing_more(late):
    rig = Rig(addresses=(PROXY, STANDBY)).start()
    transaction = rig.exchange._transaction
    rig.exchange.abandon(0.0)
    assert transaction.state is ClientState.TERMINATED
    match late:
        case "response":
            rig.exchange.on_response(rig.last("INVITE").response(200), PROXY, 1.0)
        case "challenge":
            response = rig.last("INVITE").response(407, headers=[CHALLENGE])
            rig.exchange.on_response(response, PROXY, 1.0)
        case "503":
            rig.exchange.on_response(rig.last("INVITE").response(503), PROXY, 1.0)
        case "silence":
            rig.exchange.on_timeout(32.0)
        case "refused":
            rig.exchange.on_transport_error("refused", 1.0)
    assert rig.told == []
    assert len(rig.requests("INVITE")) == 1
    assert rig.agent.next_timer() is None


def test_it_may_be_abandoned_before_it_began():
    rig = Rig()
    rig.exchange.abandon(0.0)
    assert rig.sent == []
