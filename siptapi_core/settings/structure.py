"""TOML tables into frozen attrs classes, by cattrs, with errors that name the key.

Stricter than cattrs by itself: TOML has types, so ``"5"`` is no number and 5 no text. An attribute
with a converter is given to that as TOML has it; what converters and validators raise becomes an
error at the attribute's key. `Secret` and `SipUri` are types like any other.

A `BaseConverter` is used, because a `Converter` generates code for every class: that pays after
thousands of objects, and costs milliseconds before the first packet.
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from contextvars import ContextVar
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

import attrs

from siptapi_core.errors import MessageError, PluginError, SettingsError, SiptapiError
from siptapi_core.settings.problems import Problems
from siptapi_core.settings.secret import Secret
from siptapi_core.settings.wording import (
    describe,
    dotted,
    is_literal,
    refusal,
    unknown_key,
    wrong_choice,
    wrong_type,
)
from siptapi_core.sip.uri import SipUri

if TYPE_CHECKING:
    from cattrs import BaseConverter

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Layer = tuple[str, Mapping[str, Any]]
"""The dotted key of a table, and the attributes that were read from it."""

_of_class: Callable[[F], F] = functools.cache  # type: ignore[assignment]
"""Remembers what a function finds out of a class; mypy does not hold classes for hashable."""

_place: ContextVar[tuple[str, str]] = ContextVar("_place")
"""File and dotted key of the value being read: cattrs gives a hook only the value and its type."""


def structure(data: Mapping[str, object], cls: type[T], *, where: str, key: str) -> T:
    """Make an instance of the attrs class ``cls`` from a TOML table.

    ``where`` is the settings file, ``key`` the table's dotted key.

    Raises:
        SettingsError: its ``problems`` are all that is wrong with the table.
        PluginError: ``cls`` is no attrs class, or has types that TOML cannot give.
    """
    return construct(cls, (key, read_attributes(data, cls, where=where, key=key)), where=where)


def read_attributes(
    data: Mapping[str, object], cls: type[Any], *, where: str, key: str
) -> dict[str, object]:
    """Read those attributes of ``cls`` that a table gives, for others to complete.

    Raises:
        SettingsError, PluginError: as `structure`; but nothing is missing here.
    """
    if data == {}:  # of most tables nothing is given, and resolving types takes time
        return {}
    attributes = attributes_of(cls)
    if not isinstance(data, Mapping):
        raise wrong_type(cls, data, where=where, key=key)
    problems = Problems()
    values = {}
    for name, value in data.items():
        try:  # not `Problems.collected`: files have 10,000 lines, with many keys each
            if name not in attributes:
                raise unknown_key(name, attributes, where=where, key=key)
            values[name] = _read(value, _raw_type(attributes[name]), where, dotted(key, name))
        except SettingsError as error:
            problems.add(error)
    if problems:  # nobody will construct from these: what is wrong with the others is said now
        for name, why in _refused(cls, values, unread=data.keys() - values.keys()).items():
            problems.add(SettingsError(refusal(name, why), where=where, key=dotted(key, name)))
    problems.check()
    return values


def construct(cls: type[T], *layers: Layer, where: str) -> T:
    """Make an instance of ``cls`` from what was read; a later layer goes before an earlier one.

    Raises:
        SettingsError: an attribute is missing, or a validator refuses one.
    """
    values: dict[str, Any] = {}
    for _, attributes in layers:
        values |= attributes
    key = layers[-1][0]
    problems = Problems()
    for name in _required(cls):
        if name not in values:
            missing = f"missing; expected {describe(attributes_of(cls)[name].type)}"
            problems.add(SettingsError(missing, where=where, key=dotted(key, name)))
    problems.check()
    try:
        return cls(**values)
    except (ValueError, TypeError, LookupError, AttributeError, SiptapiError) as error:
        refused = _refused(cls, values) or {"": error}
        keys = {name: dotted(table, name) for table, attributes in layers for name in attributes}
        first, *more = (
            SettingsError(refusal(name, why), where=where, key=keys.get(name, key))
            for name, why in refused.items()
        )
        raise SettingsError(first.problem, where=where, key=first.key, more=more) from None


def attributes_of(cls: type[Any]) -> dict[str, attrs.Attribute[Any]]:
    """The attributes of ``cls`` that settings can give, by name, with real types.

    Raises:
        PluginError: it is no attrs class, or an annotation names nothing.
    """
    try:
        return _fields(attrs.resolve_types(cls))
    except (NameError, TypeError) as error:
        raise PluginError(f"{cls!r} cannot be a class of settings: {error}") from error


@_of_class
def _fields(cls: type[Any]) -> dict[str, attrs.Attribute[Any]]:
    """The same, with types as they are written."""
    try:
        return {attribute.name: attribute for attribute in attrs.fields(cls) if attribute.init}
    except (attrs.exceptions.NotAnAttrsClassError, TypeError) as error:
        raise PluginError(f"{cls!r} cannot be a class of settings: {error}") from error


@_of_class
def _required(cls: type[Any]) -> tuple[str, ...]:
    """Those without a default."""
    return tuple(name for name, each in _fields(cls).items() if each.default is attrs.NOTHING)


def _raw_type(attribute: attrs.Attribute[Any]) -> Any:
    return Any if attribute.converter or attribute.type is None else attribute.type


def _refused(
    cls: type[Any], values: Mapping[str, object], *, unread: AbstractSet[str] = frozenset()
) -> dict[str, Exception]:
    """What converters and validators of ``cls`` have against ``values``, each by itself.

    One that looks at an attribute which is ``unread``, missing or refused has no say.
    """
    attributes = attributes_of(cls)
    probe = object.__new__(cls)  # no __init__: that would raise at the first
    refused: dict[str, Exception] = {}
    for name, attribute in attributes.items():
        value = values.get(name, attribute.default)
        if name in unread or value is attrs.NOTHING:
            continue
        try:
            value = _prepared(value, attribute, probe)
        except Exception as error:  # noqa: BLE001  # a plugin's, which may raise anything
            if name in values:
                refused[name] = error
        else:
            object.__setattr__(probe, name, value)
    for name, attribute in attributes.items():
        if attribute.validator is not None and name in values and name not in refused:
            try:
                with suppress(AttributeError):
                    attribute.validator(probe, attribute, getattr(probe, name))
            except Exception as error:  # noqa: BLE001  # as above
                refused[name] = error
                object.__delattr__(probe, name)
    return refused


def _prepared(value: Any, attribute: attrs.Attribute[Any], probe: object) -> object:
    """The default made, or the value converted, as ``__init__`` does."""
    converter: Any = attribute.converter
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]  # to mypy a function
        return value.factory(*[probe] * value.takes_self)
    if converter is None:
        return value
    if hasattr(converter, "takes_self"):  # attrs.Converter, of which attrs.converters.pipe is one
        return converter(value, probe, attribute)
    return converter(value)


def _read(value: object, type_: Any, where: str, key: str) -> Any:
    token = _place.set((where, key))
    try:
        type_ = _without_none(type_)
        if type_ in _SIMPLE:  # most keys; where there are no others, cattrs is not imported: 10 ms
            return _SIMPLE[type_](value, type_)
        return _converter().structure(value, type_)
    except (ValueError, TypeError, ExceptionGroup):
        raise wrong_type(type_, value, where=where, key=key) from None
    finally:
        _place.reset(token)


@functools.cache
def _converter() -> BaseConverter:
    from cattrs import BaseConverter  # noqa: PLC0415  # see `_read`

    converter = BaseConverter(structure_fallback_factory=_no_hook)
    for cls, hook in _SIMPLE.items():
        converter.register_structure_hook(cls, hook)
    for enumeration in (enum.Enum, enum.StrEnum, enum.IntEnum):
        converter.register_structure_hook(enumeration, _choice)
    converter.register_structure_hook_func(is_literal, _choice)
    converter.register_structure_hook_func(attrs.has, _table)
    converter.register_structure_hook_func(_is_list, _list)
    converter.register_structure_hook_func(_is_mapping, _mapping)
    return converter


def _no_hook(type_: Any) -> Any:
    raise PluginError(f"a setting cannot be of type {type_!r}: TOML has no such value")


def _exact(value: object, type_: type[Any]) -> object:
    if type(value) is not type_:
        where, key = _place.get()
        raise wrong_type(type_, value, where=where, key=key)
    return value


def _number(value: object, _: object) -> float:
    where, key = _place.get()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(float, value, where=where, key=key)
    with suppress(OverflowError):  # TOML's whole numbers have no limit
        if math.isfinite(value):
            return float(value)
    raise SettingsError("expected a finite number", where=where, key=key)


def _choice(value: object, type_: Any) -> object:
    options = type_ if isinstance(type_, enum.EnumMeta) else get_args(type_)
    for option in options:
        plain = option.value if isinstance(option, enum.Enum) else option
        if type(plain) is type(value) and plain == value:
            return option
    where, key = _place.get()
    raise wrong_choice(type_, value, where=where, key=key)


def _secret(value: object, _: object) -> Secret:
    where, key = _place.get()
    return Secret(value, where=where, key=key)


def _sip_uri(value: object, _: object) -> SipUri:
    where, key = _place.get()
    if not isinstance(value, str):
        raise wrong_type(SipUri, value, where=where, key=key)
    try:
        return SipUri.parse(value)
    except MessageError as error:
        raise SettingsError(f"expected {describe(SipUri)}: {error}", where=where, key=key) from None


_SIMPLE: dict[Any, Callable[[object, Any], object]] = {
    **dict.fromkeys((str, int, bool), _exact),
    float: _number,
    Secret: _secret,
    SipUri: _sip_uri,
}


@functools.cache
def _without_none(type_: Any) -> Any:
    """What ``X | None`` is in TOML, which has no null: X."""
    others = [each for each in get_args(type_) if each is not NoneType]
    is_optional = get_origin(type_) in (Union, UnionType) and len(others) == 1
    return others[0] if is_optional else type_


def _table(value: Any, cls: type[T]) -> T:
    where, key = _place.get()
    return structure(value, cls, where=where, key=key)


def _is_list(type_: Any) -> bool:
    if get_origin(type_) is tuple:
        return get_args(type_)[-1] is ...
    return get_origin(type_) in {list, Sequence, frozenset}


def _list(value: object, type_: Any) -> object:
    where, key = _place.get()
    if not isinstance(value, list):
        raise wrong_type(type_, value, where=where, key=key)
    problems = Problems()
    items = []
    for index, item in enumerate(value):
        with problems.collected():
            items.append(_read(item, get_args(type_)[0], where, f"{key}[{index}]"))
    problems.check()
    make: dict[Any, Callable[[list[object]], object]] = {list: list, frozenset: frozenset}
    return make.get(get_origin(type_), tuple)(items)


def _is_mapping(type_: Any) -> bool:
    return get_origin(type_) in {dict, Mapping}


def _mapping(value: object, type_: Any) -> Mapping[str, object]:
    where, key = _place.get()
    if not isinstance(value, Mapping):
        raise wrong_type(type_, value, where=where, key=key)
    problems = Problems()
    items = {}
    for name, item in value.items():
        with problems.collected():
            items[name] = _read(item, get_args(type_)[1], where, dotted(key, name))
    problems.check()
    return items
