"""Ten thousand lines registered at Kamailio: memory a line, CPU and time of each step.

Run by hand, Kamailio installed: ``python benchmarks/registered_lines.py [--lines 10000]``. It
registers them (with digest authentication), lets them wait, refreshes each once, and takes them
off; Kamailio's own counters say that it was so. Each measurement is a process of its own:

registrations
    `siptapi_core.net.registering` alone, with what it needs of a line.
daemon
    what ``siptapi serve`` runs, from a settings file with a table a line.

Memory a line is what a process with all lines has more than one with a single line: resident, when
all are registered and nothing is under way. ``live`` is what Python has allocated by then, counted
by tracemalloc in a run of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from siptapi_core.contracts import ResolveContext, Resolved
from siptapi_core.dialer import open_daemon
from siptapi_core.events import RegistrationChanged, RegistrationState
from siptapi_core.logs import logger
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.registering import Registrations
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import load
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Target

HOST, PORT, CONTROL_PORT = "127.0.0.77", 5060, 2049
DOMAIN = "bench.test"
KEEPALIVE = 25.0
ABSORBED = 6.0
"""Seconds after which no transaction is left (timer K)."""
_CONFIG = f"""\
#!KAMAILIO
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:{HOST}:{PORT}
alias="{DOMAIN}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "kex.so"
loadmodule "ctl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("ctl", "binrpc", "tcp:{HOST}:{CONTROL_PORT}")
modparam("usrloc", "hash_size", 14)
modparam("registrar", "min_expires", 1)
modparam("registrar", "max_contacts", 10)
request_route {{
  force_rport();
  if ($au == $null || !pv_www_authenticate("bench", "secret-$au", "0")) {{
    www_challenge("bench", "0");
    exit;
  }}
  save("location");
}}
"""


# --- the registrar -------------------------------------------------------------------------------


@contextmanager
def kamailio() -> Iterator[None]:
    """A registrar that keeps what it has in memory; every user's password is ``secret-USER``."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
    path = shutil.which("kamailio", path=places)
    if path is None:
        sys.exit("kamailio is not here: install the Debian package kamailio")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "run").mkdir()
        (folder / "kamailio.cfg").write_text(_CONFIG, encoding="utf-8")
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [
                    *(path, "-f", "kamailio.cfg", "-DD", "-E", "-m", "128", "-M", "8"),
                    *("-w", ".", "-Y", "./run", "-P", "./run/kamailio.pid"),
                ],
                cwd=folder,
                stdout=output,
                stderr=output,
            )
            try:
                end = time.monotonic() + 10
                while statistics() is None:
                    if process.poll() is not None or time.monotonic() > end:
                        sys.exit((folder / "output").read_text(encoding="utf-8"))
                    time.sleep(0.1)
                yield
            finally:
                process.terminate()
                process.wait(10)


def statistics() -> tuple[int, int] | None:
    """How many Contacts the registrar has, and how many REGISTERs it accepted; None: no answer."""
    done = subprocess.run(
        [
            *("/usr/sbin/kamcmd", "-s", f"tcp:{HOST}:{CONTROL_PORT}"),
            *("stats.get_statistics", "usrloc:", "registrar:"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=10,
    )
    counted = dict(re.findall(r":([\w-]+) = (\d+)", done.stdout))
    if not counted:
        return None
    return int(counted["location_contacts"]), int(counted["accepted_regs"])


# --- what is measured ----------------------------------------------------------------------------


class Meter:
    """Time and CPU of each step, and the memory at its end."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}
        self._begun = self._now()

    def step(self, name: str) -> None:
        """The step of that name is over."""
        now = self._now()
        gc.collect()
        self.steps[name] = {
            "seconds": now[0] - self._begun[0],
            "cpu": now[1] - self._begun[1],
            "resident": _resident(),
            "live": float(tracemalloc.get_traced_memory()[0]),
        }
        self._begun = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return time.perf_counter(), used.ru_utime + used.ru_stime


def _resident() -> float:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return float(pages * resource.getpagesize())


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > end:
            sys.exit(f"not within {seconds:g} s: {what}; the registrar has {statistics()}")
        await asyncio.sleep(0.25)


async def _measure(
    lines: int, expires: int, running: Callable[[int, int], Any]
) -> dict[str, dict[str, float]]:
    """The life of ``lines`` lines; ``running`` starts them, and takes them off when it is left."""
    before = statistics()
    assert before is not None

    async def counted(contacts: int, accepted: int) -> bool:
        now = await asyncio.to_thread(statistics)
        return now is not None and now[0] == contacts and now[1] - before[1] >= accepted

    meter = Meter()
    async with running(lines, expires) as registered:
        meter.step("begin")

        async def all_registered() -> bool:
            return bool(registered() == lines)

        await _until(all_registered, 120, "all are registered")
        meter.step("register")
        assert await counted(lines, lines)
        await asyncio.sleep(ABSORBED)
        meter.step("wait")
        await _until(lambda: counted(lines, 2 * lines), 3 * expires, "all are refreshed")
        meter.step("refresh")
        assert registered() == lines
    meter.step("unregister")
    after = statistics()
    assert after is not None
    meter.steps["unregister"]["left"] = after[0]
    return meter.steps


@asynccontextmanager
async def registrations(lines: int, expires: int) -> AsyncIterator[Callable[[], int]]:
    """Our registrations by themselves."""

    class Proxy:
        async def resolve(self, _target: Target, _context: ResolveContext) -> Resolved:
            return Resolved(targets=(Address(HOST, PORT),), why="the benchmark says so")

    class Account:
        """What reads a line's password."""

        __slots__ = ("user",)

        def __init__(self, user: str) -> None:
            self.user = user

        async def __call__(self) -> Credentials:
            return Credentials(self.user, f"secret-{self.user}")

    states: dict[str, RegistrationState] = {}

    def report(line: str, change: RegistrationChanged) -> None:
        states[line] = change.state

    network = await SipNetwork.open(
        clock=SystemClock(),
        identifiers=SystemIdentifiers(),
        logger=logger("benchmark"),
        hosts=("127.0.0.1",),
    )
    made = Registrations(network, report)
    chain = ResolverChain([("proxy", Proxy())], line="", clock=network.clock)
    next_hop = SipUri(DOMAIN)
    try:
        for name in _names(lines):
            plan = RegistrationPlan(
                account=SipUri(DOMAIN, user=name),
                next_hop=next_hop,
                token=network.agent.identifiers.tag(),
                expires=expires,
                keepalive=KEEPALIVE,
            )
            made.register(name, plan, lambda _: chain, Account(name))
        yield lambda: sum(state is RegistrationState.REGISTERED for state in states.values())
        await made.close(60)
    finally:
        await network.close()


@asynccontextmanager
async def daemon(lines: int, expires: int) -> AsyncIterator[Callable[[], int]]:
    """What ``siptapi serve`` runs."""
    tables = "".join(
        f'[lines.{name}]\nuser = "{name}"\npassword = "secret-{name}"\n' for name in _names(lines)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "siptapi.toml"
        file.write_text(
            f'local_addresses = ["127.0.0.1"]\n[history]\nfile = "history.db"\n'
            f'[defaults]\ndomain = "{DOMAIN}"\noutbound_proxy = "{HOST}:{PORT}"\n'
            f"register = true\nregistration_expires = {expires}\nkeepalive = {KEEPALIVE}\n{tables}",
            encoding="utf-8",
        )
        file.chmod(0o600)
        del tables
        stop, ready = asyncio.Event(), asyncio.Event()
        async with open_daemon(load(file), load_plugins()) as made:
            serving = asyncio.create_task(made.serve(ready.set, stop))
            await ready.wait()
            services = made._line_services  # noqa: SLF001  # asked often; status() does more
            yield lambda: services.registered
            stop.set()
            await serving


def _names(lines: int) -> list[str]:
    return [f"u{number:05}" for number in range(lines)]


KINDS = {"registrations": registrations, "daemon": daemon}


# --- the table -----------------------------------------------------------------------------------


def _child(kind: str, lines: int, expires: int, *, traced: bool = False) -> dict[str, Any]:
    """Measure in a process of its own, with a registrar of its own."""
    options = ["--child", kind, "--lines", str(lines), "--expires", str(expires)]
    with kamailio():
        done = subprocess.run(
            [sys.executable, __file__, *options, *(["--traced"] if traced else [])],
            check=False,
            stdout=subprocess.PIPE,
            text=True,
            timeout=600,
        )
    if done.returncode != 0:
        sys.exit(f"{kind} with {lines} lines failed")
    return dict(json.loads(done.stdout))


def _print(kind: str, lines: int, expires: int, traced_lines: int) -> None:
    one, many = _child(kind, 1, expires), _child(kind, lines, expires)
    print(f"\n{kind}: {lines} lines")
    print(f"  {'':12}{'seconds':>9}{'CPU s':>9}{'CPU us/line':>13}")
    for name, step in many.items():
        share = 1e6 * step["cpu"] / lines
        print(f"  {name:12}{step['seconds']:9.1f}{step['cpu']:9.2f}{share:13.0f}")
    left = many["unregister"]["left"]
    print(f"  left at the registrar: {left:g}")
    resident = (many["wait"]["resident"] - one["wait"]["resident"]) / (lines - 1)
    print(f"  memory of an idle line above the first: {resident / 1024:.1f} KiB resident", end="")
    if traced_lines:
        few = _child(kind, 1, expires, traced=True)
        more = _child(kind, traced_lines, expires, traced=True)
        live = (more["wait"]["live"] - few["wait"]["live"]) / (traced_lines - 1)
        print(f", {live / 1024:.1f} KiB live ({traced_lines} lines)", end="")
    print()


def main() -> None:
    """Print the table, or measure as a child of ourselves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--expires", type=int, default=60, help="seconds that are asked for")
    parser.add_argument("--traced-lines", type=int, default=2_000, help="0: no such run")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        if arguments.traced:
            tracemalloc.start()
        with contextlib.suppress(KeyboardInterrupt):
            measured = _measure(arguments.lines, arguments.expires, KINDS[arguments.child])
            print(json.dumps(asyncio.run(measured)))
        return
    for kind in arguments.kind or KINDS:
        _print(kind, arguments.lines, arguments.expires, arguments.traced_lines)


if __name__ == "__main__":
    main()
