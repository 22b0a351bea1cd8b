"""The desktop entry of a program that takes links (freedesktop.org, Desktop Entry 1.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from siptapi_core.errors import UsageError

_needs_quotes = re.compile(r"[\s\"'\\><~|&;$*?#()`]").search
_in_quotes = re.compile(r'(["`$\\])')
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def scheme_type(scheme: str) -> str:
    """The media type that stands for links of ``scheme``."""
    return f"x-scheme-handler/{scheme}"


def desktop_entry(command: Iterable[str], schemes: Iterable[str]) -> str:
    """The text of the file; the link follows ``command`` as one argument of its own.

    Raises:
        UsageError: the program cannot be started from a desktop entry.
    """
    program, *arguments = command
    if "=" in program:
        raise UsageError(f"no desktop starts a program with a = in its path: {program}")
    words = " ".join(_argument(each) for each in (program, *arguments))
    types = "".join(f"{scheme_type(scheme)};" for scheme in schemes)
    return "\n".join(
        (
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.5",
            "Name=SIPTAPI",
            "GenericName=Click to dial",
            "Comment=Make your phone call a number",
            f"Exec={words.translate(_ESCAPES)} %u",
            "Terminal=false",
            "NoDisplay=true",
            f"MimeType={types}",
            "",
        )
    )


def _argument(text: str) -> str:
    """One argument as ``Exec`` has it, before the escapes that every value has.

    Quotes only where there must be: ``xdg-open``, where it knows no desktop, takes them literally.
    """
    text = text.replace("%", "%%")
    if text and not _needs_quotes(text):
        return text
    escaped = _in_quotes.sub(r"\\\1", text)
    return f'"{escaped}"'
