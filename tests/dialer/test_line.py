"""A line: what is dialled, who is looked up, where its calls lead."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from dialer_bench import RecordingLogger, make_identity

from siptapi_core.contracts import Resolved
from siptapi_core.dialer.line import Line
from siptapi_core.errors import NumberError, ResolveError
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.numbers import DialAs, NumberRules
from siptapi_core.resolution import StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Number
from siptapi_core.testing.fake_clock import FakeClock

VIENNA = "+431505641"
ADDRESS = Address("192.0.2.1", 5060)
BOB = SipUri(host="example.org", user="bob")


class Directory:
    """A resolver with a table by the targets' text; ResolveError where an entry is one."""

    def __init__(self, **found):
        self.found = found
        self.asked = []

    async def resolve(self, target, context):
        self.asked.append(target)
        entry = self.found.get(str(target))
        if isinstance(entry, ResolveError):
            raise entry
        return None if entry is None else Resolved(targets=(entry,), why="the directory says so")


def make_line(*, rules=None, proxy=None, hosts=None, callees=None):
    def chain(directory):
        return ResolverChain([("directory", directory)], line="office", clock=FakeClock())

    return Line(
        name="office",
        account=make_identity().address_of_record,
        identity=lambda number: make_identity(display_name=number).evolve(outbound_proxy=proxy),
        rules=rules or NumberRules(),
        strategies=("a",),
        network=lambda _call, _logger: SimpleNamespace(),
        resolvers=chain(Directory(**(hosts or {}))),
        callee_resolvers=None if callees is None else chain(callees),
    )


def callee(line, text, trace=None):
    logger = RecordingLogger()
    found = asyncio.run(line.callee(line.explain(text), logger, trace))
    return str(found), logger.events


def resolve(line, text):
    return asyncio.run(line.resolve(text, RecordingLogger()))


def test_a_number_is_explained_by_the_line_s_rules_and_domain():
    explanation = make_line().explain(VIENNA)
    assert str(explanation.dialled) == f"sip:{VIENNA}@example.com"


@pytest.mark.parametrize(
    ("host", "port", "at"),
    [
        ("example.com", 5080, "example.com:5080"),
        ("192.0.2.7", 5060, "192.0.2.7:5060"),
        ("2001:db8::7", None, "[2001:db8::7]"),
        ("2001:db8::7", 5080, "[2001:db8::7]:5080"),
    ],
)
def test_the_domain_s_port_is_in_what_is_dialled(host, port, at):
    account = SipUri(host, "200", port)
    line = evolve_line(make_line(), make_identity().evolve(address_of_record=account))
    dialled = line.explain(VIENNA).dialled
    assert str(dialled) == f"sip:{VIENNA}@{at}"
    assert (dialled.host, dialled.port) == (host, port)
    form = NumberRules(dial_as=DialAs.USER_PHONE)
    line = evolve_line(line.evolve(rules=form), line.identity(""))
    assert str(line.explain(VIENNA).dialled) == f"sip:{VIENNA}@{at};user=phone"


def evolve_line(line, identity):
    return line.evolve(account=identity.address_of_record, identity=lambda _number: identity)


def test_numbers_are_looked_up_only_where_the_line_says_so_and_never_in_an_emergency():
    line = make_line(rules=NumberRules(region="AT"), callees=Directory())
    assert line.looks_up(line.explain(VIENNA))
    assert not line.looks_up(line.explain("112"))
    assert not line.looks_up(line.explain("sip:bob@example.org"))
    assert not make_line().looks_up(make_line().explain(VIENNA))


def test_what_is_not_looked_up_is_dialled_as_it_is():
    directory = Directory(**{"112": BOB})
    line = make_line(rules=NumberRules(region="AT"), callees=directory)
    assert callee(line, "112") == ("sip:112@example.com", [])
    assert callee(line, "sip:a@b.example") == ("sip:a@b.example", [])
    assert callee(make_line(), VIENNA) == (f"sip:{VIENNA}@example.com", [])
    assert directory.asked == []


def test_what_was_found_is_called():
    line = make_line(callees=Directory(**{VIENNA: BOB}))
    assert callee(line, VIENNA) == ("sip:bob@example.org", ["callee found"])


def test_what_was_not_found_is_called_as_a_number():
    directory = Directory(**{VIENNA: ResolveError("down", temporary=True)})
    assert callee(make_line(callees=Directory()), VIENNA) == (f"sip:{VIENNA}@example.com", [])
    assert callee(make_line(callees=directory), VIENNA) == (f"sip:{VIENNA}@example.com", [])


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Number("0900123456"), "the rules of line 'office' say deny"),
        (Number("0820123456"), "the rules of line 'office' say confirm"),
    ],
)
def test_what_was_found_must_pass_the_rules(found, why):
    trace = []
    rules = NumberRules(deny=("^0900",), confirm=("^0820",))
    line = make_line(rules=rules, callees=Directory(**{VIENNA: found}))
    dialled, events = callee(line, VIENNA, trace)
    assert dialled == f"sip:{VIENNA}@example.com"
    assert events == ["not called"]
    assert trace[-1].outcome is StepOutcome.DROPPED
    assert why in trace[-1].why


def test_a_number_leads_to_the_proxy_or_the_domain():
    hosts = {"sip:192.0.2.7": ADDRESS, "sip:200@example.com": ADDRESS}
    resolution = resolve(make_line(hosts=hosts), VIENNA)
    assert (resolution.addresses, resolution.problem) == ((ADDRESS,), "")
    assert str(resolution.callee) == f"sip:{VIENNA}@example.com"
    assert (resolution.target, resolution.line) == (VIENNA, "office")
    assert str(resolution.steps[0].target) == "sip:200@example.com"
    proxy = SipUri(host="192.0.2.7")
    resolution = resolve(make_line(hosts=hosts, proxy=proxy), VIENNA)
    assert resolution.steps[0].target == proxy


def test_a_number_that_is_found_elsewhere_leads_there():
    line = make_line(hosts={str(BOB): ADDRESS}, callees=Directory(**{VIENNA: BOB}))
    resolution = resolve(line, VIENNA)
    assert resolution.callee == BOB
    assert [str(step.target) for step in resolution.steps] == [VIENNA, str(BOB)]
    assert resolution.addresses == (ADDRESS,)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("example.org", "sip:example.org"),
        ("bob@example.org", "sip:bob@example.org"),
        ("sips:bob@example.org", "sips:bob@example.org"),
        (" SIP:example.org:5070 ", "sip:example.org:5070"),
        ("192.0.2.7", "sip:192.0.2.7"),
        ("192.0.2.7:5070", "sip:192.0.2.7:5070"),
        ("2001:db8::7", "sip:[2001:db8::7]"),
        ("[2001:db8::7]:5070", "sip:[2001:db8::7]:5070"),
        ("pbx", "sip:pbx"),
    ],
)
def test_a_host_or_a_uri_leads_to_itself(text, uri):
    resolution = resolve(make_line(hosts={uri: ADDRESS}), text)
    assert resolution.addresses == (ADDRESS,)
    assert resolution.callee is None
    assert [str(step.target) for step in resolution.steps] == [uri]


def test_what_leads_nowhere_is_a_result_with_a_problem():
    resolution = resolve(make_line(), "example.org")
    assert resolution.addresses == ()
    assert "no resolver of line 'office'" in resolution.problem


@pytest.mark.parametrize("text", ["sip:", "a@", "", "?"])
def test_what_is_neither_is_refused(text):
    with pytest.raises(NumberError):
        resolve(make_line(), text)
