"""What SIPTAPI says about itself: one line an event, for a person on a terminal or for programs.

structlog writes them. It is imported when the first line is really written, because where rich is
installed that import costs more than all of SIPTAPI; an event below the level costs a comparison.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from siptapi_core.errors import UsageError
from siptapi_core.events import Direction, TracedMessage

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger, Processor

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3}


class _Output:
    """Where the lines go; replaced as a whole by `configure`."""

    def __init__(self, level: str, stream: TextIO | None) -> None:
        self.threshold = LEVELS[level]
        self._stream = stream
        self._structlog: FilteringBoundLogger | None = None

    def write(self, level: str, event: str, values: dict[str, object]) -> None:
        if self._structlog is None:
            stream = self._stream or _standard_error()
            if stream is None:
                return
            self._structlog = _structlog(stream)
        getattr(self._structlog, level)(event, **values)


class _Lines:
    """What structlog hands its finished lines to."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a closed terminal must not end a call
            self._stream.write(_encodable(text, self._stream) + "\n")
            self._stream.flush()

    debug = info = warning = error = write


_output = _Output("warning", None)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write events of ``level`` and above to ``stream`` (None: standard error) from now on.

    Lines are for people where ``stream`` is a terminal, JSON objects where it is not.

    Raises:
        UsageError: there is no such level.
    """
    global _output  # noqa: PLW0603  # one process has one log
    if level not in LEVELS:
        raise UsageError(f"no log level is named {level!r}; there is {', '.join(LEVELS)}")
    _output = _Output(level, stream)


class LazyLogger:
    """A `siptapi_core.Logger` with values bound to it; make one with `logger`."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, object]) -> None:
        self._values = values

    def bind(self, **values: object) -> LazyLogger:
        """Return a logger that adds ``values`` to every event: ``bind(call=..., line=...)``."""
        return LazyLogger(self._values | values)

    def is_enabled_for(self, level: int) -> bool:
        """Whether an event of ``level`` (`LEVELS`) would be written."""
        return level >= _output.threshold

    def debug(self, event: str, **values: object) -> None:
        """Say what only a developer wants to know."""
        self._log("debug", event, values)

    def info(self, event: str, **values: object) -> None:
        """Say what happened as it should."""
        self._log("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        """Say what went wrong, but was dealt with."""
        self._log("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        """Say what went wrong for the user."""
        self._log("error", event, values)

    def _log(self, level: str, event: str, values: dict[str, object]) -> None:
        if LEVELS[level] >= _output.threshold:
            values = self._values | values
            _output.write(level, event, {name: _plain(each) for name, each in values.items()})


def _plain(value: object) -> object:
    """``value`` as JSON can have it; what has a meaning for structlog (``exc_info``) stays."""
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float | dict | BaseException):
        return value
    return str(value)


def logger(name: str) -> LazyLogger:
    """Return a logger whose events carry ``logger=name``, mostly ``__name__``."""
    return LazyLogger({"logger": name})


def printable(text: str) -> str:
    r"""``text`` with every character escaped that could forge a line or steer a terminal.

    ``"a\nb\x1b[2J"`` becomes ``r"a\nb\x1b[2J"``; direction marks and lone surrogates go the
    same way.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def print_message(message: TracedMessage, stream: TextIO) -> None:
    """Print one SIP message, as ``--trace`` shows it: a line about it, then its text, indented."""
    preposition = "to" if message.direction is Direction.SENT else "from"
    from datetime import UTC, datetime  # noqa: PLC0415  # few traces are printed

    moment = datetime.fromtimestamp(message.time, UTC).isoformat(timespec="milliseconds")
    about = f"{moment} {message.direction} {preposition} {message.peer}"
    lines = re.split(r"\r?\n", message.text.rstrip("\r\n"))
    text = "".join(f"    {printable(line)}".rstrip() + "\n" for line in lines)
    stream.write(_encodable(f"{about}\n{text}", stream))
    stream.flush()


def _encodable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _standard_error() -> TextIO | None:
    """None where it was closed, and behind Windows' ``pythonw.exe``."""
    return sys.stderr


def _structlog(stream: TextIO) -> FilteringBoundLogger:
    import structlog  # noqa: PLC0415  # see the module's docstring

    render: list[Processor] = [structlog.processors.JSONRenderer()]
    if stream.isatty():
        console = structlog.dev.ConsoleRenderer(
            colors=False,
            exception_formatter=structlog.dev.plain_traceback,  # the default may import rich
        )
        render = [_harmless, console]
    if is_the_journal(stream):
        render.append(_with_priority)
    return structlog.wrap_logger(  # type: ignore[no-any-return]
        _Lines(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )


def is_the_journal(stream: TextIO | None) -> bool:
    """Whether what is written there goes to systemd's journal (systemd.exec(5), JOURNAL_STREAM)."""
    named = os.environ.get("JOURNAL_STREAM")
    if stream is None or not named:
        return False
    with suppress(OSError):  # it has no descriptor
        status = os.fstat(stream.fileno())
        return named == f"{status.st_dev}:{status.st_ino}"
    return False


def _with_priority(_: Any, level: str, line: Any) -> str:
    """What the journal sorts by (sd-daemon(3))."""
    return f"<{_PRIORITIES[level]}>{line}"


def _harmless(_: object, __: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in values.items():
        if key in {"exception", "stack"}:  # begin a line of their own
            lines = str(value).split("\n")
            values[key] = "\n".join(f"    {printable(line)}" for line in lines)
        elif isinstance(value, str):
            values[key] = printable(value)
        elif not (text := repr(value)).isprintable():
            values[key] = printable(text)
    return values
