"""A stretch of bad network: a relay that loses, repeats, delays, reorders, corrupts and cuts off.

::

    SIPTAPI ──▶ host:5060 ─[ weather ]─▶ host:any ──▶ target
            ◀──           ◀─[ weather ]─          ◀──

Real sockets on loopback, UDP and TCP on the same port. As a NAT does, it gives each client a port
of its own towards the target, so a client that learns its address gets what the target sends by
itself over the relay too. Both directions have the same weather.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Self, TypeVar

from lab.addresses import PORT

from siptapi_core.values import Value

T = TypeVar("T")
Place = tuple[str, int]

_BUFFER = 1 << 20
"""Bytes that may wait in a socket: what is lost shall be lost by the weather alone."""
_CHUNK = 65536


class Weather(Value, kw_only=True):
    """What becomes of packets: shares between 0 and 1, and seconds.

    ``loss``, ``repeats`` and ``damage`` are shares of the datagrams; a damaged one has one byte
    changed to one that SIP has no use for, as anything else the damage might make true. Each copy
    takes ``delay`` and up to ``jitter`` more, so that jitter reorders. On a stream nothing is lost,
    repeated or overtaken; ``cuts`` is the share of the pieces in whose middle the connection ends.
    """

    loss: float = 0.0
    repeats: float = 0.0
    damage: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    cuts: float = 0.0


FINE = Weather()
GONE = Weather(loss=1.0, cuts=1.0)


class Relay:
    """A relay at ``host`` to ``target``, in a thread of its own; change ``weather`` at any time.

    ``came`` has the datagrams that came, ``lost`` those that did not arrive, ``ended`` when (wall
    time) a connection did. ``seed`` makes the weather the same again, as far as the packets are.
    """

    def __init__(self, host: str, target: Place, *, weather: Weather = FINE, seed: int = 1) -> None:
        self.place = (host, PORT)
        self.weather = weather
        self.came: list[bytes] = []
        self.lost: list[bytes] = []
        self.ended: list[float] = []
        self._target = target
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"relay {host}")
        self._front: asyncio.DatagramTransport
        self._clients: dict[Place, asyncio.DatagramTransport] = {}
        self._opening: dict[Place, list[bytes]] = {}
        self._streams: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open())
        return self

    def __exit__(self, *_exception: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """End every connection, in the middle of whatever it carries."""

        async def cut() -> None:
            for stream in self._streams:
                stream.cancel()

        self._do(cut())

    # --- datagrams ---------------------------------------------------------------------------

    async def _open(self) -> None:
        self._front = await self._socket(self.place, self._from_client)
        self._server = await asyncio.start_server(self._accept, *self.place)

    async def _socket(
        self, place: Place, receive: Callable[[bytes, Place], None]
    ) -> asyncio.DatagramTransport:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        udp.setblocking(False)
        udp.bind(place)
        transport, _ = await self._loop.create_datagram_endpoint(
            partial(_Receiver, receive), sock=udp
        )
        return transport

    def _from_client(self, data: bytes, client: Place) -> None:
        if client in self._clients:
            self._carry(data, partial(self._clients[client].sendto, addr=self._target))
        elif client in self._opening:
            self._opening[client].append(data)
        else:
            self._opening[client] = [data]
            self._begin(self._add_client(client))

    async def _add_client(self, client: Place) -> None:
        def from_target(data: bytes, _source: Place) -> None:
            self._carry(data, partial(self._front.sendto, addr=client))

        self._clients[client] = await self._socket((self.place[0], 0), from_target)
        for data in self._opening.pop(client):
            self._from_client(data, client)

    def _carry(self, data: bytes, send: Callable[[bytes], None]) -> None:
        weather, chance = self.weather, self._random.random
        self.came.append(data)
        if chance() < weather.loss:
            self.lost.append(data)
            return
        copies = 2 if chance() < weather.repeats else 1
        if chance() < weather.damage:
            data = self._damaged(data)
        for _ in range(copies):
            wait = weather.delay + weather.jitter * chance()
            if wait:
                self._loop.call_later(wait, send, data)
            else:
                send(data)

    def _damaged(self, data: bytes) -> bytes:
        at = self._random.randrange(len(data))
        return data[:at] + bytes([data[at] | 0x80]) + data[at + 1 :]

    # --- streams -----------------------------------------------------------------------------

    async def _accept(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        target = None
        pumps: list[asyncio.Task[None]] = []
        try:
            reader, target = await asyncio.open_connection(
                *self._target, local_addr=(self.place[0], 0)
            )
            pumps = [
                self._loop.create_task(self._pump(client, target)),
                self._loop.create_task(self._pump(reader, back)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # nobody is at the target: the client finds its connection closed
        except asyncio.CancelledError:
            pass  # cut off; the server would complain of it
        finally:
            self._streams.discard(task)
            self.ended.append(time.time())
            for pump in pumps:
                pump.cancel()
            for writer in filter(None, (back, target)):
                writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            weather, chance = self.weather, self._random.random
            await asyncio.sleep(weather.delay + weather.jitter * chance())
            if chance() < weather.damage:
                data = self._damaged(data)
            if chance() < weather.cuts:
                writer.write(data[: len(data) // 2])
                return
            middle = self._random.randrange(len(data))  # TCP keeps no message together
            for part in filter(None, (data[:middle], data[middle:])):
                writer.write(part)
                await asyncio.sleep(0)

    # --- the thread --------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)

    async def _close(self) -> None:
        self._server.close()
        for task in tuple(self._streams):
            task.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        for transport in (self._front, *self._clients.values()):
            transport.close()
        await asyncio.sleep(0)  # the sockets are closed in the loop's next turn

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, Place], None]) -> None:
        self._receive = receive

    def datagram_received(self, data: bytes, addr: Place) -> None:
        self._receive(data, addr)
