"""Where every word for the terminal passes through.

Names, reasons and whole SIP messages come from strangers: nothing of theirs may move a cursor,
forge a line or answer for the user, so control characters are shown, never sent.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TextIO

from siptapi_core.logs import is_the_journal, printable

_READER_GONE = (errno.EPIPE, errno.EINVAL, errno.EIO)  # Windows says EINVAL, a terminal EIO
_WARNING = "<4>"  # sd-daemon(3)


def prepare() -> None:
    """Let nothing that standard output cannot encode be an error: a ``?`` takes its place."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def say(*lines: str) -> None:
    """Print ``lines`` to standard output at once, each made printable."""
    _write(lines, sys.stdout)


def say_aside(*lines: str) -> None:
    """Print ``lines``, which are no result, to standard error; to a journal they are warnings."""
    mark = _WARNING if is_the_journal(sys.stderr) else ""
    _write(lines, sys.stderr, mark)


def is_terminal(*streams: TextIO | None) -> bool:
    """Whether a person is at the other end of each."""
    return all(stream is not None and stream.isatty() for stream in streams)


def can_show(text: str) -> bool:
    """Whether standard output can encode ``text``; if not, ASCII must do."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def detach(*descriptors: int) -> None:
    """Let them lead nowhere: nobody reads any more (``| head``, a closed window).

    A call goes on to its end all the same.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def _write(lines: tuple[str, ...], stream: TextIO | None, mark: str = "") -> None:
    if stream is None:  # closed by whoever started us
        return
    try:
        marked = (f"{mark}{printable(line)}\n" for line in lines)
        print(*marked, sep="", end="", file=stream, flush=True)
    except OSError as error:
        if error.errno not in _READER_GONE:
            raise
        detach(stream.fileno())
