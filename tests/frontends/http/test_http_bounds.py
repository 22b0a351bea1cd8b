"""What strangers may take of the process: connections, and lines of the log."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from http_lab import Log, run, serving

from siptapi_core.testing.fake_clock import FakeClock
from siptapi_frontends.http import refusal_log, server
from siptapi_frontends.http.bounded_socket import BoundedSocket
from siptapi_frontends.http.refusal_log import RefusalLog


def test_one_too_many_is_let_go_and_whoever_leaves_makes_room() -> None:
    with (
        BoundedSocket(socket.create_server(("127.0.0.1", 0)), 2) as listening,
        ExitStack() as stack,
    ):

        def come() -> socket.socket:
            return stack.enter_context(socket.create_connection(listening.getsockname(), 5))

        come(), come()
        taken = [stack.enter_context(listening.accept()[0]) for _ in range(2)]
        third = come()
        with pytest.raises(ConnectionAbortedError):
            listening.accept()
        assert third.recv(1) == b""
        taken[0].close()
        fourth = come()
        stack.enter_context(listening.accept()[0]).sendall(b"x")
        assert fourth.recv(1) == b"x"


def test_those_who_only_hold_a_connection_leave_files_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 4)
    monkeypatch.setattr(server, "MORE_CONNECTIONS", 2)
    ask = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    async def main() -> None:
        async with serving(tmp_path) as lab:
            held = []
            for _ in range(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
                writer.write(b"GET / HTTP/1.1\r\nHost: l")
                held.append(writer)
            assert b" 503 " in await lab.raw(ask)
            reader, sixth = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
            sixth.write(b"GET / HTTP/1.1\r\nHost: l")
            reader, writer = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            for each in (*held, sixth):
                each.transport.abort()
            for _ in range(500):  # the server has to notice first
                answer = await lab.raw(ask)
                if b" 200 " in answer:
                    break
                await asyncio.sleep(0.01)
            assert b" 200 " in answer

    run(main())


@pytest.mark.parametrize(("allowed", "most"), [(1024, 512), (256, 128), (10_240, 2000)])
def test_half_of_the_files_are_for_calls(
    allowed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "allow_open_files", lambda: allowed)
    assert server.most_connections() == most


def test_a_flood_of_refusals_fills_no_disk() -> None:
    written, clock = Log(), FakeClock()
    log = RefusalLog(written, clock)
    for _ in range(1000):
        log.warning("refused", client="192.0.2.1", path="/" + "a" * 16_000)
    assert len(written.lines) == refusal_log.LINES_PER_MINUTE
    assert all(len(str(line)) < 400 for line in written.lines)
    log.error("request broke", client="192.0.2.2")
    who = {"client": "192.0.2.2", "unreported": 940}
    assert written.lines[-1] == ("error", "request broke", who)
    for number in range(20_000):
        log.warning("refused", client=f"10.{number}")
    assert len(written.lines) <= refusal_log.ALL_LINES_PER_MINUTE
    clock.advance(60)
    log.warning("refused", client="192.0.2.1", path="/")
    said = [values for _, _, values in written.lines]
    assert said[-1].keys() == {"client", "path", "unreported"}
    assert len(said) + sum(values["unreported"] for values in said) == 1000 + 1 + 20_000 + 1
