from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.contracts import PassedOn, ResolveContext, Resolved
from siptapi_core.errors import ResolveError
from siptapi_core.net.resolving import (
    LIMIT_SECONDS,
    MAXIMUM_DEPTH,
    MAXIMUM_STEPS,
    ResolverChain,
)
from siptapi_core.resolution import ResolutionStep, StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, HostPort, Number, SrvName, Transport
from siptapi_core.testing.fake_clock import FakeClock

START = SipUri("sip.example")
SRV = SrvName("_sip._udp.sip.example", Transport.UDP, "sip.example")
NUMBER = Number("+431505641", "+431505641")
TARGET_KINDS = (Number, SipUri, SrvName, HostPort)


def host(name):
    return HostPort(name, 5060, Transport.UDP, "sip.example")


def address(last):
    return Address(f"192.0.2.{last}", 5060)


class Table:
    """A resolver that knows ``answers`` by heart: a list of targets, an exception, anything."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.contexts = []

    async def resolve(self, target, context):
        self.asked.append(target)
        self.contexts.append(context)
        answer = self.answers.get(target)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, list):
            return Resolved(targets=tuple(answer), why=f"{target} is in the table", ttl=60.0)
        return answer


def chain_of(*tables, clock=None, **options):
    resolvers = [(f"table{number}", table) for number, table in enumerate(tables, start=1)]
    return ResolverChain(resolvers, line="desk", clock=clock or FakeClock(), **options)


def next_hop(*tables, trace=None, **options):
    return asyncio.run(chain_of(*tables, **options).next_hop(START, trace))


def callee(*tables, trace=None, **options):
    return asyncio.run(chain_of(*tables, **options).callee(NUMBER, trace))


# The next hop


def test_a_chain_is_followed_step_by_step_and_keeps_its_order():
    table = Table(
        {
            START: [SRV],
            SRV: [host("b"), host("a")],
            host("a"): [address(1), address(2)],
            host("b"): [address(3), address(1)],
        }
    )
    assert next_hop(table) == (address(3), address(1), address(2))
    assert table.asked == [START, SRV, host("b"), host("a")]


def test_an_address_among_names_keeps_its_place():
    table = Table({START: [host("a"), address(2), host("b")]})
    table.answers |= {host("a"): [address(1)], host("b"): [address(3)]}
    assert next_hop(table) == (address(1), address(2), address(3))


def test_resolvers_are_asked_in_order_and_the_first_that_answers_counts():
    first, second, third = Table({}), Table({START: [address(2)]}), Table({START: [address(3)]})
    assert next_hop(first, second, third) == (address(2),)
    assert first.asked == second.asked == [START]
    assert third.asked == []


def test_each_resolver_is_told_the_line_and_the_time_that_is_left():
    clock = FakeClock()

    class Slow(Table):
        async def resolve(self, target, context):
            clock.advance(3.0)
            return await super().resolve(target, context)

    slow = Slow({START: [host("a")], host("a"): [address(1)]})
    next_hop(slow, clock=clock)
    assert slow.contexts == [
        ResolveContext(line="desk", seconds_left=LIMIT_SECONDS),
        ResolveContext(line="desk", seconds_left=LIMIT_SECONDS - 3.0),
    ]


@pytest.mark.parametrize(
    "failure",
    [ResolveError("the server is away"), [], None, LookupError("a bug"), "an answer of no kind"],
    ids=["failed", "nothing", "unclaimed", "broken", "no answer"],
)
def test_a_branch_that_leads_nowhere_leaves_the_others(failure):
    table = Table({START: [host("a"), host("b")], host("a"): failure, host("b"): [address(1)]})
    assert next_hop(table) == (address(1),)


def test_a_failure_is_not_passed_on_to_the_next_resolver():
    second = Table({START: [address(1)]})
    with pytest.raises(ResolveError, match=r"^sip:sip\.example: the server is away$"):
        next_hop(Table({START: ResolveError("the server is away")}), second)
    assert second.asked == []


@pytest.mark.parametrize(
    ("answer", "words", "temporary"),
    [
        (ResolveError("away", temporary=True), "away", True),
        (ResolveError("never"), "never", False),
        ([], "sip:sip.example is in the table", False),
        (
            None,
            "no resolver of line 'desk' can resolve sip:sip.example (it has table1)",
            False,
        ),
        (LookupError("a bug"), "resolver 'table1' is broken: LookupError('a bug')", False),
        (
            "nonsense",
            "resolver 'table1' is broken: .*neither Resolved nor PassedOn nor None",
            False,
        ),
        (["nonsense"], "resolver 'table1' is broken: .*'nonsense' is no target", False),
        ([host("a"), host("b")], "no resolver .* udp:a:5060 .*; no resolver .* udp:b:5060", False),
        ([START], "sip:sip.example was followed before", False),
        (TimeoutError("its own"), "resolver 'table1' is broken: TimeoutError('its own')", False),
    ],
)
def test_an_error_says_why_there_is_nothing(answer, words, temporary):
    with pytest.raises(ResolveError) as caught:
        next_hop(Table({START: answer}))
    text = str(caught.value)
    assert text.startswith("sip:sip.example: ")
    for part in words.split(".*"):
        assert part in text
    assert caught.value.temporary is temporary


def test_one_branch_that_may_work_later_makes_the_error_temporary():
    table = Table(
        {
            START: [host("a"), host("b")],
            host("a"): ResolveError("away", temporary=True),
            host("b"): [],
        }
    )
    with pytest.raises(ResolveError) as caught:
        next_hop(table)
    assert caught.value.temporary


def test_an_error_names_some_failures_and_the_trace_all():
    table = Table({START: [host(name) for name in "abcde"]})
    table.answers |= {host(name): ResolveError(f"{name} is away") for name in "abcde"}
    trace = []
    with pytest.raises(ResolveError, match=r": a is away; b is away; c is away$"):
        next_hop(table, trace=trace)
    assert [step.why for step in trace[1:]] == [f"{name} is away" for name in "abcde"]


def test_a_line_without_resolvers_says_so():
    with pytest.raises(ResolveError, match=r"line 'desk' .* \(it has none\)"):
        next_hop()


def test_a_circle_ends():
    table = Table({START: [host("a")], host("a"): [host("b")], host("b"): [host("a"), address(1)]})
    assert next_hop(table) == (address(1),)
    assert table.asked == [START, host("a"), host("b")]


def test_a_chain_that_is_too_long_ends():
    names = [host(f"h{number}") for number in range(20)]
    table = Table({name: [following] for name, following in itertools.pairwise(names)})
    table.answers[START] = [names[0]]
    with pytest.raises(ResolveError, match="is more than 8 steps away"):
        next_hop(table)
    assert len(table.asked) == MAXIMUM_DEPTH


def test_a_chain_of_the_longest_length_arrives():
    names = [START, *(host(f"h{number}") for number in range(MAXIMUM_DEPTH - 1)), address(1)]
    table = Table({name: [following] for name, following in itertools.pairwise(names)})
    assert next_hop(table) == (address(1),)


def test_a_chain_that_is_too_wide_ends_with_what_was_found():
    names = [host(f"h{number}") for number in range(MAXIMUM_STEPS + 10)]
    table = Table({START: names})
    table.answers |= {name: [address(number)] for number, name in enumerate(names)}
    found = next_hop(table)
    assert found == tuple(address(number) for number in range(MAXIMUM_STEPS - 1))
    assert len(table.asked) == MAXIMUM_STEPS


# Time


class Hanging(Table):
    async def resolve(self, target, context):
        if self.answers.get(target) == "hang":
            await asyncio.Event().wait()
        return await super().resolve(target, context)


def test_a_resolver_that_hangs_is_left_after_the_limit():
    with pytest.raises(ResolveError, match=r"was not resolved within 0\.02 s") as caught:
        next_hop(Hanging({START: "hang"}), limit_seconds=0.02)
    assert caught.value.temporary


def test_what_was_found_before_the_limit_counts():
    clock = FakeClock()

    class Late(Table):
        async def resolve(self, target, context):
            if target == host("b"):
                clock.advance(60.0)
            return await super().resolve(target, context)

    late = Late({START: [host("a"), host("b"), host("c"), address(4)]})
    late.answers |= {host("a"): [address(1)], host("b"): [], host("c"): [address(3)]}
    trace = []
    assert next_hop(late, clock=clock, trace=trace) == (address(1), address(4))
    assert late.asked == [START, host("a"), host("b")]
    assert [step.outcome for step in trace] == ["resolved", "resolved", "nothing", "failed"]
    assert trace[-1].temporary


def test_a_cancelled_resolution_is_cancelled():
    async def scenario():
        task = asyncio.create_task(chain_of(Hanging({START: "hang"})).next_hop(START))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())


# The trace


def test_the_trace_tells_every_step():
    first = Table({START: [SRV], host("a"): ResolveError("away", temporary=True)})
    second = Table({SRV: [host("a"), host("b"), SRV, host("c")], host("b"): [], host("c"): None})
    trace = []
    with pytest.raises(ResolveError):
        next_hop(first, second, trace=trace)
    assert trace == [
        ResolutionStep(
            target=START,
            outcome=StepOutcome.RESOLVED,
            why="sip:sip.example is in the table",
            resolver="table1",
            targets=(SRV,),
            ttl=60.0,
        ),
        ResolutionStep(
            target=SRV,
            outcome=StepOutcome.RESOLVED,
            why="_sip._udp.sip.example is in the table",
            resolver="table2",
            targets=(host("a"), host("b"), SRV, host("c")),
            ttl=60.0,
        ),
        ResolutionStep(
            target=host("a"),
            outcome=StepOutcome.FAILED,
            why="away",
            resolver="table1",
            temporary=True,
        ),
        ResolutionStep(
            target=host("b"),
            outcome=StepOutcome.NOTHING,
            why="udp:b:5060 is in the table",
            resolver="table2",
            ttl=60.0,
        ),
        ResolutionStep(
            target=SRV,
            outcome=StepOutcome.DROPPED,
            why="_sip._udp.sip.example was followed before",
        ),
        ResolutionStep(
            target=host("c"),
            outcome=StepOutcome.UNCLAIMED,
            why="no resolver of line 'desk' can resolve udp:c:5060 (it has table1, table2)",
        ),
    ]


# The callee


@pytest.mark.parametrize(
    "answer",
    [None, [], ResolveError("away"), LookupError("a bug"), [host("a"), address(1)], [NUMBER]],
    ids=["unclaimed", "nothing", "failed", "broken", "no callee", "circle"],
)
def test_a_number_that_leads_nowhere_is_called_as_it_is(answer):
    assert callee(Table({NUMBER: answer})) == NUMBER


def test_a_number_may_become_a_uri():
    uri = SipUri("sip.example", "bob")
    table = Table({NUMBER: [uri, Number("112")]})
    assert callee(table) == uri
    assert table.asked == [NUMBER], "the host of a URI is the phone's to resolve"


def test_a_number_may_become_another_and_that_a_uri():
    uri, other = SipUri("sip.example", "bob"), Number("+4312345")
    trace = []
    assert callee(Table({NUMBER: [other]}), Table({other: [uri]}), trace=trace) == uri
    assert [(step.target, step.resolver) for step in trace] == [
        (NUMBER, "table1"),
        (other, "table2"),
    ]


def test_a_number_that_became_another_is_called_as_that():
    other = Number("+4312345")
    assert callee(Table({NUMBER: [other], other: []})) == other


def test_numbers_in_a_circle_end_with_the_one_dialled():
    other = Number("+4312345")
    trace = []
    assert callee(Table({NUMBER: [other], other: [NUMBER]}), trace=trace) == NUMBER
    assert [step.outcome for step in trace] == ["resolved", "resolved", "dropped"]


def test_numbers_without_end_end_with_the_one_dialled():
    table = Table({Number(str(n)): [Number(str(n + 1))] for n in range(100)})
    table.answers[NUMBER] = [Number("0")]
    assert callee(table) == NUMBER
    assert len(table.asked) == MAXIMUM_DEPTH


def test_a_resolver_that_hangs_does_not_keep_a_number_from_being_called():
    assert callee(Hanging({NUMBER: "hang"}), limit_seconds=0.02) == NUMBER


# Any graph at all

nodes = st.sampled_from(
    [START, SRV, NUMBER, Number("112"), *(host(name) for name in "abcdef"), SipUri("b.example")]
)
ends = st.integers(1, 5).map(address)
answers = st.one_of(
    st.none(),
    st.lists(st.one_of(nodes, ends), max_size=5),
    st.sampled_from(
        [
            ResolveError("away", temporary=True),
            ResolveError("never"),
            TimeoutError("its own"),
            KeyError("a bug"),
            "nonsense",
            ["nonsense"],
            [["unhashable"]],
            42,
        ]
    ),
)
graphs = st.lists(st.dictionaries(nodes, answers), min_size=0, max_size=3)


def reachable(graphs):
    """Every address that some answer leads to, whatever the order and the failures."""
    found, seen, pending = set(), set(), [START]
    while pending:
        target = pending.pop()
        if isinstance(target, Address):
            found.add(target)
        elif isinstance(target, TARGET_KINDS) and target not in seen:
            seen.add(target)
            for graph in graphs:
                answer = graph.get(target)
                if isinstance(answer, list):
                    pending.extend(answer)
    return found


@given(graphs)
def test_any_graph_leads_to_addresses_or_to_a_resolve_error(drawn):
    tables = [Table(graph) for graph in drawn]
    trace = []
    try:
        found = next_hop(*tables, trace=trace)
    except ResolveError:
        pass
    else:
        assert found
        assert len(set(found)) == len(found)
        assert set(found) <= reachable(drawn)
    for table in tables:
        assert len(table.asked) == len(set(table.asked)) <= MAXIMUM_STEPS
    taken = [step.target for step in trace if step.outcome is not StepOutcome.DROPPED]
    assert len(taken) == len(set(taken))


@given(graphs)
def test_any_graph_leads_a_number_to_a_callee(drawn):
    trace = []
    found = callee(*(Table(graph) for graph in drawn), trace=trace)
    assert isinstance(found, Number | SipUri)
    assert len(trace) <= MAXIMUM_DEPTH + 1


def model(graph, target, seen):
    """The plain recursive walk, for graphs in which nothing fails."""
    if isinstance(target, Address):
        return [target]
    if target in seen:
        return []
    seen.add(target)
    return [end for further in graph.get(target) or [] for end in model(graph, further, seen)]


@given(
    st.dictionaries(
        st.sampled_from([START, *(host(name) for name in "abcdef")]),
        st.lists(st.one_of(st.sampled_from([host(name) for name in "abcdef"]), ends), max_size=5),
    )
)
def test_the_order_is_that_of_the_answers(graph):
    expected = tuple(dict.fromkeys(model(graph, START, set())))
    try:
        assert next_hop(Table(graph)) == expected
    except ResolveError:
        assert expected == ()


# A step that is passed on


def passing(why="looked, found nothing"):
    return PassedOn(why=why, ttl=30.0)


def test_a_step_that_is_passed_on_is_the_next_resolver_s_and_told_all_the_same():
    trace = []
    looks = Table({START: passing()})
    assert next_hop(looks, Table({START: [address(1)]}), trace=trace) == (address(1),)
    assert [(step.resolver, step.outcome, step.why, step.ttl) for step in trace] == [
        ("table1", StepOutcome.PASSED_ON, "looked, found nothing", 30.0),
        ("table2", StepOutcome.RESOLVED, f"{START} is in the table", 60.0),
    ]


def test_what_everybody_passed_on_is_nothing_with_the_last_words():
    trace = []
    with pytest.raises(ResolveError, match=r"sip:sip\.example: second"):
        next_hop(Table({START: passing("first")}), Table({START: passing("second")}), trace=trace)
    assert [(step.resolver, step.outcome) for step in trace] == [
        ("table1", StepOutcome.PASSED_ON),
        ("table2", StepOutcome.NOTHING),
    ]


def test_a_failure_after_a_pass_is_told_after_it():
    trace = []
    failing = Table({START: ResolveError("no answer", temporary=True)})
    with pytest.raises(ResolveError, match="no answer"):
        next_hop(Table({START: passing()}), failing, trace=trace)
    assert [step.outcome for step in trace] == [StepOutcome.PASSED_ON, StepOutcome.FAILED]


def test_a_number_that_was_passed_on_is_called_as_it_is():
    assert callee(Table({NUMBER: passing()})) == NUMBER


def test_resolvers_are_told_which_transports_we_speak():
    table = Table({START: [address(1)]})
    next_hop(table, transports=(Transport.TLS, Transport.UDP))
    assert [context.transports for context in table.contexts] == [(Transport.TLS, Transport.UDP)]
