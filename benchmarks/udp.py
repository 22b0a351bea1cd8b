"""UDP echo: our transport beside asyncio's own and a bare blocking socket, in one run.

Each way echoes in a process of its own, whose processor time does not depend on how fast the sender
is. Rounds are interleaved, medians count::

    python benchmarks/udp.py [--rounds 5] [--packets 40000] [--json FOLDER]
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from functools import partial
from multiprocessing.connection import Connection
from typing import cast

from measuring import interleaved, median, options, print_table, save

from siptapi_core.net.udp import UdpTransport
from siptapi_core.targets import Address

LOOPBACK = "127.0.0.1"
WINDOW = 48
"""Packets under way at a time: what a busy proxy keeps in our socket's buffer."""
PACKET = b"x" * 600
STOP = b"stop"


class _Quiet:
    def debug(self, event: str, **values: object) -> None: ...
    def info(self, event: str, **values: object) -> None: ...
    def warning(self, event: str, **values: object) -> None: ...
    def error(self, event: str, **values: object) -> None: ...


class _WithoutReaders(asyncio.SelectorEventLoop):
    def add_reader(self, *_args: object) -> None:
        raise NotImplementedError


def _echo_blocking(report: Connection) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
        echo.bind((LOOPBACK, 0))
        report.send((echo.getsockname()[1], time.process_time()))
        data = b""
        while data != STOP:
            data, name = echo.recvfrom(65535)
            echo.sendto(data, name)


async def _serve_protocol(report: Connection) -> None:
    stopped = asyncio.Event()

    class Echo(asyncio.DatagramProtocol):
        transport: asyncio.DatagramTransport

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast("asyncio.DatagramTransport", transport)

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(data, addr)
            if data == STOP:
                stopped.set()

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=(LOOPBACK, 0))
    report.send((transport.get_extra_info("sockname")[1], time.process_time()))
    await stopped.wait()
    transport.close()


async def _serve_transport(report: Connection) -> None:
    stopped = asyncio.Event()

    def receive(data: bytes, source: Address) -> None:
        transport.send(data, source)
        if data == STOP:
            stopped.set()

    transport = await UdpTransport.open(
        host=LOOPBACK, receive=receive, refused=lambda *_: None, logger=_Quiet()
    )
    port = transport.local_address(Address(LOOPBACK, 9)).port
    report.send((port, time.process_time()))
    await stopped.wait()
    await transport.close()


def _echo(kind: str, report: Connection) -> None:
    match kind:
        case "blocking socket":
            _echo_blocking(report)
        case "DatagramProtocol":
            asyncio.run(_serve_protocol(report))
        case "UdpTransport":
            asyncio.run(_serve_transport(report))
        case _:
            with asyncio.Runner(loop_factory=_WithoutReaders) as runner:
                runner.run(_serve_transport(report))
    report.send(time.process_time())


KINDS = ("blocking socket", "UdpTransport", "UdpTransport, no add_reader", "DatagramProtocol")


def _one_round(kind: str, packets: int) -> dict[str, float]:
    """Packets a second, and seconds of processor time of the echo for each."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_echo, args=(kind, theirs))
    process.start()
    try:
        port, cpu_begun = ours.recv()
        name = (LOOPBACK, port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(10)
            begun = time.perf_counter()
            for _ in range(WINDOW):
                sender.sendto(PACKET, name)
            for _ in range(packets - WINDOW):
                sender.recv(65535)
                sender.sendto(PACKET, name)
            for _ in range(WINDOW):
                sender.recv(65535)
            elapsed = time.perf_counter() - begun
            sender.sendto(STOP, name)
            used = ours.recv() - cpu_begun
    finally:
        process.join(10)
        process.kill()
    return {"rate": packets / elapsed, "cpu": used / packets}


def main() -> None:
    """Print a table, and write it as JSON."""
    given = options(__doc__, packets=(40_000, 2000))
    contenders = {kind: partial(_one_round, kind, given.packets) for kind in KINDS}
    rounds = interleaved(contenders, given.rounds)
    rows = [
        (kind, f"{median(each, 'rate'):,.0f}", f"{1e6 * median(each, 'cpu'):.2f}")
        for kind, each in rounds.items()
    ]
    columns = ("echo by", "packets/s", "us of CPU a packet")
    print_table(f"{given.rounds} interleaved rounds", columns, rows)
    save(given, rounds=rounds)


if __name__ == "__main__":
    main()
