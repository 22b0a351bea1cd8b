"""The sockets that the daemon listens on, and who may come in.

A Unix socket is its user's by the rights of its file and folder, and by what the system says of
who connected. To loopback TCP every user of the computer can connect, and so can a web page: there
who knows the token may come in (`siptapi_core.control.authentication`).
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from siptapi_core.control import place
from siptapi_core.control.authentication import address_text
from siptapi_core.control.finding import peer_user
from siptapi_core.control.private_files import make_folder, write_private
from siptapi_core.errors import DeniedError, NetworkError

_ROOT = 0
_TOKEN_BYTES = 32


class Listener(NamedTuple):
    """A listening socket. Who comes in by it must know ``token``; "": must pass `check_user`.

    ``close`` closes it, and removes what tells where it was.
    """

    name: str
    socket: socket.socket
    token: str
    close: Callable[[], None]


def listeners(tcp: tuple[str, int] | None) -> list[Listener]:
    """Open the sockets of this user's daemon; ``tcp`` is the address to listen on besides.

    The caller holds the lock: whatever an earlier daemon left is nobody's.

    Raises:
        NetworkError: one cannot be opened; then none is.
    """
    opened: list[Listener] = []
    try:
        if sys.platform != "win32":
            opened.append(_unix_listener(Path(place.socket_files()[0])))
        if tcp is not None or not opened:
            opened.append(_tcp_listener(tcp))
    except NetworkError:
        for listener in opened:
            listener.close()
        raise
    return opened


def _tcp_listener(address: tuple[str, int] | None) -> Listener:
    """Listen on ``address``, or on any port of this computer for itself alone.

    A program that was told a fixed address was told the token too, so that stays the same.
    """
    file = Path(place.address_file())
    host, port = address or ("127.0.0.1", 0)
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if sys.platform == "win32":  # there the other option would let anybody share the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
        name = address_text(listening.getsockname())
        token = (_known_token(file) if address else None) or secrets.token_hex(_TOKEN_BYTES)
        write_private(file, f"{name}\n{token}\n")
    except OSError as error:
        listening.close()
        raise NetworkError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    except NetworkError:
        listening.close()
        raise

    def close() -> None:
        listening.close()
        if address is None:
            file.unlink(missing_ok=True)

    return Listener(name, listening, token, close)


def _known_token(file: Path) -> str | None:
    with suppress(OSError, ValueError):
        _, token = file.read_text("ascii").split()
        if len(token) == 2 * _TOKEN_BYTES:
            return token
    return None


if sys.platform != "win32":

    def _unix_listener(file: Path) -> Listener:
        make_folder(file.parent)
        listening = socket.socket(socket.AF_UNIX)
        try:
            file.unlink(missing_ok=True)
            listening.bind(str(file))
            file.chmod(0o600)
            listening.listen()
        except OSError as error:
            listening.close()
            why = error.strerror or f"{error}; set XDG_RUNTIME_DIR to a folder with a short name"
            raise NetworkError(f"cannot listen on {file}: {why}") from None

        def close() -> None:
            listening.close()
            file.unlink(missing_ok=True)

        return Listener(str(file), listening, "", close)


def check_user(connected: socket.socket) -> None:
    """Refuse another user at the other end of a Unix socket.

    Raises:
        DeniedError: there is one.
    """
    user = peer_user(connected)
    if sys.platform != "win32" and user not in (None, _ROOT, os.geteuid()):
        raise DeniedError("another user's daemon takes no commands")
