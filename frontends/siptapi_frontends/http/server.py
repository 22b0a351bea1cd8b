"""uvicorn in our event loop: no signals, no logs of its own, no client that only holds a place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import uvicorn
from starlette.types import ASGIApp

from siptapi_core.contracts import Logger
from siptapi_core.errors import NetworkError, SettingsError
from siptapi_frontends.http.settings import HttpSettings

MOST_HEADER_BYTES = 16 * 1024
MOST_CONNECTIONS = 2000
SHUTDOWN_SECONDS = 3


class Server(uvicorn.Server):
    """Serves ``app``; ``ready`` is called when clients can come."""

    def __init__(
        self, app: ASGIApp, settings: HttpSettings, *, ready: Callable[[], None], logger: Logger
    ) -> None:
        logging.getLogger("uvicorn.error").handlers = [_Forward(logger)]
        logging.getLogger("uvicorn.error").propagate = False
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            h11_max_incomplete_event_size=MOST_HEADER_BYTES,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            ssl_certfile=settings.tls_certificate or None,
            ssl_keyfile=settings.tls_key or None,
        )
        try:
            config.load()
        except OSError as error:
            raise SettingsError(
                f"this certificate and key cannot be used: {error}",
                key="frontends.http.tls_certificate",
            ) from None
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs us."""
        yield

    async def serve_until_cancelled(self, listening: socket.socket) -> None:
        """Serve; when cancelled, let clients finish for a moment."""
        serving = asyncio.get_running_loop().create_task(self.serve([listening]))
        try:
            await asyncio.shield(serving)
        finally:
            self.should_exit = True
            await asyncio.wait([serving])


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens.

    Raises:
        NetworkError: the port is taken, or the address is not this computer's.
    """
    host, port = address
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise NetworkError(f"http: cannot listen on {place}: {error.strerror}") from error


class _Forward(logging.Handler):
    """Lets what uvicorn logs be in our log."""

    def __init__(self, logger: Logger) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        self._logger.warning(record.getMessage())
