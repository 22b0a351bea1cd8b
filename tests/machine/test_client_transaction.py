"""RFC 3261 section 17.1 with RFC 6026: every transition and every timer, to the moment."""

from __future__ import annotations

import pytest
from bench import PROXY, TCP_PROXY, Recorder, Wire, make_request, without_via

from siptapi_core.machine.client_transaction import ClientState, ClientTransaction
from siptapi_core.machine.timers import SipTimers
from siptapi_core.sip.message import Request

KEY = ("z9hG4bK-peer", "INVITE")
OURS = "SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-peer;rport"


class Rig:
    """A transaction at moment 0, its wire and its user."""

    def __init__(self, method="INVITE", *, to=PROXY, headers=(), timers=None, body=b""):
        self.wire = Wire()
        self.wire.timers = timers or SipTimers()
        self.user = Recorder()
        self.request = make_request(method, via=OURS, headers=headers, body=body)
        self.transaction = ClientTransaction(
            self.wire,
            KEY,
            without_via(self.request),
            OURS,
            self.request.encode(),
            to,
            to,
            self.user,
            self.wire.now,
        )

    def respond(self, status, *, source=PROXY, to_tag="phone"):
        response = self.request.response(status, to_tag=to_tag)
        self.transaction.receive(response, source, self.wire.now)

    @property
    def state(self):
        return self.transaction.state

    @property
    def methods(self):
        return [message.method for _, message, _ in self.wire.sent]


# --- Calling, Trying -----------------------------------------------------------------------------


def test_the_request_is_sent_at_once_as_it_is():
    rig = Rig(body=b"v=0")
    [(moment, sent, to)] = rig.wire.sent
    assert (moment, to) == (0.0, PROXY)
    assert sent == rig.request.with_headers(rig.request.headers.with_last("Content-Length", "3"))
    assert rig.state is ClientState.CALLING
    assert rig.transaction.is_invite
    assert rig.wire.forgotten == []


def test_timer_a_doubles_until_timer_b():
    rig = Rig()
    rig.wire.pass_until(31.999)
    assert rig.wire.moments == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert rig.state is ClientState.CALLING
    assert len({message.encode() for _, message, _ in rig.wire.sent}) == 1
    rig.wire.pass_until(32.0)
    assert rig.user.heard == ["timeout 32"]
    assert rig.state is ClientState.TERMINATED
    assert rig.wire.forgotten == [KEY]
    rig.wire.pass_until(200.0)
    assert len(rig.wire.sent) == 7
    assert rig.user.heard == ["timeout 32"]


def test_timer_e_doubles_up_to_t2_until_timer_f():
    rig = Rig("REFER")
    assert rig.state is ClientState.TRYING
    assert not rig.transaction.is_invite
    rig.wire.pass_until(31.999)
    assert rig.wire.moments == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    rig.wire.pass_until(32.0)
    assert rig.user.heard == ["timeout 32"]
    assert rig.state is ClientState.TERMINATED
    assert rig.wire.forgotten == [KEY]


def test_timer_e_is_t2_while_proceeding():
    rig = Rig("REFER")
    rig.wire.pass_until(0.6)
    rig.respond(100)
    assert rig.state is ClientState.PROCEEDING
    assert rig.user.heard == [100]
    rig.wire.pass_until(31.999)
    # The timer that runs when the 100 comes still ends after T1 (17.1.2.2), the next are T2 long.
    assert rig.wire.moments == [0, 0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5]
    rig.wire.pass_until(32.0)
    assert rig.user.heard == [100, "timeout 32"]


def test_further_provisional_responses_are_passed_up_and_change_no_timer():
    rig = Rig("REFER")
    rig.respond(100)
    rig.wire.pass_until(3.0)
    rig.respond(183)
    rig.wire.pass_until(9.0)
    assert rig.user.heard == [100, 183]
    assert rig.wire.moments == [0, 0.5, 4.5, 8.5]


@pytest.mark.parametrize("method", ["INVITE", "REFER"])
def test_nothing_is_retransmitted_on_a_reliable_transport(method):
    rig = Rig(method, to=TCP_PROXY)
    rig.wire.pass_until(31.999)
    assert rig.wire.moments == [0]
    assert rig.user.heard == []
    rig.wire.pass_until(32.0)
    assert rig.user.heard == ["timeout 32"]
    assert rig.wire.forgotten == [KEY]


def late(wire, seconds, until):
    """As `Wire.pass_until`, on a machine that always comes so many seconds too late."""
    while (deadline := wire.queue.next_deadline()) is not None and deadline <= until:
        wire.now = max(wire.now, deadline + seconds)
        wire.queue.run_due(wire.now)


def test_who_is_a_little_late_each_time_still_sends_the_last_copy():
    rig = Rig()
    late(rig.wire, 0.25, 31.9)
    assert rig.wire.moments == [0, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75]


def test_who_stood_still_for_long_sends_one_copy_and_goes_on_from_there():
    rig = Rig("REFER")
    rig.wire.pass_until(1.0)
    late(rig.wire, 5.0, 2.0)
    assert rig.wire.moments == [0, 0.5, 6.5]
    rig.wire.pass_until(12.0)
    assert rig.wire.moments == [0, 0.5, 6.5, 8.5]


def test_other_values_of_t1_and_t2_count():
    rig = Rig("REFER", timers=SipTimers(t1=0.25, t2=1.0))
    rig.wire.pass_until(3.0)
    assert rig.wire.moments == [0, 0.25, 0.75, 1.75, 2.75]
    rig.wire.pass_until(16.0)
    assert rig.user.heard == ["timeout 16"]


def test_a_clock_that_jumped_past_timer_b_ends_it_at_once():
    rig = Rig()
    rig.wire.queue.run_due(100.0)
    assert rig.user.heard == ["timeout 100"]
    assert len(rig.wire.sent) == 1


@pytest.mark.parametrize("status", [100, 180, 200, 486])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_the_user_is_told_where_a_response_came_from(method, status):
    rig = Rig(method)
    rig.respond(status, source=TCP_PROXY)
    assert rig.user.sources == [TCP_PROXY]


@pytest.mark.parametrize("method", ["INVITE", "REFER"])
@pytest.mark.parametrize("before", [(), (100,)])
def test_a_transport_error_counts_only_before_the_first_word(method, before):
    rig = Rig(method)
    for status in before:
        rig.respond(status)
    state = rig.state
    rig.transaction.transport_error("refused", 3.0)
    if before:
        assert rig.user.heard == [100]
        assert rig.state is state
    else:
        assert rig.user.heard == ["transport error 3"]
        assert rig.state is ClientState.TERMINATED
        assert rig.wire.forgotten == [KEY]
        rig.wire.pass_until(100)
        assert rig.wire.moments == [0]


# --- a connection that breaks --------------------------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "BYE", "CANCEL", "REGISTER"])
def test_what_was_on_a_connection_that_broke_is_sent_once_more_as_it_is(method):
    rig = Rig(method, to=TCP_PROXY)
    rig.transaction.transport_error("closed", 3.0, broken=True)
    assert rig.user.heard == []
    assert rig.transaction.may_have_arrived
    assert rig.transaction.is_unheard
    (_, first, _), (_, second, to) = rig.wire.sent
    assert (first.encode(), to) == (second.encode(), TCP_PROXY)
    rig.respond(200)
    assert rig.user.heard == [200]


@pytest.mark.parametrize("broken", [True, False])
def test_when_the_next_connection_comes_to_nothing_too_the_user_is_told(broken):
    rig = Rig(to=TCP_PROXY)
    rig.transaction.transport_error("closed", 3.0, broken=True)
    rig.transaction.transport_error("refused", 4.0, broken=broken)
    assert rig.user.heard == ["transport error 4"]
    assert rig.user.problems == ["refused"]
    assert len(rig.wire.sent) == 2
    rig.respond(180)
    assert rig.user.heard == ["transport error 4", 180], "whoever has it may answer yet"


def test_who_has_answered_by_then_is_waited_for():
    rig = Rig(to=TCP_PROXY)
    rig.respond(100)
    rig.transaction.transport_error("closed", 3.0, broken=True)
    assert rig.methods == ["INVITE"]
    assert not rig.transaction.may_have_arrived
    assert rig.user.heard == [100]


def test_timer_b_runs_from_the_first_copy():
    rig = Rig(to=TCP_PROXY)
    rig.wire.pass_until(20.0)
    rig.transaction.transport_error("closed", 20.0, broken=True)
    rig.wire.pass_until(200.0)
    assert rig.user.heard == ["timeout 32"]


def test_a_refer_is_not_sent_again_for_it_could_be_a_second_call():
    rig = Rig("REFER", to=TCP_PROXY)
    rig.transaction.transport_error("closed", 3.0, broken=True)
    assert rig.methods == ["REFER"]
    assert rig.user.heard == ["transport error 3"]
    assert rig.transaction.may_have_arrived
    rig.wire.pass_until(200.0)
    assert rig.methods == ["REFER"]
    assert rig.user.heard == ["transport error 3"]
    assert rig.wire.forgotten == [KEY]


@pytest.mark.parametrize("broken", [True, False])
def test_a_phone_that_has_it_from_another_machine_may_answer_after_a_refusal(broken):
    rig = Rig(to=TCP_PROXY)
    if broken:
        rig.transaction.transport_error("closed", 1.0, broken=True)
    rig.respond(407)
    rig.wire.pass_until(20.0)
    assert rig.state is (ClientState.COMPLETED if broken else ClientState.TERMINATED)
    rig.respond(200)
    assert rig.user.heard == ([407, 200] if broken else [407])


def test_what_was_left_is_not_sent_again():
    rig = Rig(to=TCP_PROXY)
    rig.transaction.leave(1.0)
    rig.transaction.transport_error("closed", 3.0, broken=True)
    assert rig.methods == ["INVITE"]
    assert rig.transaction.is_unheard


@pytest.mark.parametrize("status", [100, 180, 200, 486])
def test_abandoned_it_says_nothing_more(status):
    rig = Rig()
    rig.respond(status)
    rig.wire.sent.clear()
    rig.transaction.abandon(1.0)
    assert rig.state is ClientState.TERMINATED
    assert rig.wire.forgotten == [KEY]
    rig.wire.pass_until(200)
    assert rig.wire.sent == []
    assert rig.user.heard == [status]
    assert rig.wire.queue.next_deadline() is None


# --- INVITE: Proceeding --------------------------------------------------------------------------


def test_a_provisional_response_stops_timers_a_and_b():
    rig = Rig()
    rig.wire.pass_until(0.6)
    rig.respond(100)
    assert rig.state is ClientState.PROCEEDING
    rig.wire.pass_until(1000.0)
    assert rig.wire.moments == [0, 0.5]
    assert rig.user.heard == [100]
    rig.respond(180)
    rig.respond(180)
    assert rig.user.heard == [100, 180, 180]
    assert rig.state is ClientState.PROCEEDING


# --- INVITE: Accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize("before", [(), (100,), (180, 183)])
@pytest.mark.parametrize("to", [PROXY, TCP_PROXY])
def test_timer_m_ends_accepted_after_64_t1(before, to):
    rig = Rig(to=to)
    for status in before:
        rig.respond(status)
    rig.wire.pass_until(0.4)
    rig.respond(200)
    assert rig.state is ClientState.ACCEPTED
    assert rig.user.heard == [*before, 200]
    rig.wire.pass_until(32.399)
    assert rig.state is ClientState.ACCEPTED
    assert rig.wire.moments == [0]
    assert rig.wire.forgotten == []
    rig.wire.pass_until(32.4)
    assert rig.state is ClientState.TERMINATED
    assert rig.wire.forgotten == [KEY]
    assert rig.user.heard == [*before, 200]


def test_every_2xx_reaches_the_user_while_accepted_and_nothing_else_does():
    rig = Rig()
    rig.respond(200)
    rig.wire.pass_until(20.0)
    rig.respond(200)
    rig.respond(202, to_tag="another")
    rig.respond(180)
    rig.respond(486)
    assert rig.user.heard == [200, 200, 202]
    assert rig.methods == ["INVITE"]
    assert rig.state is ClientState.ACCEPTED
    rig.wire.pass_until(32.0)  # M runs from the first 2xx
    assert rig.state is ClientState.TERMINATED


# --- INVITE: Completed ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [300, 407, 486, 503, 603, 699])
@pytest.mark.parametrize("before", [(), (100,)])
def test_timer_d_absorbs_what_is_retransmitted_for_32_seconds(status, before):
    rig = Rig()
    for provisional in before:
        rig.respond(provisional)
    rig.wire.pass_until(0.4)
    rig.respond(status)
    assert rig.state is ClientState.COMPLETED
    assert rig.user.heard == [*before, status]
    rig.wire.pass_until(30.0)
    rig.respond(status)
    rig.respond(180)
    assert rig.methods == ["INVITE", "ACK", "ACK"]
    assert rig.wire.moments == [0, 0.4, 30.0]
    assert rig.user.heard == [*before, status]
    rig.wire.pass_until(32.399)
    assert rig.state is ClientState.COMPLETED
    rig.wire.pass_until(32.4)
    assert rig.state is ClientState.TERMINATED
    assert rig.wire.forgotten == [KEY]


def test_timer_d_follows_t1_but_is_not_shorter_than_32_seconds():
    rig = Rig(timers=SipTimers(t1=0.1))
    rig.respond(486)
    rig.wire.pass_until(31.999)
    assert rig.state is ClientState.COMPLETED
    rig.wire.pass_until(32.0)
    assert rig.state is ClientState.TERMINATED


def test_timer_d_is_zero_on_a_reliable_transport():
    rig = Rig(to=TCP_PROXY)
    rig.wire.pass_until(1.0)
    rig.respond(486)
    assert rig.methods == ["INVITE", "ACK"]
    assert rig.wire.queue.next_deadline() == 1.0
    rig.wire.pass_until(1.0)
    assert rig.state is ClientState.TERMINATED


def test_a_2xx_of_another_fork_reaches_the_user_although_one_fork_said_no():
    rig = Rig()
    rig.respond(486)
    rig.respond(200, to_tag="another")
    assert rig.user.heard == [486, 200]
    assert rig.state is ClientState.COMPLETED
    assert rig.methods == ["INVITE", "ACK"]


def test_the_ack_of_a_refusal_is_as_17_1_1_3_says():
    routes = (("Route", "<sip:edge.example.com;lr>"), ("Route", "<sip:core.example.com;lr>"))
    rig = Rig(headers=(*routes, ("Contact", "<sip:200@192.0.2.9>")), body=b"v=0\r\n")
    rig.respond(486, to_tag="busy")
    acknowledgement = rig.wire.last
    assert isinstance(acknowledgement, Request)
    assert acknowledgement.method == "ACK"
    assert acknowledgement.uri == rig.request.uri
    assert rig.wire.sent[-1][2] == PROXY
    assert acknowledgement.headers.items() == (
        ("Via", OURS),
        *routes,
        ("Max-Forwards", "70"),
        ("From", "<sip:301@example.com>;tag=theirs"),
        ("To", "<sip:200@example.com>;tag=busy"),
        ("Call-ID", "call-of-peer"),
        ("CSeq", "1 ACK"),
        ("Content-Length", "0"),
    )
    assert acknowledgement.body == b""


# --- other requests: their final response --------------------------------------------------------


@pytest.mark.parametrize("to", [PROXY, TCP_PROXY])
@pytest.mark.parametrize("status", [200, 202, 301, 481, 503, 603])
@pytest.mark.parametrize("before", [(), (100,)])
def test_with_its_final_response_another_request_is_over(status, before, to):
    rig = Rig("BYE", to=to)
    for provisional in before:
        rig.respond(provisional)
    rig.wire.pass_until(0.25)
    rig.respond(status)
    assert rig.state is ClientState.TERMINATED
    assert rig.user.heard == [*before, status]
    assert rig.wire.forgotten == [KEY]
    assert rig.wire.queue.next_deadline() is None
    rig.respond(status)
    assert rig.user.heard == [*before, status]
    assert rig.methods == ["BYE"]


# --- left, and taken up again --------------------------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "REFER"])
def test_what_was_left_is_resent_no_more_and_ends_without_a_word(method):
    rig = Rig(method)
    rig.wire.pass_until(2.0)
    rig.transaction.leave(rig.wire.now)
    rig.wire.pass_until(33.999)
    assert rig.wire.moments == [0, 0.5, 1.5]
    assert rig.state is (ClientState.CALLING if method == "INVITE" else ClientState.TRYING)
    rig.wire.pass_until(34.0)
    assert rig.state is ClientState.TERMINATED
    assert rig.user.heard == []
    assert rig.wire.forgotten == [KEY]


@pytest.mark.parametrize("status", [100, 180, 200, 486])
def test_what_comes_after_it_was_left_is_told(status):
    rig = Rig()
    rig.transaction.leave(0.0)
    rig.wire.pass_until(20.0)
    rig.respond(status)
    rig.wire.pass_until(40.0)
    assert rig.user.heard == [status]
    assert rig.methods == ["INVITE", *(["ACK"] if status == 486 else [])]


def test_it_is_not_left_once_it_was_heard():
    rig = Rig()
    rig.respond(180)
    rig.transaction.leave(0.0)
    assert rig.wire.queue.next_deadline() is None


def test_who_is_told_of_the_time_out_may_leave_it():
    rig = Rig()

    class Leaving:
        def on_timeout(self, transaction, now):
            transaction.leave(now)

    rig.transaction._user = Leaving()
    rig.wire.pass_until(63.999)
    assert rig.wire.forgotten == []
    rig.wire.pass_until(64.0)
    assert rig.wire.forgotten == [KEY]


def test_what_was_left_and_is_taken_up_is_resent_until_timer_b():
    rig = Rig()
    rig.wire.pass_until(2.0)
    rig.transaction.leave(2.0)
    rig.wire.pass_until(10.0)
    rig.transaction.take_up(10.0)
    rig.wire.pass_until(31.999)
    assert rig.wire.moments == [0, 0.5, 1.5, 10, 10.5, 11.5, 13.5, 17.5, 25.5]
    assert rig.user.heard == []
    rig.wire.pass_until(32.0)
    assert rig.user.heard == ["timeout 32"]
    assert rig.state is ClientState.TERMINATED


def test_after_timer_b_it_is_taken_up_without_a_copy():
    rig = Rig()
    rig.transaction.leave(0.0)
    rig.wire.pass_until(31.999)
    rig.wire.now = 32.0
    rig.transaction.take_up(32.0)
    rig.wire.pass_until(63.999)
    assert rig.wire.moments == [0]
    rig.wire.pass_until(64.0)
    assert rig.user.heard == ["timeout 64"]


def test_over_tcp_it_is_taken_up_with_one_copy():
    rig = Rig(to=TCP_PROXY)
    rig.transaction.leave(2.0)
    rig.transaction.take_up(3.0)
    rig.wire.pass_until(32.0)
    assert len(rig.wire.sent) == 2
    assert rig.user.heard == ["timeout 32"]
