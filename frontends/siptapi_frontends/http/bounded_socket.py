"""A listening socket that lets only so many in at once."""

from __future__ import annotations

import socket
from typing import Any


class BoundedSocket(socket.socket):
    """``listening``, of which ``most`` connections may be open; whoever comes then is let go.

    They are counted where they come in: of a client that never ends its TLS handshake nobody else
    knows, and each takes one of the files that this process may have open. On Windows, where they
    take none, its event loop does not ask us.
    """

    def __init__(self, listening: socket.socket, most: int) -> None:
        super().__init__(fileno=listening.detach())
        self._most = most
        self._taken: set[socket.socket] = set()

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection.

        Raises:
            ConnectionAbortedError: it was one too many, and is closed.
        """
        taken, address = super().accept()
        if len(self._taken) >= self._most:
            self._taken = {each for each in self._taken if each.fileno() >= 0}
            if len(self._taken) >= self._most:
                taken.close()
                raise ConnectionAbortedError("too many connections")
        self._taken.add(taken)
        return taken, address
