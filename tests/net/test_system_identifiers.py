from __future__ import annotations

import os
import re

import pytest

from siptapi_core.net.identifiers import SystemIdentifiers

MAKERS = ["branch", "tag", "call_id", "cnonce"]


@pytest.mark.parametrize(
    ("maker", "shape"),
    [
        ("branch", r"z9hG4bK[0-9a-f]{16}"),
        ("tag", r"[0-9a-f]{16}"),
        ("call_id", r"[0-9a-f]{32}"),
        ("cnonce", r"[0-9a-f]{16}"),
    ],
)
def test_a_token_is_hexadecimal_and_long_enough(maker, shape):
    assert re.fullmatch(shape, getattr(SystemIdentifiers(), maker)())


@pytest.mark.parametrize("maker", MAKERS)
def test_no_token_comes_twice(maker):
    tokens = {getattr(SystemIdentifiers(), maker)() for _ in range(2000)}
    assert len(tokens) == 2000


@pytest.mark.parametrize("maker", MAKERS)
def test_every_token_is_all_from_the_systems_random_source(maker, monkeypatch):
    monkeypatch.setattr(os, "urandom", lambda size: b"\xab" * size)
    token = getattr(SystemIdentifiers(), maker)().removeprefix("z9hG4bK")
    assert set(token) == {"a", "b"}


@pytest.mark.parametrize(
    ("source", "expected"), [(b"\0", 2.0), (b"\x80" + b"\0" * 5, 3.0), (b"\xff", 4.0)]
)
def test_jitter_spreads_from_low_to_high(monkeypatch, source, expected):
    monkeypatch.setattr(os, "urandom", lambda size: source.ljust(size, source[-1:]))
    assert SystemIdentifiers().jitter(2.0, 4.0) == pytest.approx(expected)
