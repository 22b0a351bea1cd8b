"""SIP's UDP socket: one per address family, drained in batches, never in anyone's way."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import sys
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from siptapi_core.contracts import Logger
from siptapi_core.errors import NetworkError
from siptapi_core.net import icmp_errors
from siptapi_core.net.socket_name import SocketName, address_of, family_of, socket_name
from siptapi_core.targets import Address

LARGEST_DATAGRAM = 65535
DATAGRAMS_A_WAKE_UP = 16
"""After this many the loop's other work has its turn: a dial waits for some two milliseconds."""
RECEIVE_BUFFER = 1 << 20
"""Bytes that may wait while the loop is busy: ten times a usual system's 166 SIP messages."""
LONGEST_QUEUE = 1024
CACHE_SIZE = 1024
ROUTE_SECONDS = 30.0
"""How long `UdpTransport.local_address` believes a route."""
SEND_TRIES = 3
PAUSE_SECONDS = 0.01

_K = TypeVar("_K")
_V = TypeVar("_V")
_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104  # compared with, not bound to
_CLOSED_PORT = os.strerror(errno.ECONNREFUSED)
_UNUSABLE = {
    errno.EADDRINUSE: "is in use by another program; choose another port, or 0 for any free one",
    errno.EADDRNOTAVAIL: "is no address of this machine",
    errno.EACCES: "needs more rights than this program has; choose a port above 1023",
}


class UdpTransport:
    """A UDP socket that hands each datagram to ``receive`` and sends without ever blocking.

    What one turn of the loop sends leaves together: who receives is woken once for all of it.

    ::

        add_reader in the loop:   readable ──> up to 16 x recvfrom ──┐
                                                                     ├──> receive(data, source)
        none (Windows Proactor):  task ──> await sock_recvfrom ──────┘

        send ──> queue ── the loop's next turn ──> sendto, in order ──┬── buffer full ──> queue
                            or writable again                         └── refused(destination)
        Linux: ICMP answer ──> error queue ──> refused(destination)

    ``refused`` is called from the loop, never from inside `send`, with the destination's host and
    port and no ``verify_name``, and why in words where nobody at all is reached, which is "" where
    only the port is closed. Nothing is called after `close`.
    """

    def __init__(
        self,
        udp_socket: socket.socket,
        receive: Callable[[bytes, Address], None],
        refused: Callable[[Address, str], None],
        logger: Logger,
    ) -> None:
        self.dropped = 0
        """Datagrams thrown away because the queue was full: as if the network had lost them."""
        self.bound = address_of(udp_socket.getsockname())
        """Where the socket is, as it was asked for: its host may mean any address of ours."""
        self._socket = udp_socket
        self._receive = receive
        self._refused = refused
        self._logger = logger
        self._loop = asyncio.get_running_loop()
        self._queue: deque[tuple[bytes, Address]] = deque()
        self._is_clogged = False
        self._sources: dict[SocketName, Address] = {}
        self._destinations: dict[tuple[str, int], SocketName] = {}
        self._routes: dict[str, tuple[float, Address]] = {}
        self._closed = False
        self._reading: asyncio.Task[None] | None = None
        if isinstance(self._loop, asyncio.SelectorEventLoop):
            # Others (libuv's) take an error queue for a broken socket and stop watching it.
            icmp_errors.enable(udp_socket)
        try:
            self._loop.add_reader(udp_socket, self._drain)
        except NotImplementedError:
            self._reading = self._loop.create_task(self._read_one_by_one())

    @classmethod
    async def open(
        cls,
        *,
        host: str = "0.0.0.0",  # noqa: S104  # a phone system calls in on any interface
        port: int = 0,
        receive: Callable[[bytes, Address], None],
        refused: Callable[[Address, str], None],
        logger: Logger,
    ) -> UdpTransport:
        """Bind a socket to ``host`` (an IP literal; its family is the socket's) and ``port``.

        Raises:
            NetworkError: the address and port cannot be used; the words say which and why.
        """
        return cls(_bound_socket(host, port), receive, refused, logger)

    def send(self, data: bytes, to: Address) -> None:
        """Send in the loop's next turn, or when the system can; what is impossible is told."""
        if self._closed:
            return
        if not self._queue:
            self._loop.call_soon(self._flush)
        elif len(self._queue) >= LONGEST_QUEUE and not self._transmit_queued():
            self.dropped += 1
            return
        self._queue.append((data, to))

    def local_address(self, towards: Address) -> Address:
        """Our address as packets to ``towards`` carry it, with this socket's port.

        Raises:
            NetworkError: there is no way to ``towards``.
        """
        if self.bound.host not in _WILDCARDS:
            return self.bound
        expires, local = self._routes.get(towards.host, (0.0, self.bound))
        now = self._loop.time()
        if now >= expires:
            local = Address(source_host(self._socket.family, towards), self.bound.port)
            _remember(self._routes, towards.host, (now + ROUTE_SECONDS, local))
        return local

    async def close(self) -> None:
        """Send what the system takes, forget the rest, give the port back. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._transmit_queued()
        self._queue.clear()
        self._is_clogged = False
        if self._reading is None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        else:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        self._socket.close()

    def _drain(self) -> None:
        recvfrom = self._socket.recvfrom
        for count in range(DATAGRAMS_A_WAKE_UP):
            try:
                data, name = recvfrom(LARGEST_DATAGRAM)
            except BlockingIOError:
                if count == 0:  # awake for nothing to read: the error queue is not empty
                    self._take_icmp_errors()
                return
            except OSError as error:
                self._reading_failed(error)
            else:
                self._deliver(data, name)

    async def _read_one_by_one(self) -> None:
        while True:
            try:
                data, name = await self._loop.sock_recvfrom(self._socket, LARGEST_DATAGRAM)
            except OSError as error:
                self._reading_failed(error)
                await asyncio.sleep(PAUSE_SECONDS)  # an error that stays must not spin
            else:
                if name is not None:  # the Proactor's way to say that a packet was refused
                    self._deliver(data, name)

    def _deliver(self, data: bytes, name: SocketName) -> None:
        source = self._sources.get(name)
        if source is None:
            source = _remember(self._sources, name, address_of(name))
        try:
            self._receive(data, source)
        except Exception as error:  # one datagram must not end the reading of all others
            self._logger.error(  # noqa: TRY400  # our Logger has no exception()
                "datagram not handled", source=str(source), exc_info=error
            )

    def _reading_failed(self, error: OSError) -> None:
        # Windows fails a read when an earlier packet was refused, and does not say which one.
        if not self._take_icmp_errors():
            self._logger.debug("reading failed", local=str(self.bound), why=str(error))

    def _transmit(self, data: bytes, to: Address) -> bool:
        """Send now; False where the system's buffer is full."""
        for _ in range(SEND_TRIES):
            try:
                self._socket.sendto(data, self._destination(to))
            except BlockingIOError:
                return False
            except (OSError, NetworkError) as error:
                # Linux hands an earlier packet's ICMP error to the next call, whatever it is; so
                # does Windows (WSAECONNRESET), which does not say which packet that was.
                if not (isinstance(error, ConnectionResetError) or self._take_icmp_errors()):
                    why = getattr(error, "strerror", None) or str(error)
                    self._refuse(Address(to.host, to.port), why)
                    return True
            else:
                return True
        return False

    def _destination(self, to: Address) -> SocketName:
        key = (to.host, to.port)
        name = self._destinations.get(key)
        if name is None:
            name = socket_name(self._socket.family, *key)
            _remember(self._destinations, key, name)
        return name

    def _transmit_queued(self) -> bool:
        """Send what is queued; False where the system's buffer got full."""
        while self._queue:
            if not self._transmit(*self._queue[0]):
                return False
            self._queue.popleft()
        return True

    def _flush(self) -> None:
        is_clogged = not self._transmit_queued()
        if self._reading is not None:
            if is_clogged:
                self._loop.call_later(PAUSE_SECONDS, self._flush)
        elif is_clogged != self._is_clogged:
            self._is_clogged = is_clogged
            if is_clogged:
                self._loop.add_writer(self._socket, self._flush)
            else:
                self._loop.remove_writer(self._socket)

    def _take_icmp_errors(self) -> bool:
        errors = icmp_errors.take(self._socket)
        for destination, number, final in errors:
            if final:
                self._refuse(address_of(destination), os.strerror(number))
        return bool(errors)

    def _refuse(self, to: Address, why: str) -> None:
        self._logger.info("packet refused", to=str(to), why=why)  # whoever sent it is told
        self._routes.pop(to.host, None)
        problem = "" if why == _CLOSED_PORT else f"there is no way to {to}: {why}"
        self._loop.call_soon(self._tell_refused, to, problem)

    def _tell_refused(self, to: Address, problem: str) -> None:
        if not self._closed:
            self._refused(to, problem)


def _bound_socket(host: str, port: int) -> socket.socket:
    family = family_of(host)
    name = socket_name(family, host, port)
    udp_socket = None
    try:
        udp_socket = socket.socket(family, socket.SOCK_DGRAM)
        udp_socket.setblocking(False)
        udp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if family is socket.AF_INET6:
            udp_socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform == "win32":
            # Else any other program may take the port from us, and our packets with it.
            udp_socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        udp_socket.bind(name)
    except OSError as error:
        if udp_socket is not None:
            udp_socket.close()
        why = _UNUSABLE.get(error.errno or 0, f"cannot be used: {error.strerror}")
        raise NetworkError(f"{Address(host, port)} {why}") from error
    return udp_socket


def source_host(family: socket.AddressFamily, towards: Address) -> str:
    """Our address on the way to ``towards``: the system's routing table knows.

    Raises:
        NetworkError: there is no way to ``towards``.
    """
    name = socket_name(family, towards.host, towards.port)
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(name)  # sends nothing
            return address_of(probe.getsockname()).host
    except OSError as error:
        raise NetworkError(f"there is no way to {towards}: {error.strerror}") from error


def _remember(cache: dict[_K, _V], key: _K, value: _V) -> _V:
    if len(cache) >= CACHE_SIZE:
        cache.clear()
    cache[key] = value
    return value
