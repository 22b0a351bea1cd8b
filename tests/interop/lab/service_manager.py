"""A service manager's socket, as systemd gives it to the services that it starts."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from pathlib import Path

from lab.programs import wait_until


class ServiceManager:
    """Listens. ``environment`` is what a service is started with, ``told`` what it said so far.

    Of each message ``told`` has the first line.
    """

    def __init__(self, *, watchdog_seconds: float) -> None:
        # A socket's path has at most 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="siptapi-"))
        address = str(self._folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self.told: list[str] = []
        self.environment = {
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": str(round(watchdog_seconds * 1e6)),
        }
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def await_told(self, word: str, *, count: int = 1) -> None:
        """Wait until ``word`` was said so often."""
        wait_until(
            lambda: self.told.count(word) >= count, seconds=10, what=f"{word}, but {self.told}"
        )

    def close(self) -> None:
        """Listen no more; harmless when that is so already."""
        if self._reader.is_alive():
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as farewell:
                farewell.sendto(b"", self.environment["NOTIFY_SOCKET"])
            self._reader.join()
            self._socket.close()
            shutil.rmtree(self._folder)

    def _read(self) -> None:
        while message := self._socket.recv(4096).decode():
            self.told.append(message.splitlines()[0])
