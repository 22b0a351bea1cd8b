"""A desktop: starts what a desktop entry says, by the rules of the Desktop Entry Specification."""

from __future__ import annotations

import re

_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def entry_keys(text: str) -> dict[str, str]:
    """The keys of the group ``Desktop Entry``, with the escapes of a string undone."""
    header, *lines = text.removesuffix("\n").split("\n")
    assert header == "[Desktop Entry]"
    pairs = (line.partition("=") for line in lines)
    return {
        key: re.sub(r"\\(.)", lambda found: _ESCAPES[found[1]], value) for key, _, value in pairs
    }


def arguments_for(text: str, link: str) -> list[str]:
    """The argument vector for ``link``: unquoted first, then with the field codes expanded."""
    arguments = []
    line = entry_keys(text)["Exec"]
    while line:
        if line.startswith('"'):
            quoted = re.match(r'"((?:[^"`$\\]|\\["`$\\])*)"(?: |$)', line)
            assert quoted, line
            word = re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
            assert "%" not in word.replace("%%", "")  # no field code may stand in quotes
            line = line[quoted.end() :]
        else:
            plain = re.match(r"[^\s\"'\\><~|&;$*?#()`]+(?: |$)", line)
            assert plain, line
            word, line = plain[0].rstrip(" "), line[plain.end() :]
        arguments.append(link if word == "%u" else word.replace("%%", "%"))
    return arguments
