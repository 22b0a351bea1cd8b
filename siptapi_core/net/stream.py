"""SIP over TCP and TLS: connections opened when first needed, and used again."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from siptapi_core.contracts import Logger
from siptapi_core.errors import NetworkError
from siptapi_core.net.socket_name import family_of, socket_name
from siptapi_core.net.stream_connection import StreamConnection
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.targets import Address, Transport

if TYPE_CHECKING:
    from siptapi_core.net.tls import TlsClient

RECONNECT_SECONDS = 2.0
"""A connection that lasted for less is not opened again by itself: it would be lost again."""


class StreamTransport:
    """Every TCP and TLS connection of the process, at most one an `Address`.

    Nobody listens: responses, and requests inside our dialogs, come back over the connection that
    we opened, whose own end is what `local_address` gives for Via and Contact. When a connection
    is lost while ``in_use`` says that calls are going on, it is opened again, from the same port
    if that is free, so that the other side's requests still find us.

    ``local_host(towards)`` is which of our addresses to use, and raises NetworkError where there is
    none; ``options(line)`` are those of the line that an `Address` belongs to.
    ``refused(address, problem)`` is told from the loop, never from inside `send`, that what was
    sent to ``address`` may not have arrived. Nothing is called after `close`.
    """

    def __init__(
        self,
        *,
        receive: Callable[[bytes, Address], None],
        refused: Callable[[Address, str], None],
        local_host: Callable[[Address], str],
        in_use: Callable[[], bool],
        options: Callable[[str], StreamOptions],
        logger: Logger,
    ) -> None:
        self._receive = receive
        self._refused = refused
        self._local_host = local_host
        self._in_use = in_use
        self._options = options
        self._logger = logger
        self._loop = asyncio.get_running_loop()
        self._connections: dict[Address, StreamConnection] = {}
        self._tls = cache(self._make_tls)
        self._closed = False

    def send(self, data: bytes, to: Address) -> None:
        """Send over the connection to ``to``, which is opened if need be."""
        if self._closed:
            return
        try:
            self._connection(to).send(data)
        except NetworkError as error:
            self._tell(to, str(error))

    def local_address(self, towards: Address) -> Address:
        """Our end of the connection to ``towards``, which is opened if need be.

        Raises:
            NetworkError: there is no way to ``towards``.
        """
        return self._connection(towards).local

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    async def close(self) -> None:
        """End all connections. May be called twice."""
        self._closed = True
        connections = list(self._connections.values())
        self._connections.clear()
        await asyncio.gather(*(connection.close() for connection in connections))

    def on_message(self, data: bytes, peer: Address) -> None:
        """A connection received a message."""
        self._receive(data, peer)

    def on_end(self, connection: StreamConnection, problem: str) -> None:
        """A connection could not be opened, or was lost."""
        peer = connection.peer
        self._connections.pop(peer, None)
        self._tell(peer, problem)
        opened = connection.opened_at
        lasted = 0.0 if opened is None else self._loop.time() - opened
        if lasted >= RECONNECT_SECONDS and not self._closed and self._in_use():
            with suppress(NetworkError):  # who sends next is told
                self._open(peer, connection.local.port)

    def _connection(self, peer: Address) -> StreamConnection:
        return self._connections.get(peer) or self._open(peer)

    def _open(self, peer: Address, port: int = 0) -> StreamConnection:
        options = self._options(peer.line)
        tls = self._tls(options) if peer.transport is Transport.TLS else None
        bound = _bound_socket(self._local_host(peer), port)
        host, port = bound.getsockname()[:2]
        local = Address(host, port, peer.transport)
        self._logger.debug("connecting", local=local, to=peer, line=peer.line)
        connection = self._connections[peer] = StreamConnection(
            peer,
            bound=bound,
            local=local,
            owner=self,
            logger=self._logger,
            tls=tls,
            keepalive=options.keepalive,
        )
        return connection

    def _make_tls(self, options: StreamOptions) -> TlsClient:
        from siptapi_core.net.tls import TlsClient  # noqa: PLC0415  # ssl is slow to import

        return TlsClient(options, self._logger)

    def _tell(self, address: Address, problem: str) -> None:
        self._logger.info("connection failed", to=str(address), why=problem)
        self._loop.call_soon(self._tell_now, address, problem)

    def _tell_now(self, address: Address, problem: str) -> None:
        if not self._closed:
            self._refused(address, problem)


def _bound_socket(host: str, port: int) -> socket.socket:
    """A socket of ours at ``host``, with ``port`` where that is free, else any."""
    family = family_of(host)
    for each in (port, 0) if port else (0,):
        stream = socket.socket(family, socket.SOCK_STREAM)
        try:
            stream.setblocking(False)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sys.platform != "win32":  # there it would let others take the port from us
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            stream.bind(socket_name(family, host, each))
        except OSError as error:
            stream.close()
            problem = error
        else:
            return stream
    raise NetworkError(f"{host} has no port for a connection: {problem.strerror}") from problem
