"""The first settings file: every key with what it means, ready to be filled in."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from siptapi_core.errors import SettingsError
from siptapi_core.numbers import NumberRules
from siptapi_core.settings.control import ControlSettings
from siptapi_core.settings.dns import DnsSettings
from siptapi_core.settings.history import HistorySettings
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.settings import PluginSettings, Settings
from siptapi_core.settings.structure import attributes_of
from siptapi_core.settings.toml_text import sample_of

_FILLED_IN = frozenset({"domain", "user", "password"})

_INTRODUCTION = """\
# Settings of SIPTAPI. Fill in domain, user and password below, and try: siptapi config check
# A key behind a # is not set; its value here is the default or an example.

"""

_REST = """
# Empty, this opens a web page to dial from, at http://127.0.0.1:5088, while `siptapi serve` runs;
# `siptapi token add NAME` says who may use it (docs/page.md)
# [frontends.http]
"""
_LINK = re.compile(r"\[[^]]*\]\(([\w-]+\.md)[^)]*\)")
"""To a page of the documentation, in the words that the documentation shares with this file."""


def initial_config() -> str:
    """A settings file with comments, which is refused until the account is filled in."""
    tables = (
        ("", Settings),
        ("[plugins]", PluginSettings),
        ("[dns]", DnsSettings),
        ("[history]", HistorySettings),
        ("[control]", ControlSettings),
        ("[lines.office]", LineSettings),
        ("[numbers]", NumberRules),
    )
    filled = "\n".join("\n".join(_table(heading, cls)).lstrip() for heading, cls in tables)
    return _INTRODUCTION + filled + _REST


def write_initial_config(path: Path) -> None:
    """Write `initial_config` to a new file that only its owner can read, with its folders.

    On Windows a file has the access rights of its folder; a user's config folder is the user's.

    Raises:
        SettingsError: there is such a file already, or it cannot be written.
    """
    if os.path.lexists(path):
        raise SettingsError("is there already; it was left as it is", where=str(path))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(initial_config())
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot be written: {reason}", where=str(path)) from None


def _table(heading: str, cls: type[Any]) -> Iterator[str]:
    yield heading
    for name, attribute in attributes_of(cls).items():
        if "help" in attribute.metadata and name != "numbers":
            words = _LINK.sub(r"docs/\1", attribute.metadata["help"])
            yield from textwrap.wrap(words, 98, initial_indent="# ", subsequent_indent="# ")
            if name in _FILLED_IN and cls is LineSettings:
                yield f'{name} = ""'  # refused until somebody has filled it in
            else:
                yield f"# {name} = {sample_of(attribute)}"
            yield ""
