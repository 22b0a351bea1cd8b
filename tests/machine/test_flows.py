from __future__ import annotations

import pytest
from attrs import evolve
from bench import PROXY, STANDBY, Bench

from siptapi_core.machine.flows import Flows
from siptapi_core.targets import Address, Transport

TLS = Address("192.0.2.1", 5061, Transport.TLS, "pbx.example", "office")


class User:
    def __init__(self):
        self.lost = []

    def on_flow_lost(self, now):
        self.lost.append(now)


class Rig(Bench):
    def __init__(self):
        super().__init__()
        self.flows = Flows(self.agent.transactions)

    @property
    def kept(self):
        """Moments and destinations of what was sent."""
        return [(moment, to) for moment, _, to in self.packets]

    def collect(self):
        for data, to in self.agent.datagrams():
            self.packets.append((self.now, data, to))

    packets: list[tuple[float, bytes, Address]]

    def pass_until(self, moment):
        self.packets = []
        super().pass_until(moment)


def test_one_packet_keeps_the_way_open_for_all():
    rig = Rig()
    users = [User(), User()]
    for user in users:
        rig.flows.join(user, PROXY, 25.0, 0.0)
        rig.flows.join(user, PROXY, 25.0, 0.0)
    assert len(rig.flows) == 1
    rig.pass_until(60.0)
    assert rig.packets == [(25.0, b"\r\n\r\n", PROXY), (50.0, b"\r\n\r\n", PROXY)]
    rig.flows.leave(users[0], PROXY)
    rig.pass_until(80.0)
    assert rig.kept == [(75.0, PROXY)]
    rig.flows.leave(users[1], PROXY)
    rig.flows.leave(users[1], PROXY)
    assert len(rig.flows) == 0
    rig.pass_until(200.0)
    assert rig.kept == []
    assert rig.agent.next_timer() is None


@pytest.mark.parametrize("intervals", [(0.0, 20.0, 10.0, 30.0, 0.0), (10.0, 10.0), (0.0, 10.0)])
def test_the_shortest_interval_counts(intervals):
    rig = Rig()
    for interval in intervals:
        rig.flows.join(User(), PROXY, interval, 0.0)
    rig.pass_until(25.0)
    assert rig.kept == [(10.0, PROXY), (20.0, PROXY)]


def test_who_wants_none_gets_none():
    rig = Rig()
    rig.flows.join(User(), PROXY, 0.0, 0.0)
    assert rig.agent.next_timer() is None


def test_all_on_a_lost_flow_are_told_once_and_have_left_it():
    rig = Rig()
    lost, other = User(), User()
    rig.flows.join(lost, PROXY, 25.0, 0.0)
    rig.flows.join(other, STANDBY, 0.0, 0.0)
    for moment in (1.0, 2.0):
        rig.flows.on_refused(PROXY, moment)
    assert (lost.lost, other.lost) == ([1.0], [])
    assert len(rig.flows) == 1
    rig.flows.leave(lost, PROXY)
    rig.pass_until(100.0)
    assert rig.kept == []


def test_who_joins_later_does_not_put_the_next_packet_off():
    rig = Rig()
    rig.flows.join(User(), PROXY, 25.0, 0.0)
    rig.flows.join(User(), PROXY, 25.0, 20.0)
    rig.pass_until(30.0)
    assert rig.kept == [(25.0, PROXY)]


def test_a_user_may_come_back_to_a_lost_flow():
    rig = Rig()
    user = User()
    rig.flows.join(user, PROXY, 25.0, 0.0)
    rig.flows.on_refused(PROXY, 1.0)
    rig.flows.join(user, PROXY, 25.0, 1.0)
    rig.pass_until(30.0)
    assert rig.kept == [(26.0, PROXY)]


@pytest.mark.parametrize(
    ("elsewhere", "same"),
    [
        (evolve(TLS, verify_name=None), True),
        (evolve(TLS, line="other"), False),
        (evolve(TLS, port=5060), False),
        (evolve(TLS, host="192.0.2.2"), False),
        (evolve(TLS, transport=Transport.TCP), False),
    ],
)
def test_which_refusals_mean_this_flow(elsewhere, same):
    rig, user = Rig(), User()
    rig.flows.join(user, TLS, 0.0, 0.0)
    rig.flows.on_refused(elsewhere, 1.0)
    assert user.lost == ([1.0] if same else [])


def test_the_ways_are_those_that_somebody_uses():
    rig, user = Rig(), User()
    rig.flows.join(user, PROXY, 25.0, 0.0)
    rig.flows.join(user, TLS, 0.0, 0.0)
    assert rig.flows.ways() == [PROXY, TLS]
    rig.flows.leave(user, PROXY)
    assert rig.flows.ways() == [TLS]
