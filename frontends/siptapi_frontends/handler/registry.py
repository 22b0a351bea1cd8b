"""What Windows' registry is told of links.

All of it is the user's own. The keys of the schemes (``tel``) are left alone: since Windows 8 the
user alone says which program takes them, and chooses among those that are registered like this
(Microsoft: "Default Programs"). So nothing of another program's is lost, or has to be put back.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence

from siptapi_core.errors import UsageError
from siptapi_frontends.tapi.reg_writer import write_reg
from siptapi_frontends.tapi.registry_values import text

Keys = Mapping[str, Mapping[str, str]]
"""Keys below HKEY_CURRENT_USER, each with its texts by name ("" is the default)."""

PROGRAM_KEY = r"Software\Classes\SIPTAPI.Link"
"""Ours alone: removed with all that is below."""
APPLICATIONS_KEY = r"Software\RegisteredApplications"
"""Everybody's: only the value `APPLICATION` is ours."""
APPLICATION = "SIPTAPI"
_CAPABILITIES = rf"{PROGRAM_KEY}\Capabilities"
_ROOT = "HKEY_CURRENT_USER"


def registry_keys(command: Sequence[str], schemes: Iterable[str]) -> Keys:
    """What makes ``command`` one of the programs that can be chosen for links of ``schemes``.

    Raises:
        UsageError: Windows would change the command.
    """
    if any("%" in word for word in command):
        raise UsageError(f"Windows would take the % for something else: {' '.join(command)}")
    return {
        PROGRAM_KEY: {"": "URL:Telephone link", "URL Protocol": ""},
        rf"{PROGRAM_KEY}\shell\open\command": {"": f'{subprocess.list2cmdline(command)} "%1"'},
        _CAPABILITIES: {
            "ApplicationName": APPLICATION,
            "ApplicationDescription": "Make your phone call a number",
        },
        rf"{_CAPABILITIES}\URLAssociations": dict.fromkeys(schemes, "SIPTAPI.Link"),
        APPLICATIONS_KEY: {APPLICATION: _CAPABILITIES},
    }


def install_file(keys: Keys) -> bytes:
    """A file for ``regedit`` that makes ``keys``."""
    return write_reg(
        {
            rf"{_ROOT}\{key}": {name: text(value) for name, value in values.items()}
            for key, values in keys.items()
        }
    )


def remove_file() -> bytes:
    """A file for ``regedit`` that takes all of it out again."""
    return write_reg(
        {
            rf"{_ROOT}\{PROGRAM_KEY}": None,
            rf"{_ROOT}\{APPLICATIONS_KEY}": {APPLICATION: None},
        }
    )
