from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.targets import Address, Transport
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, LossyLink, Packet, script

ALICE = Address("192.0.2.1", 5060)
BOB = Address("192.0.2.2", 5060)

fates = st.lists(
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 2.0]), max_size=3).map(tuple), max_size=20
)


class Sender:
    """Sends each of ``plan``'s (time, data) to ``to`` when it is due; keeps what it hears."""

    def __init__(self, *plan, to=BOB):
        self.plan = list(plan)
        self.to = to
        self.outbox = []
        self.heard = []

    def receive(self, data, source, now):
        self.heard.append((now, data, source))

    def handle_timer(self, now):
        while self.plan and self.plan[0][0] <= now:
            self.outbox.append((self.plan.pop(0)[1], self.to))

    def next_timer(self):
        return self.plan[0][0] if self.plan else None

    def datagrams(self):
        outbox, self.outbox = self.outbox, []
        return outbox


class Echo(Sender):
    """Answers each datagram at once."""

    def receive(self, data, source, now):
        super().receive(data, source, now)
        self.outbox.append((b"re: " + data, source))


class Repeater(Sender):
    """Sends ``hello`` every 0.5 s until it is answered, at most 10 times."""

    def __init__(self):
        super().__init__(*((tries * 0.5, b"hello") for tries in range(10)))

    def receive(self, data, source, now):
        super().receive(data, source, now)
        self.plan.clear()


def joined(alice, bob, **options):
    link = LossyLink(**options)
    link.join(alice, ALICE)
    link.join(bob, BOB)
    return link


def test_packets_travel_both_ways_and_are_recorded():
    alice, bob = Sender((1.0, b"hello")), Echo()
    link = joined(alice, bob)
    link.run()
    assert bob.heard == [(1.0, b"hello", ALICE)]
    assert alice.heard == [(1.0, b"re: hello", BOB)]
    assert link.packets == [
        Packet(1.0, ALICE, BOB, b"hello", AT_ONCE),
        Packet(1.0, BOB, ALICE, b"re: hello", AT_ONCE),
    ]
    assert link.clock.monotonic() == 1.0


def test_what_waits_in_an_outbox_before_the_run_is_sent():
    alice, bob = Sender(), Sender()
    alice.outbox.append((b"hello", BOB))
    joined(alice, bob, clock=FakeClock(5.0)).run()
    assert bob.heard == [(5.0, b"hello", ALICE)]


def test_packets_are_lost_delayed_and_repeated_as_the_script_says():
    alice = Sender((0.0, b"1"), (1.0, b"2"), (2.0, b"3"), (3.0, b"4"))
    bob = Sender()
    link = joined(alice, bob, fate=script([LOST, (0.5,), (0.0, 0.25)]))
    link.run()
    assert [(time, data) for time, data, _ in bob.heard] == [
        (1.5, b"2"),
        (2.0, b"3"),
        (2.25, b"3"),
        (3.0, b"4"),
    ]
    assert [packet.fate for packet in link.packets] == [(), (0.5,), (0.0, 0.25), (0.0,)]


def test_a_script_may_end_in_loss():
    alice, bob = Sender((0.0, b"1"), (0.0, b"2")), Sender()
    joined(alice, bob, fate=script([AT_ONCE], then=LOST)).run()
    assert [data for _, data, _ in bob.heard] == [b"1"]


def test_a_slow_packet_is_overtaken():
    alice, bob = Sender((0.0, b"slow"), (0.5, b"fast")), Sender()
    joined(alice, bob, fate=script([(1.0,), (0.1,)])).run()
    assert [data for _, data, _ in bob.heard] == [b"fast", b"slow"]


def test_packets_that_arrive_together_keep_their_order():
    alice, bob = Sender(*((0.0, b"%d" % number) for number in range(20))), Sender()
    joined(alice, bob).run()
    assert [data for _, data, _ in bob.heard] == [b"%d" % number for number in range(20)]


def test_a_packet_comes_before_a_timer_of_the_same_moment():
    class Bob(Sender):
        def handle_timer(self, now):
            self.heard.append("timer")
            super().handle_timer(now)

    alice, bob = Sender((1.0, b"hello")), Bob((2.0, b"late"))
    joined(alice, bob, fate=script([(1.0,), LOST])).run()
    assert bob.heard == [(2.0, b"hello", ALICE), "timer"]


def test_fate_may_depend_on_what_is_sent_and_by_whom():
    decided = []

    def fate(data, source, destination):
        decided.append((data, source, destination))
        return LOST if source == BOB else AT_ONCE

    alice, bob = Sender((0.0, b"hello")), Echo()
    joined(alice, bob, fate=fate).run()
    assert decided == [(b"hello", ALICE, BOB), (b"re: hello", BOB, ALICE)]
    assert alice.heard == []


def test_what_goes_to_nobody_is_recorded_and_lost():
    alice = Sender((0.0, b"hello"), to=Address("192.0.2.9", 5060))
    link = joined(alice, Sender())
    link.run()
    assert [packet.data for packet in link.packets] == [b"hello"]


def test_a_verify_name_makes_no_other_place_but_a_transport_does():
    alice, bob = Sender(), Sender()
    alice.outbox += [
        (b"here", Address(BOB.host, BOB.port, verify_name="sip.example")),
        (b"elsewhere", Address(BOB.host, BOB.port, Transport.TCP)),
    ]
    joined(alice, bob).run()
    assert [data for _, data, _ in bob.heard] == [b"here"]


def test_two_endpoints_cannot_be_at_one_place():
    link = joined(Sender(), Sender())
    with pytest.raises(ValueError, match=r"an endpoint at udp:192\.0\.2\.1:5060 already"):
        link.join(Sender(), ALICE)


def test_a_run_ends_at_its_bound_and_goes_on_from_there():
    alice, bob = Sender((1.0, b"1"), (2.0, b"2"), (3.0, b"3")), Sender()
    link = joined(alice, bob)
    link.run(until=2.0)
    assert [data for _, data, _ in bob.heard] == [b"1", b"2"]
    assert link.clock.monotonic() == 2.0
    link.run(until=2.5)
    assert link.clock.monotonic() == 2.5
    link.run()
    assert [data for _, data, _ in bob.heard] == [b"1", b"2", b"3"]
    link.run(until=60.0)
    assert link.clock.monotonic() == 60.0
    link.run(until=30.0)
    assert link.clock.monotonic() == 60.0


def test_a_timer_that_is_overdue_fires_now():
    alice, bob = Sender((1.0, b"hello")), Sender()
    joined(alice, bob, clock=FakeClock(9.0)).run()
    assert bob.heard == [(9.0, b"hello", ALICE)]


def test_endpoints_that_never_end_are_an_error():
    alice = Echo()
    alice.outbox.append((b"ping", BOB))
    link = joined(alice, Echo())
    with pytest.raises(AssertionError, match=r"still busy after 50 steps, at 0\.0 s"):
        link.run(steps=50)


def test_a_timer_that_is_never_done_is_an_error():
    class Stuck(Sender):
        def handle_timer(self, now):
            pass

    link = joined(Stuck((1.0, b"")), Sender())
    with pytest.raises(AssertionError, match="still busy"):
        link.run()


@given(fates)
def test_every_copy_arrives_when_its_fate_says_and_nothing_else_does(drawn):
    alice = Sender(*((number * 0.3, b"%d" % number) for number in range(20)))
    bob = Sender()
    link = joined(alice, bob, fate=script(drawn))
    link.run()
    expected = [
        (packet.time + delay, packet.data) for packet in link.packets for delay in packet.fate
    ]
    assert sorted((time, data) for time, data, _ in bob.heard) == sorted(expected)
    assert [packet.fate for packet in link.packets][: len(drawn)] == drawn


@given(fates)
def test_the_same_fates_make_the_same_run(drawn):
    def packets():
        link = joined(Repeater(), Echo(), fate=script(drawn))
        link.run()
        return link.packets

    assert packets() == packets()


@given(fates)
def test_a_retransmitting_endpoint_gets_through_or_ends(drawn):
    alice, bob = Repeater(), Echo()
    link = joined(alice, bob, fate=script(drawn))
    link.run()
    assert alice.next_timer() is None
    assert link.clock.monotonic() <= 10 * 0.5 + 2 * 2.0
    if len(drawn) < 10:
        assert alice.heard
