"""One TCP or TLS connection to one peer, from the first byte queued for it to its end."""

from __future__ import annotations

import asyncio
import enum
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from siptapi_core.contracts import Logger
from siptapi_core.errors import MessageError, NetworkError
from siptapi_core.net.socket_name import socket_name
from siptapi_core.net.stream_framing import LINE_BREAK, StreamFramer
from siptapi_core.targets import Address

if TYPE_CHECKING:
    from siptapi_core.net.tls import TlsClient

CONNECT_SECONDS = 5.0
"""Time for the way there and TLS: a lost SYN is repeated after 1 and 3 s."""
CLOSE_SECONDS = 0.5
"""Time for what is still to be sent, and for TLS to say goodbye."""
PONG_SECONDS = 10.0
"""RFC 5626 section 4.4.1."""
LARGEST_BACKLOG = 1 << 20
"""Bytes that may wait for a peer; one that does not take them is gone."""

_PING, _PONG = b"\r\n\r\n", b"\r\n"


class ConnectionState(enum.Enum):
    """The states drawn in `StreamConnection`."""

    CONNECTING = enum.auto()
    OPEN = enum.auto()
    CLOSED = enum.auto()


class ConnectionOwner(Protocol):
    """Who has the connections."""

    def on_message(self, data: bytes, peer: Address) -> None:
        """A message came, whole."""
        ...

    def on_end(self, connection: StreamConnection, problem: str) -> None:
        """It ended, other than by `StreamConnection.close`; what was queued is lost."""
        ...


class StreamConnection(asyncio.Protocol):
    """A connection that we open, and use in both directions (RFC 5923 in spirit).

    ::

        CONNECTING ── TCP, and with TLS the certificate too ──▶ OPEN ◀─┐ ping, pong, messages
            │ what is sent waits                                 │ └───┘
            │ refused, time out, certificate                     │ lost, framing broken, no pong,
            ▼                                                    ▼ backlog
          CLOSED ◀───────────────────────────────────────────────┘

    ``bound`` is a socket of the right kind, bound to ``local``. ``tls`` None: plain TCP.
    ``keepalive`` is seconds between pings, 0 for none. A peer that has answered a ping must answer
    every further one; one that never did may not know them, and is left alone.
    """

    def __init__(
        self,
        peer: Address,
        *,
        bound: socket.socket,
        local: Address,
        owner: ConnectionOwner,
        logger: Logger,
        tls: TlsClient | None = None,
        keepalive: float = 0.0,
    ) -> None:
        self.peer = peer
        self.local = local
        self.state = ConnectionState.CONNECTING
        self.opened_at: float | None = None
        """The loop's time when it was ready for use; None: nothing that was sent arrived."""
        self._socket = bound
        self._owner = owner
        self._logger = logger
        self._tls = tls
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._framer = StreamFramer()
        self._backlog = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._awaits_pong = False
        self._answers_pings = False
        self._half_ping = False
        self._lost = asyncio.Event()
        self._connecting = self._loop.create_task(self._connect())

    @property
    def port_is_free(self) -> bool:
        """Whether the other side ended it: where we do, the system keeps the port for a while."""
        return self._lost.is_set()

    def send(self, data: bytes) -> None:
        """Send, or keep until the connection is ready."""
        if self._transport is not None and self.state is ConnectionState.OPEN:
            if self._transport.is_closing():  # broken: asyncio would log each try
                return
            self._transport.write(data)
            waiting = self._transport.get_write_buffer_size()
        else:
            self._backlog += data
            waiting = len(self._backlog)
        if waiting > LARGEST_BACKLOG:
            self._end(f"{self.peer} takes nothing any more")

    async def close(self) -> None:
        """End it, when all is sent or `CLOSE_SECONDS` are over; the owner is not told."""
        self._stop()
        self._connecting.cancel()
        await asyncio.wait([self._connecting])
        if self._transport is not None:
            self._transport.close()
            try:
                await asyncio.wait_for(self._lost.wait(), CLOSE_SECONDS)
            except TimeoutError:
                self._transport.abort()
                await self._lost.wait()

    # --- opening -----------------------------------------------------------------------------

    async def _connect(self) -> None:
        try:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._loop.sock_connect(
                        self._socket,
                        socket_name(self._socket.family, self.peer.host, self.peer.port),
                    )
                    arguments = self._tls.arguments(self.peer) if self._tls else {}
                    await self._loop.create_connection(lambda: self, sock=self._socket, **arguments)
            except (OSError, NetworkError, ValueError) as error:  # ValueError: a name for SNI
                problem = await self._explain(error)
                self._end(problem)
        finally:
            if self._transport is None:
                self._socket.close()

    async def _explain(self, error: Exception) -> str:
        if isinstance(error, NetworkError):
            return str(error)
        if isinstance(error, TimeoutError):
            return f"{self.peer} did not answer within {CONNECT_SECONDS:g} s"
        if isinstance(error, ConnectionRefusedError):
            return f"{self.peer} accepts no connections"
        if self._tls is not None:
            return await self._tls.explain(error, self.peer)
        return f"there is no connection to {self.peer}: {_words(error)}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio: connected, TLS included."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream's always is
        self._transport = transport
        if self.state is ConnectionState.CLOSED:
            transport.abort()
            return
        if self._tls is not None:
            try:
                self._tls.check(transport.get_extra_info("ssl_object"), self.peer)
            except NetworkError as error:
                self._end(str(error))
                return
        self.state = ConnectionState.OPEN
        self.opened_at = self._loop.time()
        transport.write(bytes(self._backlog))
        self._backlog.clear()
        self._schedule_ping()

    # --- receiving ---------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Asyncio: bytes came."""
        self._framer.feed(data)
        while self.state is ConnectionState.OPEN:
            try:
                frame = self._framer.take()
            except MessageError as error:
                self._end(f"{self.peer} sent what is no SIP: {error}")
                return
            if frame is None:
                return
            if frame == LINE_BREAK:
                self._on_line_break()
            else:
                self._half_ping = False
                self._deliver(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio: it is over."""
        self._lost.set()
        why = f": {_words(exc)}" if exc else ""
        alert = self._tls.alert(exc) if self._tls else ""
        if alert:  # TLS 1.3 tells only after the handshake, and what was sent has not been read
            self.opened_at = None
        self._end(f"{self.peer} {alert or f'closed the connection{why}'}")

    def _deliver(self, data: bytes) -> None:
        try:
            self._owner.on_message(data, self.peer)
        except Exception as error:  # one message must not end the reading of all others
            self._logger.error(  # noqa: TRY400  # our Logger has no exception()
                "message not handled", source=str(self.peer), exc_info=error
            )

    # --- keeping it alive (RFC 5626 section 4.4.1) -------------------------------------------

    def _on_line_break(self) -> None:
        if self._awaits_pong:
            self._awaits_pong = False
            self._answers_pings = True
            self._schedule_ping()
        elif self._half_ping:
            self._half_ping = False
            self.send(_PONG)
        else:
            self._half_ping = True

    def _schedule_ping(self) -> None:
        if self._keepalive:
            self._schedule(self._keepalive, self._ping)

    def _ping(self) -> None:
        self._awaits_pong = True
        self.send(_PING)
        if self._answers_pings:
            self._schedule(PONG_SECONDS, self._no_pong)
        else:
            self._schedule_ping()

    def _no_pong(self) -> None:
        self._end(f"{self.peer} answers no more")

    def _schedule(self, seconds: float, action: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self.state is ConnectionState.OPEN:
            self._timer = self._loop.call_later(seconds, action)

    # --- the end -----------------------------------------------------------------------------

    def _end(self, problem: str) -> None:
        if self.state is ConnectionState.CLOSED:
            return
        self._stop()
        if self._transport is not None:
            self._transport.abort()
        self._owner.on_end(self, problem)

    def _stop(self) -> None:
        self.state = ConnectionState.CLOSED
        self._backlog.clear()
        if self._timer is not None:
            self._timer.cancel()


def _words(error: Exception) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__
