"""The tables of lines, each over its templates, and over what all lines share."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.numbers import NumberRules
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.problems import Problems
from siptapi_core.settings.structure import Layer, construct, read_attributes
from siptapi_core.settings.wording import dotted, wrong_type

Table = Mapping[str, Any]

_OFTEN_EQUAL = frozenset((str, float, tuple))
"""Types of values that many lines have alike: then they are one object."""


class _Given(NamedTuple):
    """What a table of a line or a template gives; ``rules`` are none where it has no numbers."""

    line: Layer
    rules: tuple[Layer, ...]


def read_lines(
    lines: Table, *, defaults: Table, templates: Table, numbers: Table, where: str
) -> dict[str, LineSettings]:
    """Read every ``[lines.NAME]``, completed key by key from templates and defaults.

    First from its ``[templates.NAME]``, the last before the others, then from ``[defaults]`` and
    ``[numbers]``.

    Raises:
        SettingsError: ``problems`` are those of all lines.
    """
    if not lines:
        missing = "there is no line: write a table [lines.NAME] with domain and user"
        raise SettingsError(missing, where=where, key="lines")
    if "numbers" in defaults:
        misplaced = "the rules for the numbers of all lines stand in [numbers]"
        raise SettingsError(misplaced, where=where, key="defaults.numbers")
    shared = _read_general(defaults, where, "defaults").line
    rules = _layer(numbers, NumberRules, where, "numbers")
    problems = Problems()
    known: dict[str, _Given] = {}
    for name, table in templates.items():
        with problems.collected():
            known[name] = _read_general(table, where, dotted("templates", name))
    problems.check()  # else what is missing in them would be missed in each line
    for index, rewrite in enumerate(rules[1].get("rewrites", ())):
        if rewrite.line and rewrite.line not in lines:
            words = str(UnknownNameError("line", rewrite.line, known=tuple(lines)))
            problems.add(SettingsError(words, where=where, key=f"numbers.rewrites[{index}].line"))
    reader = _Reader(known, shared, rules, where)
    found = {}
    for name, table in lines.items():
        key = dotted("lines", name)
        with problems.collected():
            if not name.strip() or not name.isprintable():
                raise SettingsError("a line's name must be readable", where=where, key=key)
            found[name] = reader.read(table, key)
    problems.check()
    return found


class _Reader:
    """Reads one line after the other over ``templates``, ``defaults`` and ``rules``."""

    def __init__(
        self, templates: Mapping[str, _Given], defaults: Layer, rules: Layer, where: str
    ) -> None:
        self._templates = templates
        self._defaults = defaults
        self._rules = rules
        self._where = where
        self._rules_of = functools.cache(self._make_rules)  # one object for lines without their own
        self._values: dict[object, object] = {}

    def read(self, table: Table, key: str) -> LineSettings:
        own = _read(table, self._where, key)
        names: tuple[str, ...] = own.line[1].get("template", ())
        for name in names:
            if name not in self._templates:
                unknown = UnknownNameError("template", name, known=tuple(self._templates))
                raise SettingsError(str(unknown), where=self._where, key=f"{key}.template")
        problems = Problems()
        attributes = {name: self._shared(name, value) for name, value in own.line[1].items()}
        with problems.collected():
            make_rules = self._make_rules if own.rules else self._rules_of
            attributes["numbers"] = make_rules(names, *own.rules)
        with problems.collected():
            taken = [self._templates[name].line for name in names]
            layers = (self._defaults, *taken, (key, attributes))
            line = construct(LineSettings, *layers, where=self._where)
        problems.check()
        return line

    def _make_rules(self, names: tuple[str, ...], *own: Layer) -> NumberRules:
        taken = [layer for name in names for layer in self._templates[name].rules]
        return construct(NumberRules, self._rules, *taken, *own, where=self._where)

    def _shared(self, name: str, value: object) -> object:
        if type(value) in _OFTEN_EQUAL:
            return self._values.setdefault((name, value), value)
        return value


def _read_general(table: Table, where: str, key: str) -> _Given:
    """Read a table for several lines."""
    given = _read(table, where, key)
    if "template" in given.line[1]:
        misplaced = "only a line has templates"
        raise SettingsError(misplaced, where=where, key=f"{key}.template")
    return given


def _read(table: Table, where: str, key: str) -> _Given:
    if not isinstance(table, Mapping):
        raise wrong_type(LineSettings, table, where=where, key=key)
    simple = {name: table[name] for name in table if name != "numbers"}
    if isinstance(simple.get("template"), str):
        simple["template"] = [simple["template"]]
    line = _layer(simple, LineSettings, where, key)
    if "numbers" not in table:
        return _Given(line, ())
    return _Given(line, (_layer(table["numbers"], NumberRules, where, f"{key}.numbers"),))


def _layer(table: Table, cls: type[Any], where: str, key: str) -> Layer:
    return key, read_attributes(table, cls, where=where, key=key)
