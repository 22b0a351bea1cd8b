"""A way over TCP that is cut off once, while a request on it is unanswered."""

from __future__ import annotations

import select
import socket
import struct
import threading
from typing import Self

from lab.addresses import PORT

_LOOK_SECONDS = 0.05
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that gives the port back at once."""


class Cutter:
    """A way by ``host`` to ``target``, cut at the first piece of the client's that has ``at``.

    That is passed on if ``passes``; then nothing comes back any more, and the cut waits for `cut`.
    After it the way is as good as new if ``again``, else nobody takes connections. The target sees
    the client's own address and port, and sees them again when the client comes back with them.
    """

    def __init__(
        self, host: str, target: str, *, at: bytes, passes: bool, again: bool = True
    ) -> None:
        self.place = f"{host}:{PORT}"
        self._target = target
        self._at = at
        self._passes = passes
        self._again = again
        self._listener = socket.create_server((host, PORT))
        self._is_cut = False
        self._cut = threading.Event()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"cutter {host}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end.set()
        self._thread.join()
        self._listener.close()

    def cut(self) -> None:
        """The request is where it shall be: cut."""
        self._cut.set()

    def _serve(self) -> None:
        while not self._end.is_set() and (self._again or not self._is_cut):
            if select.select([self._listener], [], [], _LOOK_SECONDS)[0]:
                client, place = self._listener.accept()
                with client, self._to_target(place) as target:
                    self._carry(client, target)
                    if self._is_cut and not self._again:
                        self._listener.close()
                    target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _to_target(self, client: tuple[str, int]) -> socket.socket:
        target = socket.socket()
        target.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        target.bind(client)
        target.connect((self._target, PORT))
        return target

    def _carry(self, client: socket.socket, target: socket.socket) -> None:
        holding = False
        while not self._end.is_set():
            if holding and self._cut.is_set():
                self._is_cut = True
                return
            readable = [client] if holding else [client, target]
            for each in select.select(readable, [], [], _LOOK_SECONDS)[0]:
                data = each.recv(65536)
                if not data:
                    return
                if each is client and self._at in data and not self._is_cut:
                    if not self._passes:
                        self._is_cut = True
                        return
                    holding = True
                (target if each is client else client).sendall(data)
