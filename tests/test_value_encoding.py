from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest
from attrs import frozen

from siptapi_core.errors import UnknownNameError, UsageError
from siptapi_core.sip.uri import SipUri, TelUri, Uri
from siptapi_core.value_encoding import Shape, ValueEncoding, name_of
from siptapi_core.values import Value


class Colour(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class Point(NamedTuple):
    x: int
    y: int = 0


@frozen
class Box:
    width: float
    name: str = "box"


class PinBoard(Value, kw_only=True):
    from_: str
    colour: Colour = Colour.RED
    pins: tuple[Point, ...] = ()
    boxes: Mapping[str, Box] = {}
    names: frozenset[str] | None = None
    target: Point | Box | SipUri | None = None
    uri: Uri | None = None
    home: SipUri | None = None
    steps: Sequence[bool] = ()


class Pin(Value):
    target: Point | Box


BOARD = PinBoard(
    from_="here",
    colour=Colour.DARK_BLUE,
    pins=(Point(1), Point(2, 3)),
    boxes={"a": Box(1.5)},
    names=frozenset({"b", "a"}),
    target=Box(2.5, "big"),
    uri=TelUri("112"),
    home=SipUri("b.example"),
    steps=(True, False),
)
ENCODED = {
    "from": "here",
    "colour": "dark-blue",
    "pins": [{"x": 1, "y": 0}, {"x": 2, "y": 3}],
    "boxes": {"a": {"width": 1.5, "name": "box"}},
    "names": ["a", "b"],
    "target": {"type": "box", "width": 2.5, "name": "big"},
    "uri": "tel:112",
    "home": "sip:b.example",
    "steps": [True, False],
}


def test_a_value_is_an_object_of_plain_data() -> None:
    assert ValueEncoding().encode_fields(BOARD) == ENCODED
    assert ValueEncoding(strict=True).decode_fields(PinBoard, ENCODED) == BOARD


def test_what_has_a_default_may_be_left_out() -> None:
    assert ValueEncoding(strict=True).decode_fields(PinBoard, {"from": "x"}) == PinBoard(from_="x")


@pytest.mark.parametrize(
    ("target", "encoded"),
    [
        (SipUri("a.example"), "sip:a.example"),
        (Point(1, 2), {"type": "point", "x": 1, "y": 2}),
        (None, None),
    ],
)
def test_of_several_classes_it_says_which_it_is(target: object, encoded: object) -> None:
    board = PinBoard(from_="", target=target)
    assert ValueEncoding().encode_fields(board)["target"] == encoded
    assert ValueEncoding().decode_fields(PinBoard, {"from": "", "target": encoded}) == board


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "from: missing; expected text"),
        ({"from": ""}, ""),
        ({"from": "", "from_": ""}, "no field is named 'from_'; there is from, colour"),
        ({"from": "", "pins": [{"x": 1, "z": 2}]}, r"no field is named 'pins\[0\].z'"),
        ({"from": "", "pins": [{}]}, r"pins\[0\].x: missing; expected a whole number"),
        ({"from": "", "pins": {}}, "pins: expected a list, given an object"),
        ({"from": "", "boxes": []}, "boxes: expected an object, given a list"),
        ({"from": "", "boxes": {"a": {"width": "1"}}}, "boxes.a.width: expected a number"),
        ({"from": "", "colour": "dark-blu"}, "expected one of red, dark-blue, .* mean dark-blue"),
        ({"from": "", "colour": ["red"]}, "colour: expected one of red, dark-blue, given a list"),
        ({"from": "", "names": [1]}, r"names\[0\]: expected text, given 1"),
        ({"from": "", "target": {"type": "circle"}}, "target.type: expected one of point, box"),
        ({"from": "", "target": {"type": ["box"]}}, "target.type: expected text, given a list"),
        ({"from": "", "target": "tel:1"}, "target: expected a URI, given 'tel:1'"),
        ({"from": "", "uri": "nonsense"}, "uri: 'nonsense' is no URI"),
        ({"from": "", "home": "tel:1"}, "home: expected a URI, given 'tel:1'"),
        ({"from": "", "steps": [0]}, r"steps\[0\]: expected true or false, given 0"),
        ({"from": "", "steps": None}, "steps: expected a list, given null"),
        ({"from": "x" * 100, "colour": ""}, "given ''$"),
        ({"from": object()}, "given something else"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(given: dict[str, object], words: str) -> None:
    if not words:
        ValueEncoding(strict=True).decode_fields(PinBoard, given)
        return
    with pytest.raises(UsageError, match=words):
        ValueEncoding(strict=True).decode_fields(PinBoard, given)


def test_one_of_several_classes_may_be_missing() -> None:
    with pytest.raises(UsageError, match="target: missing; expected an object"):
        ValueEncoding().decode_fields(Pin, {})


def test_who_is_not_strict_passes_over_what_is_new() -> None:
    given = {"from": "", "shape": 5, "pins": [{"x": 1, "z": 2}]}
    expected = PinBoard(from_="", pins=(Point(1),))
    assert ValueEncoding().decode_fields(PinBoard, given) == expected
    with pytest.raises(UnknownNameError):
        ValueEncoding(strict=True).decode_fields(PinBoard, given)


def test_one_class_may_have_a_shape_of_its_own() -> None:
    shape = Shape(lambda point: [point.x, point.y], lambda data: Point(*data))
    encoding = ValueEncoding({Point: shape})
    board = PinBoard(from_="", pins=(Point(1, 2),))
    assert encoding.encode_fields(board)["pins"] == [[1, 2]]
    assert encoding.decode_fields(PinBoard, {"from": "", "pins": [[1, 2]]}) == board


def test_names_are_words() -> None:
    assert name_of(PinBoard) == "pin_board"
    assert name_of(Box) == "box"
