"""What a service manager is told: that we are ready, reload, stop, and are still alive.

systemd gives the socket in ``NOTIFY_SOCKET`` and the watchdog's time in ``WATCHDOG_USEC`` to units
of ``Type=notify`` and ``notify-reload`` (sd_notify(3), sd_watchdog_enabled(3)). Where there is no
such socket, nothing is told: on a terminal, on Windows, on macOS.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Mapping

from siptapi_core.errors import UsageError

PATIENCE = 0.1
"""Seconds that a service manager may take to listen: all calls wait meanwhile."""


class ServiceManager:
    """Who started us, as ``environment`` says."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_interval = _watchdog_interval(environment)
        """Seconds between two `alive`, half of what is allowed; None: nobody watches."""

    def ready(self, status: str) -> None:
        """Calls can come; ``status`` is one line for people."""
        self._tell(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """The settings are read again; `ready` follows."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """No new calls."""
        self._tell("STOPPING=1")

    def alive(self) -> None:
        """The event loop turns."""
        self._tell("WATCHDOG=1")

    def _tell(self, message: str) -> None:
        if self._address:
            _send(message, self._address)


if sys.platform == "win32":

    def _send(_message: str, _address: str) -> None:
        """Windows has no such socket: whoever set the variable meant another system."""

else:

    def _send(message: str, address: str) -> None:
        # An address that begins with @ is abstract: in no folder (unix(7)).
        path = f"\0{address[1:]}" if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.settimeout(PATIENCE)
            try:
                channel.sendto(message.encode(), path)
            except OSError as error:
                words = f"the service manager at NOTIFY_SOCKET={address} cannot be told"
                raise UsageError(f"{words}: {error.strerror or error}") from error


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # meant for another process
    return int(microseconds) / 2e6
