"""Settings as TOML text. Reading is tomllib's; errors quote in their own way (`wording`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence


def table(heading: str, values: Mapping[str, object]) -> str:
    """``[heading]`` and a line for each value; "" where there is none."""
    lines = [f"{_key(name)} = {written(value)}\n" for name, value in values.items()]
    return f"[{heading}]\n{''.join(lines)}\n" if lines else ""


def heading(*names: str) -> str:
    """The names of a table in a table: ``lines."my desk"``."""
    return ".".join(map(_key, names))


def quoted(text: str) -> str:
    """A TOML string on one line: that of JSON, which leaves one control character as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else quoted(name)


def written(value: object) -> str:
    """Text, a truth value, a list of such, or a table of them on one line.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inside = (f"{_key(name)} = {written(each)}" for name, each in value.items())
        return f"{{ {', '.join(inside)} }}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(written, value))}]"
    raise TypeError(f"no setting is a {type(value).__name__}")
