"""``siptapi serve`` with many lines, as a user runs it: start, memory of an idle line, stop.

Each daemon is a process of its own, and registers every line, with digest authentication, at a
registrar that is a child of this script. Rounds are interleaved, medians count::

    python benchmarks/serve_lines.py [--rounds 5] [--lines 1 1000 10000] [--json FOLDER]

Printed are

ready
    seconds from the spawn until the daemon says that it serves; of which seconds of CPU.
registered
    seconds from there until the last line is registered.
resident
    memory when all are registered and nothing is under way; for each line above the first.
stop
    seconds from SIGTERM until the process has gone, all lines taken off.

What a line of it is made of, ``--what LINES`` shows: what Python has allocated, by file and so many
``--frames`` of callers, counted by tracemalloc in a daemon inside this process.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tracemalloc
from functools import partial
from pathlib import Path

from measuring import beside, interleaved, median, options, print_table, resident, save

from siptapi_core.commands import Caller, ShowStatus, Status
from siptapi_core.control.remote_dialer import open_remote_dialer
from siptapi_core.dialer import open_daemon
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import load

CHALLENGE = (
    b"SIP/2.0 401 Unauthorized\r\n"
    b'WWW-Authenticate: Digest realm="bench.test", nonce="6b1cf0e5a7", algorithm=MD5, qop="auth"'
)
HOST, PORT = "127.0.0.78", 5060
CALLER = Caller(frontend="benchmark")
ABSORBED = 7.0
"""Seconds after which no transaction is left (timer K), and the history has all events."""
_HEADER = rb"(?im)^(%s)[ \t]*:[ \t]*(.*?)\r?$"


# --- the registrar -------------------------------------------------------------------------------


def be_registrar() -> None:
    """Accept whatever REGISTER comes with credentials, and ask any other for them."""
    wanted = re.compile(_HEADER % b"Via|From|To|Call-ID|CSeq|Contact")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        server.bind((HOST, PORT))
        print("ready", flush=True)
        while True:
            data, source = server.recvfrom(65536)
            if not data.startswith(b"REGISTER"):
                continue  # a packet that keeps the way open
            has_credentials = b"\nAuthorization:" in data
            lines = [b"SIP/2.0 200 OK"] if has_credentials else [CHALLENGE]
            for name, value in wanted.findall(data):
                tag = b";tag=registrar" if name == b"To" else b""
                lines.append(name + b": " + value + tag)
            server.sendto(b"\r\n".join([*lines, b"Content-Length: 0", b"", b""]), source)


# --- a daemon of its own -------------------------------------------------------------------------


def write_settings(folder: Path, lines: int) -> Path:
    """A table a line, as 10,000 accounts of one PBX would have it."""
    tables = "".join(
        f'[lines.u{number:05}]\nuser = "u{number:05}"\npassword = "secret-{number}"\n'
        for number in range(lines)
    )
    file = folder / "siptapi.toml"
    file.write_text(
        'local_addresses = ["127.0.0.1"]\n[defaults]\ndomain = "bench.test"\n'
        f'outbound_proxy = "{HOST}:{PORT}"\nregister = true\n{tables}',
        encoding="utf-8",
    )
    file.chmod(0o600)
    return file


def measure(lines: int) -> dict[str, float]:
    """Start, registration, memory (bytes) and stop of a daemon with so many lines."""
    with tempfile.TemporaryDirectory(prefix="siptapi-") as name:
        settings = write_settings(Path(name), lines)
        folders = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")
        siptapi = str(Path(sys.executable).with_name("siptapi"))
        begun = time.perf_counter()
        with subprocess.Popen(
            [siptapi, "--config", str(settings), "--no-plugins", "serve"],
            env=os.environ | dict.fromkeys(folders, name),
            stdout=subprocess.PIPE,
        ) as process:
            try:
                assert process.stdout is not None
                said = process.stdout.readline()
                assert said.startswith(b"SIPTAPI serves"), said
                ready, used = time.perf_counter(), _cpu(process.pid)
                control = Path(name) / "siptapi" / "control.sock"
                asyncio.run(_all_registered(control, settings, lines))
                registered = time.perf_counter()
                time.sleep(ABSORBED)
                memory = resident(process.pid)
                stopped = time.perf_counter()
                process.send_signal(signal.SIGTERM)
                code = process.wait(60)
                assert code == 0, code
            finally:
                process.kill()
        return {
            "ready": ready - begun,
            "cpu": used,
            "registered": registered - ready,
            "resident": memory,
            "stop": time.perf_counter() - stopped,
        }


async def _all_registered(control: Path, settings: Path, lines: int) -> None:
    line = socket.socket(socket.AF_UNIX)
    line.connect(str(control))
    async with open_remote_dialer(line, CALLER, settings=str(settings)) as dialer:
        async with asyncio.timeout(120):
            status = None
            while not (isinstance(status, Status) and status.registered == lines):
                await asyncio.sleep(0.25)  # each look costs it some milliseconds
                status = await dialer.execute(ShowStatus(), CALLER)


def _cpu(process: int) -> float:
    """Seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


# --- what it is made of --------------------------------------------------------------------------


async def _snapshot(lines: int, folder: Path) -> tracemalloc.Snapshot:
    """What is allocated once so many lines have registered."""
    os.environ |= dict.fromkeys(("XDG_STATE_HOME", "XDG_RUNTIME_DIR"), str(folder))
    stop, ready = asyncio.Event(), asyncio.Event()
    settings = load(write_settings(folder, lines))
    async with open_daemon(settings, load_plugins(third_party=False)) as daemon:
        serving = asyncio.create_task(daemon.serve(ready.set, stop))
        await ready.wait()
        await asyncio.sleep(ABSORBED + lines / 200)
        assert daemon.status().registered == lines
        taken = tracemalloc.take_snapshot()
        stop.set()
        await serving
    return taken


def show_what(lines: int, frames: int) -> None:
    """Print who allocated what of a line."""
    tracemalloc.start(frames)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        few = asyncio.run(_snapshot(1, Path(one)))
        more = asyncio.run(_snapshot(lines, Path(many)))
    differences = more.compare_to(few, "lineno" if frames == 1 else "traceback")
    total = sum(each.size_diff for each in differences) / (lines - 1)
    print(f"{total:.0f} bytes a line")
    for each in differences[:40]:
        share, count = each.size_diff / (lines - 1), each.count_diff / (lines - 1)
        print(f"{share:8.0f} bytes {count:6.2f} objects")
        for frame in list(each.traceback)[-3:]:
            print(f"      {frame}")


def main() -> None:
    """Print a table, and write it as JSON."""
    given = options(__doc__, lines=([1, 1000, 10_000], [1, 20]), what=(0, 0), frames=(1, 1))
    with beside(sys.executable, __file__, "registrar"):
        if given.what:
            show_what(given.what, given.frames)
            return
        contenders = {f"{lines:,}": partial(measure, lines) for lines in given.lines}
        rounds = interleaved(contenders, given.rounds)
    first = median(next(iter(rounds.values())), "resident")
    rows = []
    for lines, (name, measured) in zip(given.lines, rounds.items(), strict=True):
        memory = median(measured, "resident")
        share = (memory - first) / 1024 / max(lines - given.lines[0], 1)
        times = (f"{median(measured, each):.2f}" for each in ("ready", "cpu", "registered"))
        kib = f"{share:.1f}" if share else ""
        rows.append((name, *times, f"{memory / 2**20:.1f}", kib, f"{median(measured, 'stop'):.2f}"))
    columns = ("lines", "ready s", "CPU s", "registered s", "resident MiB", "KiB a line", "stop s")
    goals = "goals: 1,000 lines ready in 1.5 s, 10 KiB a line of 10,000"
    print_table(f"{given.rounds} interleaved rounds ({goals})", columns, rows)
    save(given, rounds=rounds)


if __name__ == "__main__":
    if sys.argv[1:] == ["registrar"]:
        be_registrar()
    main()
