"""A connection breaks while a request on it is unanswered: what is sent again, and what is not."""

from __future__ import annotations

import pytest
from bench import PHONE, PROXY, STANDBY, TCP_PROXY
from exchange_bench import CHALLENGE, ExchangeBench

from siptapi_core.targets import Address

CLOSED, REFUSED = "it closed the connection", "it accepts no connections"


def doubt(method: str = "INVITE") -> str:
    return f"the connection that carried the {method} broke: it may have arrived"


def over_tcp(method: str = "INVITE", *others: Address) -> ExchangeBench:
    return ExchangeBench(method, (TCP_PROXY, *others)).start()


def breaks(bench: ExchangeBench) -> None:
    bench.agent.refused(TCP_PROXY, bench.now, CLOSED, broken=True)


def refuses(bench: ExchangeBench) -> None:
    bench.agent.refused(TCP_PROXY, bench.now, REFUSED)


@pytest.mark.parametrize("method", ["INVITE", "BYE", "REGISTER"])
def test_the_same_request_goes_over_the_next_connection_and_its_answer_counts(method):
    bench = over_tcp(method, STANDBY)
    breaks(bench)
    first, second = bench.sent_to(TCP_PROXY)
    assert first.encode() == second.encode()
    assert bench.exchange.may_have_arrived
    bench.reply(200, source=TCP_PROXY)
    assert bench.told == [(200, 0.0)]
    assert bench.sent_to(STANDBY) == []


def test_where_no_connection_can_be_had_it_is_told_that_it_may_have_arrived():
    bench = over_tcp()
    breaks(bench)
    refuses(bench)
    assert bench.told == [(f"{REFUSED}; {doubt()}", 0.0)]
    assert bench.exchange.may_have_arrived


def test_what_was_never_sent_cannot_have_arrived():
    bench = over_tcp()
    refuses(bench)
    assert bench.told == [(REFUSED, 0.0)]
    assert not bench.exchange.may_have_arrived
    assert bench.exchange.is_over


def test_a_standby_is_tried_when_the_next_connection_fails_and_its_482_brings_us_back():
    bench = over_tcp("INVITE", STANDBY)
    breaks(bench)
    refuses(bench)
    assert len(bench.sent_to(STANDBY)) == 1
    assert bench.told == []
    bench.says(STANDBY, 482)
    assert len(bench.sent_to(TCP_PROXY)) == 3, "the phone has it from there: ask again"
    bench.says(TCP_PROXY, 180)
    bench.says(TCP_PROXY, 200)
    assert bench.told == [(180, 0.0), (200, 0.0)]


def test_after_a_482_that_leads_nowhere_it_still_may_have_arrived():
    bench = over_tcp("INVITE", STANDBY)
    breaks(bench)
    refuses(bench)
    bench.says(STANDBY, 482)
    refuses(bench)
    [(problem, _)] = bench.told
    assert problem.endswith(doubt())
    assert bench.exchange.has_arrived
    assert bench.exchange.may_have_arrived


def test_what_a_machine_that_took_over_says_is_told_with_the_doubt():
    bench = over_tcp()
    breaks(bench)
    request = bench.last("INVITE")
    assert bench.exchange.reason(request.response(503)) == f"Service Unavailable; {doubt()}"
    assert bench.exchange.reason(request.response(486)) == "Busy Here"


def test_a_challenge_says_that_an_invite_without_credentials_went_nowhere():
    bench = over_tcp()
    breaks(bench)
    bench.says(TCP_PROXY, 407, headers=(CHALLENGE,))
    assert not bench.exchange.may_have_arrived
    assert bench.last("INVITE").cseq.number == 2
    bench.says(TCP_PROXY, 180)
    assert bench.told == [(180, 0.0)]


@pytest.mark.parametrize("method", ["INVITE", "BYE"])
def test_only_an_invite_with_credentials_is_not_made_anew_for_a_stranger(method):
    """The phone may ring for the first; with the next CSeq it would ring once more."""
    bench = over_tcp(method)
    bench.says(TCP_PROXY, 407, headers=(CHALLENGE,))
    breaks(bench)
    stale = (CHALLENGE[0], CHALLENGE[1].replace("n1", "n2") + ", stale=true")
    bench.says(TCP_PROXY, 407, headers=(stale,))
    numbers = [request.cseq.number for request in bench.sent_to(TCP_PROXY)]
    if method == "INVITE":
        assert numbers == [1, 2, 2]
        assert bench.told == [(407, 0.0)]
        assert bench.exchange.may_have_arrived
    else:
        assert numbers == [1, 2, 2, 3]
        assert bench.told == []


@pytest.mark.parametrize("others", [(), (STANDBY, PHONE)])
def test_a_refer_goes_nowhere_else(others):
    bench = over_tcp("REFER", *others)
    breaks(bench)
    assert bench.destinations("REFER") == [TCP_PROXY]
    assert bench.told == [(f"{CLOSED}; {doubt('REFER')}", 0.0)]
    assert bench.exchange.is_over


def test_a_refer_that_was_never_sent_does():
    bench = over_tcp("REFER", STANDBY)
    refuses(bench)
    assert bench.destinations("REFER") == [TCP_PROXY, STANDBY]


@pytest.mark.parametrize("method", ["INVITE", "REFER"])
def test_a_big_request_goes_over_udp_after_all_unless_it_could_be_a_second_call(method):
    bench = ExchangeBench(method)
    bench.exchange = bench.make_exchange((PROXY,), body=b"x" * 1300)
    bench.start()
    breaks(bench)
    if method == "INVITE":
        refuses(bench)
        assert bench.destinations(method) == [TCP_PROXY, TCP_PROXY, PROXY]
    else:
        assert bench.destinations(method) == [TCP_PROXY]
        assert len(bench.told) == 1


def test_silence_after_it_was_sent_again_is_no_proof_that_nobody_has_it():
    bench = over_tcp()
    breaks(bench)
    bench.run_out()
    assert bench.told == [(f"no answer from {TCP_PROXY}; {doubt()}", 32.0)]
