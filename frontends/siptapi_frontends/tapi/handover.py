r"""What an administrator needs to install the TAPI side on another computer: a folder of files.

====================================  ==========================================================
``STEPS.txt``                         what to do with the others
``siptapi.reg``                       what the provider reads from the registry, the token too
``control.address``                   the same token for the service
``task.xml``                          the scheduled task that runs the service
``x86_64\siptapi.tsp``, ...           the provider, where it is built
====================================  ==========================================================
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from pathlib import Path

from siptapi_core.errors import UsageError
from siptapi_frontends.tapi import access, places
from siptapi_frontends.tapi.installation import Wanted, key_values, new_token
from siptapi_frontends.tapi.provider_files import HOW_TO_GET
from siptapi_frontends.tapi.reg_writer import write_reg
from siptapi_frontends.tapi.task import task_xml

SETTINGS_FOLDER = r"C:\ProgramData\siptapi"
PYTHON = "pythonw.exe"

_STEPS = r"""SIPTAPI for TAPI, by hand
=========================

An administrator at the computer itself can have all of this done, but for steps 1 and 2, by
   siptapi tapi install

Keep this folder to yourself: whoever knows the token in siptapi.reg can dial.

Each command is for a command prompt (not PowerShell) that runs as administrator, in this folder.

1. Install Python and SIPTAPI for all users, outside of any user's folder. Where {python} is not on
   the system's PATH, write its full path into task.xml.

2. Write the settings, {settings}\siptapi.toml, with
       [control]
       listen = "{address}"
   and try them:   siptapi --config {settings}\siptapi.toml config check

3. Let nobody else read them, and give the service a place of its own:
       icacls {settings} /setowner *S-1-5-32-544 /T
       icacls {settings} /inheritance:r /grant:r ^
          *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-19:(OI)(CI)RX
       mkdir {settings}\service\siptapi
       icacls {settings}\service /grant:r *S-1-5-19:(OI)(CI)M
       copy control.address {settings}\service\siptapi

4. Have Windows run the service from now on:
       schtasks /create /tn {task} /xml task.xml
       schtasks /run /tn {task}

5. Make the registry key, let only SYSTEM, Administrators and the Telephony service use it, and only
   then put the token in:
       reg add "{short_key}" /f /reg:64
       powershell -Command "{limit}"
       reg import siptapi.reg /reg:64

6. Copy the provider, on 64-bit Windows:
       copy x86_64\siptapi.tsp %SystemRoot%\System32
       copy x86\siptapi.tsp %SystemRoot%\SysWOW64
   Windows on ARM has aarch64\siptapi.tsp in System32, 32-bit Windows x86\siptapi.tsp.
{missing}
7. Control Panel, Phone and Modem, Advanced, Add...: siptapi.tsp

8. See whether it works:   siptapi tapi status
"""

_LIMIT = (
    r"$p = 'HKLM:\{path}'; $a = Get-Acl $p; $a.SetSecurityDescriptorSddlForm('{access}'); "
    "Set-Acl $p $a"
)


def write_handover(
    folder: Path, *, address: str, page: str, files: Mapping[str, bytes]
) -> tuple[Path, ...]:
    """Write the folder, or write it again, with the token that it has; returns what was written.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        wanted = Wanted(
            address=address, page=page, token=_token(folder), files=files, python=PYTHON
        )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = []
        for name, content in handover_files(wanted).items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            written.append(path)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{folder} cannot be written: {reason}") from None
    return tuple(written)


def handover_files(wanted: Wanted) -> Mapping[str, bytes]:
    """The files by name."""
    xml = task_xml(command=wanted.python, folder=SETTINGS_FOLDER).replace("\n", "\r\n")
    return {
        "STEPS.txt": _steps(wanted).replace("\n", "\r\n").encode("ascii"),
        "siptapi.reg": write_reg({places.KEY: key_values(wanted)}),
        "control.address": f"{wanted.address}\n{wanted.token}\n".encode("ascii"),
        "task.xml": codecs.BOM_UTF16_LE + xml.encode("utf-16-le"),
        **{f"{name}/{places.PROVIDER}": content for name, content in wanted.files.items()},
    }


def _steps(wanted: Wanted) -> str:
    path = places.KEY.partition("\\")[2]
    missing = "" if wanted.files else f"   It is not in this folder: {HOW_TO_GET}.\n"
    return _STEPS.format(
        python=wanted.python,
        settings=SETTINGS_FOLDER,
        address=wanted.address,
        task=places.TASK,
        short_key=rf"HKLM\{path}",
        limit=_LIMIT.format(path=path, access=access.KEY),
        missing=missing,
    )


def _token(folder: Path) -> str:
    """The token that was handed over before, else a new one: it may be in use already."""
    try:
        _, token = (folder / "control.address").read_text("ascii").split()
    except (OSError, ValueError):
        return new_token()
    return token
