"""Values as plain data for JSON and back, by the annotations of their classes.

What a class is made of is said once, in the class. An enumeration is its value, a URI its text, a
tuple or set a list, a value of ours an object::

    Number("112")                   {"digits": "112", "e164": null}

Where an annotation allows several classes, the object says by ``type`` which it is, as for
``Target``: ``{"type": "srv_name", ...}``; a field whose name is a Python keyword loses its
underscore.
"""

from __future__ import annotations

import enum
import functools
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Union, get_args, get_origin

import attrs

from siptapi_core.errors import MessageError, UnknownNameError, UsageError, nearest
from siptapi_core.sip.uri import OtherUri, SipUri, TelUri, parse_uri
from siptapi_core.values import Value

URIS = frozenset({SipUri, TelUri, OtherUri})
"""Written as their text."""
_PLAIN = frozenset({str, bool, int, float})
_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class Shape(NamedTuple):
    """How values of one annotation are written and read, where the general rule is not wanted."""

    encode: Callable[[Any], object]
    decode: Callable[[Any], object]


class Field(NamedTuple):
    """One of a class: how the attribute is named, its annotation, whether it has no default."""

    attribute: str
    type: Any
    required: bool


class ValueEncoding:
    """Writes and reads values; ``shapes`` are the exceptions, by annotation.

    ``strict`` refuses a field that a class does not have, which else is passed over: who asks must
    be understood in full, what is told may come from a newer version.
    """

    def __init__(self, shapes: Mapping[Any, Shape] | None = None, *, strict: bool = False) -> None:
        self._shapes = shapes or {}
        self._strict = strict

    def encode_fields(self, value: object) -> dict[str, Any]:
        """The fields of ``value``, an instance of a value class, as plain data by name."""
        return {
            name: self.encode(field.type, getattr(value, field.attribute))
            for name, field in class_fields(type(value)).items()
        }

    def encode(self, type_: Any, value: Any) -> Any:
        """Encode ``value``, which is of the annotation ``type_``, as plain data."""
        if value is None or type(value) in _PLAIN:
            return value
        if isinstance(value, enum.Enum):
            return value.value
        if type(value) in URIS:
            return str(value)
        shape, members = self._shape(type_), members_of(type_)
        if shape is not None:
            return shape.encode(value)
        if len(members) > 1:
            return {"type": name_of(type(value)), **self.encode_fields(value)}
        origin, arguments = get_origin(members[0]), get_args(members[0])
        if origin is Mapping:
            return {name: self.encode(arguments[1], each) for name, each in value.items()}
        if origin is not None:
            items = sorted(value) if origin is frozenset else value
            return [self.encode(arguments[0], each) for each in items]
        return self.encode_fields(value)

    def decode_fields(self, cls: type[Any], data: Mapping[str, object], *, key: str = "") -> Any:
        """Make an instance of ``cls`` from its fields by name; ``key`` is the dotted way there.

        Raises:
            UsageError: a field is missing, unknown (where that matters) or of another type.
        """
        fields = class_fields(cls)
        if self._strict:
            for name in data:
                if name not in fields:
                    raise UnknownNameError("field", _dotted(key, name), known=tuple(fields))
        values = {}
        for name, field in fields.items():
            place = _dotted(key, name)
            if name in data:
                values[field.attribute] = self.decode(field.type, data[name], key=place)
            elif field.required:
                raise UsageError(f"{place}: missing; expected {_describe(field.type)}")
        return cls(**values)

    def decode(self, type_: Any, data: object, *, key: str = "") -> Any:
        """Make what ``type_`` annotates from plain data.

        Raises:
            UsageError: as `decode_fields`.
        """
        shape, members = self._shape(type_), members_of(type_)
        if data is None and allows_none(type_):
            return None
        if shape is not None:
            return shape.decode(data)
        if len(members) > 1:
            return self._decode_one_of(members, type_, data, key)
        type_ = members[0]
        origin, arguments = get_origin(type_), get_args(type_)
        if origin in {tuple, frozenset, Sequence}:
            items: Iterable[object] = _of_type(list, data, key)
            read = (
                self.decode(arguments[0], item, key=f"{key}[{index}]")
                for index, item in enumerate(items)
            )
            return frozenset(read) if origin is frozenset else tuple(read)
        if origin is Mapping:
            table: dict[str, object] = _of_type(dict, data, key)
            return {
                name: self.decode(arguments[1], item, key=_dotted(key, name))
                for name, item in table.items()
            }
        if type_ in _WORDS:
            return _of_type(type_, data, key)
        if issubclass(type_, enum.Enum):
            return _choice(type_, data, key)
        if type_ in URIS:
            return _uri(frozenset({type_}), data, key)
        return self.decode_fields(type_, _of_type(dict, data, key), key=key)

    def _shape(self, type_: Any) -> Shape | None:
        return self._shapes.get(type_) or self._shapes.get(members_of(type_)[0])

    def _decode_one_of(self, members: Sequence[Any], type_: Any, data: object, key: str) -> Any:
        uris = URIS.intersection(members)
        if uris and (isinstance(data, str) or len(uris) == len(members)):
            return _uri(uris, data, key)
        fields = dict(_of_type(dict, data, key))
        named = {name_of(member): member for member in members if member not in URIS}
        name = _of_type(str, fields.pop("type", None), _dotted(key, "type"))
        if name not in named:
            raise _wrong(type_, name, _dotted(key, "type"), expected=_one_of(named))
        return self.decode_fields(named[name], fields, key=key)


def name_of(cls: type[Any]) -> str:
    """The name of a class in plain data: ``hang_up`` for ``HangUp``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


def _find_fields(cls: Any) -> dict[str, Field]:
    """What instances of ``cls`` are made of, by the name in plain data."""
    types_ = typing.get_type_hints(cls)
    if issubclass(cls, Value):
        names = {name: not hasattr(cls, name) for name in cls.attribute_names}
    elif issubclass(cls, tuple):  # a NamedTuple
        names = {name: name not in cls._field_defaults for name in cls._fields}
    else:
        names = {each.name: each.default is attrs.NOTHING for each in attrs.fields(cls)}
    return {
        name.rstrip("_"): Field(name, types_[name], required) for name, required in names.items()
    }


class_fields: Callable[[Any], Mapping[str, Field]] = functools.cache(_find_fields)
"""As `_find_fields`, which resolves annotations and so takes its time."""


@functools.cache
def members_of(type_: Any) -> tuple[Any, ...]:
    """The classes that an annotation allows, None left out."""
    if get_origin(type_) in {Union, types.UnionType}:
        return tuple(each for each in get_args(type_) if each is not types.NoneType)
    return (type_,)


def allows_none(type_: Any) -> bool:
    """Whether an annotation allows None."""
    return types.NoneType in get_args(type_)


def _of_type(type_: type[Any], data: object, key: str) -> Any:
    if type_ is float and type(data) in {int, float}:
        number = _finite(data)
        if number is not None:
            return number
    elif type(data) is type_:
        return data
    raise _wrong(type_, data, key)


def _finite(data: Any) -> float | None:
    try:
        return float(data) if math.isfinite(data) else None
    except OverflowError:  # a whole number of any length
        return None


def _choice(type_: type[enum.Enum], data: object, key: str) -> enum.Enum:
    try:
        return type_(data)
    except ValueError:
        raise _wrong(type_, data, key) from None


def _uri(classes: frozenset[Any], data: object, key: str) -> object:
    try:
        uri = parse_uri(_of_type(str, data, key))
    except MessageError as error:
        raise UsageError(f"{key}: {error}") from None
    if type(uri) not in classes:
        raise _wrong(next(iter(classes)), data, key)
    return uri


def _wrong(type_: Any, data: object, key: str, *, expected: str = "") -> UsageError:
    given = _describe_data(data)
    near = nearest(data, _choices(type_)) if isinstance(data, str) else None
    meant = f"; did you mean {near}?" if near else ""
    place = f"{key}: " if key else ""
    return UsageError(f"{place}expected {expected or _describe(type_)}, given {given}{meant}")


def _describe(type_: Any) -> str:
    members = members_of(type_)
    if len(members) == 1:
        type_ = members[0]
    return (
        _WORDS.get(type_)
        or (_one_of(_choices(type_)) if _choices(type_) else "")
        or ("a list" if get_origin(type_) in {tuple, frozenset, Sequence} else "")
        or ("a URI" if URIS.issuperset(members) else "an object")
    )


def _choices(type_: Any) -> tuple[str, ...]:
    is_choice = isinstance(type_, type) and issubclass(type_, enum.Enum)
    return tuple(str(each.value) for each in type_) if is_choice else ()


def _one_of(names: Iterable[str]) -> str:
    return f"one of {', '.join(names)}"


def _describe_data(data: object) -> str:
    if data is None or isinstance(data, bool):
        return {None: "null", True: "true", False: "false"}[data]
    words = _WORDS.get(type(data), "something else")
    return f"{data!r:.40}" if isinstance(data, str | int | float) else words


def _dotted(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
