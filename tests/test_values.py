from __future__ import annotations

import attrs
import pytest
from attrs import field, frozen

from siptapi_core.values import Value


@frozen(eq=False, repr=False)
class Pair(Value):
    left: int
    right: object = field(default=None, repr=False)
    note: str = field(default="", eq=False)


@frozen(eq=False, repr=False)
class Other(Value):
    left: int
    right: object = None


@frozen
class Generated:
    left: int
    right: object = field(default=None, repr=lambda value: f"<{value}>")


@frozen(eq=False, repr=False)
class Shared(Value):
    left: int
    right: object = field(default=None, repr=lambda value: f"<{value}>")


def test_equal_by_every_attribute_that_counts():
    assert Pair(1, "a") == Pair(1, "a", note="another")
    assert Pair(1, "a") != Pair(2, "a")
    assert Pair(1, "a") != Pair(1, "b")


def test_never_equal_to_another_class():
    assert Pair(1) != Other(1)
    assert Other(1) != 1


def test_equal_values_have_equal_hashes():
    assert hash(Pair(1, "a")) == hash(Pair(1, "a", note="another"))
    assert len({Pair(1), Pair(1), Other(1)}) == 2


def test_what_must_not_be_shown_is_not():
    assert repr(Pair(1, "secret", "n")) == "Pair(left=1, note='n')"


def test_the_same_words_as_attrs():
    assert repr(Shared(1, "x")) == repr(Generated(1, "x")).replace("Generated", "Shared")


def test_still_frozen_and_evolved_by_attrs():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Pair(1).left = 2  # type: ignore[misc]
    assert attrs.evolve(Pair(1, "a"), left=2) == Pair(2, "a")
