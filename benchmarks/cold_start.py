"""From starting ``siptapi dial`` until its first INVITE is on the wire, beside bare asyncio.

By itself, and with a daemon that the call is handed to: then it is the daemon's INVITE.

Run by hand: ``python benchmarks/cold_start.py [ROUNDS]``. Rounds are interleaved; medians count.
Both are whole processes of the interpreter that runs this file, with compiled bytecode.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

LIMIT_SECONDS = 10.0

BARE = """\
import asyncio, socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", int(sys.argv[1])))
"""

CONFIG = """\
[lines.bench]
domain = "bench.invalid"
user = "200"
password = "secret"
outbound_proxy = "127.0.0.1:{port}"
"""


@contextmanager
def daemon(program: str, environment: dict[str, str]) -> Iterator[None]:
    with subprocess.Popen([program, "serve"], stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"SIPTAPI serves")
            yield
        finally:
            process.kill()


def seconds_to_first_packet(
    command: list[str], environment: dict[str, str], listener: socket.socket, begins: bytes
) -> float:
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        data, sender = listener.recvfrom(65535)
        taken = time.perf_counter() - started
        assert data.startswith(begins), data
        if data.startswith(b"INVITE"):  # the daemon lives on, and would send it again
            copied = (b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:")
            headers = [line for line in data.split(b"\r\n") if line.startswith(copied)]
            busy = b"\r\n".join(
                [b"SIP/2.0 486 Busy Here", *headers, b"Content-Length: 0", b"", b""]
            )
            listener.sendto(busy, sender)
            listener.recv(65535)  # its ACK
        return taken
    finally:
        process.kill()
        process.wait()
        drain(listener)


def drain(listener: socket.socket) -> None:
    listener.setblocking(False)
    try:
        while True:
            listener.recv(65535)
    except BlockingIOError:
        listener.settimeout(LIMIT_SECONDS)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    program = shutil.which("siptapi", path=str(Path(sys.executable).parent))
    if program is None:
        sys.exit("siptapi is not installed beside this interpreter")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(LIMIT_SECONDS)
        port = listener.getsockname()[1]
        config = Path(folder) / "siptapi.toml"
        config.write_text(CONFIG.format(port=port))
        config.chmod(0o600)  # else every start would warn
        alone = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        alone |= {"SIPTAPI_CONFIG": str(config)}
        alone |= dict.fromkeys(("XDG_RUNTIME_DIR", "XDG_STATE_HOME"), str(Path(folder) / "none"))
        served = alone | dict.fromkeys(("XDG_RUNTIME_DIR", "XDG_STATE_HOME"), folder)
        stack.enter_context(daemon(program, served))
        bare = [sys.executable, "-c", BARE, str(port)]
        cases = {
            "python, asyncio, one datagram": (bare, alone, b"x"),
            "siptapi dial 1002": ([program, "dial", "1002"], alone, b"INVITE"),
            "siptapi dial +431505641": ([program, "dial", "+431505641"], alone, b"INVITE"),
            "siptapi dial 1002, daemon": ([program, "dial", "1002"], served, b"INVITE"),
        }
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for number in range(rounds + 1):  # the first round warms the caches and is not counted
            for name, (command, environment, begins) in cases.items():
                seconds = seconds_to_first_packet(command, environment, listener, begins)
                if number:
                    taken[name].append(seconds)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    yardstick = next(iter(medians.values()))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name, times in taken.items():
        low, high = min(times), max(times)
        print(
            f"{name:32} {medians[name] * 1e3:7.1f} ms ({low * 1e3:.1f} to {high * 1e3:.1f})"
            f"  {medians[name] / yardstick:.2f} x"
        )
    print(json.dumps({"medians": medians, "rounds": rounds}))


if __name__ == "__main__":
    main()
