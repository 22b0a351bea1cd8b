from __future__ import annotations

from siptapi_core.testing.counting_identifiers import CountingIdentifiers


def test_each_kind_counts_by_itself():
    identifiers = CountingIdentifiers()
    assert [identifiers.branch(), identifiers.branch()] == ["z9hG4bK-1", "z9hG4bK-2"]
    assert [identifiers.tag(), identifiers.tag()] == ["tag-1", "tag-2"]
    assert [identifiers.call_id(), identifiers.call_id()] == ["call-1", "call-2"]
    assert [identifiers.cnonce(), identifiers.cnonce()] == ["cnonce-1", "cnonce-2"]


def test_a_name_keeps_two_endpoints_apart():
    assert CountingIdentifiers("alice").tag() == "tag-alice-1"
    assert CountingIdentifiers("bob").branch() == "z9hG4bK-bob-1"


def test_jitter_follows_its_script_and_then_stays_in_the_middle():
    identifiers = CountingIdentifiers(fractions=[0.0, 1.0, 0.25])
    jitters = [identifiers.jitter(2.0, 4.0) for _ in range(5)]
    assert jitters == [2.0, 4.0, 2.5, 3.0, 3.0]
