"""The tables of lines, each over what all lines share."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.numbers import NumberRules
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.problems import Problems
from siptapi_core.settings.structure import Layer, construct, read_attributes
from siptapi_core.settings.wording import dotted, wrong_type

Table = Mapping[str, Any]


def read_lines(
    lines: Table, *, defaults: Table, numbers: Table, where: str
) -> dict[str, LineSettings]:
    """Read every ``[lines.NAME]``, completed from ``[defaults]`` and ``[numbers]`` key by key.

    Raises:
        SettingsError: ``problems`` are those of all lines.
    """
    if not lines:
        missing = "there is no line: write a table [lines.NAME] with domain and user"
        raise SettingsError(missing, where=where, key="lines")
    if "numbers" in defaults:
        misplaced = "the rules for the numbers of all lines stand in [numbers]"
        raise SettingsError(misplaced, where=where, key="defaults.numbers")
    shared = _layer(defaults, LineSettings, where, "defaults")
    rules = _layer(numbers, NumberRules, where, "numbers")
    problems = Problems()
    for index, rewrite in enumerate(rules[1].get("rewrites", ())):
        if rewrite.line and rewrite.line not in lines:
            words = str(UnknownNameError("line", rewrite.line, known=tuple(lines)))
            problems.add(SettingsError(words, where=where, key=f"numbers.rewrites[{index}].line"))

    @functools.cache  # one object for the lines that have no rules of their own
    def common_rules() -> NumberRules:
        return construct(NumberRules, rules, where=where)

    found = {}
    for name, table in lines.items():
        key = dotted("lines", name)
        with problems.collected():
            if not name.strip() or not name.isprintable():
                raise SettingsError("a line's name must be readable", where=where, key=key)
            if not isinstance(table, Mapping):
                raise wrong_type(LineSettings, table, where=where, key=key)
            without_numbers = {each: table[each] for each in table if each != "numbers"}
            own = _layer(without_numbers, LineSettings, where, key)
            line_rules = NumberRules()
            with problems.collected():
                if "numbers" in table:
                    own_rules = _layer(table["numbers"], NumberRules, where, f"{key}.numbers")
                    line_rules = construct(NumberRules, rules, own_rules, where=where)
                else:
                    line_rules = common_rules()
            attributes = (key, {"numbers": line_rules})
            found[name] = construct(LineSettings, attributes, shared, own, where=where)
    problems.check()
    return found


def _layer(table: Table, cls: type[Any], where: str, key: str) -> Layer:
    return key, read_attributes(table, cls, where=where, key=key)
