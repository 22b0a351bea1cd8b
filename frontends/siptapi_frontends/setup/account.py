"""An account while it is being set up, and the settings that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from siptapi_core.errors import SettingsError
from siptapi_core.settings import Settings, parse
from siptapi_core.settings.toml_writer import heading, table
from siptapi_core.values import Value


class Account(Value, kw_only=True):
    """What is known of the line ``name``: ``keys`` of its table but the password's."""

    name: str
    keys: Mapping[str, object]

    def with_keys(self, **keys: object) -> Account:
        """Another account, with these keys in place of its own; an empty one is taken out."""
        merged = dict(self.keys) | keys
        return self.evolve(keys={key: value for key, value in merged.items() if value != ""})

    def toml(self, password: object = None) -> str:
        """Its table; ``password`` is text, or the table that says where it is kept."""
        keys = dict(self.keys) | ({} if password is None else {"password": password})
        return table(heading("lines", self.name), keys)

    def settings(self, password: object, where: Path, existing: str = "") -> Settings:
        """The settings with this line, as they would be read from the file ``where``.

        Raises:
            SettingsError: they cannot be.
        """
        return parse(joined(existing, self.toml(password)), where=str(where))


def joined(existing: str, added: str) -> str:
    """``existing`` settings with another table after them."""
    before = f"{existing.rstrip()}\n\n" if existing.strip() else ""
    return f"{before}{added.rstrip()}\n"


def problem_with(key: str, value: str) -> str:
    """Why ``key`` of a line cannot have that value; "": it can."""
    keys = {"domain": "pbx.example", "user": "201", key: value}
    try:
        parse(Account(name="line", keys=keys).toml())
    except SettingsError as error:
        return error.problem
    return ""
