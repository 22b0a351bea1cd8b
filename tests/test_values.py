from typing import ClassVar

import pytest
from attrs import evolve, field, frozen

from siptapi_core.values import Compared, Value


class Pair(Value):
    kind: ClassVar[str] = "pair"
    left: int
    right: str = "r"


class Other(Value):
    left: int
    right: str = "r"


class Named(Value, kw_only=True):
    left: int


class Triple(Pair):
    third: int = 3


class Empty(Value):
    """Nothing."""


def test_values_are_equal_by_class_and_attributes():
    assert Pair(1) == Pair(left=1) == Pair(1, "r") == Pair(1, right="r")
    assert Pair(1) != Pair(2)
    assert Pair(1) != Other(1)
    assert Pair(1) != (1, "r")
    assert Triple(1) != Pair(1)
    assert Empty() == Empty()


def test_equal_values_have_equal_hashes():
    assert hash(Pair(1)) == hash(Pair(1, "r"))
    assert len({Pair(1), Pair(1, "r"), Pair(2), Other(1), Empty(), Empty()}) == 4


def test_all_attributes_are_shown():
    assert repr(Pair(1)) == "Pair(left=1, right='r')"
    assert repr(Triple(1)) == "Triple(left=1, right='r', third=3)"
    assert repr(Empty()) == "Empty()"


def test_class_variables_are_no_attributes():
    assert Pair.attribute_names == ("left", "right")
    assert Pair.kind == Pair(1).kind == "pair"


def test_attributes_of_the_base_come_first():
    assert Triple(1, "b", 4) == Triple(third=4, right="b", left=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Pair, "Pair takes left, right, each once; it needs left"),
        (lambda: Pair(right="r"), "Pair takes left, right, each once; it needs left"),
        (lambda: Pair(1, "r", 2), "Pair takes left, right, each once"),
        (lambda: Pair(1, left=1), "each once"),
        (lambda: Pair(1, middle=1), "each once"),
        (lambda: Pair(1, kind="x"), "each once"),
        (lambda: Named(1), "each once"),
        (lambda: Empty(1), "Empty takes nothing, each once; it needs none of them"),
        (lambda: Pair(1).evolve(middle=1), "each once"),
    ],
)
def test_wrong_arguments_are_refused(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_nothing_can_be_changed():
    pair = Pair(1)
    with pytest.raises(AttributeError, match="left: a Pair never changes"):
        pair.left = 2
    with pytest.raises(AttributeError, match="left: a Pair never changes"):
        del pair.left
    assert pair == Pair(1)


def test_evolving_makes_another_value():
    pair = Pair(1, "a")
    assert pair.evolve(left=2) == Pair(2, "a")
    assert pair == Pair(1, "a")


def test_positional_patterns_are_not_offered():
    match Pair(1, "a"):
        case Pair(left=1, right=right):
            assert right == "a"
        case _:
            pytest.fail("no match")


@frozen(eq=False, repr=False)
class Checked(Compared):
    number: int = field(converter=int)
    cache: object = field(default=None, eq=False)


def test_an_attrs_class_is_compared_by_what_counts():
    assert Checked("1") == Checked(1, cache=[])
    assert Checked(1) != Checked(2)
    assert hash(Checked(1)) == hash(Checked(1, cache=[]))
    assert repr(Checked(1, cache=[])) == "Checked(number=1)"
    assert evolve(Checked(1), number="2") == Checked(2)
