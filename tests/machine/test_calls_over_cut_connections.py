"""Two strategies, the first over a connection that breaks wherever it will: one ring, one call.

The connection is cut before or after any message of either side; the next one can be had at once,
or is refused for a while, and may lead to another machine that remembers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bench import TCP_PROXY
from hypothesis import event, example, given
from hypothesis import strategies as st
from test_call_on_lossy_link import check_nothing_is_open, check_truth
from town import CREDENTIALS, DOMAIN, PHONE, PROXY, SIPTAPI, Town

from siptapi_core.demo.phone import Behaviour
from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.events import CallEnded, CallFailed, Disturbed, Happening, Outcome, Stage
from siptapi_core.machine.refer_call import ReferCall
from siptapi_core.machine.refer_plan import CallTimers, ReferPlan
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.auth import Challenge
from siptapi_core.sip.message import Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.lossy_link import LossyLink
from siptapi_core.values import Value

NOTICED = 0.01
"""Seconds until the end of a connection is known."""
RECONNECT = 2.0
"""... and until it is opened again by itself, as `siptapi_core.net.stream` does."""
ANSWERED = CallEnded(Outcome.ANSWERED, Stage.CALLEE)


class Cut(Value, kw_only=True):
    """The connection breaks at the message that comes after so many others.

    ``arrives`` says whether that one does, ``refused`` for how many seconds there is no other,
    ``forgets`` whether that leads to a machine that knows nothing of the first.
    """

    after: int
    arrives: bool
    refused: float = 0.0
    forgets: bool = False


class Proxies(DemoProxy):
    """One address, behind which another machine may take over."""

    machine = 0

    def take_over(self) -> None:
        self.machine += 1
        self._nonce = f"nonce-{self.machine}"

    def _challenge(self, *, proxy: bool) -> Challenge:
        return super()._challenge(proxy=proxy).evolve(stale=self.machine > 0)

    def _branch(self, request: Request) -> str:
        return f"{super()._branch(request)}-{self.machine}"


class Connection:
    """The agent, with a connection between it and the proxy."""

    def __init__(
        self, agent: UserAgent, proxy: Proxies, clock: FakeClock, cuts: Iterable[Cut]
    ) -> None:
        self._agent = agent
        self._proxy = proxy
        self._clock = clock
        self._cuts: Iterator[Cut] = iter(cuts)
        self._next = next(self._cuts, None)
        self._carried = 0
        self._is_open = self._forgets = False
        self._refused_until = 0.0
        self.handle_timer = agent.handle_timer
        self.next_timer = agent.next_timer

    def receive(self, data: bytes, source: Address, now: float) -> None:
        if source != PROXY:
            self._agent.receive(data, source, now)
        elif self._is_open and self._carries():
            self._agent.receive(data, TCP_PROXY, now)

    def datagrams(self) -> Iterable[tuple[bytes, Address]]:
        for data, to in self._agent.datagrams():
            if to != TCP_PROXY:
                yield data, to
            elif not self._open():
                self._tell("refused", broken=False)
            elif self._carries():
                yield data, PROXY

    def _open(self) -> bool:
        if not self._is_open and self._clock.monotonic() >= self._refused_until:
            self._is_open = True
            if self._forgets:
                self._proxy.take_over()
        return self._is_open

    def _carries(self) -> bool:
        """Whether the message arrives; the connection may end with it."""
        cut = self._next
        self._carried += 1
        if cut is None or self._carried <= cut.after:
            return True
        now = self._clock.monotonic()
        self._next = next(self._cuts, None)
        self._carried, self._is_open = 0, False
        self._refused_until = now + cut.refused
        self._forgets = cut.forgets
        self._tell("broken", broken=True)
        self._agent.queue.schedule(now + RECONNECT, lambda _: self._open())
        return cut.arrives

    def _tell(self, problem: str, *, broken: bool) -> None:
        def tell(now: float) -> None:
            self._agent.refused(TCP_PROXY, now, problem, broken=broken)

        self._agent.queue.schedule(self._clock.monotonic() + NOTICED, tell)


class CutTown(Town):
    """A town whose user has two strategies: by the proxy over ``connection``, and to the phone."""

    def __init__(self, cuts: Iterable[Cut], *, phone: Behaviour, password: str = "secret") -> None:
        super().__init__(phone=phone)
        proxy = Proxies(
            PROXY,
            DOMAIN,
            passwords={"200": password},
            phones=self.proxy.phones,
            secret="first",
        )
        self.link = LossyLink()
        self.connection = Connection(self.agent, proxy, self.link.clock, cuts)
        self.link.join(self.connection, SIPTAPI)
        self.link.join(proxy, PROXY)
        self.link.join(self.phone, self.phone.address)
        self.link.join(self.callee, self.callee.address)
        self.attempts: list[list[Happening]] = []
        self.call = self._attempt(direct=False)

    def _attempt(self, *, direct: bool) -> ReferCall:
        told: list[Happening] = []
        self.attempts.append(told)
        account, target = SipUri(host=DOMAIN, user="200"), SipUri(host=DOMAIN, user="201")

        def report(happening: Happening) -> None:
            told.append(happening)
            if isinstance(happening, CallEnded) and not direct and self.may_fall_back():
                self.call = self._attempt(direct=True)
                self.agent.queue.schedule(self.now, self.call.start)

        plan = ReferPlan(
            strategy="to-phone" if direct else "via-proxy",
            target=target,
            from_=NameAddr(account),
            refer_to=SipUri(host=DOMAIN, user="301"),
            referred_by=account,
            next_hop=SipUri(host=PHONE.host) if direct else target,
            direct=direct,
            timers=CallTimers(ring_timeout=40, callee_timeout=60, notify_timeout=20),
        )
        return ReferCall(
            plan,
            agent=self.agent,
            addresses=(PHONE if direct else TCP_PROXY,),
            credentials=CREDENTIALS,
            locate=lambda uri, then: then((self._way(uri),), self.now),
            report=report,
        )

    def _way(self, uri: SipUri) -> Address:
        return TCP_PROXY if uri.host == PROXY.host else Address(uri.host, uri.port or 5060)

    def may_fall_back(self) -> bool:
        """As `siptapi_core.dialer.outgoing_call` decides it."""
        failures = [each for each in self.attempts[0] if isinstance(each, CallFailed)]
        return bool(failures) and failures[-1].disturbed is Disturbed.NO

    def finish(self) -> None:
        self.dial()
        self.run()
        self.told = self.attempts[-1]
        event(f"{len(self.attempts)} attempts, {self.ended.outcome}, {self.ended.stage}")
        seen = self.phone.seen
        assert seen.count("invited") <= 1, "it rang twice"
        assert seen.count("referred") <= 1, "it was told twice whom to call"
        assert len([what for what in seen if what.startswith("calling")]) <= 1
        check_truth(self)
        check_nothing_is_open(self)


cuts = st.lists(
    st.builds(
        Cut,
        after=st.integers(0, 12),
        arrives=st.booleans(),
        refused=st.sampled_from([0.0, 0.0, 1.0, 3.0, 60.0]),
        forgets=st.booleans(),
    ),
    max_size=4,
)
SLOW = Behaviour(answer_after=3.0)
INVITE, REFER = 3, 7
"""How many messages a call has had before them: INVITE, 407, ACK; INVITE, 180, 200, ACK."""
phones = st.sampled_from([Behaviour(), SLOW, Behaviour(reject_with=486)])


@given(cuts=cuts, phone=phones)
@example(cuts=[Cut(after=INVITE, arrives=True, refused=60.0)], phone=SLOW)
@example(cuts=[Cut(after=INVITE, arrives=True, forgets=True)], phone=SLOW)
@example(cuts=[Cut(after=REFER, arrives=True, forgets=True)], phone=SLOW)
def test_the_phone_rings_once_wherever_connections_break(cuts, phone):
    CutTown(cuts, phone=phone).finish()


@given(after=st.integers(0, 12), arrives=st.booleans(), phone=phones)
def test_a_cut_while_the_machine_lives_costs_a_refer_at_most(after, arrives, phone):
    """Whatever else was lost with one connection goes over the next; a REFER may not."""
    town = CutTown([Cut(after=after, arrives=arrives)], phone=phone)
    town.finish()
    assert len(town.attempts) == 1
    expected = CallEnded(Outcome.BUSY, Stage.PHONE) if phone.reject_with else ANSWERED
    if town.ended != expected:
        assert town.ended == CallEnded(Outcome.UNKNOWN, Stage.REFER)
        assert "referred" not in town.phone.seen


@given(refused=st.floats(1.0, 100.0))
def test_where_nothing_was_sent_the_second_strategy_makes_the_call(refused):
    town = CutTown([], phone=Behaviour())
    town.connection._refused_until = refused
    town.finish()
    assert len(town.attempts) == 2
    assert town.ended == ANSWERED
