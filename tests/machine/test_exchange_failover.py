"""RFC 3263 4.3: on to the next address, and what becomes of the copy that was left."""

from __future__ import annotations

import pytest
from bench import PHONE, PROXY, STANDBY, TCP_PROXY
from exchange_bench import CHALLENGE, ExchangeBench, failed_over

from siptapi_core.machine.client_transaction import ClientState
from siptapi_core.sip.message import Request

BOTH = (PROXY, STANDBY)
SILENT, STANDBY_SILENT = (f"no answer from {address}" for address in BOTH)


def alive(bench: ExchangeBench) -> list[str]:
    """What still resends or listens: method and state."""
    transactions = bench.agent.transactions._clients.values()
    return [f"{each.request.method} {each.state.name}" for each in transactions]


# --- a living standby is found before timer B ----------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "REGISTER"])
def test_after_2_s_of_silence_a_living_standby_gets_it(method):
    bench = ExchangeBench(method, BOTH).start()
    bench.pass_until(1.499)
    assert bench.requests("OPTIONS") == []
    bench.pass_until(1.5)
    assert bench.destinations("OPTIONS") == [PROXY, STANDBY]
    bench.says(STANDBY, 483, "OPTIONS")
    bench.pass_until(1.999)
    assert bench.sent_to(STANDBY) == []
    bench.pass_until(2.0)
    [second] = bench.sent_to(STANDBY)
    first = bench.sent_to(PROXY)[0]
    for part in ("Call-ID", "From", "To", "CSeq"):
        assert first.headers.get(part) == second.headers.get(part)
    assert first.via.branch != second.via.branch
    bench.says(STANDBY, 200)
    assert bench.told == [(200, 2.0)]


def test_the_one_that_was_left_is_sent_nothing_more():
    bench = failed_over()
    sent = len(bench.sent_to(PROXY)) + len(bench.sent_to(PROXY, "OPTIONS"))
    bench.run_out()
    assert len(bench.sent_to(PROXY)) + len(bench.sent_to(PROXY, "OPTIONS")) == sent
    assert len(bench.agent) == 0


def test_what_is_asked_is_the_server_itself():
    bench = ExchangeBench(addresses=(PROXY, TCP_PROXY)).start()
    bench.pass_until(1.5)
    first, second = bench.requests("OPTIONS")
    assert str(first.uri) == "sip:192.0.2.1:5060"
    assert first.headers.get("Max-Forwards") == "0"
    invite = bench.last("INVITE")
    assert first.from_.uri == invite.from_.uri
    assert first.from_.tag not in (None, invite.from_.tag)
    assert len({invite.call_id, first.call_id, second.call_id}) == 3
    assert (first.via.transport, second.via.transport) == ("UDP", "TCP")
    assert first.to.tag is None
    first.validate()


def test_one_who_answers_in_time_is_not_asked():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.4)
    bench.says(PROXY, 100)
    bench.run_out()
    assert bench.requests("OPTIONS") == []
    assert bench.told == [(100, 1.4)]


def test_the_only_address_is_waited_for():
    bench = ExchangeBench().start()
    bench.run_out()
    assert bench.requests("OPTIONS") == []


def test_one_who_lives_and_is_slow_is_waited_for():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.5)
    bench.says(STANDBY, 200, "OPTIONS")
    bench.says(PROXY, 200, "OPTIONS")
    bench.pass_until(31.9)
    assert bench.sent_to(STANDBY) == []
    assert len(bench.requests("OPTIONS")) == 2, "who lives was found out"
    bench.pass_until(32.0)
    assert len(bench.sent_to(STANDBY)) == 1


def test_one_who_answers_the_request_after_the_question_is_waited_for_too():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.5)
    bench.says(STANDBY, 200, "OPTIONS")
    bench.says(PROXY, 100)
    bench.run_out()
    assert bench.sent_to(STANDBY) == []


def test_a_standby_that_comes_back_later_gets_it_then():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(5.0)
    bench.says(STANDBY, 200, "OPTIONS")
    assert bench.exchange.destination == STANDBY
    assert len(bench.sent_to(STANDBY)) == 1


def test_of_several_standbys_the_first_listed_that_lives_gets_it():
    third = TCP_PROXY
    bench = ExchangeBench(addresses=(PROXY, STANDBY, PHONE, third)).start()
    bench.pass_until(1.5)
    bench.says(third, 200, "OPTIONS")
    bench.says(PHONE, 200, "OPTIONS")
    bench.pass_until(2.0)
    assert bench.exchange.destination == PHONE
    bench.agent.refused(PHONE, 2.0)
    bench.collect()
    assert bench.exchange.destination == STANDBY, "it has not been tried yet"


@pytest.mark.parametrize("status", [100, 180, 503])
def test_what_is_no_sign_of_life(status):
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.5)
    bench.says(STANDBY, status, "OPTIONS")
    bench.pass_until(31.9)
    assert bench.sent_to(STANDBY) == []


@pytest.mark.parametrize("status", [200, 401, 404, 405, 483, 501, 600])
def test_any_other_final_response_is_one(status):
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.5)
    bench.says(STANDBY, status, "OPTIONS")
    bench.pass_until(2.0)
    assert bench.exchange.destination == STANDBY


def test_each_address_that_is_no_use_is_named():
    bench = ExchangeBench(addresses=(PROXY, STANDBY, PHONE, TCP_PROXY)).start()
    bench.unreachable = {TCP_PROXY}
    bench.pass_until(1.5)
    bench.agent.refused(STANDBY, 1.5)
    bench.says(PHONE, 503, "OPTIONS")
    bench.pass_until(20.0)
    assert bench.exchange.problem.split("; ") == [
        SILENT,
        f"{STANDBY} refuses our packets",
        f"{PHONE} says 503 Service Unavailable",
        f"there is no way to {TCP_PROXY}",
    ]


def test_a_standby_that_never_answered_is_remembered_as_dead():
    bench = ExchangeBench(addresses=(PROXY, STANDBY)).start()
    bench.pass_until(1.5)
    bench.says(PROXY, 503, "OPTIONS")
    [copy] = bench.exchange._copies
    copy._give_up = 100.0  # one that is more patient than its OPTIONS
    bench.pass_until(40.0)
    assert bench.agent.transactions.dead_addresses.last((STANDBY, PHONE), 40.0) == (PHONE, STANDBY)
    assert bench.exchange.problem == f"{SILENT}; {STANDBY_SILENT}"


def test_not_more_than_eight_are_asked():
    from siptapi_core.targets import Address

    many = tuple(Address(f"192.0.2.{n}", 5060) for n in range(20, 40))
    bench = ExchangeBench(addresses=many).start()
    bench.pass_until(1.5)
    assert bench.destinations("OPTIONS") == list(many[:9])


def test_a_refused_connection_leads_on_without_a_question():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.6)
    bench.agent.refused(PROXY, 1.6)
    assert len(bench.sent_to(STANDBY)) == 1
    bench.pass_until(3.0)
    assert len(bench.requests("OPTIONS")) == 2, "those of the first address, not resent"


def test_the_standby_s_own_silence_is_found_out_the_same_way():
    bench = failed_over(others=(PHONE,))
    bench.pass_until(3.5)
    assert bench.destinations("OPTIONS")[-2:] == [STANDBY, PHONE]
    bench.says(PHONE, 200, "OPTIONS")
    bench.pass_until(4.0)
    assert bench.exchange.destination == PHONE
    bench.says(PHONE, 180)
    assert bench.told == [(180, 4.0)]


@pytest.mark.parametrize("end", ["stop_trying", "abandon"])
def test_after_the_sender_has_stopped_nobody_is_asked_any_more(end):
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(1.5)
    getattr(bench.exchange, end)(1.5)
    bench.says(STANDBY, 200, "OPTIONS")
    bench.run_out()
    assert len(bench.requests("OPTIONS")) == 2
    assert bench.sent_to(STANDBY) == []


def test_a_sender_who_has_stopped_before_is_not_helped():
    bench = ExchangeBench(addresses=BOTH)
    bench.exchange.stop_trying(0.0)
    bench.start().run_out()
    assert bench.requests("OPTIONS") == []


# --- the copy that was left: nobody has decided --------------------------------------------------


@pytest.mark.parametrize("status", [101, 180, 183, 200])
def test_the_first_copy_that_is_taken_counts(status):
    bench = failed_over()
    bench.says(PROXY, status)
    assert bench.told == [(status, 2.0)]
    assert bench.exchange.destination == PROXY
    assert bench.exchange.request.headers.get("CSeq") == "1 INVITE"
    bench.says(STANDBY, 100)
    assert bench.told == [(status, 2.0)]
    assert [cancel.via.branch for cancel in bench.sent_to(STANDBY, "CANCEL")] == [
        bench.sent_to(STANDBY)[0].via.branch
    ]
    bench.says(STANDBY, 487)
    bench.says(PROXY, 200)
    assert bench.told[1:] == [(200, 2.0)]
    assert bench.sent_to(PROXY, "CANCEL") == []


def test_a_copy_that_is_left_in_its_turn_is_resent_no_more():
    bench = failed_over()
    bench.says(PROXY, 180)
    bench.run_out()
    assert len(bench.sent_to(STANDBY)) == 1


def test_a_100_decides_nothing():
    bench = failed_over()
    bench.says(PROXY, 100)
    bench.says(STANDBY, 100)
    assert bench.told == [(100, 2.0), (100, 2.0)]
    assert bench.requests("CANCEL") == []
    bench.says(STANDBY, 180)
    assert len(bench.sent_to(PROXY, "CANCEL")) == 1
    bench.says(PROXY, 180)
    assert len(bench.sent_to(PROXY, "CANCEL")) == 1, "one is enough"
    assert bench.told[2:] == [(180, 2.0)]


def test_one_who_never_answers_its_cancel_is_forgotten():
    bench = failed_over()
    bench.says(STANDBY, 180)
    bench.says(PROXY, 180)
    assert alive(bench) == ["INVITE PROCEEDING", "INVITE PROCEEDING", "CANCEL TRYING"]
    bench.pass_until(34.0)
    assert alive(bench) == ["INVITE PROCEEDING"]


def test_the_copy_in_use_fails_while_another_is_under_way():
    bench = failed_over()
    bench.says(PROXY, 100)
    bench.says(STANDBY, 500)
    assert bench.told == [(100, 2.0)]
    bench.says(PROXY, 180)
    assert bench.told == [(100, 2.0), (180, 2.0)]


def test_no_further_address_is_tried_while_one_that_was_left_is_under_way():
    bench = failed_over(others=(PHONE,))
    bench.says(PROXY, 100)
    bench.says(STANDBY, 503)
    assert bench.sent_to(PHONE) == []
    assert bench.exchange.destination == PROXY
    bench.says(PROXY, 486)
    assert bench.told[-1] == (486, 2.0)


def test_a_late_refusal_waits_for_the_copy_in_use():
    bench = failed_over()
    bench.says(PROXY, 486)
    assert bench.told == []
    bench.says(STANDBY, 180)
    assert bench.told == [(180, 2.0)]


@pytest.mark.parametrize("end", [482, 503, "silence"])
def test_a_late_refusal_is_the_answer_where_the_copy_in_use_comes_to_nothing(end):
    bench = failed_over()
    bench.says(PROXY, 486)
    if end == "silence":
        bench.run_out()
    else:
        bench.says(STANDBY, end)
    assert [status for status, _ in bench.told] == [486]


@pytest.mark.parametrize("late", [407, 482, 503])
def test_a_late_refusal_that_says_nothing_of_the_phone_is_none(late):
    bench = failed_over()
    bench.says(PROXY, late, headers=(CHALLENGE,))
    bench.says(STANDBY, 404)
    assert bench.told == [(404, 2.0)]
    bench = failed_over()
    bench.says(PROXY, late, headers=(CHALLENGE,))
    bench.run_out()
    assert bench.told == [(f"{SILENT}; {STANDBY_SILENT}", 34.0)]


# --- the copy that was left: it is decided -------------------------------------------------------


def test_a_late_word_after_another_copy_was_taken_gets_its_cancel():
    bench = failed_over()
    bench.says(STANDBY, 180)
    bench.pass_until(5.0)
    bench.says(PROXY, 180)
    assert bench.told == [(180, 2.0)]
    assert bench.moments("CANCEL") == [5.0]
    bench.says(PROXY, 200, "CANCEL")
    bench.says(PROXY, 487)
    assert bench.told == [(180, 2.0)]
    bench.says(STANDBY, 486)
    assert bench.told[1:] == [(486, 5.0)], "not the 487 of the copy that we cancelled"


@pytest.mark.parametrize("refusal", [404, 486, 603])
def test_a_late_word_after_the_refusal_gets_its_cancel(refusal):
    bench = failed_over()
    bench.says(STANDBY, refusal)
    assert bench.told == [(refusal, 2.0)]
    bench.pass_until(10.0)
    bench.says(PROXY, 100)
    assert bench.moments("CANCEL") == [10.0]
    assert len(bench.told) == 1


def test_a_late_200_is_told_as_that_of_a_fork():
    bench = failed_over()
    bench.says(STANDBY, 200)
    bench.says(PROXY, 200)
    assert bench.told == [(200, 2.0), (200, 2.0)]
    assert bench.exchange.destination == STANDBY
    first = bench.sent_to(PROXY)[0]
    request, address = bench.exchange.origin(first.response(200))
    assert address == PROXY
    assert request.cseq == first.cseq
    assert bench.exchange.origin(bench.sent_to(STANDBY)[0].response(200))[1] == STANDBY


def test_who_picks_up_the_other_copy_is_talked_to():
    bench = failed_over()
    bench.says(STANDBY, 180)
    bench.says(PROXY, 180)
    bench.says(PROXY, 200)  # it crossed the CANCEL
    assert bench.told == [(180, 2.0), (200, 2.0)]
    assert bench.exchange.destination == PROXY
    assert len(bench.sent_to(STANDBY, "CANCEL")) == 1


def test_64_t1_after_it_was_left_nobody_listens_any_more():
    bench = failed_over()
    bench.says(STANDBY, 180)
    bench.pass_until(33.9)
    bench.says(PROXY, 100)
    assert len(bench.requests("CANCEL")) == 1
    bench = failed_over()
    bench.says(STANDBY, 180)
    bench.pass_until(34.0)
    bench.says(PROXY, 100)
    assert bench.requests("CANCEL") == []


def test_one_that_was_left_at_timer_b_is_listened_to_as_well():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(32.0)
    bench.says(STANDBY, 180)
    bench.pass_until(63.9)
    bench.says(PROXY, 180)
    assert bench.moments("CANCEL") == [63.9]


def test_after_the_last_time_out_as_well():
    bench = ExchangeBench().start()
    bench.pass_until(32.0)
    assert bench.told == [(SILENT, 32.0)]
    bench.says(PROXY, 180)
    assert len(bench.requests("CANCEL")) == 1
    bench.says(PROXY, 487)
    assert len(bench.told) == 1
    bench.run_out()
    assert len(bench.agent) == 0


def test_a_phone_that_is_picked_up_after_the_failure_is_told():
    bench = ExchangeBench().start()
    bench.pass_until(40.0)
    bench.says(PROXY, 200)
    assert bench.told == [(SILENT, 32.0), (200, 40.0)]


def test_a_refused_copy_that_was_left_is_no_news():
    bench = failed_over()
    bench.agent.refused(PROXY, 3.0)
    bench.says(STANDBY, 180)
    assert bench.told == [(180, 2.0)]
    assert len(bench.sent_to(STANDBY)) == 1


# --- 482: the copies have met --------------------------------------------------------------------


def test_a_482_says_that_the_first_copy_has_arrived():
    bench = failed_over(others=(PHONE,))
    before = len(bench.sent_to(PROXY))
    bench.says(STANDBY, 482)
    assert bench.told == []
    assert bench.sent_to(PHONE) == []
    assert bench.exchange.has_arrived
    assert bench.exchange.destination == PROXY
    copies = bench.sent_to(PROXY)
    assert len(copies) == before + 1, "whoever has it repeats what it said"
    assert len({copy.via.branch for copy in copies}) == 1
    bench.pass_until(2.5)
    assert len(bench.sent_to(PROXY)) == before + 2
    bench.says(PROXY, 180)
    bench.says(PROXY, 200)
    assert bench.told == [(180, 2.5), (200, 2.5)]


def test_silence_after_a_482_is_the_end():
    bench = failed_over(others=(PHONE,))
    bench.says(STANDBY, 482, headers=())
    bench.run_out()
    problem = f"{SILENT}; {STANDBY} says 482 Loop Detected"
    assert bench.told == [(problem, 32.0)], "whoever had it has forgotten it by then"
    assert bench.sent_to(PHONE) == []
    assert max(moment for moment, _, to in bench.sent if to == PROXY) < 32.0


def test_a_copy_that_was_left_at_timer_b_is_only_listened_to():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(32.0)
    sent = len(bench.sent_to(PROXY))
    bench.says(STANDBY, 482)
    bench.pass_until(63.9)
    assert len(bench.sent_to(PROXY)) == sent
    assert bench.told == []
    bench.pass_until(64.0)
    assert bench.told == [(f"{SILENT}; {STANDBY} says 482 Loop Detected", 64.0)]


def test_each_copy_that_may_have_arrived_is_taken_up():
    bench = failed_over(others=(PHONE,))
    bench.pass_until(3.5)
    bench.says(PHONE, 200, "OPTIONS")
    bench.pass_until(4.0)
    before = len(bench.sent_to(PROXY)), len(bench.sent_to(STANDBY))
    bench.says(PHONE, 482)
    assert (len(bench.sent_to(PROXY)), len(bench.sent_to(STANDBY))) == (
        before[0] + 1,
        before[1] + 1,
    )
    bench.says(PROXY, 180)
    assert bench.told == [(180, 4.0)]
    assert bench.exchange.destination == PROXY
    sent = len(bench.sent_to(STANDBY))
    bench.pass_until(8.0)
    assert len(bench.sent_to(STANDBY)) == sent, "and left again once it is decided"


def test_where_none_of_them_answers_it_is_the_end_once():
    bench = failed_over(others=(PHONE,))
    bench.pass_until(3.5)
    bench.says(PHONE, 200, "OPTIONS")
    bench.pass_until(4.0)
    bench.says(PHONE, 482)
    bench.run_out()
    problem = f"{SILENT}; {STANDBY_SILENT}; {PHONE} says 482 Loop Detected"
    assert bench.told == [(problem, 34.0)]


def test_a_copy_that_has_answered_is_not_sent_again_for_a_482():
    bench = failed_over()
    bench.says(PROXY, 100)
    before = len(bench.sent_to(PROXY))
    bench.says(STANDBY, 482)
    assert len(bench.sent_to(PROXY)) == before
    bench.says(PROXY, 180)
    assert bench.told == [(100, 2.0), (180, 2.0)]


def test_a_482_where_no_other_copy_can_have_arrived_is_the_answer():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.agent.refused(PROXY, 0.0)
    bench.collect()
    bench.says(STANDBY, 482)
    assert bench.told == [(482, 0.0)]
    assert not bench.exchange.has_arrived
    bench = ExchangeBench().start()
    bench.says(PROXY, 482)
    assert bench.told == [(482, 0.0)]


def test_a_482_to_the_copy_that_was_left_changes_nothing():
    bench = failed_over()
    bench.says(PROXY, 482)
    bench.says(STANDBY, 180)
    assert bench.told == [(180, 2.0)]
    assert bench.exchange.destination == STANDBY


# --- the sender cancels --------------------------------------------------------------------------


def test_a_cancel_ends_every_copy_that_was_heard_of():
    bench = failed_over()
    bench.says(PROXY, 100)
    bench.says(STANDBY, 100)
    assert bench.exchange.can_cancel
    bench.exchange.cancel(2.0)
    assert bench.destinations("CANCEL") == [PROXY, STANDBY]
    bench.says(PROXY, 487)
    assert bench.told[2:] == []
    bench.says(STANDBY, 487)
    assert bench.told[2:] == [(487, 2.0)]


def test_what_speaks_up_after_the_cancel_is_cancelled_too():
    bench = failed_over()
    bench.says(PROXY, 100)
    bench.exchange.cancel(2.0)
    assert bench.exchange.destination == PROXY, "that is the one whose answer is waited for"
    bench.says(STANDBY, 100)
    assert bench.destinations("CANCEL") == [PROXY, STANDBY]
    sent = len(bench.sent_to(STANDBY))
    bench.says(PROXY, 487)
    assert bench.told[-1] == (487, 2.0)
    bench.run_out()
    assert len(bench.sent_to(STANDBY)) == sent


def test_a_phone_that_rings_after_the_sender_has_stopped_can_be_cancelled():
    bench = failed_over()
    bench.exchange.stop_trying(2.0)
    assert not bench.exchange.can_cancel
    bench.says(STANDBY, 482)
    bench.says(PROXY, 180)
    assert bench.told == [(180, 2.0)]
    assert bench.exchange.can_cancel


# --- requests that are no INVITE -----------------------------------------------------------------


@pytest.mark.parametrize("first", [PROXY, STANDBY])
def test_the_first_success_is_the_answer_and_the_only_one(first):
    bench = failed_over("REGISTER")
    bench.says(first, 200)
    assert bench.told == [(200, 2.0)]
    for each in BOTH:
        bench.says(each, 200)
    assert bench.told == [(200, 2.0)]
    assert alive(bench) == []
    bench.run_out()
    assert bench.requests("CANCEL") == []
    assert len(bench.agent) == 0


def test_one_that_was_left_and_speaks_of_trying_is_taken_up():
    bench = failed_over("REGISTER")
    bench.says(PROXY, 100)
    before = len(bench.sent_to(PROXY))
    bench.says(STANDBY, 500)
    assert bench.told == [(100, 2.0)]
    assert len(bench.sent_to(PROXY)) == before + 1
    bench.run_out()
    assert bench.told[1:] == [(500, 32.0)]


def test_after_the_failure_a_late_answer_is_none():
    bench = failed_over("REGISTER")
    bench.pass_until(34.0)
    assert bench.told == [(f"{SILENT}; {STANDBY_SILENT}", 34.0)]
    assert len(bench.agent) == 0
    bench.says(PROXY, 200)
    bench.says(STANDBY, 200)
    assert len(bench.told) == 1


# --- credentials ---------------------------------------------------------------------------------


def test_the_standby_asks_for_credentials_itself():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.says(PROXY, 407, headers=(CHALLENGE,))
    assert "Proxy-Authorization" in bench.last("INVITE").headers
    bench.says(PROXY, 503)
    second: Request = bench.last("INVITE")
    assert "Proxy-Authorization" not in second.headers
    assert second.cseq.number == 2
    other = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n2", qop="auth"')
    bench.says(STANDBY, 407, headers=(other,))
    assert 'nonce="n2"' in (bench.last("INVITE").headers.get("Proxy-Authorization") or "")
    bench.says(STANDBY, 180)
    assert bench.told == [(180, 0.0)]


def test_a_fork_that_answers_without_credentials_counts():
    bench = ExchangeBench(addresses=(PROXY,)).start()
    bench.says(PROXY, 407, headers=(CHALLENGE,))
    first, second = bench.requests("INVITE")
    bench.answer(first, 200)
    assert bench.told == [(200, 0.0)]
    assert bench.exchange.origin(first.response(200))[0].cseq.number == 1
    bench.answer(second, 180)
    assert [cancel.cseq.number for cancel in bench.requests("CANCEL")] == [2]
    assert bench.told == [(200, 0.0)]


def test_a_challenge_after_the_first_rang_does_not_begin_again():
    bench = failed_over()
    bench.says(PROXY, 180)
    bench.says(STANDBY, 407, headers=(CHALLENGE,))
    assert len(bench.requests("INVITE")) == len(bench.sent_to(PROXY)) + 1
    assert bench.told == [(180, 2.0)]


# --- what is remembered --------------------------------------------------------------------------


def again(bench: ExchangeBench) -> list[object]:
    """Where the next exchange goes first."""
    sent = len(bench.requests(bench.method))
    bench.make_exchange(BOTH, call_id=f"another-{sent}").start(bench.now)
    return bench.destinations(bench.method)[sent:]


@pytest.mark.parametrize(("moment", "first"), [(2.0, STANDBY), (301.9, STANDBY), (302.0, PROXY)])
def test_who_was_silent_is_tried_last_for_a_while(moment, first):
    bench = failed_over()
    bench.says(STANDBY, 486)
    bench.pass_until(moment)
    assert again(bench) == [first]


def test_who_refused_is_tried_last_too():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.agent.refused(PROXY, 0.0)
    assert again(bench) == [STANDBY]


def test_who_was_silent_until_timer_b_is_tried_last_too():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.pass_until(32.0)
    assert again(bench) == [STANDBY]


def test_a_standby_that_nobody_is_at_is_known_too():
    bench = ExchangeBench(addresses=(PHONE, PROXY)).start()
    bench.pass_until(1.5)
    bench.agent.refused(PROXY, 1.5)
    assert again(bench) == [STANDBY]


@pytest.mark.parametrize("sign", ["a late word", "an OPTIONS"])
def test_who_answers_is_forgotten(sign):
    bench = failed_over()
    if sign == "a late word":
        bench.says(PROXY, 100)
    else:
        bench.make_exchange((PHONE, PROXY), call_id="another").start(2.0)
        bench.pass_until(3.5)
        bench.says(PROXY, 200, "OPTIONS")
    assert again(bench) == [PROXY]


def test_who_was_heard_of_before_is_not_dead():
    bench = ExchangeBench("REGISTER", BOTH).start()
    bench.says(PROXY, 100)
    bench.run_out()
    assert bench.told[-1] == (SILENT, 32.0)
    assert again(bench) == [PROXY]


@pytest.mark.parametrize(("said", "seconds"), [("120", 120.0), ("7 (soon);duration=60", 7.0)])
def test_a_retry_after_is_kept(said, seconds):
    bench = ExchangeBench(addresses=BOTH).start()
    bench.says(PROXY, 503, headers=(("Retry-After", said),))
    bench.says(STANDBY, 486)
    bench.pass_until(seconds - 0.1)
    assert again(bench) == [STANDBY]
    bench.says(STANDBY, 486)
    bench.pass_until(seconds)
    assert again(bench) == [PROXY]


def test_without_a_retry_after_a_503_says_nothing_of_the_next_request():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.says(PROXY, 503)
    bench.says(STANDBY, 486)
    assert again(bench) == [PROXY]


def test_the_retry_after_of_the_last_address_is_kept_too():
    bench = ExchangeBench(addresses=(PROXY,)).start()
    bench.says(PROXY, 503, headers=(("Retry-After", "60"),))
    assert bench.told == [(503, 0.0)]
    assert again(bench) == [STANDBY]


def test_where_all_are_dead_all_are_tried():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.agent.refused(PROXY, 0.0)
    bench.agent.refused(STANDBY, 0.0)
    assert again(bench) == [PROXY]


def test_that_tcp_is_refused_says_nothing_of_udp():
    bench = ExchangeBench(addresses=BOTH)
    big = bench.make_exchange(BOTH, call_id="x" * 1500)
    big.start(0.0)
    assert bench.destinations("INVITE") == [TCP_PROXY]
    bench.agent.refused(TCP_PROXY, 0.0)
    assert bench.destinations("INVITE") == [TCP_PROXY, PROXY]
    assert again(bench) == [PROXY]
    bench.agent.refused(PROXY, 0.0)
    standby_tcp = bench.destinations("INVITE")
    assert str(standby_tcp[-2]).startswith("tcp:192.0.2.3") or str(standby_tcp[-1]).startswith(
        "tcp:192.0.2.3"
    ), "the next address is asked by TCP first again"


# --- the words -----------------------------------------------------------------------------------


def test_the_words_of_a_503_name_every_address_that_failed():
    bench = ExchangeBench(addresses=BOTH).start()
    bench.agent.refused(PROXY, 0.0)
    bench.collect()
    bench.says(STANDBY, 503)
    response = bench.sent_to(STANDBY)[0].response(503)
    assert bench.exchange.reason(response) == (
        f"{PROXY} refuses our packets; {STANDBY} says 503 Service Unavailable"
    )
    assert bench.exchange.reason(bench.sent_to(STANDBY)[0].response(404)) == "Not Found"


def test_the_only_address_s_503_speaks_for_itself():
    bench = ExchangeBench().start()
    bench.says(PROXY, 503)
    assert bench.exchange.reason(bench.last("INVITE").response(503)) == "Service Unavailable"


def test_one_who_has_spoken_is_not_said_to_be_silent():
    bench = ExchangeBench(addresses=BOTH).start()
    assert bench.exchange.problem == SILENT
    bench.says(PROXY, 486)
    assert bench.exchange.problem == f"{PROXY} says 486 Busy Here"


def test_state_is_that_of_the_transactions():
    bench = ExchangeBench().start()
    [copy] = bench.exchange._copies
    assert copy.state is ClientState.CALLING
    assert copy.is_open
    bench.says(PROXY, 200)
    assert not copy.is_open
    assert copy.state is ClientState.ACCEPTED


# --- a REFER, of which a second copy is a second call --------------------------------------------


def test_a_refer_that_nobody_answers_goes_nowhere_else():
    bench = ExchangeBench("REFER", BOTH).start()
    bench.run_out()
    assert bench.destinations("REFER") == [PROXY] * 11
    assert bench.destinations("OPTIONS") == []
    assert bench.told == [("no answer from udp:192.0.2.1:5060", 32.0)]


@pytest.mark.parametrize(("after", "asked"), [(0.1, [PROXY, STANDBY]), (0.6, [PROXY, PROXY])])
def test_a_refer_goes_on_only_where_its_first_packet_was_refused(after, asked):
    bench = ExchangeBench("REFER", BOTH).start()
    bench.pass_until(after)
    bench.agent.refused(PROXY, after)
    bench.collect()
    assert bench.destinations("REFER") == asked
    assert bool(bench.told) is (asked[-1] == PROXY)


def test_a_refer_that_was_turned_away_goes_on():
    bench = ExchangeBench("REFER", BOTH).start()
    bench.reply(503)
    assert bench.destinations("REFER") == [PROXY, STANDBY]
