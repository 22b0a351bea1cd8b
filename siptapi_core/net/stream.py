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
"""So soon after it was opened a connection is not opened again by itself: some end at once."""

Tell = Callable[[Address, str], None]


class StreamTransport:
    """Every TCP and TLS connection of the process, at most one an `Address`.

    Nobody listens: responses, and requests inside our dialogs, come back over the connection that
    we opened, whose own end is what `local_address` gives for Via and Contact. What takes the place
    of a connection that was lost has the same port, if that is free, so that the other side's
    requests and responses still find us. While ``in_use`` says that calls are going on, it is
    opened without anything to send.

    ``local_host(towards)`` is which of our addresses to use, and raises NetworkError where there is
    none; ``options(line)`` are those of the line that an `Address` belongs to.
    ``refused(address, problem)`` is told that what was sent to ``address`` did not arrive,
    ``broken(address, problem)`` that it may or may not have: the connection was open. Both come
    from the loop, never from inside `send`. Nothing is called after `close`.
    """

    def __init__(
        self,
        *,
        receive: Callable[[bytes, Address], None],
        refused: Tell,
        broken: Tell,
        local_host: Callable[[Address], str],
        in_use: Callable[[], bool],
        options: Callable[[str], StreamOptions],
        logger: Logger,
    ) -> None:
        self._receive = receive
        self._refused = refused
        self._broken = broken
        self._local_host = local_host
        self._in_use = in_use
        self._options = options
        self._logger = logger
        self._loop = asyncio.get_running_loop()
        self._connections: dict[Address, StreamConnection] = {}
        self._ports: dict[Address, int] = {}  # of connections that were lost
        self._tls = cache(self._make_tls)
        self._closed = False

    def send(self, data: bytes, to: Address) -> None:
        """Send over the connection to ``to``, which is opened if need be."""
        if self._closed:
            return
        try:
            self._connection(to).send(data)
        except NetworkError as error:
            self._tell(self._refused, to, str(error))

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
        peer, opened_at = connection.peer, connection.opened_at
        self._connections.pop(peer, None)
        if opened_at is None:
            self._tell(self._refused, peer, problem)
            return
        self._tell(self._broken, peer, problem)
        if connection.port_is_free:
            self._ports[peer] = connection.local.port
        moment = max(opened_at + RECONNECT_SECONDS, self._loop.time())
        self._loop.call_at(moment, self._open_again, peer)

    def _open_again(self, peer: Address) -> None:
        if not self._closed and self._in_use():
            with suppress(NetworkError):  # who sends next is told
                self._connection(peer)

    def _connection(self, peer: Address) -> StreamConnection:
        return self._connections.get(peer) or self._open(peer)

    def _open(self, peer: Address) -> StreamConnection:
        options = self._options(peer.line)
        tls = self._tls(options) if peer.transport is Transport.TLS else None
        bound = _bound_socket(self._local_host(peer), self._ports.pop(peer, 0))
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

    def _tell(self, tell: Tell, address: Address, problem: str) -> None:
        self._logger.info("connection failed", to=str(address), why=problem)
        self._loop.call_soon(self._tell_now, tell, address, problem)

    def _tell_now(self, tell: Tell, address: Address, problem: str) -> None:
        if not self._closed:
            tell(address, problem)


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
