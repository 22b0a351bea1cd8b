"""A connection to the daemon of this user, if there is one.

Only the standard library is imported, and ``socket`` only where there is something to connect to:
every ``siptapi dial`` looks, and most have no daemon.
"""

from __future__ import annotations

import os
import sys

from siptapi_core.control import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

PROTOCOL = "2.0"
"""The version of the control line: MAJOR.MINOR."""
DEFAULT_SETTINGS = "default"
"""For a hello: the settings that are taken where none are named."""
CONNECT_SECONDS = 2.0
_ROOT = 0


def by_address(file: str) -> tuple[socket.socket, str] | None:
    """Connect to the TCP address in ``file``; the token stands there too."""
    try:
        with open(file, encoding="ascii") as lines:  # noqa: PTH123  # see the module's docstring
            address, token = lines.read().split()
        host, port = address.rsplit(":", 1)
        import socket  # noqa: PLC0415  # see the module's docstring

        return socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS), token
    except (OSError, ValueError):  # nobody wrote there, or listens there
        return None


if sys.platform == "win32":

    def find_daemon() -> tuple[socket.socket, str] | None:
        """A socket that is connected to the daemon; the token that both must know."""
        return by_address(place.address_file())

else:

    def find_daemon() -> tuple[socket.socket, str] | None:
        """A socket that is connected to the daemon; the token that both must know (none: "").

        Where another user may write into the runtime folder, what listens there may be his.
        """
        for file in place.socket_files():
            if os.path.exists(file):  # noqa: PTH110  # see the module's docstring
                import socket  # noqa: PLC0415  # see the module's docstring

                connected = socket.socket(socket.AF_UNIX)
                connected.settimeout(CONNECT_SECONDS)
                try:
                    connected.connect(file)
                    if _is_ours(connected):
                        return connected, ""
                except OSError:
                    pass
                connected.close()
        return None

    def _is_ours(connected: socket.socket) -> bool:
        user = os.geteuid()
        return user == _ROOT or peer_user(connected) in {None, user}


def peer_user(connected: socket.socket) -> int | None:
    """The user id of who is at the other end of a Unix socket; None where nobody says."""
    import socket  # noqa: PLC0415  # see the module's docstring

    user: int | None = None
    if sys.platform == "linux":  # struct ucred: process, user, group
        user = _second(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    elif sys.platform == "darwin":  # LOCAL_PEERCRED of unix(4): struct xucred, version, then user
        user = _second(connected.getsockopt(0, 1, 76))
    return user


def _second(integers: bytes) -> int:
    return int.from_bytes(integers[4:8], sys.byteorder)
