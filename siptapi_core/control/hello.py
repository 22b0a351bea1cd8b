"""A line of each side: who they are, which version they speak, which settings are meant.

A version is ``MAJOR.MINOR``. A greater minor has more commands, events and fields that may be left
out, so both sides go on; another major is refused.
"""

from __future__ import annotations

from pathlib import Path

from siptapi_core.control.finding import DEFAULT_SETTINGS, PROTOCOL
from siptapi_core.errors import NotSupportedError, RefusedError
from siptapi_core.values import Value


class ClientHello(Value, kw_only=True):
    """``hello`` is the version; ``frontend`` says in events where a call was asked for.

    ``settings`` is the file that the client means, `DEFAULT_SETTINGS` the one that is taken where
    none is named, "" any. ``lines`` are all that it may use (null: every line).
    """

    hello: str
    frontend: str
    settings: str = ""
    lines: frozenset[str] | None = None


class ServerHello(Value, kw_only=True):
    """``hello`` is the version of the line, ``siptapi`` that of the program.

    ``settings`` is the daemon's settings file, "" where it has none, ``process`` its id.
    """

    hello: str
    siptapi: str
    settings: str
    process: int


def check_version(theirs: str) -> None:
    """Refuse a version that cannot be talked to.

    Raises:
        NotSupportedError: its major is another than ours.
    """
    major = PROTOCOL.partition(".")[0]
    if theirs.partition(".")[0] != major:
        raise NotSupportedError(
            f"the control line has version {PROTOCOL} here and {theirs!r:.20} at the other end; "
            "install the same SIPTAPI for both"
        )


def check_settings(wanted: str, own: str, default: str) -> None:
    """Refuse a client that means other settings than ``own``, the daemon's file.

    ``default`` is the file that is taken where none is named, "" where there is none.

    Raises:
        RefusedError: it does.
    """
    if wanted and not _same(default if wanted == DEFAULT_SETTINGS else wanted, own):
        reached = f"`--config {own}` reaches it" if own else "they are in no file"
        raise RefusedError(f"the daemon runs with other settings: {reached}")


def _same(one: str, other: str) -> bool:
    try:
        return bool(one and other) and Path(one).samefile(other)
    except (OSError, ValueError):  # one of them is not there, or has a NUL
        return False
