"""Values as TOML text, for the first settings file and the documentation. Reading is tomllib's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import NOTHING, Attribute, Factory

from siptapi_core.settings.wording import choices_of, quoted


def toml(value: object) -> str:
    """Write text, a truth value, a number, or a list of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(toml, value))}]"
    return f"{value:g}"


def default_of(attribute: Attribute[Any]) -> str:
    """The default of a setting as TOML; "" where it has none, or one that says nothing."""
    default = attribute.default
    if default in {NOTHING, None, ""} or isinstance(default, Factory):  # type: ignore[arg-type]
        return ""
    return toml(default)


def sample_of(attribute: Attribute[Any]) -> str:
    """A value to begin with: the ``example`` in the metadata, the default, or a choice."""
    if "example" in attribute.metadata:
        return toml(attribute.metadata["example"])
    return default_of(attribute) or toml(next(iter(choices_of(attribute.type)), ""))
