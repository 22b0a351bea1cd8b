"""What a setting is by default, or may be: for the first settings file and the documentation."""

from __future__ import annotations

from typing import Any

from attrs import NOTHING, Attribute, Factory

from siptapi_core.settings.toml_writer import written
from siptapi_core.settings.wording import choices_of


def default_of(attribute: Attribute[Any]) -> str:
    """The default of a setting as TOML; "" where it has none, or one that says nothing."""
    default = attribute.default
    if default in {NOTHING, None, ""} or isinstance(default, Factory):  # type: ignore[arg-type]
        return ""
    return _toml(default)


def sample_of(attribute: Attribute[Any]) -> str:
    """A value to begin with: the ``example`` in the metadata, the default, or a choice."""
    if "example" in attribute.metadata:
        return _toml(attribute.metadata["example"])
    return default_of(attribute) or _toml(next(iter(choices_of(attribute.type)), ""))


def _toml(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return written(value)
