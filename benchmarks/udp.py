"""UDP echo: our transport beside asyncio's own and a bare blocking socket, in one run.

Run by hand: ``python benchmarks/udp.py [--rounds 7] [--packets 40000]``. Each way echoes in a
process of its own; the rounds are interleaved, so that a busy moment of the machine hits all of
them, and the medians are printed. ``us/packet`` is the CPU time of the echoing process, which
does not depend on how fast the sender is.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import socket
import statistics
import time
from multiprocessing.connection import Connection
from typing import cast

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


def _one_round(kind: str, packets: int) -> tuple[float, float]:
    """Packets per second, and CPU seconds of the echo per packet."""
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
            cpu_seconds = ours.recv() - cpu_begun
    finally:
        process.join(10)
        process.kill()
    return packets / elapsed, cpu_seconds / packets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--packets", type=int, default=40_000)
    arguments = parser.parse_args()
    results: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for _ in range(arguments.rounds):
        for kind in KINDS:
            results[kind].append(_one_round(kind, arguments.packets))
    print(f"{'echo by':30}{'packets/s':>12}{'us/packet':>12}")
    for kind, rounds in results.items():
        rates, costs = zip(*rounds, strict=True)
        print(f"{kind:30}{statistics.median(rates):12.0f}{statistics.median(costs) * 1e6:12.2f}")


if __name__ == "__main__":
    main()
