from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core import (
    Address,
    Context,
    HostPort,
    NaptrRecord,
    Number,
    PassedOn,
    ResolveContext,
    Resolved,
    ResolveError,
    Resolver,
    SipUri,
    SrvName,
    Transport,
)
from siptapi_core.errors import SettingsError
from siptapi_core.logs import logger
from siptapi_core.settings import structure
from siptapi_core.testing import ResolverContract
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_plugins import enum_e164
from siptapi_plugins.enum_e164 import EnumSettings

NUMBER = Number("0043 1 505641", "+431505641")
NAME = "1.4.6.5.0.5.1.3.4.e164.arpa"
OFFICE = SipUri.parse("sip:office@example.com")
DOWN = ResolveError("nobody answered", temporary=True)


def record(regexp="!^.*$!sip:office@example.com!", services="E2U+sip", order=10, preference=10):
    return NaptrRecord(order, preference, "u", services, regexp, "")


def rule(replacement, order=10):
    return NaptrRecord(order, 10, "", "", "", replacement)


def resolve(*records, number=NUMBER, suffixes=("e164.arpa",), **zones):
    dns = FakeDns(naptr={NAME: records} | zones)
    resolver = enum_e164.EnumResolver(EnumSettings(suffixes=suffixes), dns)
    context = ResolveContext(line="desk", seconds_left=5.0)
    answer = asyncio.run(resolver.resolve(number, context))
    resolve.asked = [name for _, name in dns.asked]
    return answer


def found(*records, **zones):
    answer = resolve(*records, **zones)
    assert isinstance(answer, Resolved), answer
    (target,) = answer.targets
    return target


def dropped(*records, **zones):
    answer = resolve(*records, **zones)
    assert isinstance(answer, PassedOn), answer
    return answer.why


# Which records count


def test_a_number_is_turned_into_a_name_and_its_record_into_a_uri():
    answer = resolve(record())
    assert answer.targets == (OFFICE,)
    assert answer.ttl == 60.0
    assert resolve.asked == [NAME]
    assert "sip:office@example.com" in answer.why


@pytest.mark.parametrize("services", ["E2U+sip", "e2u+SIP", "E2U+voice:tel+sip", "sip+E2U"])
def test_services_of_sip_lead_to_sip(services):
    assert found(record(services=services)) == OFFICE


@pytest.mark.parametrize("services", ["E2U+pstn:tel", "E2U+voice:tel", "E2U+tel", "tel+E2U"])
def test_services_of_the_telephone_network_lead_to_another_number(services):
    regexp = "!^.*$!tel:+43-1-999.999;npdi!"
    assert found(record(regexp, services)) == Number("+431999999", "+431999999")


def test_a_number_that_leads_to_itself_is_dialled_as_it_is():
    answer = resolve(record("!(^.*$)!tel:\\1!", "E2U+pstn:tel"), record(order=20))
    assert isinstance(answer, Resolved)
    assert answer.targets == ()
    assert "the number itself" in answer.why


def test_order_and_preference_are_kept_and_the_first_that_works_counts():
    first = record("!^.*$!mailto:office@example.com!", "E2U+email:mailto", order=1)
    second = record("!^.*$!sip:second@example.com!", order=2)
    assert found(first, second, record(order=3)).user == "second"


@pytest.mark.parametrize(
    ("unusable", "why"),
    [
        (record(services="E2U+email:mailto"), "no service that we can call"),
        (record(services="E2U"), "no service that we can call"),
        (record(services="SIP+D2U"), "no service that we can call"),
        (record(services=""), "no service that we can call"),
        (NaptrRecord(10, 10, "s", "E2U+sip", "", "x.example"), "its flag is 's', not u"),
        (record("!^.*$!http://evil.example!"), "its service does not go with http:"),
        (record("!^.*$!tel:+431999999!"), "its service does not go with tel:"),
        (record(services="E2U+tel"), "its service does not go with sip:"),
        (record("!^.*$!sip:!"), "is no SIP URI"),
        (record("!^.*$!sip:a b@example.com!"), "is no SIP URI"),
        (record("!^.*$!sip:x@example.com\r\nEvil: yes!"), "is no SIP URI"),
        (record("!^.*$!nothing!"), "is no URI"),
        (record("!^.*$!tel:305;phone-context=x!", "E2U+tel"), "is no number in E.164"),
        (record("!^.*$!tel:+*21#!", "E2U+tel"), "is no number in E.164"),
        (record("!^\\+49.*$!sip:office@example.com!"), "does not match"),
        (record(""), "is no substitution"),
        (record("!^.*$!sip:office@example.com"), "is no substitution"),
        (record("!^.*$!sip:office@example.com!x"), "is no substitution"),
        (record("1^.*$1sip:office@example.com1"), "is no substitution"),
        (record("i^.*$isip:office@example.comi"), "is no substitution"),
        (record("!^.*$!sip:\ufffd@example.com!"), "is no substitution"),
        (record("!^.*$!sip:\\1@example.com!"), "refers to a group that its pattern lacks"),
        (record("!(!sip:office@example.com!"), "'('"),
        (record("!(?<x>.)!sip:office@example.com!"), "is no pattern"),
        (record("!\\p{Nd}!sip:office@example.com!"), "is no pattern"),
        (record("!(a){e}!sip:office@example.com!"), "is no pattern"),
        (record("!((a{99}){99}){99}!sip:office@example.com!"), "more than 20000"),
        (rule(""), "it names no further records"),
        (NaptrRecord(10, 10, "", "", "!.*!x!", "x.example"), "it names no further records"),
    ],
)
def test_what_cannot_be_used_is_dropped_with_words(unusable, why):
    words = dropped(unusable)
    assert "(dropped: " in words
    assert why in words
    assert found(unusable, record(order=20)) == OFFICE


# Substitution


@pytest.mark.parametrize(
    ("regexp", "uri"),
    [
        ("!^\\+431(.*)$!sip:\\1@example.com!", "sip:505641@example.com"),
        ("!^\\+43(.)(.*)$!sip:\\2-\\1@example.com!", "sip:505641-1@example.com"),
        ("/^\\+43(.*)$/sip:\\1@example.com/", "sip:1505641@example.com"),
        ("|^(.*)$|sips:\\1@example.com|i", "sips:+431505641@example.com"),
        ("#^[[:digit:]+]+$#sip:all@example.com#", "sip:all@example.com"),
        ("!^\\+43(1)?(2)?.*$!sip:\\1x\\2@example.com!", "sip:1x@example.com"),
        ("!^\\+?[0-9]{3,15}$!sip:a\\!b@example.com!", "sip:a!b@example.com"),
        ("!^(\\+43|\\+4315)!sip:\\1@example.com!", "sip:+4315@example.com"),  # the longest
        ("!\\d+!sip:x@example.com!", "sip:x@example.com"),
    ],
)
def test_substitutions(regexp, uri):
    assert found(record(regexp)) == SipUri.parse(uri)


@pytest.mark.parametrize(
    "pattern", ["(((.*)*)*)*x", "(.*)*\\1x", "(.{1,255}){1,39}x", "(" * 80 + "." + ")*" * 80 + "x"]
)
def test_a_hostile_pattern_takes_no_time(pattern):
    begun = time.monotonic()
    dropped(*[record(f"!{pattern}!sip:x@example.com!")] * 200)
    assert time.monotonic() - begun < 5


# Rules that lead to others


def test_a_rule_leads_to_the_records_of_another_name():
    zones = {"a.example": [rule("b.example")], "b.example": [record()]}
    assert found(rule("a.example"), **zones) == OFFICE
    assert resolve.asked == [NAME, "a.example", "b.example"]


def test_a_rule_that_leads_nowhere_leaves_the_next_record():
    assert found(rule("a.example"), record(order=20)) == OFFICE


def test_rules_in_a_circle_end():
    why = dropped(rule("a.example"), **{"a.example": [rule("A.example"), rule(NAME)]})
    assert why.count("it leads back to where we were") == 2
    assert resolve.asked == [NAME, "a.example"]


def test_a_long_way_ends():
    zones = {f"a{n}.example": [rule(f"a{n + 1}.example")] for n in range(100)}
    assert "after 5 rules that lead to others" in dropped(rule("a0.example"), **zones)
    assert len(resolve.asked) == 6


# Trees


def test_trees_are_asked_in_order_until_one_has_an_entry():
    zones = {"1.4.6.5.0.5.1.3.4.e164.corp.example": [record()]}
    assert found(suffixes=("e164.arpa", "e164.corp.example", "c.example"), **zones) == OFFICE
    assert resolve.asked == [NAME, "1.4.6.5.0.5.1.3.4.e164.corp.example"]


def test_a_tree_that_fails_does_not_keep_the_next_from_being_asked():
    zones = {NAME: DOWN, "1.4.6.5.0.5.1.3.4.b.example": [record()]}
    assert found(suffixes=("e164.arpa", "b.example"), **zones) == OFFICE


def test_where_one_fails_and_no_other_knows_it_that_is_an_error():
    with pytest.raises(ResolveError, match="nobody answered; there is no NAPTR of") as caught:
        resolve(suffixes=("e164.arpa", "b.example"), **{NAME: DOWN})
    assert caught.value.temporary


def test_no_entry_leaves_the_number_to_the_next_resolver():
    assert resolve() == PassedOn(why=f"there is no NAPTR of {NAME}", ttl=60.0)


@pytest.mark.parametrize(
    "number",
    [
        Number("305"),
        Number("112"),
        Number("*21#"),
        Number("+1", "+1"),
        Number("x", "+4a"),
        Number("x", f"+{'9' * 16}"),
    ],
)
def test_what_has_no_form_in_e164_is_not_asked_for(number):
    assert resolve(number=number) is None
    assert resolve.asked == []


@given(
    st.lists(
        st.builds(
            NaptrRecord,
            st.integers(0, 65535),
            st.integers(0, 65535),
            st.sampled_from(["u", "U", "", "s", "uu"]) | st.text(max_size=2),
            st.sampled_from(["E2U+sip", "E2U+tel", "E2U+pstn:tel", "+", "E2U+"]),
            st.text(max_size=30)
            | st.from_regex(r"!\^?[.*+?()\[\]{}\\0-9a,|^$]{0,12}\$?!(sip|tel):[\\+1-3a@.]{0,9}!i?"),
            st.sampled_from(["", NAME, "a.example", "b.example"]),
        ),
        max_size=8,
    )
)
def test_whatever_a_stranger_publishes_becomes_a_number_a_sip_uri_or_nothing(records):
    zones = {"a.example": records, "b.example": records[::-1]}
    answer = resolve(*records, **zones)
    assert len(resolve.asked) <= 6
    assert answer.why
    if isinstance(answer, Resolved):
        for target in answer.targets:
            assert isinstance(target, Number | SipUri)
            assert isinstance(target, SipUri) or target.e164 == target.digits != NUMBER.e164


class TestContract(ResolverContract):
    mine = (NUMBER,)
    foreign = (
        Number("305"),
        SipUri("example.com"),
        SrvName("_sip._udp.example.com", Transport.UDP, "example.com"),
        HostPort("example.com", 5060, Transport.UDP, "example.com"),
        Address("192.0.2.1", 5060),
    )

    def make(self) -> Resolver:
        return enum_e164.EnumResolver(EnumSettings(), FakeDns(naptr={NAME: [record()]}))


def test_it_is_offered_by_name_with_its_trees():
    (offer,) = enum_e164.siptapi_resolvers()
    assert offer.name == "enum"
    section = {"suffixes": ["e164.corp.example"]}
    settings = structure(section, offer.settings, where="", key="resolvers.enum")
    dns = FakeDns(naptr={"1.4.6.5.0.5.1.3.4.e164.corp.example": [record()]})
    context = Context(clock=FakeClock(), dns=dns, logger=logger("test"))
    step = offer.create(settings, context).resolve(
        NUMBER, ResolveContext(line="desk", seconds_left=5.0)
    )
    assert asyncio.run(step).targets == (OFFICE,)


@pytest.mark.parametrize("suffixes", [[], ["a..b"], ["e164 arpa"], [""]])
def test_a_tree_is_a_domain_name(suffixes):
    with pytest.raises(SettingsError, match=r"resolvers\.enum\.suffixes: expected at least one"):
        structure({"suffixes": suffixes}, EnumSettings, where="", key="resolvers.enum")
