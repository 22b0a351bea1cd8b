"""What is installed of the TAPI side, and whether it works."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from siptapi_core.commands import LineStatus
from siptapi_core.values import Value
from siptapi_frontends.tapi import places
from siptapi_frontends.tapi.installation import is_installed
from siptapi_frontends.tapi.provider_steps import provider_number
from siptapi_frontends.tapi.registry_values import RegistryValue
from siptapi_frontends.tapi.windows import Windows

_PATIENCE = 2.0


class FileState(enum.StrEnum):
    """A provider's file, compared with that of this SIPTAPI."""

    CURRENT = "current"
    THERE = "there; this SIPTAPI has none to compare it with"
    OTHER = "of another version"
    MISSING = "missing"


class TapiStatus(Value, kw_only=True):
    """What is there. ``version`` is the one that installed it, "" where nothing is installed.

    ``problems`` are all that keeps programs from dialling; ``lines`` are the service's.
    """

    version: str
    files: Mapping[str, FileState]
    address: str
    provider_is_listed: bool
    task_is_there: bool
    lines: tuple[LineStatus, ...]
    problems: tuple[str, ...]


def look(windows: Windows, files: Mapping[str, bytes]) -> TapiStatus:
    """Look at a Windows; ``files`` are this SIPTAPI's providers by architecture.

    Raises:
        OSError: Windows does not let us look.
    """
    states = {
        (path := rf"{folder}\{places.PROVIDER}"): _state(windows.read_file(path), files.get(name))
        for name, folder in windows.computer().providers.items()
    }
    values = windows.key_values(places.KEY) or {}
    version, address, token = (_text(values, name) for name in ("Version", "Address", "Token"))
    listed = provider_number(windows, places.PROVIDER) is not None
    task = windows.task(places.TASK) is not None
    lines: tuple[LineStatus, ...] = ()
    problems = []
    if not is_installed(windows):
        problems.append("it is not installed: `siptapi tapi install`")
    else:
        wrong = (FileState.MISSING, FileState.OTHER)
        problems += [f"{path} is {state}" for path, state in states.items() if state in wrong]
        if not listed:
            problems.append(f"TAPI does not have the provider {places.PROVIDER} in its list")
        if not task:
            problems.append(f"there is no scheduled task {places.TASK} to start the service")
        try:
            lines = windows.lines(address, token, _PATIENCE)
        except OSError as error:
            problems.append(str(error))
        else:
            if not any(line.active for line in lines):
                problems.append("the service has no active line")
    return TapiStatus(
        version=version,
        files=states,
        address=address,
        provider_is_listed=listed,
        task_is_there=task,
        lines=lines,
        problems=tuple(problems),
    )


def _state(content: bytes | None, current: bytes | None) -> FileState:
    if content is None:
        return FileState.MISSING
    if current is None:
        return FileState.THERE
    return FileState.CURRENT if content == current else FileState.OTHER


def _text(values: Mapping[str, RegistryValue], name: str) -> str:
    return str(values[name].data) if name in values else ""
