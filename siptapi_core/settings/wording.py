"""The words of settings errors: what was expected, what was given, what may have been meant."""

from __future__ import annotations

import enum
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from siptapi_core.errors import SettingsError, nearest
from siptapi_core.settings.secret import Secret
from siptapi_core.sip.uri import SipUri

AT_THE_TOP = (
    "default_line",
    "log_level",
    "local_addresses",
    "local_ports",
    "max_calls",
    "confirm_links",
)
"""The keys that stand before the first table."""

_WORDS: dict[object, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Secret: "a secret",
    SipUri: "a SIP URI such as sip:pbx.example",
    Path: "text",
}
_BOUNDS = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
_PLURALS = {"text": "text", "a whole number": "whole numbers", "a table": "tables"}


def describe(type_: object) -> str:
    """What a setting of that type is in TOML: ``a list of text``, ``one of "on", "off"``."""
    origin = typing.get_origin(type_)
    arguments = typing.get_args(type_)
    if is_union(type_):
        return " or ".join(describe(each) for each in arguments if each is not type(None))
    if type_ in _WORDS:
        return _WORDS[type_]
    if choices := choices_of(type_):
        return f"one of {', '.join(map(quoted, choices))}"
    if origin in {list, tuple, frozenset, Sequence}:
        element = describe(arguments[0])
        return f"a list of {_PLURALS.get(element, f'values, each {element}')}"
    return "a table"


def choices_of(type_: object) -> tuple[str, ...]:
    """The texts that an enumeration or a Literal allows; none for any other type."""
    if is_union(type_):
        return tuple(text for each in typing.get_args(type_) for text in choices_of(each))
    if isinstance(type_, type) and issubclass(type_, enum.Enum):
        return tuple(str(member.value) for member in type_)
    return tuple(map(str, typing.get_args(type_))) if is_literal(type_) else ()


def is_union(type_: object) -> bool:
    """Whether the type is one of several, ``str | None`` among them."""
    return typing.get_origin(type_) in {typing.Union, types.UnionType}


def is_literal(type_: object) -> bool:
    """Whether the type is ``Literal[...]``."""
    return typing.get_origin(type_) is typing.Literal


def given(value: object) -> str:
    """What a TOML value is, without a word of any text in it: it might be a secret."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return "a date or a time"


def wrong_type(type_: object, value: object, *, where: str, key: str) -> SettingsError:
    """The error for a value of another type than ``type_``."""
    hint = ""
    if type_ is str and isinstance(value, (int, float)):
        hint = "; put it in quotes"
    return SettingsError(
        f"expected {describe(type_)}, given {given(value)}{hint}", where=where, key=key
    )


def wrong_choice(type_: object, value: object, *, where: str, key: str) -> SettingsError:
    """The error for a value that is not among the choices of ``type_``."""
    if not isinstance(value, str):
        return wrong_type(type_, value, where=where, key=key)
    near = nearest(value, choices_of(type_))
    hint = f"; did you mean {quoted(near)}?" if near else ""
    return SettingsError(
        f"expected {describe(type_)}, given {quoted(value)}{hint}", where=where, key=key
    )


def unknown_key(name: str, known: Iterable[str], *, where: str, key: str) -> SettingsError:
    """The error for the key or section ``name`` in the table ``key``, which has ``known``."""
    names = tuple(known)
    hint = f"there is {', '.join(names)}" if names else "there is none at all"
    if near := nearest(name, names):
        hint = f"did you mean {near}?"
    if key and name in AT_THE_TOP:
        hint = "it stands at the top of the file, before the first [table]"
    return SettingsError(f"there is no such key; {hint}", where=where, key=dotted(key, name))


def refusal(name: str, error: Exception) -> str:
    """What a converter or validator has against the attribute ``name``; attrs' own in our words."""
    words = str(error.args[0] if error.args else type(error).__name__)
    bound = re.fullmatch(rf"(Length of )?'{name}' must be ([<>]=?) (.*): (.*)", words)
    if bound is None:
        return words.removeprefix(f"{name!r} ")
    length, comparison, limit, value = bound.groups()
    measure = "a length of " if length else ""
    return f"expected {measure}{_BOUNDS[comparison]} {limit}, given {value}"


def dotted(key: str, name: str) -> str:
    """The key of ``name`` in the table ``key``, quoted where TOML wants it: ``lines."my desk"``."""
    bare = name.isascii() and (name.isidentifier() or re.fullmatch("[A-Za-z0-9_-]+", name))
    own = name if bare else quoted(name)
    return f"{key}.{own}" if key else own


def quoted(text: str) -> str:
    """``text`` as a TOML string on one line, in ASCII."""
    import json  # noqa: PLC0415  # for errors and documentation only

    # As JSON, but for what JSON writes as two surrogates, or not at all.
    return re.sub(
        r"[^\x00-\x7e]",
        lambda found: f"\\U{ord(found[0]):08x}",
        json.dumps(text, ensure_ascii=False),
    )
