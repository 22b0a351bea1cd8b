"""From starting ``siptapi dial`` until its first INVITE is on the wire, beside bare asyncio.

By itself, and with a daemon that the call is handed to: then it is the daemon's INVITE. All are
whole processes of the interpreter that runs this file, with compiled bytecode. Rounds are
interleaved, medians count::

    python benchmarks/cold_start.py [--rounds 15] [--json FOLDER]
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from measuring import beside, interleaved, median, options, print_table, save

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


def to_first_packet(
    command: list[str], environment: dict[str, str], listener: socket.socket, begins: bytes
) -> dict[str, float]:
    """Seconds until the process that is started, or the daemon, sends its first packet."""
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
        return {"seconds": taken}
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
    """Print a table, and write it as JSON."""
    given = options(__doc__, rounds=(15, 1))
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
        said = stack.enter_context(beside(program, "serve", env=served))
        assert said.startswith("SIPTAPI serves"), said
        bare = [sys.executable, "-c", BARE, str(port)]
        cases = {
            "python, asyncio, one datagram": (bare, alone, b"x"),
            "siptapi dial 1002": ([program, "dial", "1002"], alone, b"INVITE"),
            "siptapi dial +431505641": ([program, "dial", "+431505641"], alone, b"INVITE"),
            "siptapi dial 1002, daemon": ([program, "dial", "1002"], served, b"INVITE"),
        }
        contenders = {
            name: partial(to_first_packet, command, environment, listener, begins)
            for name, (command, environment, begins) in cases.items()
        }
        interleaved(contenders, 1)  # warms the caches
        rounds = interleaved(contenders, given.rounds)
    yardstick = median(next(iter(rounds.values())), "seconds")
    rows = []
    for name, measured in rounds.items():
        times = [1e3 * each["seconds"] for each in measured]
        middle = median(measured, "seconds")
        span = f"{min(times):.1f} to {max(times):.1f}"
        rows.append((name, f"{1e3 * middle:.1f}", span, f"{middle / yardstick:.2f}"))
    goals = "goals: 2.2 times bare asyncio, 0.9 with a daemon"
    print_table(f"{given.rounds} interleaved rounds ({goals})", ("", "ms", "span", "ratio"), rows)
    save(given, rounds=rounds)


if __name__ == "__main__":
    main()
