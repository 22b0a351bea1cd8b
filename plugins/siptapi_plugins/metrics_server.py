"""The small server of the observer ``metrics``: few clients at once, and none for long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

MOST_CLIENTS = 10
"""At once, each on a thread of its own; whoever comes then is let go."""
SILENCE_SECONDS = 5.0
"""How long a client may say nothing, or leave unread what it is told."""


class _Handler(WSGIRequestHandler):
    timeout = SILENCE_SECONDS

    def log_message(self, *_: object) -> None:
        """Say nothing: what is wrong with a request is its sender's to know."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, family: socket.AddressFamily, address: Any) -> None:
        self.address_family = family
        self._places = threading.Semaphore(MOST_CLIENTS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a client, where there is a place."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve it, on its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Let it go: it said nothing for long, or has gone."""


def open_server(address: str, port: int, app: Callable[..., Any]) -> WSGIServer:
    """A server of ``app`` that listens; ``address`` may be a name.

    Raises:
        OSError: it cannot listen there.
    """
    (family, _, _, _, place), *_ = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    server = _Server(family, place)
    server.set_app(app)
    return server
