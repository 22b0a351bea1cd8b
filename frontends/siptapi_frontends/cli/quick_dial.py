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
_LONGEST = 5_000
"""Characters: however they are escaped, the daemon takes a line of them."""


class HeldSignals:
    """The signals that came while there may be a call, and nobody could hang it up yet.

    The second is not waited for: whoever sends it wants to leave at once.
    """

    def __init__(self) -> None:
        self._holding = False
        self._held: list[int] = []

    def begin(self) -> None:
        """Hold them from now on; those that are ignored stay so."""
        self._holding = True
        for name in SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda number, _: self.hold(number))

    def hold(self, number: int) -> bool:
        """Whether that signal, which came, is held."""
        if self._holding:
            if self._held:
                os._exit(INTERRUPTED)
            self._held.append(number)
        return self._holding

    def release(self) -> None:
        """Hold none any more, and let those that came come again."""
        self._holding = False
        while self._held:
            signal.raise_signal(self._held.pop())


held_signals = HeldSignals()
"""Those of this process."""


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
    if token and not _is_daemon(connected, token):
        return None
    lines: list[dict[str, object]] = [
        {"hello": PROTOCOL, "frontend": FRONTEND, "settings": wanted_settings()},
        {"id": 1, "subscribe": "events"},
    ]
    if os.isatty(1):  # a live view draws the messages
        lines.append({"id": 2, "subscribe": "trace"})
    lines.append({"id": 3, **dial})
    sent = "".join(f"{json.dumps(line)}\n" for line in lines).encode("ascii")
    held_signals.begin()
    try:
        connected.sendall(sent)
    except OSError:
        connected.close()
        held_signals.release()
        return None
    return HandedOver(connected, sent)


def _is_daemon(connected: socket.socket, token: str) -> bool:
    """Whether who was reached proves it; who does not is spoken of when it is asked again."""
    from siptapi_core.control.authentication import authenticate  # noqa: PLC0415  # only over TCP
    from siptapi_core.errors import NetworkError  # noqa: PLC0415  # as above

    try:
        authenticate(connected, token)
    except NetworkError:
        return False
    return True


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
