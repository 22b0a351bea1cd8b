"""The doctor's checks of what only front ends know: ``daemon`` and ``tapi``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from pathlib import Path

from siptapi_core.commands import ShowStatus, Status
from siptapi_core.contracts import Examined, Finding, Verdict
from siptapi_core.control.finding import find_daemon
from siptapi_core.errors import RefusedError, SiptapiError
from siptapi_core.version import VERSION


async def daemon_runs(settings: str) -> bool:
    """Whether a daemon runs that has the settings file ``settings``."""
    try:
        return await _status(settings) is not None
    except SiptapiError:
        return False


async def check_daemon(examined: Examined) -> Iterable[Finding]:
    """Look whether a daemon runs, with these settings, and of this version."""
    settings = _absolute(examined.settings_file)
    try:
        status = await _status(settings)
    except RefusedError as error:
        return [
            _problem(
                f"{_sentence(error)}.",
                f"Commands with {settings} do not go through it: they place calls themselves, and "
                "it tells of none.",
                "Start the daemon with these settings, or name its file by --config.",
            )
        ]
    except SiptapiError as error:
        return [
            _problem(
                f"The daemon cannot be asked: {error}.",
                "It hangs, or is of another version.",
                "Start it anew.",
            )
        ]
    if status is None:
        return [
            Finding(
                verdict=Verdict.NOTE,
                seen="No daemon runs.",
                means="Commands place calls themselves; no web page, no incoming calls, no TAPI.",
                do="Where you want those: `siptapi serve`.",
            )
        ]
    return list(_of_status(status, settings))


async def _status(settings: str) -> Status | None:
    """How the daemon with that settings file is, None where none runs; raises SiptapiError."""
    from siptapi_core.control.remote_dialer import open_remote_dialer  # noqa: PLC0415
    from siptapi_frontends.cli.asking import CALLER, execute  # noqa: PLC0415

    found = find_daemon()
    if found is None:
        return None
    connected, token = found
    settings = _absolute(settings)
    async with open_remote_dialer(connected, CALLER, token=token, settings=settings) as dialer:
        return await execute(dialer, ShowStatus(), Status)


def _of_status(status: Status, settings: str) -> Iterable[Finding]:
    if status.version != VERSION:
        yield _problem(
            f"The daemon is SIPTAPI {status.version}, this is {VERSION}.",
            "It was not started anew after an upgrade.",
            "Start it anew.",
        )
    changed = Path(settings).stat().st_mtime if Path(settings).exists() else 0.0
    if status.started < changed:
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(changed))
        yield Finding(
            verdict=Verdict.NOTE,
            seen=f"The settings were changed at {at}, after the daemon was started.",
            means="It has the old ones unless it was told to read them again.",
            do="`siptapi reload`",
        )
    for warning in status.warnings:
        yield _problem(f"The daemon warns: {warning}.", "It goes on, without that.", "Mend it.")
    yield Finding(
        verdict=Verdict.OK,
        seen=f"The daemon runs with these settings; lines: {status.lines}, "
        f"{status.registered} registered.",
    )


if sys.platform == "win32":

    async def check_tapi(_examined: Examined) -> Iterable[Finding]:
        """Look at what is installed of the TAPI side."""
        from siptapi_frontends.tapi.native_windows import native_windows  # noqa: PLC0415
        from siptapi_frontends.tapi.provider_files import provider_files  # noqa: PLC0415
        from siptapi_frontends.tapi.status import look  # noqa: PLC0415

        try:
            status = look(native_windows(), provider_files())
        except PermissionError as error:
            return [_note(f"{error.strerror}.", "Only an administrator can look at TAPI's set-up.")]
        if not status.version:
            return [_note("TAPI is not set up.", "`siptapi tapi install` lets programs dial.")]
        problems = [
            _problem(
                f"{_sentence(each)}.", "Programs cannot dial by TAPI.", "`siptapi tapi install`"
            )
            for each in status.problems
        ]
        fine = Finding(verdict=Verdict.OK, seen=f"TAPI has lines of ours: {len(status.lines)}.")
        return problems or [fine]

else:

    async def check_tapi(_examined: Examined) -> Iterable[Finding]:
        """Say that it is Windows' alone."""
        return [_note("Not applicable: this is not Windows.", "TAPI is Windows' alone.")]


def _absolute(file: str) -> str:
    return str(Path(file).absolute())


def _note(seen: str, means: str) -> Finding:
    return Finding(verdict=Verdict.NOTE, seen=seen, means=means)


def _problem(seen: str, means: str, do: str) -> Finding:
    return Finding(verdict=Verdict.PROBLEM, seen=seen, means=means, do=do)


def _sentence(words: object) -> str:
    text = str(words)
    return f"{text[:1].upper()}{text[1:]}"
