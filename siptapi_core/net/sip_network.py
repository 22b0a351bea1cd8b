"""The process's SIP sockets and the one user agent behind them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Self

from siptapi_core.contracts import Clock, Logger
from siptapi_core.errors import NetworkError
from siptapi_core.events import CallId, Direction, TracedMessage
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.strangers import Strangers
from siptapi_core.machine.timers import SipTimers
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.net.driver import Driver
from siptapi_core.net.kept_messages import KeptMessage, KeptMessages, call_id_of
from siptapi_core.net.socket_name import family_of
from siptapi_core.net.udp import UdpTransport, source_host
from siptapi_core.sip.masking import mask_credentials
from siptapi_core.targets import Address, Transport
from siptapi_core.version import VERSION

if TYPE_CHECKING:
    from siptapi_core.net.stream import StreamTransport
    from siptapi_core.net.stream_options import StreamOptions
    from siptapi_core.net.stun_client import StunClient
    from siptapi_core.sip.uri import SipUri

ANY_IPV4 = "0.0.0.0"  # noqa: S104  # the phone may be on any network of ours
ANY_IPV6 = "::"

NAMED_CALLS = 4096
"""Call-IDs of which it is remembered whose they are."""
_ABOVE_STUN = b"\x04"
"""No SIP message begins with a byte below this, every STUN message does (RFC 7983)."""


class SipNetwork:
    """UDP on IPv4, and on IPv6 where the machine has it; TCP and TLS when first needed.

    Make one with `open`.
    """

    transports: ClassVar = tuple(Transport)
    """Those that we speak, the preferred first."""

    def __init__(
        self,
        *,
        clock: Clock,
        identifiers: Identifiers,
        logger: Logger,
        timers: SipTimers,
        stream_options: Callable[[str], StreamOptions],
    ) -> None:
        self.clock = clock
        self.tracers: list[Callable[[TracedMessage], None]] = []
        """Called with each message; while there is none, nothing is decoded or masked."""
        self._kept = KeptMessages()
        self._strangers = Strangers(self._report_stranger)
        self.agent = UserAgent(
            identifiers=identifiers,
            local_address=self._local_address,
            timers=timers,
            product=f"SIPTAPI/{VERSION}",
            strangers=self._strangers,
        )
        self.logger = logger
        self._driver = Driver(self.agent, self._send)
        self._sockets: dict[bool, dict[str, UdpTransport]] = {}  # by: is it IPv6? and by host
        self._only_socket: dict[bool, UdpTransport | None] = {}  # of those who have no other
        self._stream_options = stream_options
        self._streams: StreamTransport | None = None
        self._stun: StunClient | None = None
        self._last_local: dict[Address, Address] = {}
        self._calls: dict[str, CallId] = {}

    @classmethod
    async def open(
        cls,
        *,
        clock: Clock,
        identifiers: Identifiers,
        logger: Logger,
        hosts: tuple[str, ...] = (ANY_IPV4, ANY_IPV6),
        ports: Iterable[int] = (0,),
        timers: SipTimers | None = None,
        stream_options: Callable[[str], StreamOptions] | None = None,
    ) -> Self:
        """A network that listens on ``hosts`` already, as `listen` does.

        ``stream_options(line)`` is asked when a line first needs TCP or TLS.

        Raises:
            NetworkError: no socket could be opened; the words say why.
        """
        network = cls(
            clock=clock,
            identifiers=identifiers,
            logger=logger,
            timers=timers or SipTimers(),
            stream_options=stream_options or _default_stream_options,
        )
        try:
            await network.listen(hosts, ports)
        except NetworkError:
            await network.close()
            raise
        return network

    async def listen(self, hosts: Iterable[str], ports: Iterable[int]) -> None:
        """Open a UDP socket on each of ``hosts``, at the first of ``ports`` that is free there.

        Port 0 is any free one. Of several hosts of a family, packets leave from that which the
        system's routing table prefers. TCP and TLS connections have the same hosts and any port.

        Raises:
            NetworkError: no socket could be opened; the words say why.
        """
        for host in hosts:
            try:
                await self._open(host, ports)
            except NetworkError as error:
                if host != ANY_IPV6 or not self._sockets:
                    raise
                self.logger.debug("no IPv6", why=str(error))

    def reachable(self, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        """``addresses`` from the first that we have a way to; no connection is opened for that.

        Raises:
            NetworkError: there is no way to any of them.
        """
        problem = NetworkError("there is no address")
        for index, address in enumerate(addresses):
            try:
                self._socket(address).local_address(address)
            except NetworkError as error:
                problem = error
            else:
                return addresses[index:]
        raise problem

    async def mapped_address(
        self, towards: Address, servers: tuple[Address, ...], refresh: float
    ) -> Address:
        """Where STUN ``servers`` see the UDP socket by which ``towards`` is reached.

        They are of its address family. What they say is believed for ``refresh`` seconds, and asked
        for again while calls go on.

        Raises:
            NetworkError: they do not say, or do not agree; the words have what they said.
        """
        if self._stun is None:
            from siptapi_core.net.stun_client import StunClient  # noqa: PLC0415  # few lines use it

            self._stun = StunClient(
                in_use=lambda: len(self.agent) > 0,
                logger=self.logger,
            )
        return await self._stun.mapped_address(self._socket(towards), servers, refresh)

    def expect_calls(self, next_hop: SipUri, addresses: Iterable[Address]) -> None:
        """Let lines that register by ``next_hop`` take calls from there: it resolves to them."""
        now = self.clock.monotonic()
        for address in addresses:
            self._strangers.expect_calls(next_hop, address.host, now)

    def drive(self, do: Callable[[float], None]) -> None:
        """Let ``do(now)`` act on the user agent or a call of it, and carry out what follows."""
        self._driver.drive(do)

    def name_call(self, call_id: str, call: CallId) -> None:
        """Let traces say that messages of that Call-ID belong to ``call``."""
        self._calls[call_id] = call
        if len(self._calls) > NAMED_CALLS:
            del self._calls[next(iter(self._calls))]

    def call_with(self, call_id: str) -> CallId:
        """The call that messages of that Call-ID belong to, "" where that is not known."""
        return self._calls.get(call_id, "")

    def messages_of(self, call: CallId) -> tuple[TracedMessage, ...]:
        """The messages of ``call`` that are still in memory, in order; each was on the wire."""
        call_ids = [call_id for call_id, named in self._calls.items() if named == call]
        found = [message for call_id in call_ids for message in self._kept.of(call_id)]
        return tuple(map(self._traced, sorted(found, key=lambda message: message.seconds)))

    def counters(self) -> dict[str, int]:
        """What is alive, by name."""
        connections = 0 if self._streams is None else len(self._streams)
        return self.agent.counters() | {"connections": connections}

    async def close(self) -> None:
        """Give the ports back. Whatever is still going on is dropped."""
        self._driver.close()
        if self._stun is not None:
            self._stun.close()
        for sockets in self._sockets.values():
            for socket in sockets.values():
                await socket.close()
        if self._streams is not None:
            await self._streams.close()

    def _receive(self, data: bytes, source: Address) -> None:
        if data[:1] < _ABOVE_STUN and self._take_stun(data, source):
            return
        self._kept.keep(self.clock.monotonic(), Direction.RECEIVED, data, source)
        if self.tracers:
            self._trace(Direction.RECEIVED, data, source)
        self._driver.drive(self.agent.receive, data, source)

    def _take_stun(self, data: bytes, source: Address) -> bool:
        """Whether it was a STUN message, asked for or not."""
        from siptapi_core.sip.stun import is_stun  # noqa: PLC0415  # most calls never see one

        taken = is_stun(data)
        if taken and self._stun is not None:
            self._stun.receive(data, source)
        return taken

    def _refused(self, address: Address, problem: str = "", *, broken: bool = False) -> None:
        if self._stun is not None:
            self._stun.refused(address)
        self._driver.drive(lambda now: self.agent.refused(address, now, problem, broken=broken))

    def _report_stranger(self, source: Address, method: str, reason: str, unreported: int) -> None:
        # Programs read this line (docs/strangers.md): nothing in it is the stranger's own choice.
        self.logger.warning(
            "request refused",
            address=source.host,
            port=source.port,
            method=method,
            reason=reason,
            unreported=unreported,
        )

    def _send(self, data: bytes, to: Address) -> None:
        try:
            transport = self._transport(to)
        except NetworkError as error:
            self.logger.info("packet not sent", to=str(to), why=str(error))
            asyncio.get_running_loop().call_soon(self._refused, to, str(error))
            return
        self._kept.keep(self.clock.monotonic(), Direction.SENT, data, to)
        if self.tracers:
            self._trace(Direction.SENT, data, to)
        transport.send(data, to)

    def _local_address(self, towards: Address) -> Address:
        try:
            local = self._transport(towards).local_address(towards)
        except NetworkError:
            last = self._last_local.get(towards)
            if last is None:
                raise
            return last
        self._last_local[towards] = local
        return local

    def _transport(self, towards: Address) -> UdpTransport | StreamTransport:
        if towards.transport.reliable:
            return self._open_streams() if self._streams is None else self._streams
        return self._only_socket.get(":" in towards.host) or self._socket(towards)

    def _socket(self, towards: Address) -> UdpTransport:
        sockets = self._sockets.get(":" in towards.host)
        if sockets is None:
            raise NetworkError(f"this machine has no way to {towards}: no such address family")
        first = next(iter(sockets.values()))
        if len(sockets) == 1:
            return first
        return sockets.get(source_host(family_of(towards.host), towards), first)

    async def _open(self, host: str, ports: Iterable[int]) -> None:
        problems: list[NetworkError] = []
        for port in ports:
            try:
                socket = await UdpTransport.open(
                    host=host,
                    port=port,
                    receive=self._receive,
                    refused=self._refused,
                    logger=self.logger,
                )
            except NetworkError as error:
                problems.append(error)
            else:
                sockets = self._sockets.setdefault(":" in host, {})
                sockets[host] = socket
                self._only_socket[":" in host] = socket if len(sockets) == 1 else None
                self.logger.debug("socket opened", local=socket.bound)
                return
        if len(problems) == 1:
            raise problems[0]
        if problems:
            raise NetworkError(f"none of {len(problems)} ports can be used: {problems[0]}")
        raise NetworkError(f"there is no port for {host}")

    def _open_streams(self) -> StreamTransport:
        from siptapi_core.net.stream import StreamTransport  # noqa: PLC0415  # most lines use UDP

        self._streams = StreamTransport(
            receive=self._receive,
            refused=self._refused,
            broken=partial(self._refused, broken=True),
            in_use=lambda: len(self.agent) > 0,
            local_host=lambda towards: self._socket(towards).local_address(towards).host,
            options=self._stream_options,
            logger=self.logger,
        )
        return self._streams

    def _trace(self, direction: Direction, data: bytes, peer: Address) -> None:
        traced = self._traced(KeptMessage(self.clock.monotonic(), direction, data, peer))
        for tracer in tuple(self.tracers):
            tracer(traced)

    def _traced(self, message: KeptMessage) -> TracedMessage:
        call_id = call_id_of(message.data).decode(errors="replace")
        return TracedMessage(
            time=self.clock.time() - self.clock.monotonic() + message.seconds,
            direction=message.direction,
            peer=str(message.peer),
            call_id=call_id,
            text=mask_credentials(message.data.decode(errors="replace")),
            call=self.call_with(call_id),
            local=str(self._own_end(message.peer) or ""),
        )

    def _own_end(self, towards: Address) -> Address | None:
        """As `_local_address`, without a connection being opened for that."""
        if not towards.transport.reliable:
            with suppress(NetworkError):
                return self._socket(towards).local_address(towards)
        return self._last_local.get(towards)


def _default_stream_options(_line: str) -> StreamOptions:
    from siptapi_core.net.stream_options import StreamOptions  # noqa: PLC0415  # most lines use UDP

    return StreamOptions()
