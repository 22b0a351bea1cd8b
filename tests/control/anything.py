"""Any value of a class, by the annotations of its fields: strategies for hypothesis."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import attrs
from hypothesis import strategies as st

from siptapi_core.commands import PlainData
from siptapi_core.errors import (
    DeniedError,
    MessageError,
    NetworkError,
    NumberError,
    RefusedError,
    ResolveError,
    SettingsError,
    SiptapiError,
    UnknownNameError,
)
from siptapi_core.sip.uri import OtherUri, SipUri, TelUri
from siptapi_core.values import Value

TEXT = st.text(max_size=20)  # lone surrogates too: names come from strangers, as bytes
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63),
    float: st.floats(allow_nan=False, allow_infinity=False),
    SipUri: st.builds(
        SipUri,
        st.sampled_from(["example.com", "2001:db8::1", "192.0.2.1"]),
        user=st.sampled_from([None, "bob", "*21%23", "+431505641"]),
        port=st.none() | st.integers(1, 65535),
        parameters=st.sampled_from([(), (("transport", "tcp"), ("lr", None))]),
    ),
    TelUri: st.just(TelUri("+43-1-505641", (("ext", "12"),))),
    PlainData: st.recursive(
        st.none() | st.booleans() | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    ),
    OtherUri: st.just(OtherUri("urn", "service:sos")),
}


def any_of(type_: Any) -> st.SearchStrategy[Any]:
    """Any value that the annotation allows."""
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if type_ is types.NoneType:
        return st.none()
    if origin in {Union, types.UnionType}:
        return st.one_of(map(any_of, arguments))
    if origin in {tuple, Sequence}:
        return st.lists(any_of(arguments[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(any_of(arguments[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(TEXT, any_of(arguments[1]), max_size=3)
    if isinstance(type_, type) and hasattr(type_, "__members__"):
        return st.sampled_from(type_)
    return any_instance(type_)


def any_instance(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Any instance of a value class."""
    annotated = typing.get_type_hints(cls)
    if issubclass(cls, Value):
        names: Sequence[str] = cls.attribute_names
    elif attrs.has(cls):
        names = [each.name for each in attrs.fields(cls)]
    else:
        names = cls._fields
    return st.builds(cls, **{name: any_of(annotated[name]) for name in names})


def any_error() -> st.SearchStrategy[SiptapiError]:
    """Any error of ours, of each kind of constructor."""
    names = st.lists(TEXT, max_size=3).map(tuple)
    setting = st.builds(SettingsError, TEXT, where=TEXT, key=TEXT)
    return st.one_of(
        st.builds(SiptapiError, TEXT),
        st.builds(RefusedError, TEXT),
        st.builds(NetworkError, TEXT),
        st.builds(DeniedError, TEXT, confirmable=st.booleans()),
        st.builds(ResolveError, TEXT, temporary=st.booleans()),
        st.builds(MessageError, TEXT, status=st.integers(400, 699)),
        st.builds(NumberError, TEXT, text=TEXT, position=st.none() | st.integers(0, 99)),
        st.builds(UnknownNameError, TEXT, TEXT, known=names, failed=names),
        st.builds(
            SettingsError, TEXT, where=TEXT, key=TEXT, more=st.lists(setting, max_size=2).map(tuple)
        ),
    )
