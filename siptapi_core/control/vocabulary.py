"""Commands, replies and errors as plain data for JSON, and back: every JSON front end's shapes.

::

    {"command": "dial", "number": "01/505641"}
    {"reply": "dialling", "call": "c1", "line": "office", "explanation": {...}}
    {"code": "denied", "message": "...", "confirmable": true}

The names are those of the classes and their fields; events are as
`siptapi_core.event_encoding` has them, here and inside a call record.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, get_args

from siptapi_core.commands import Command, PlainData, Reply
from siptapi_core.errors import SettingsError, SiptapiError, UnknownNameError
from siptapi_core.event_encoding import decode_event, encode_event
from siptapi_core.events import Event
from siptapi_core.value_encoding import Shape, ValueEncoding, name_of


def encode_command(command: Command) -> dict[str, Any]:
    """Encode ``command``; what is as by default is left out, so that older versions know it."""
    fields = _told().encode_fields(command)
    given = {
        name: data
        for name, data in fields.items()
        if getattr(command, name) != getattr(type(command), name, _NO_DEFAULT)
    }
    return {"command": name_of(type(command)), **given}


def decode_command(data: Mapping[str, Any]) -> Command:
    """Read a command; what it has besides its own fields is an error, as it cannot be obeyed.

    Raises:
        UnknownNameError: there is no such command or field.
        UsageError: a field is missing or of another type.
    """
    return _asked().decode_fields(*_named(Command, "command", data))  # type: ignore[no-any-return]


def encode_reply(reply: Reply) -> dict[str, Any]:
    """Encode ``reply``."""
    return {"reply": name_of(type(reply)), **_told().encode_fields(reply)}


def decode_reply(data: Mapping[str, Any]) -> Reply:
    """Read a reply; fields that a newer version added are passed over.

    Raises:
        UnknownNameError: there is no such reply.
        UsageError: a field is missing or of another type.
    """
    return _told().decode_fields(*_named(Reply, "reply", data))  # type: ignore[no-any-return]


def encode_error(error: SiptapiError) -> dict[str, Any]:
    """Encode ``error``: its ``code`` for programs, its words, and what it was made from."""
    told = {
        name: _told().encode(type_, getattr(error, name))
        for name, type_ in _parameters(type(error)).items()
        if hasattr(error, name)
    }
    return {"code": error.code, "message": str(error), **told}


def decode_error(data: Mapping[str, Any]) -> SiptapiError:
    """Read an error: of the class that has its ``code``, else a `SiptapiError` with that code.

    Raises:
        UsageError: a field is missing or of another type.
    """
    data = _told().decode(dict, data, key="error")
    code = _told().decode(str, data.get("code"), key="code")
    message = _told().decode(str, data.get("message"), key="message")
    cls = _errors().get(code, SiptapiError)
    parameters = _parameters(cls)
    given = {
        name: _told().decode(type_, data[name], key=name)
        for name, type_ in parameters.items()
        if name in data
    }
    words = next(iter(parameters), None)  # called problem, or reason
    with suppress(TypeError):  # who told only code and words may have left out too much
        if code == cls.code:
            return cls(message) if words is None else cls(**{words: message} | given)
    error = SiptapiError(message)
    error.code = code  # type: ignore[misc]  # of this one
    return error


_NO_DEFAULT = object()


@functools.cache
def _told() -> ValueEncoding:
    return ValueEncoding(_shapes())


@functools.cache
def _asked() -> ValueEncoding:
    return ValueEncoding(_shapes(), strict=True)


def _shapes() -> Mapping[Any, Shape]:
    return {
        Event: Shape(encode_event, decode_event),
        SettingsError: Shape(encode_error, decode_error),
        PlainData: Shape(_as_it_is, _as_it_is),
    }


def _as_it_is(data: object) -> object:
    return data


def _named(kinds: Any, key: str, data: Mapping[str, Any]) -> tuple[type[Any], Mapping[str, Any]]:
    """The class of ``kinds`` that ``data`` names under ``key``, and the rest of ``data``."""
    rest = dict(data)
    name = _told().decode(str, rest.pop(key, None), key=key)
    classes = {name_of(cls): cls for cls in get_args(kinds)}
    if name not in classes:
        raise UnknownNameError(key, name, known=tuple(classes))
    return classes[name], rest


@functools.cache
def _errors() -> dict[str, type[SiptapiError]]:
    """Each class that has a code of its own, by that."""
    found = {}
    waiting = [SiptapiError]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__ == SiptapiError.__module__ and "code" in vars(cls):
            found[cls.code] = cls
    return found


def _parameters(cls: type[SiptapiError]) -> dict[str, Any]:
    """What an error is made from, by name, with types; nothing where it is only words."""
    if cls.__init__ is SiptapiError.__init__:
        return {}
    types_ = typing.get_type_hints(cls.__init__)
    return {name: types_[name] for name in inspect.signature(cls).parameters}
