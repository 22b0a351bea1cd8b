"""TOML tables become attrs classes, strictly, and errors name the key."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NewType

import pytest
from attrs import Converter, Factory, field, frozen, validators

from siptapi_core import NoSettings, SipUri
from siptapi_core.errors import MessageError, PluginError, SettingsError
from siptapi_core.settings import Secret, structure

Host = NewType("Host", str)


class Colour(enum.StrEnum):
    RED = "red"
    GREEN = "green"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


@frozen(kw_only=True)
class Server:
    host: str
    port: int = 5060
    secret: Secret | None = None


@frozen(kw_only=True)
class Everything:
    text: str = ""
    flag: bool = False
    whole: int = 0
    number: float = 0.0
    colour: Colour = Colour.RED
    size: Size = Size.SMALL
    mode: Literal["slow", "fast", 3] = "slow"
    maybe: int | None = None
    names: tuple[str, ...] = ()
    sequence: Sequence[int] = ()
    numbers: list[int] = Factory(list)
    unique: frozenset[str] = frozenset()
    limits: Mapping[str, float] = Factory(dict)
    server: Server | None = None
    servers: tuple[Server, ...] = ()
    by_name: dict[str, Server] = Factory(dict)
    path: Path = Path()
    host: Host = Host("")
    pair: tuple[str, int] = ("", 0)
    bare: Any = None
    doubled: int = field(default=0, converter=lambda value: 2 * value)
    made: str = field(init=False, default="by us")


def read(data: Mapping[str, object]) -> Everything:
    return structure(data, Everything, where="siptapi.toml", key="strategies.x")


def problems(data: Mapping[str, object], cls: type[object] = Everything) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        structure(data, cls, where="siptapi.toml", key="strategies.x")
    assert {problem.where for problem in caught.value.problems} == {"siptapi.toml"}
    return [f"{problem.key}: {problem.problem}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("key", "given", "expected"),
    [
        ("text", "a", "a"),
        ("flag", True, True),
        ("whole", 5, 5),
        ("number", 2.5, 2.5),
        ("number", 3, 3.0),
        ("colour", "green", Colour.GREEN),
        ("size", 2, Size.LARGE),
        ("mode", "fast", "fast"),
        ("mode", 3, 3),
        ("maybe", 4, 4),
        ("names", ["a", "b"], ("a", "b")),
        ("sequence", [1], (1,)),
        ("numbers", [1, 2], [1, 2]),
        ("unique", ["a", "a"], frozenset({"a"})),
        ("limits", {"a": 1}, {"a": 1.0}),
        ("server", {"host": "h"}, Server(host="h")),
        ("servers", [{"host": "h", "port": 1}], (Server(host="h", port=1),)),
        ("by_name", {"a": {"host": "h"}}, {"a": Server(host="h")}),
        ("path", "a/b", Path("a/b")),
        ("host", "h", "h"),
        ("pair", ["a", 1], ("a", 1)),
        ("bare", {"any": [1]}, {"any": [1]}),
        ("doubled", 4, 8),
    ],
)
def test_values(key: str, given: object, expected: object) -> None:
    value = getattr(read({key: given}), key)
    assert value == expected
    assert type(value) is type(expected)


@frozen
class Untyped:
    setting = field(default=None)  # type: ignore[var-annotated]


def test_a_setting_without_a_type_is_anything() -> None:
    data = {"setting": {"any": [1]}}
    assert structure(data, Untyped, where="", key="").setting == {"any": [1]}


def test_nothing_given() -> None:
    assert read({}) == Everything()
    assert structure({}, NoSettings, where="", key="") == NoSettings()


@pytest.mark.parametrize(
    ("key", "given", "words"),
    [
        ("text", 5, "expected text, given a whole number; put it in quotes"),
        ("text", 5.0, "expected text, given a number; put it in quotes"),
        ("text", True, "expected text, given true; put it in quotes"),
        ("text", ["a"], "expected text, given a list"),
        ("text", dt.date(2026, 1, 1), "expected text, given a date or a time"),
        ("flag", 1, "expected true or false, given a whole number"),
        ("flag", "true", "expected true or false, given text"),
        ("whole", "5", "expected a whole number, given text"),
        ("whole", 5.0, "expected a whole number, given a number"),
        ("whole", False, "expected a whole number, given false"),
        ("number", True, "expected a number, given true"),
        ("number", "1", "expected a number, given text"),
        ("number", float("nan"), "expected a finite number"),
        ("number", float("inf"), "expected a finite number"),
        ("number", 10**400, "expected a finite number"),
        ("colour", 5, 'expected one of "red", "green", given a whole number'),
        ("colour", "blue", 'expected one of "red", "green", given "blue"'),
        (
            "colour",
            "gren",
            'expected one of "red", "green", given "gren"; did you mean "green"?',
        ),
        ("size", True, 'expected one of "1", "2", given true'),
        ("mode", "slov", 'expected one of "slow", "fast", "3", given "slov"; did you mean "slow"?'),
        ("maybe", "x", "expected a whole number, given text"),
        ("names", "a", "expected a list of text, given text"),
        ("numbers", 5, "expected a list of whole numbers, given a whole number"),
        ("servers", {}, "expected a list of tables, given a table"),
        ("limits", [], "expected a table, given a list"),
        ("server", "h", "expected a table, given text"),
        ("path", 5, "expected text, given a whole number"),
    ],
)
def test_wrong_values(key: str, given: object, words: str) -> None:
    assert problems({key: given}) == [f"strategies.x.{key}: {words}"]


def test_what_cattrs_itself_refuses() -> None:
    (problem,) = problems({"pair": ["a", "b", "c"]})
    assert problem.startswith("strategies.x.pair: expected a list")


def test_all_problems_at_once_each_with_its_key() -> None:
    data = {
        "names": ["a", 5, True],
        "limits": {"my limit": "x", "b": 1},
        "server": {"hosst": "h", "port": "x"},
        "servers": [{"host": "h"}, {"port": 1}],
        "by_name": {"a.b": {"host": "h", "port": 1.5}},
        "colour": "x",
    }
    assert problems(data) == [
        "strategies.x.names[1]: expected text, given a whole number; put it in quotes",
        "strategies.x.names[2]: expected text, given true; put it in quotes",
        'strategies.x.limits."my limit": expected a number, given text',
        "strategies.x.server.hosst: there is no such key; did you mean host?",
        "strategies.x.server.port: expected a whole number, given text",
        "strategies.x.servers[1].host: missing; expected text",
        'strategies.x.by_name."a.b".port: expected a whole number, given a number',
        'strategies.x.colour: expected one of "red", "green", given "x"',
    ]


def test_an_error_tells_the_first_problem_and_how_many_follow() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"text": 5, "whole": "x", "flag": 0})
    assert str(caught.value) == (
        "siptapi.toml: strategies.x.text: expected text, given a whole number; put it in quotes"
        " (and 2 more: `siptapi config check` lists all)"
    )


def test_unknown_keys() -> None:
    assert problems({"hots": 1, "host": "h"}, Server) == [
        "strategies.x.hots: there is no such key; did you mean host?"
    ]
    assert problems({"zzz": 1, "host": "h"}, Server) == [
        "strategies.x.zzz: there is no such key; there is host, port, secret"
    ]
    assert problems({"made": "up"}) == [
        "strategies.x.made: there is no such key; did you mean mode?"
    ]
    assert problems({"zzz": 1}, NoSettings) == [
        "strategies.x.zzz: there is no such key; there is none at all"
    ]


def test_no_table_at_all() -> None:
    assert problems("text") == ["strategies.x: expected a table, given text"]  # type: ignore[arg-type]


def test_a_secret_knows_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    settings = read({"servers": [{"host": "h"}, {"host": "i", "secret": {"env": "NOT_THERE"}}]})
    secret = settings.servers[1].secret
    assert secret is not None
    with pytest.raises(SettingsError) as caught:
        secret.reveal()
    assert (caught.value.where, caught.value.key) == (
        "siptapi.toml",
        "strategies.x.servers[1].secret",
    )


@frozen(kw_only=True)
class Validated:
    low: int = field(default=0, validator=validators.ge(0))
    high: int = field(default=10)
    name: str = field(default="a", validator=validators.min_len(1))
    made: str = field(init=False, default="x", validator=validators.min_len(1))

    names: tuple[str, ...] = field(factory=tuple)
    wanted: str = field(default="")

    @high.validator
    def _check_high(self, _attribute: object, value: int) -> None:
        if value < self.low:
            raise ValueError("expected at least as much as low")

    @wanted.validator
    def _check_wanted(self, _attribute: object, value: str) -> None:
        if value and not self.names.count(value):
            raise ValueError("expected one of names")

    def __attrs_post_init__(self) -> None:
        if self.name == "bad":
            raise MessageError("bad, whatever else is set")
        if self.name == "worse":
            raise ValueError


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"low": -1}, "strategies.x.low: expected at least 0, given -1"),
        ({"low": 5, "high": 3}, "strategies.x.high: expected at least as much as low"),
        ({"name": ""}, "strategies.x.name: expected a length of at least 1, given 0"),
        ({"low": 11}, "strategies.x: expected at least as much as low"),
        ({"wanted": "a"}, "strategies.x.wanted: expected one of names"),
        ({"name": "bad"}, "strategies.x: bad, whatever else is set"),
        ({"name": "worse"}, "strategies.x: ValueError"),
    ],
)
def test_what_validators_refuse(data: dict[str, object], words: str) -> None:
    assert problems(data, Validated) == [words]


def test_every_refused_attribute_is_named_and_those_that_look_at_it_have_no_say() -> None:
    assert problems({"low": -1, "high": -2, "name": ""}, Validated) == [
        "strategies.x.low: expected at least 0, given -1",
        "strategies.x.name: expected a length of at least 1, given 0",
    ]


def test_what_validators_refuse_is_told_with_what_cannot_be_read() -> None:
    assert problems({"low": "1", "high": 5, "name": "", "speed": 1}, Validated) == [
        "strategies.x.low: expected a whole number, given text",
        "strategies.x.speed: there is no such key; there is low, high, name, names, wanted",
        "strategies.x.name: expected a length of at least 1, given 0",
    ]


@frozen(kw_only=True)
class Converted:
    host: str = field(converter=lambda host: host.upper(), validator=validators.max_len(3))
    port: int = field(
        default=0,
        converter=Converter(lambda port, self: int(port) + len(self.host), takes_self=True),
        validator=validators.ge(2),
    )
    both: str = field(default=Factory(lambda self: self.host, takes_self=True))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"host": 5}, "strategies.x.host: 'int' object has no attribute 'upper'"),
        ({"host": "a", "port": "x"}, "strategies.x.port: invalid literal for int() with base 10: "),
        ({"host": "a", "port": 0}, "strategies.x.port: expected at least 2, given 1"),
        ({"host": "abcd", "port": 5}, "strategies.x.host: expected a length of at most 3, given 4"),
    ],
)
def test_what_a_converter_refuses_is_named_by_its_key(data: dict[str, object], words: str) -> None:
    (problem,) = problems(data, Converted)
    assert problem.startswith(words)


@frozen(kw_only=True)
class Sbc:
    route: SipUri
    spare: SipUri | None = None
    password: Secret | None = None


def test_a_plugins_settings_may_have_uris_and_secrets() -> None:
    data = {"route": "sip:sbc.example;lr", "spare": "sips:b.example", "password": "x"}
    settings = structure(data, Sbc, where="siptapi.toml", key="strategies.x")
    assert settings.route == SipUri.parse("sip:sbc.example;lr")
    assert settings.spare == SipUri.parse("sips:b.example")
    assert settings.password is not None
    assert settings.password.reveal() == "x"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"route": 5}, ".route: expected a SIP URI such as sip:pbx.example, given a whole number"),
        ({"route": "sbc.example"}, ".route: expected a SIP URI such as sip:pbx.example: "),
        ({"route": {"host": "x"}}, ".route: expected a SIP URI such as sip:pbx.example, given"),
        ({}, ".route: missing; expected a SIP URI such as sip:pbx.example"),
    ],
)
def test_what_is_no_uri(data: dict[str, object], words: str) -> None:
    (problem,) = problems(data, Sbc)
    assert problem.startswith(f"strategies.x{words}")


@frozen
class Misspelled:
    setting: Strnig  # type: ignore[name-defined]  # noqa: F821


@frozen
class Impossible:
    setting: complex = 0j


@frozen
class Ambiguous:
    setting: int | str = 0


class NotAttrs:
    setting: int = 0


@pytest.mark.parametrize(
    ("cls", "data", "words"),
    [
        (Misspelled, {}, r"Misspelled.* cannot be a class of settings: name 'Strnig'"),
        (NotAttrs, {}, r"NotAttrs.* cannot be a class of settings"),
        (int, {}, "cannot be a class of settings"),
        (Impossible, {"setting": 1}, r"cannot be of type <class 'complex'>"),
        (Ambiguous, {"setting": 1}, r"cannot be of type int \| str"),
    ],
)
def test_a_class_that_cannot_be_settings_is_the_plugins_fault(
    cls: type[object], data: dict[str, object], words: str
) -> None:
    with pytest.raises(PluginError, match=words):
        structure(data, cls, where="siptapi.toml", key="strategies.x")
