"""A plain ``siptapi dial`` handed to the daemon before anything else is imported.

Only what can mean nothing else than to argparse is recognised here; whatever is unusual is left to
the usual way, which asks the daemon too, a little later. From the moment that the command is sent
there may be a call: a signal is held until somebody can hang up.
"""

from __future__ import annotations

import os
import signal

from siptapi_frontends.cli.launcher import INTERRUPTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

FRONTEND = "cli"
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""Names of those that end a call; of the last two the system has at most one: a closed terminal."""
_LONGEST = 30_000
"""Characters: whatever they are, the daemon takes a line of them."""

_held: list[int] = []


class HandedOver:
    """A connection to the daemon; ``sent`` are the lines that it was sent, the dial the last."""

    __slots__ = ("connected", "sent")

    def __init__(self, connected: socket.socket, sent: bytes) -> None:
        self.connected = connected
        self.sent = sent


def hand_over(arguments: Sequence[str]) -> HandedOver | None:
    """Hand the call that ``arguments`` ask for to the daemon, where both are plain enough."""
    dial = read_dial(arguments)
    if dial is None:
        return None
    from siptapi_core.control.finding import PROTOCOL, find_daemon  # noqa: PLC0415  # for dial

    found = find_daemon()
    if found is None:
        return None
    import json  # noqa: PLC0415  # where there is a daemon

    connected, token = found
    settings = wanted_settings()
    lines: list[dict[str, object]] = [
        {"hello": PROTOCOL, "frontend": FRONTEND, "token": token, "settings": settings},
        {"id": 1, "subscribe": "events"},
    ]
    if os.isatty(1):  # a live view draws the messages
        lines.append({"id": 2, "subscribe": "trace"})
    lines.append({"id": 3, **dial})
    sent = "".join(f"{json.dumps(line)}\n" for line in lines).encode("ascii")
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hold)
    try:
        connected.sendall(sent)
    except OSError:
        connected.close()
        return None
    return HandedOver(connected, sent)


def read_dial(arguments: Sequence[str]) -> dict[str, object] | None:
    """The command that ``siptapi`` means with ``arguments``; None: that takes argparse to tell."""
    if arguments[:1] != ["dial"] or sum(map(len, arguments)) > _LONGEST:
        return None
    command: dict[str, object] = {"command": "dial"}
    number: list[str] = []
    previous = ""
    rest = iter(arguments[1:])
    for word in rest:
        if word in {"--line", "--strategy"}:
            value = next(rest, "")
            if not value or value.startswith("-"):
                return None
            command[word[2:]] = value
        elif word == "--yes":
            command["confirmed"] = True
        elif word != "--json":
            if not word or word.startswith("-") or (number and previous != number[-1]):
                return None
            number.append(word)
        previous = word
    return {**command, "number": " ".join(number)} if number else None


def wanted_settings(config: str = "") -> str:
    """What to say to the daemon of the settings that are meant; ``config`` is ``--config``."""
    from siptapi_core.control.finding import DEFAULT_SETTINGS  # noqa: PLC0415  # as above

    named = config or os.environ.get("SIPTAPI_CONFIG", "")
    return os.path.abspath(named) if named else DEFAULT_SETTINGS  # noqa: PTH100  # no pathlib yet


def release_signals() -> None:
    """Deliver the signals that came while nothing could be done about them."""
    held = _held.copy()
    _held.clear()
    for number in held:
        signal.raise_signal(number)


def _hold(number: int, _frame: object) -> None:
    if _held:  # the second: whoever sends it will not wait
        os._exit(INTERRUPTED)
    _held.append(number)
