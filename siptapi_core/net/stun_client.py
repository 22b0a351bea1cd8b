"""Asks STUN servers through SIP's own socket: each socket has a mapping of its own in a NAT."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from siptapi_core.contracts import Logger
from siptapi_core.errors import NetworkError
from siptapi_core.machine.stun_binding import StunBinding
from siptapi_core.net.driver import Driver
from siptapi_core.net.udp import UdpTransport
from siptapi_core.sip.stun import TRANSACTION_ID_SIZE
from siptapi_core.targets import Address


class StunClient:
    """What the NAT makes of each socket, by the servers that were asked.

    While ``in_use()`` the servers are asked again and again, which keeps the mapping open and
    notices when it changes.
    """

    def __init__(self, *, in_use: Callable[[], bool], logger: Logger) -> None:
        self._in_use = in_use
        self._logger = logger
        self._watches: dict[tuple[UdpTransport, tuple[Address, ...]], _Watch] = {}

    async def mapped_address(
        self, socket: UdpTransport, servers: tuple[Address, ...], refresh: float
    ) -> Address:
        """Where others see ``socket``; ``refresh`` is seconds for which that is believed.

        Raises:
            NetworkError: no server answers, or they do not agree; the words say what they said.
        """
        watch = self._watches.get((socket, servers))
        if watch is None:
            watch = self._watches[socket, servers] = _Watch(
                servers, refresh, socket.send, self._in_use, self._logger
            )
        return await watch.mapped_address()

    def receive(self, data: bytes, source: Address) -> None:
        """A STUN message came; what nobody asked for is dropped."""
        for watch in self._watches.values():
            watch.receive(data, source)

    def refused(self, address: Address) -> None:
        """The network says that nobody is at ``address``."""
        for watch in self._watches.values():
            watch.refused(address)

    def close(self) -> None:
        """Ask no more."""
        for watch in self._watches.values():
            watch.driver.close()


class _Watch:
    """One set of servers, and who waits for what they say."""

    def __init__(
        self,
        servers: tuple[Address, ...],
        refresh: float,
        send: Callable[[bytes, Address], None],
        in_use: Callable[[], bool],
        logger: Logger,
    ) -> None:
        self._logger = logger
        self._waiting: list[asyncio.Future[Address]] = []
        self._binding = StunBinding(
            servers,
            refresh=refresh,
            new_transaction_id=lambda: os.urandom(TRANSACTION_ID_SIZE),
            wanted=in_use,
            on_known=self._on_known,
            on_change=self._on_change,
            on_failure=self._on_failure,
        )
        self.driver = Driver(self._binding, send)

    async def mapped_address(self) -> Address:
        if self._binding.mapped is not None:
            return self._binding.mapped
        future: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self.driver.drive(self._binding.ask)
        return await future

    def receive(self, data: bytes, source: Address) -> None:
        self.driver.drive(self._binding.receive, data, source)

    def refused(self, address: Address) -> None:
        self.driver.drive(self._binding.refused, address)

    def _on_known(self, mapped: Address) -> None:
        for future in self._take_waiting():
            future.set_result(mapped)

    def _on_change(self, before: Address, now: Address) -> None:
        self._logger.warning(
            "the NAT has changed our address; calls that have begun may not hear from the phone",
            before=str(before),
            now=str(now),
            advice="a shorter keepalive may keep it",
        )

    def _on_failure(self, problem: str) -> None:
        self._logger.warning("our address behind the NAT is not known", why=problem)
        for future in self._take_waiting():
            future.set_exception(NetworkError(problem))

    def _take_waiting(self) -> list[asyncio.Future[Address]]:
        waiting, self._waiting = self._waiting, []
        return [future for future in waiting if not future.done()]
