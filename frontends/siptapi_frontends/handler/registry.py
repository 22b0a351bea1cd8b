"""What Windows' registry is told of links, as values.

All of it is the user's own. The keys of the schemes (``tel``) are left alone: since Windows 8 the
user alone says which program takes them, and chooses among those that are registered like this
(Microsoft: "Default Programs"). So nothing of another program's is lost, or has to be put back.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence

from siptapi_core.errors import UsageError
from siptapi_core.values import Value

PROGRAM_KEY = r"Software\Classes\SIPTAPI.Link"
"""Ours alone: removed with all that is below."""
_CAPABILITIES = rf"{PROGRAM_KEY}\Capabilities"
APPLICATIONS_KEY = r"Software\RegisteredApplications"
"""Everybody's: only the value `APPLICATION` is ours."""
APPLICATION = "SIPTAPI"
_HEADER = "Windows Registry Editor Version 5.00"
_ROOT = "HKEY_CURRENT_USER"


class RegistryValue(Value):
    """A text in a ``key`` below HKEY_CURRENT_USER; the ``name`` "" is the key's default value."""

    key: str
    name: str
    text: str


def registry_values(command: Sequence[str], schemes: Iterable[str]) -> tuple[RegistryValue, ...]:
    """What makes ``command`` one of the programs that can be chosen for links of ``schemes``.

    Raises:
        UsageError: Windows would change the command.
    """
    if any("%" in word for word in command):
        raise UsageError(f"Windows would take the % for something else: {' '.join(command)}")
    start = f'{subprocess.list2cmdline(command)} "%1"'
    associations = rf"{_CAPABILITIES}\URLAssociations"
    return (
        RegistryValue(PROGRAM_KEY, "", "URL:Telephone link"),
        RegistryValue(PROGRAM_KEY, "URL Protocol", ""),
        RegistryValue(rf"{PROGRAM_KEY}\shell\open\command", "", start),
        RegistryValue(_CAPABILITIES, "ApplicationName", APPLICATION),
        RegistryValue(_CAPABILITIES, "ApplicationDescription", "Make your phone call a number"),
        *(RegistryValue(associations, scheme, "SIPTAPI.Link") for scheme in schemes),
        RegistryValue(APPLICATIONS_KEY, APPLICATION, _CAPABILITIES),
    )


def install_file(values: Iterable[RegistryValue]) -> bytes:
    """A file that ``regedit`` imports, in UTF-16 with a mark, as it writes them itself."""
    lines = []
    key = None
    for value in values:
        if value.key != key:
            key = value.key
            lines += ["", f"[{_ROOT}\\{key}]"]
        name = _quoted(value.name) if value.name else "@"
        lines.append(f"{name}={_quoted(value.text)}")
    return _file(lines)


def remove_file() -> bytes:
    """A file that takes all of it out again."""
    return _file(
        [
            "",
            f"[-{_ROOT}\\{PROGRAM_KEY}]",
            "",
            f"[{_ROOT}\\{APPLICATIONS_KEY}]",
            f"{_quoted(APPLICATION)}=-",
        ]
    )


def _file(lines: Iterable[str]) -> bytes:
    text = "".join(f"{line}\r\n" for line in (_HEADER, *lines))
    return b"\xff\xfe" + text.encode("utf-16-le")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
