"""uvicorn in our event loop: no signals, no logs of its own, no client that only holds a place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from siptapi_core.dialer.open_files import allow_open_files
from siptapi_core.errors import NetworkError, SettingsError
from siptapi_frontends.http.bounded_socket import BoundedSocket
from siptapi_frontends.http.problems import Problem
from siptapi_frontends.http.refusal_log import RefusalLog
from siptapi_frontends.http.settings import HttpSettings

MOST_HEADER_BYTES = 16 * 1024
MOST_CONNECTIONS = 2000
"""Fewer where more than half of the files that may be open would be theirs."""
MORE_CONNECTIONS = 50
"""Who come then are told that there are too many; all others are let go without a word."""
HEAD_SECONDS = 10.0
"""How long a client may take to ask something, from when it came, or was answered."""
STALLED_SECONDS = 30.0
"""How long a client may leave unread what it is answered, with more than 64 KiB waiting for it."""
SEND_NOW = "siptapi.send_now"
"""The ASGI extension that sends a piece of a body that has begun, at once.

It takes the piece; False: somebody would have to wait, and nothing was sent.
"""
SHUTDOWN_SECONDS = 3
TLS_BUFFER = 32 * 1024
"""Bytes, of which a TLS record has half. asyncio's 256 KiB, from the first byte of a handshake on,
would let 2000 who only connect take 512 MiB."""


class Connection(H11Protocol):
    """One client's connection; who only holds it, asking nothing or reading nothing, loses it.

    ``scope["extensions"]`` of its requests has `SEND_NOW`.
    """

    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody came."""
        super().connection_made(transport)
        inner = self.app

        async def with_extension(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {SEND_NOW: self._send_now}
            await inner(scope, receive, send)

        self.app = with_extension
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Somebody said something; h11 looks how long a head is only while it is not whole."""
        for begin in range(0, len(data), MOST_HEADER_BYTES):
            if self.transport.is_closing():
                return
            super().data_received(data[begin : begin + MOST_HEADER_BYTES])
        self._watch()

    def on_response_complete(self) -> None:
        """Somebody was answered."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody has gone."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._read_on()

    def pause_writing(self) -> None:
        """Somebody does not read what they asked for."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self._on_stalled)

    def resume_writing(self) -> None:
        """Somebody reads on."""
        super().resume_writing()
        self._read_on()

    def _send_now(self, piece: bytes) -> bool:
        if self.flow.write_paused or self.transport.is_closing():
            return False
        self.transport.write(self.conn.send(h11.Data(data=piece)) or b"")
        return True

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or has too long a head."""
        self._log_refusal(msg)
        problem = Problem(400, "http", msg).response()
        headers = [*problem.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(problem.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _log_refusal(self, why: str) -> None:
        who = {"client": self.client[0] if self.client else ""}
        self.logger.warning("refused: %s", why, extra=who)

    def _watch(self) -> None:
        """While no request is carried out, wait for the head of one, and not for long."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._on_too_slow)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _read_on(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _on_stalled(self) -> None:
        self._log_refusal("the answer is not read")
        self.transport.abort()

    def _on_too_slow(self) -> None:
        self._log_refusal("no request came")
        self.transport.abort()


class Server(uvicorn.Server):
    """Serves ``app``; ``ready`` is called when clients can come."""

    def __init__(
        self, app: ASGIApp, settings: HttpSettings, *, ready: Callable[[], None], log: RefusalLog
    ) -> None:
        logging.getLogger("uvicorn.error").handlers = [_Forward(log)]
        logging.getLogger("uvicorn.error").propagate = False
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=most_connections(),
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
        if settings.tls_certificate:
            SSLProtocol.max_size = TLS_BUFFER
        super().__init__(config)
        self._ready = ready
        self._leaving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs us."""
        yield

    async def main_loop(self) -> None:
        """Keep the date of answers right until it is time to go."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._leaving.wait()

    async def serve_until_cancelled(
        self, listening: socket.socket, leave: Callable[[], None]
    ) -> None:
        """Serve; when cancelled, ``leave``, and let clients finish for a moment."""
        serving = asyncio.get_running_loop().create_task(self.serve([listening]))
        try:
            await asyncio.shield(serving)
        finally:
            leave()
            self.should_exit = True
            self._leaving.set()
            await asyncio.wait([serving])


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens.

    Raises:
        NetworkError: the port is taken, or the address is not this computer's.
    """
    host, port = address
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        why = str(error.strerror).partition(" (while attempting")[0]  # the address, once more
        raise NetworkError(
            f"http: cannot listen on {place}: {why}; listen in [frontends.http] names another"
        ) from error
    return BoundedSocket(listening, most_connections() + MORE_CONNECTIONS)


def most_connections() -> int:
    """How many clients there may be at once: calls need files as well."""
    return min(MOST_CONNECTIONS, allow_open_files() // 2)


class _Forward(logging.Handler):
    """Lets what uvicorn logs be in our log."""

    def __init__(self, log: RefusalLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        more = {} if error is None else {"why": repr(error)}
        self._log.warning(record.getMessage().strip(), client=getattr(record, "client", ""), **more)
