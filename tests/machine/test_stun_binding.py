from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.stun_binding import StunBinding
from siptapi_core.sip.stun import StunClass, StunMessage
from siptapi_core.targets import Address
from siptapi_core.testing.lossy_link import LOST, LossyLink, script

US = Address("192.168.1.2", 5060)
ONE = Address("192.0.2.1", 3478)
TWO = Address("192.0.2.2", 3478)
MAPPED = Address("198.51.100.7", 40000)
OTHER = Address("198.51.100.7", 40001)


class Server:
    """A STUN server that sees everybody at ``sees``; None: it answers with an error."""

    def __init__(self, sees: Address | None = MAPPED) -> None:
        self.sees = sees
        self._outbox: list[tuple[bytes, Address]] = []

    def receive(self, data: bytes, source: Address, now: float) -> None:
        request = StunMessage.parse(data)
        assert request.message_class is StunClass.REQUEST
        answer = StunMessage(StunClass.ERROR, request.transaction_id, ((9, b"\0\0\4\1No"),))
        if self.sees is not None:
            mapped = (self.sees.host, self.sees.port)
            answer = StunMessage.binding_success(request.transaction_id, mapped)
        self._outbox.append((answer.encode(), source))

    def handle_timer(self, now: float) -> None:
        raise AssertionError("it has no timers")

    def next_timer(self) -> None:
        return None

    def datagrams(self) -> list[tuple[bytes, Address]]:
        taken, self._outbox = self._outbox, []
        return taken


class Bench:
    """A binding on a link with the servers that a test wants."""

    def __init__(
        self,
        servers: dict[Address, Server],
        *,
        asked: tuple[Address, ...] = (),
        fate: object = None,
        refresh: float = 25.0,
        wanted: bool = False,
    ) -> None:
        ids = count(1)
        self.wanted = wanted
        self.known: list[Address] = []
        self.changes: list[tuple[Address, Address]] = []
        self.failures: list[str] = []
        self.binding = StunBinding(
            asked or tuple(servers),
            refresh=refresh,
            new_transaction_id=lambda: next(ids).to_bytes(12, "big"),
            wanted=lambda: self.wanted,
            on_known=self.known.append,
            on_change=lambda was, now: self.changes.append((was, now)),
            on_failure=self.failures.append,
        )
        self.link = LossyLink(**({"fate": fate} if fate else {}))
        self.link.join(self.binding, US)
        for address, server in servers.items():
            self.link.join(server, address)

    @property
    def now(self) -> float:
        return self.link.clock.monotonic()

    def ask(self, until: float | None = None) -> None:
        self.binding.ask(self.now)
        self.link.run(until)

    def requests(self) -> list[float]:
        return [packet.time for packet in self.link.packets if packet.source == US]


def test_two_servers_that_agree() -> None:
    bench = Bench({ONE: Server(), TWO: Server()})
    bench.ask(until=1)
    assert bench.known == [MAPPED]
    assert bench.binding.mapped == MAPPED
    assert bench.requests() == [0, 0]
    assert not bench.failures


@pytest.mark.parametrize("other", [OTHER, Address("198.51.100.8", 40000)])
def test_two_servers_that_disagree_mean_a_symmetric_nat(other: Address) -> None:
    bench = Bench({ONE: Server(), TWO: Server(other)}, wanted=True)
    bench.ask()
    assert bench.known == []
    assert bench.binding.mapped is None
    (failure,) = bench.failures
    assert "symmetric" in failure
    assert f"({ONE} sees {MAPPED}, {TWO} sees {other})" in failure


def test_what_is_lost_is_sent_again() -> None:
    bench = Bench({ONE: Server()}, fate=script([LOST, LOST]))
    bench.ask(until=10)
    assert bench.requests() == [0, 0.5, 1.5]
    assert bench.known == [MAPPED]


def test_a_server_that_is_silent_is_given_up() -> None:
    bench = Bench({}, asked=(ONE,))
    bench.ask()
    assert bench.requests() == [0, 0.5, 1.5, 3.5]
    assert bench.now == 5.5
    assert bench.failures == [f"no STUN server says how the NAT shows us ({ONE}: no answer)"]


def test_one_of_two_is_silent_and_not_waited_for_long() -> None:
    bench = Bench({ONE: Server()}, asked=(ONE, TWO))
    bench.ask(until=1.9)
    assert bench.known == []
    bench.link.run(until=2.0)
    assert bench.known == [MAPPED]
    assert len(bench.requests()) == 4, "the silent one is asked no more"
    bench.link.run(until=20)
    assert len(bench.requests()) == 4


def test_a_late_answer_of_another_mind_is_heard_all_the_same() -> None:
    bench = Bench({ONE: Server(), TWO: Server(OTHER)}, fate=script([(0.0,), LOST]))
    bench.ask()
    assert "symmetric" in bench.failures[0]


def test_a_server_that_refuses_says_why() -> None:
    bench = Bench({ONE: Server(None)}, asked=(ONE, TWO))
    bench.ask()
    assert "401 No" in bench.failures[0]
    assert f"{TWO}: no answer" in bench.failures[0]


def test_nobody_is_there() -> None:
    bench = Bench({}, asked=(ONE, TWO))
    bench.binding.ask(0)
    bench.binding.refused(ONE, 0)
    assert bench.failures == []
    bench.binding.refused(TWO, 0)
    bench.binding.refused(TWO, 0)
    assert len(bench.failures) == 1
    assert f"{ONE}: nobody is there; {TWO}: nobody is there" in bench.failures[0]


def test_only_the_server_that_is_not_there_is_given_up() -> None:
    bench = Bench({}, asked=(ONE, TWO))
    bench.binding.ask(0)
    bench.binding.refused(TWO, 0)
    bench.link.run()
    assert f"{ONE}: no answer; {TWO}: nobody is there" in bench.failures[0]


@pytest.mark.parametrize("how", ["refused", "silent"])
def test_what_is_known_when_the_last_server_is_given_up_is_refreshed_from_then_on(how) -> None:
    bench = Bench({}, asked=(ONE, TWO))
    bench.binding.ask(0)
    one, _two = (StunMessage.parse(data) for data, _to in bench.binding.datagrams())
    bench.link.run(until=5.0)
    answer = StunMessage.binding_success(one.transaction_id, (MAPPED.host, MAPPED.port))
    bench.binding.receive(answer.encode(), ONE, 5.0)
    assert bench.known == []
    if how == "refused":
        bench.binding.refused(TWO, 5.0)
    else:
        bench.link.run(until=5.5)
    assert bench.known == [MAPPED]
    bench.link.run()
    assert bench.now == (30.0 if how == "refused" else 30.5)


def test_two_of_three_that_disagree_are_enough() -> None:
    bench = Bench({ONE: Server(), TWO: Server(OTHER)}, asked=(ONE, TWO, Address("192.0.2.3", 3478)))
    bench.ask(until=0.5)
    assert "symmetric" in bench.failures[0]


def test_nothing_is_asked_again_while_it_is_being_asked() -> None:
    bench = Bench({}, asked=(ONE,))
    bench.binding.ask(0)
    bench.ask()
    assert bench.requests() == [0, 0.5, 1.5, 3.5]


def test_the_binding_is_kept_open_while_it_is_wanted() -> None:
    bench = Bench({ONE: Server()}, wanted=True)
    bench.ask(until=80)
    assert bench.requests() == [0, 25, 50, 75]
    assert bench.changes == []
    bench.wanted = False
    bench.link.run()
    assert bench.requests() == [0, 25, 50, 75]
    assert bench.now == 100
    assert bench.binding.mapped is None, "after so long it need not be true any more"


def test_without_refresh_nothing_is_remembered() -> None:
    bench = Bench({ONE: Server()}, refresh=0, wanted=True)
    bench.ask()
    assert bench.known == [MAPPED]
    assert bench.binding.mapped is None
    bench.ask()
    assert bench.known == [MAPPED, MAPPED]


def test_a_change_of_the_mapping_is_noticed() -> None:
    server = Server()
    bench = Bench({ONE: server}, wanted=True)
    bench.ask(until=30)
    server.sees = OTHER
    bench.link.run(until=60)
    assert bench.changes == [(MAPPED, OTHER)]
    assert bench.binding.mapped == OTHER


def test_a_mapping_that_is_lost_is_told() -> None:
    server = Server()
    bench = Bench({ONE: server}, wanted=True)
    bench.ask(until=1)
    server.sees = None
    bench.link.run()
    assert "401" in bench.failures[0]
    assert bench.binding.mapped is None


def answer(transaction: int, seen: Address = OTHER) -> bytes:
    return StunMessage.binding_success(
        transaction.to_bytes(12, "big"), (seen.host, seen.port)
    ).encode()


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (answer(9), ONE),  # nobody asked that
        (answer(1), TWO),  # it was not asked
        (answer(1), Address(ONE.host, 5060)),
        (b"garbage", ONE),
        (StunMessage.binding_request((1).to_bytes(12, "big")).encode(), ONE),
        (StunMessage(StunClass.INDICATION, (1).to_bytes(12, "big")).encode(), ONE),
    ],
)
def test_what_was_not_asked_for_is_dropped(data: bytes, source: Address) -> None:
    bench = Bench({ONE: Server()})
    bench.binding.ask(0)
    bench.binding.receive(data, source, 0)
    assert (bench.known, bench.failures) == ([], [])
    bench.link.run(until=1)
    assert bench.known == [MAPPED]


def test_an_answer_that_comes_twice_counts_once() -> None:
    bench = Bench({ONE: Server(), TWO: Server()}, fate=script([(0.0, 0.0), (0.3,)]))
    bench.ask(until=2)
    bench.binding.receive(answer(1), ONE, bench.now)
    assert bench.known == [MAPPED]
    assert bench.failures == []


@given(st.lists(st.sampled_from([(), (0.0,), (0.7,), (0.0, 0.2), (1.2, 0.1)]), max_size=20))
def test_whatever_the_network_does_there_is_one_end(fates: list[tuple[float, ...]]) -> None:
    bench = Bench({ONE: Server(), TWO: Server()}, fate=script(fates))
    bench.ask(until=20)
    assert len(bench.known) + len(bench.failures) == 1
    assert bench.known in ([], [MAPPED])
