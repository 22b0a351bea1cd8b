"""A settings file, read and checked as a whole."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.lines import read_lines
from siptapi_core.settings.problems import Problems
from siptapi_core.settings.settings import Sections, Settings
from siptapi_core.settings.structure import construct, read_attributes
from siptapi_core.settings.wording import AT_THE_TOP, dotted, given, unknown_key

GENERAL = (*AT_THE_TOP, "plugins", "dns", "control", "history")
SECTIONS = ("strategies", "resolvers", "frontends", "observers")
_TABLES = ("defaults", "templates", "numbers", "lines", *SECTIONS)
_BACKSLASH = r"text with a backslash stands in single quotes, as in 'C:\siptapi'"
_HINTS = {
    "Invalid value": 'text stands in quotes, as in user = "201"',
    "Illegal character '\\n'": "a quote is missing at the end of this line",
    "Unescaped '\\' in a string": _BACKSLASH,
    "Invalid hex value": _BACKSLASH,
    "Cannot overwrite a value": "the key before this place is there twice",
}
"""What people mean who write so, by tomllib's words for it."""


def load(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        SettingsError: it cannot be read, is no TOML, or has wrong values; ``problems`` has all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors begin with a mark
    except UnicodeDecodeError as error:
        problem = f"is no UTF-8 text (at byte {error.start})"
        raise SettingsError(problem, where=str(path)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot be read: {reason}", where=str(path)) from None
    return parse(text, where=str(path))


def parse(text: str, *, where: str = "") -> Settings:
    """Read settings from TOML text; ``where`` is the file, for errors and relative paths.

    Raises:
        SettingsError: as `load`.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise SettingsError("is nested too deeply", where=where) from None
    except ValueError as error:  # tomllib's own error is one; so is that of a huge number
        raise _syntax_error(str(error), where) from None
    return _read(document, where)


def _syntax_error(words: str, where: str) -> SettingsError:
    """Take the place out of tomllib's words: ``Invalid value (at line 3, column 12)``."""
    match = re.fullmatch(r"(.*) \(at (.*)\)", words, re.DOTALL)
    problem, place = match.groups() if match else (words, "")
    hint = f"; {_HINTS[problem]}" if problem in _HINTS else ""
    return SettingsError(f"this is no TOML: {problem}{hint}", where=where, key=place)


def _read(document: Mapping[str, Any], where: str) -> Settings:
    problems = Problems()
    for name in document:
        if name not in (*GENERAL, *_TABLES):
            problems.add(unknown_key(name, (*GENERAL, *_TABLES), where=where, key=""))
    general: dict[str, Any] = {}
    with problems.collected():
        given_here = {name: document[name] for name in GENERAL if name in document}
        general |= read_attributes(given_here, Settings, where=where, key="")
    tables: dict[str, Mapping[str, Any]] = {name: {} for name in _TABLES}
    for name in _TABLES:
        with problems.collected():
            tables[name] = _table(document.get(name, {}), where, name)
    sections: dict[str, dict[str, Mapping[str, object]]] = {}
    for kind in SECTIONS:
        sections[kind] = {}
        for name, section in tables[kind].items():
            with problems.collected():
                sections[kind][name] = _table(section, where, dotted(kind, name))
    lines: dict[str, LineSettings] = {}
    with problems.collected():
        lines = read_lines(
            tables["lines"],
            defaults=tables["defaults"],
            templates=tables["templates"],
            numbers=tables["numbers"],
            where=where,
        )
    default = general.setdefault("default_line", next(iter(tables["lines"]), ""))
    if default not in tables["lines"] and tables["lines"]:
        missing = UnknownNameError("line", default, known=tuple(tables["lines"]))
        problems.add(SettingsError(str(missing), where=where, key="default_line"))
    problems.check()
    general |= {"lines": MappingProxyType(lines), "sections": Sections(sections), "where": where}
    return construct(Settings, ("", general), where=where)


def _table(value: object, where: str, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SettingsError(f"expected a table, given {given(value)}", where=where, key=key)
    return value
