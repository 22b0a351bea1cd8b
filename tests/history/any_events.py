"""Hypothesis strategies for whatever may be told."""

from __future__ import annotations

import enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from siptapi_core.events import CallEvent, Happening, LineEvent, LineHappening


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    if get_origin(kind) is UnionType:
        return st.one_of([values_of(each) for each in get_args(kind)])
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    plain = {
        NoneType: st.none(),
        bool: st.booleans(),
        str: st.text(max_size=20),
        int: st.integers(-(2**63), 2**63 - 1),
        float: st.floats(allow_nan=False, allow_infinity=False),  # JSON has no others
    }
    return plain[kind]


def instances_of(cls: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{name: values_of(hints[name]) for name in cls.attribute_names})


HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(map(instances_of, get_args(Happening)))
LINE_HAPPENINGS: st.SearchStrategy[LineHappening] = st.one_of(
    map(instances_of, get_args(LineHappening))
)
CALL_EVENTS = st.builds(
    CallEvent, st.integers(1), st.text(), st.text(), st.floats(0, 1e10), HAPPENINGS
)
LINE_EVENTS = st.builds(LineEvent, st.integers(1), st.text(), st.floats(0, 1e10), LINE_HAPPENINGS)
