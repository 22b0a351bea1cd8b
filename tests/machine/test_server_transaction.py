"""RFC 3261 section 17.2 with RFC 6026 and RFC 4320: every transition and every timer."""

from __future__ import annotations

import weakref

import pytest
from bench import PROXY, TCP_PROXY, Wire, make_request

from siptapi_core.errors import LocalProtocolError
from siptapi_core.machine.server_transaction import ServerState, ServerTransaction
from siptapi_core.machine.timers import SipTimers

KEY = ("z9hg4bk-peer", "192.0.2.1", "5060", "INVITE")


class Rig:
    """A transaction that has just begun, and its wire."""

    def __init__(self, method="INVITE", *, reply_to=PROXY, timers=None):
        self.wire = Wire()
        self.wire.timers = timers or SipTimers()
        self.request = make_request(method)
        self.transaction = ServerTransaction(
            self.wire, (*KEY[:-1], method), self.request, reply_to, 1300
        )
        self.unacknowledged = []

    def respond(self, status, *, watch=False):
        self.transaction.respond(
            self.request.response(status, to_tag="ours"),
            self.wire.now,
            on_unacknowledged=self.unacknowledged.append if watch else None,
        )

    @property
    def state(self):
        return self.transaction.state

    @property
    def statuses(self):
        assert {to for _, _, to in self.wire.sent} <= {self.transaction.reply_to}
        return [message.status for _, message, _ in self.wire.sent]


# --- INVITE --------------------------------------------------------------------------------------


def test_an_invite_begins_in_proceeding_and_sends_nothing_by_itself():
    rig = Rig()
    assert rig.state is ServerState.PROCEEDING
    assert rig.transaction.is_invite
    assert not rig.transaction.is_answered
    rig.transaction.receive_again(0.0)
    rig.wire.pass_until(100.0)
    assert rig.wire.sent == []


def test_the_last_provisional_response_answers_a_retransmitted_invite():
    rig = Rig()
    rig.respond(100)
    rig.respond(180)
    rig.transaction.receive_again(0.0)
    assert rig.statuses == [100, 180, 180]
    assert rig.wire.sent[-1][2] == PROXY
    assert rig.state is ServerState.PROCEEDING
    assert not rig.transaction.is_answered


def test_a_2xx_is_resent_with_the_intervals_of_g_until_l():
    rig = Rig()
    rig.wire.pass_until(1.0)
    rig.respond(200, watch=True)
    assert rig.state is ServerState.ACCEPTED
    assert rig.transaction.is_answered
    rig.wire.pass_until(32.999)
    assert [m - 1 for m in rig.wire.moments] == [
        *(0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)
    ]
    assert rig.unacknowledged == []
    assert set(rig.statuses) == {200}
    rig.wire.pass_until(33.0)
    assert rig.unacknowledged == [33.0]
    assert rig.state is ServerState.TERMINATED
    assert rig.wire.forgotten == [KEY]


def test_nobody_need_watch_for_the_ack():
    rig = Rig()
    rig.respond(200)
    rig.wire.pass_until(100.0)
    assert rig.state is ServerState.TERMINATED


def test_a_2xx_is_resent_on_a_reliable_transport_too():
    rig = Rig(reply_to=TCP_PROXY)
    rig.respond(200)
    rig.wire.pass_until(2.0)
    assert rig.wire.moments == [0, 0.5, 1.5]


def test_the_ack_of_a_2xx_ends_the_resending_and_l_the_transaction():
    rig = Rig()
    rig.respond(200, watch=True)
    rig.wire.pass_until(1.0)
    rig.transaction.acknowledge(1.0)
    assert rig.state is ServerState.ACCEPTED
    rig.transaction.receive_again(1.0)  # absorbed (RFC 6026 7.1)
    rig.wire.pass_until(31.999)
    assert rig.wire.moments == [0, 0.5]
    assert rig.state is ServerState.ACCEPTED
    rig.transaction.acknowledge(31.999)
    rig.wire.pass_until(32.0)
    assert rig.state is ServerState.TERMINATED
    assert rig.wire.forgotten == [KEY]
    assert rig.unacknowledged == []


@pytest.mark.parametrize("status", [300, 486, 487, 603])
def test_timer_g_resends_a_refusal_until_timer_h(status):
    rig = Rig()
    rig.respond(180)
    rig.respond(status)
    assert rig.state is ServerState.COMPLETED
    assert rig.transaction.is_answered
    rig.wire.pass_until(31.999)
    assert rig.wire.moments[1:] == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert rig.state is ServerState.COMPLETED
    rig.wire.pass_until(32.0)
    assert rig.state is ServerState.TERMINATED
    assert rig.wire.forgotten == [KEY]
    assert len(rig.wire.sent) == 12


def test_timer_g_is_off_and_h_runs_on_a_reliable_transport():
    rig = Rig(reply_to=TCP_PROXY)
    rig.respond(486)
    rig.wire.pass_until(31.999)
    assert rig.wire.moments == [0]
    assert rig.state is ServerState.COMPLETED
    rig.wire.pass_until(32.0)
    assert rig.state is ServerState.TERMINATED


def test_timer_i_absorbs_further_acks_for_t4():
    rig = Rig()
    rig.respond(486)
    rig.transaction.receive_again(0.0)
    assert rig.statuses == [486, 486]
    rig.wire.pass_until(0.25)
    rig.transaction.acknowledge(0.25)
    assert rig.state is ServerState.CONFIRMED
    rig.wire.pass_until(3.0)
    rig.transaction.acknowledge(3.0)
    rig.transaction.receive_again(3.0)
    assert rig.statuses == [486, 486]
    rig.wire.pass_until(5.249)
    assert rig.state is ServerState.CONFIRMED
    rig.wire.pass_until(5.25)
    assert rig.state is ServerState.TERMINATED
    assert rig.wire.forgotten == [KEY]
    assert rig.statuses == [486, 486]


def test_timer_i_is_zero_on_a_reliable_transport():
    rig = Rig(reply_to=TCP_PROXY)
    rig.respond(486)
    rig.wire.pass_until(1.0)
    rig.transaction.acknowledge(1.0)
    assert rig.wire.queue.next_deadline() == 1.0
    rig.wire.pass_until(1.0)
    assert rig.state is ServerState.TERMINATED


def test_other_values_of_t1_and_t2_count():
    rig = Rig(timers=SipTimers(t1=0.25, t2=0.5))
    rig.respond(486)
    rig.wire.pass_until(2.0)
    assert rig.wire.moments == [0, 0.25, 0.75, 1.25, 1.75]
    rig.wire.pass_until(16.0)
    assert rig.state is ServerState.TERMINATED


def test_an_ack_before_any_answer_means_nothing():
    rig = Rig()
    rig.transaction.acknowledge(0.0)
    assert rig.state is ServerState.PROCEEDING
    assert rig.wire.queue.next_deadline() is None


# --- other requests ------------------------------------------------------------------------------


def test_another_request_begins_in_trying_and_is_absorbed():
    rig = Rig("NOTIFY")
    assert rig.state is ServerState.TRYING
    assert not rig.transaction.is_invite
    assert not rig.transaction.is_answered
    rig.transaction.receive_again(0.0)
    assert rig.wire.sent == []


def test_a_100_brings_it_to_proceeding():
    rig = Rig("NOTIFY")
    rig.respond(100)
    assert rig.state is ServerState.PROCEEDING
    rig.transaction.receive_again(0.0)
    assert rig.statuses == [100, 100]


@pytest.mark.parametrize("status", [101, 180, 183, 199])
def test_rfc_4320_forbids_any_other_provisional_response(status):
    rig = Rig("NOTIFY")
    words = r"^only an INVITE may get a 1xx other than 100 \(RFC 4320\)$"
    with pytest.raises(LocalProtocolError, match=words):
        rig.respond(status)
    assert rig.wire.sent == []
    assert rig.state is ServerState.TRYING


@pytest.mark.parametrize("status", [200, 202, 405, 481, 603])
@pytest.mark.parametrize("before", [(), (100,)])
def test_timer_j_answers_retransmissions_for_64_t1(status, before):
    rig = Rig("NOTIFY")
    for provisional in before:
        rig.respond(provisional)
    rig.wire.pass_until(0.25)
    rig.respond(status)
    assert rig.state is ServerState.COMPLETED
    assert rig.transaction.is_answered
    rig.wire.pass_until(20.0)
    rig.transaction.receive_again(20.0)
    rig.transaction.acknowledge(20.0)  # an ACK of what is no INVITE
    assert rig.statuses == [*before, status, status]
    rig.wire.pass_until(32.249)
    assert rig.state is ServerState.COMPLETED
    rig.wire.pass_until(32.25)
    assert rig.state is ServerState.TERMINATED
    assert rig.wire.forgotten == [(*KEY[:-1], "NOTIFY")]
    assert rig.statuses == [*before, status, status]


def test_once_answered_it_is_kept_as_bytes_only_and_its_request_let_go():
    rig = Rig("NOTIFY")
    request = weakref.ref(rig.request)
    rig.respond(200)
    del rig.request
    assert request() is None
    rig.transaction.receive_again(1.0)
    assert rig.statuses == [200, 200]


def test_timer_j_is_zero_on_a_reliable_transport():
    rig = Rig("NOTIFY", reply_to=TCP_PROXY)
    rig.wire.pass_until(1.0)
    rig.respond(200)
    assert rig.wire.queue.next_deadline() == 1.0
    rig.wire.pass_until(1.0)
    assert rig.state is ServerState.TERMINATED


# --- both ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["INVITE", "NOTIFY"])
@pytest.mark.parametrize("status", [100, 200, 486])
def test_there_is_no_answer_after_the_final_one(method, status):
    rig = Rig(method)
    rig.respond(404)
    with pytest.raises(LocalProtocolError, match=f"{method} was answered already"):
        rig.respond(status)
    assert rig.statuses == [404]


@pytest.mark.parametrize("method", ["INVITE", "NOTIFY"])
@pytest.mark.parametrize("status", [None, 100, 200, 486])
def test_abandoned_it_says_nothing_more(method, status):
    rig = Rig(method)
    if status is not None:
        rig.respond(status, watch=True)
    rig.wire.sent.clear()
    rig.transaction.abandon(1.0)
    assert rig.state is ServerState.TERMINATED
    assert rig.wire.forgotten == [(*KEY[:-1], method)]
    rig.transaction.receive_again(1.0)
    rig.transaction.acknowledge(1.0)
    rig.wire.pass_until(200.0)
    assert rig.wire.sent == []
    assert rig.unacknowledged == []
