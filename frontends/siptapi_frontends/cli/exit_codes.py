"""What ``siptapi`` tells the program that started it."""

from __future__ import annotations

import enum

from siptapi_core.errors import PluginError, SiptapiError, UsageError
from siptapi_core.events import CallEnded, CallFailed, Outcome, Stage


class ExitCode(enum.IntEnum):
    """The exit codes, the same for every command."""

    SUCCESS = 0
    """Done; of a call: the callee answered."""
    UNEXPECTED = 1
    """A bug, ours or a plugin's, or a system that is out of something."""
    USAGE = 2
    """The arguments, the settings or the number are at fault; nothing was done."""
    NOT_PLACED = 3
    """It failed before the phone accepted to call: proxy, phone or REFER."""
    CALLEE = 4
    """The callee: busy, no answer, not found, rejected, failed."""
    UNKNOWN = 5
    """Nobody told us how the call went."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM, after hanging up."""


_AT_FAULT: tuple[type[SiptapiError], ...] = (UsageError, *UsageError.__subclasses__(), PluginError)
_USAGE = frozenset(error.code for error in _AT_FAULT)


def of_call(ended: CallEnded, failure: CallFailed | None = None) -> ExitCode:
    """The exit code of a call that ended by itself; ``failure`` is the last that was reported."""
    if failure is not None and failure.code in _USAGE:
        return ExitCode.USAGE
    if ended.outcome is Outcome.ANSWERED:
        return ExitCode.SUCCESS
    if ended.outcome is Outcome.UNKNOWN:
        return ExitCode.UNKNOWN
    return ExitCode.CALLEE if ended.stage is Stage.CALLEE else ExitCode.NOT_PLACED


def of_error(error: SiptapiError) -> ExitCode:
    """The exit code of a command that could not be carried out."""
    return ExitCode.USAGE if isinstance(error, UsageError | PluginError) else ExitCode.NOT_PLACED
