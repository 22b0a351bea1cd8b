"""The settings as plain data for people to see: what is not as by default, and no secret.

An attribute of which only a part may be seen has a function in its metadata, ``shown``, that makes
the part of the whole.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from siptapi_core.commands import PlainData
from siptapi_core.errors import SiptapiError
from siptapi_core.settings.checking import Catalog
from siptapi_core.settings.loading import SECTIONS
from siptapi_core.settings.secret import Secret
from siptapi_core.settings.settings import Settings
from siptapi_core.settings.structure import attributes_of, structure


def show(settings: Settings, catalog: Catalog) -> dict[str, PlainData]:
    """Show ``settings`` by key, as the file has them.

    A section of a plugin is shown where the plugin is there to say what in it is secret.
    """
    shown = _table(settings)
    shown.pop("where", None)
    shown.pop("sections", None)
    for kind in SECTIONS:
        offers = getattr(catalog, kind)
        for name in settings.sections.names(kind):
            try:
                section = structure(
                    settings.section(kind, name), offers[name].settings, where="", key=""
                )
            except SiptapiError:
                continue  # nobody can be using it
            shown.setdefault(kind, {})[name] = _table(section)
    return shown


def _table(value: Any) -> dict[str, Any]:
    shown = {}
    for name, attribute in attributes_of(type(value)).items():
        given = getattr(value, name)
        if given is not None and given != attribute.default:
            shown[name] = attribute.metadata.get("shown", _plain)(given)
    return {name: each for name, each in shown.items() if each not in ({}, [])}


def _plain(value: Any) -> Any:
    if isinstance(value, Secret):
        return "<secret>"
    if isinstance(value, enum.Enum):
        return value.value
    if attrs.has(type(value)):
        return _table(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence | frozenset) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | bool | int | float) else str(value)
