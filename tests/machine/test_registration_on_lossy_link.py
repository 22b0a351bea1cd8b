"""Whatever the network does to its packets: a line that says it is registered is registered."""

from __future__ import annotations

from collections import Counter

from attrs import evolve
from bench import PROXY, SIPTAPI, STANDBY
from fake_registrar import FakeRegistrar
from hypothesis import event, given
from hypothesis import strategies as st
from registration_bench import CREDENTIALS, make_plan

from siptapi_core.events import RegistrationState
from siptapi_core.machine.client_transaction import ClientState
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.keepalive import EMPTY_LINES
from siptapi_core.machine.registration import Registration, RegistrationPhase
from siptapi_core.machine.registration_plan import RetryTimers
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.lossy_link import AT_ONCE, LOST, LossyLink, script

PHONE = "sip:200@192.0.2.2:5060"
AT_PHONE, NOBODY = Address("192.0.2.2", 5060), Address("192.0.2.66", 5060)


class Weather:
    """What the network does: ``fates`` of single packets, and ``outages`` of all.

    An outage is the seconds until it begins, and those that it lasts.
    """

    def __init__(self, fates=(), outages=()):
        self.decide = script(fates)
        self.outages = []
        end = 0.0
        for pause, length in outages:
            self.outages.append((end + pause, end + pause + length))
            end += pause + length

    def fate(self, data, now):
        if data == EMPTY_LINES:
            return LOST
        if any(begin <= now < end for begin, end in self.outages):
            return LOST
        return self.decide(data, NOBODY, NOBODY)


class Watch:
    """An endpoint that looks at the line when the registrar forgets a Contact."""

    def __init__(self, line):
        self.line = line
        self.looked = 0.0

    def next_timer(self):
        ends = [end for end, _, _ in self.line.registrar.bindings.values() if end > self.looked]
        return min((end for end in ends if end < 1e5), default=None)

    def handle_timer(self, now):
        self.looked = now
        self.line.check()

    def receive(self, data, source, now):
        raise AssertionError("nobody sends it anything")

    def datagrams(self):
        return ()


class Line:
    """A registration joined to a registrar; every packet is a moment to look at both."""

    def __init__(self, weather, fractions=(), expires=60, **registrar):
        self.registrar = FakeRegistrar(PROXY, **registrar)
        self.registrar.bindings[PHONE] = (1e6, "phone", 1)
        self.local = SIPTAPI
        self.agent = UserAgent(
            identifiers=CountingIdentifiers(fractions=fractions),
            local_address=lambda _: self.local,
        )
        self.weather = weather
        self.link = LossyLink(fate=self.look)
        self.link.join(self.registrar.agent, PROXY)
        self.link.join(self.agent, SIPTAPI)
        self.link.join(Watch(self), AT_PHONE)  # looks after both had their turn
        self.states = []
        self.registration = Registration(
            make_plan(
                expires=expires,
                keepalive=7.0,
                retry=RetryTimers(base=2.0, limit=20.0, refused=60.0),
            ),
            agent=self.agent,
            flows=Flows(self.agent.transactions),
            owner=self,
        )

    @property
    def now(self):
        return self.link.clock.monotonic()

    def prepare(self, now):
        self.registration.proceed((PROXY,), CREDENTIALS, now)

    def on_changed(self, now):
        self.states.append(self.registration.status(now).state)

    def move_to(self, port):
        """From now on our packets leave from another port, and come back to it."""
        self.local = evolve(SIPTAPI, port=port)
        self.link.join(self.agent, self.local)

    def look(self, data, source, destination):
        self.check()
        return self.weather.fate(data, self.now)

    def check(self):
        waiting = [
            transaction
            for transaction in self.agent.transactions._clients.values()
            if transaction.state in (ClientState.TRYING, ClientState.PROCEEDING)
        ]
        assert len(waiting) <= 1, "two REGISTERs are under way"
        assert PHONE in self.registrar.contacts(self.now)
        if self.registration.status(self.now).state is RegistrationState.REGISTERED:
            assert self.ours(), f"registered? {self.registrar.bindings}"

    def ours(self):
        """Our Contacts that calls are sent to."""
        return self.registrar.contacts(self.now) - {PHONE}

    def run(self, seconds):
        self.check()
        self.link.run(until=self.now + seconds)
        self.check()


fates = st.lists(
    st.sampled_from(
        [AT_ONCE, LOST, (0.02,), (0.3,), (0.0, 0.4), (0.9,), (2.5,), (0.1, 3.0), (4.5,)]
    ),
    max_size=60,
)
outages = st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(0.0, 60.0)), max_size=5)
weathers = st.builds(Weather, fates, outages)
fractions = st.lists(st.floats(0.0, 1.0), max_size=30)
registrars = st.fixed_dictionaries(
    {
        "password": st.sampled_from(["pw", "pw", None]),
        "nonce_uses": st.integers(1, 4),
        "shortest": st.sampled_from([0, 0, 90]),
        "longest": st.sampled_from([10, 40, 3600]),
    }
)


@given(weathers, fractions, registrars)
def test_it_registers_stays_so_and_leaves_nothing_behind(weather, fractions, registrar):
    line = Line(weather, fractions, **registrar)
    line.registration.start(line.now)
    line.run(200.0)
    event(f"failed {min(Counter(line.states)[RegistrationState.FAILED], 3)} times")
    line.weather = Weather()  # the network is well again
    line.run(60.0)
    assert line.registration.status(line.now).state is RegistrationState.REGISTERED
    assert len(line.ours()) == 1
    line.registration.unregister(line.now, 5.0)
    line.run(5.0)
    assert line.registration.phase is RegistrationPhase.GONE
    assert line.ours() == set()
    assert len(line.agent) == 0


@given(weathers, fractions, registrars, st.floats(0.0, 120.0), st.floats(0.0, 40.0))
def test_whenever_it_is_told_to_leave_it_is_gone_in_time(
    weather, fractions, registrar, moment, patience
):
    line = Line(weather, fractions, **registrar)
    line.registration.start(line.now)
    line.run(moment)
    line.registration.unregister(line.now, patience)
    line.run(patience)
    assert line.registration.phase is RegistrationPhase.GONE
    sent = len(line.link.packets)
    left_well = line.registration.status(line.now).reason == ""
    event("left well" if left_well else "left as it was")
    if left_well:
        assert line.ours() == set()
    line.run(100.0)
    assert not any(packet.source == SIPTAPI for packet in line.link.packets[sent:])


@given(
    weathers,
    fractions,
    st.lists(st.tuples(st.floats(1.0, 60.0), st.integers(6000, 6003)), max_size=4),
)
def test_whatever_address_it_moves_to_one_binding_is_left(weather, fractions, moves):
    line = Line(weather, fractions, expires=600)
    line.registration.start(line.now)
    seen = {SIPTAPI.port}
    for seconds, port in moves:
        line.run(seconds)
        if port not in seen:
            seen.add(port)
            line.move_to(port)
    line.weather = Weather()
    line.run(500.0)
    assert [contact.split(";")[0] for contact in line.ours()] == [
        f"sip:200@192.0.2.9:{line.local.port}"
    ]


@given(
    st.lists(st.tuples(st.floats(1.0, 90.0), st.sampled_from([None, 403, 500, 503])), max_size=4)
)
def test_a_registrar_that_refuses_is_believed_and_asked_again(refusals):
    line = Line(Weather())
    line.registration.start(line.now)
    for seconds, status in refusals:
        line.registrar.refuses = status
        line.run(seconds)
    line.registrar.refuses = None
    line.run(100.0)
    assert line.registration.status(line.now).state is RegistrationState.REGISTERED


def test_many_lines_that_fail_at_one_moment_come_back_spread():
    agent = UserAgent(identifiers=SystemIdentifiers(), local_address=lambda _: SIPTAPI)

    class Owner:
        def prepare(self, now):
            self.registration.proceed((PROXY, STANDBY), CREDENTIALS, now)

        def on_changed(self, now):
            pass

    owners = [Owner() for _ in range(1000)]
    for owner in owners:
        owner.registration = Registration(
            make_plan(), agent=agent, flows=Flows(agent.transactions), owner=owner
        )
        owner.registration.start(0.0)
    for address in (PROXY, STANDBY):
        agent.refused(Address(address.host, address.port), 0.0)
    waits = [owner.registration.status(0.0).retry_after for owner in owners]
    assert all(30.0 <= wait <= 60.0 for wait in waits)
    busiest = Counter(int(wait) for wait in waits).most_common(1)[0][1]
    assert busiest < 100  # of 33 on average
