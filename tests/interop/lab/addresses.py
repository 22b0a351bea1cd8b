"""Loopback addresses of one test's own, so that tests can run side by side."""

from __future__ import annotations

import errno
import random
import socket

PORT = 5060


class Addresses:
    """A block 127.x.y.0/24, held by a socket on its first address until it is closed."""

    def __init__(self) -> None:
        for _ in range(50):
            block = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"
            self._holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self._holder.bind((f"{block}.1", PORT))
            except OSError as error:
                self._holder.close()
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                self._hosts = iter([f"{block}.{last}" for last in range(2, 255)])
                return
        raise AssertionError(
            f"UDP port {PORT} is taken on all loopback addresses: stop what has it"
        )

    def next_host(self) -> str:
        """An address that no other part of this test has."""
        return next(self._hosts)

    def close(self) -> None:
        """Let others have the block."""
        self._holder.close()
