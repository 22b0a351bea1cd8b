"""What can befall the daemon's process, done to a real one: it goes on, and nothing told is lost.

The network is loopback, the phone a sipp that the daemon calls directly.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lab import faulty
from lab.daemon import CALLER, Daemon, Heard, check_history
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.programs import read_texts, require, wait_until
from lab.service_manager import ServiceManager
from lab.sipp import Sipp

from siptapi_core.commands import Dial, Dialling, HangUp
from siptapi_core.contracts import Dialer
from siptapi_core.errors import SiptapiError

pytestmark = pytest.mark.interop

IS_LONG = "SIPTAPI_SOAK_SECONDS" in os.environ
FAULTY = Path(faulty.__file__)
ACCOUNT = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}


async def answered(dialer: Dialer, heard: Heard, line: str | None = None) -> str:
    """Make a call, wait for its end, and return the outcome."""
    reply = await dialer.execute(Dial(number="2002", line=line), CALLER)
    assert isinstance(reply, Dialling)
    await heard.until("call_ended", call=reply.call)
    return heard.endings()[reply.call]


def direct(phone: Sipp) -> dict[str, Any]:
    return {"strategies": ["refer-to-phone"], "phone": phone.address}


# --- plugins -------------------------------------------------------------------------------------


def test_plugins_that_misbehave_are_named_and_calls_go_on(lab: Lab) -> None:
    phone = lab.sipp("answered", calls=4)
    faults = [fault for fault in faulty.STRATEGIES if fault != "blocks"]
    daemon = lab.daemon(
        plugins=[FAULTY],
        tables={
            **{f"lines.{fault}": ACCOUNT | {"strategies": [fault]} for fault in faults},
            "observers.hangs": {},
            "observers.complains": {},
        },
        **direct(phone),
    )
    told: dict[str, str] = {}

    async def use(dialer: Dialer, heard: Heard) -> None:
        for fault in ("breaks", "ends"):
            told[fault] = await answered(dialer, heard, fault)
            assert await answered(dialer, heard, "office") == "answered"
        with pytest.raises(SiptapiError) as caught:
            await dialer.execute(Dial(number="2002", line="raises"), CALLER)
        told["raises"] = str(caught.value)
        for _ in range(1 + 1000 // faulty.LEAKED):
            told["leaks"] = await answered(dialer, heard, "leaks")
        stuck = await dialer.execute(Dial(number="2002", line="never"), CALLER)
        assert isinstance(stuck, Dialling)
        hanging_up = asyncio.ensure_future(dialer.execute(HangUp(call=stuck.call), CALLER))
        assert await answered(dialer, heard, "office") == "answered"
        assert await answered(dialer, heard, "office") == "answered"
        hanging_up.cancel()

    daemon.run(use)
    assert told == {
        "breaks": "unknown",
        "ends": "unknown",
        "leaks": "failed",
        "raises": "the strategy 'raises' broke: LookupError('nothing here')",
    }
    assert "no such thing" in daemon.await_logged("strategy broke", strategy="breaks")["why"]
    assert "not listening" in daemon.await_logged("observer broke", observer="complains")["why"]
    status = daemon.status()
    assert status["counters"]["waiting events"] > 50, "the observer that hangs has the first"
    (warning,) = (each for each in status["warnings"] if "leak" in each)
    assert warning.startswith("the plugin 'faulty' has 1020 tasks under way")
    begun = time.monotonic()
    daemon.signal(signal.SIGTERM)
    wait_until(lambda: "Stopping" in read_texts(daemon.output), seconds=5, what="stopping")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(20) == 0
    assert time.monotonic() - begun < 18
    daemon.await_logged("observer does not end", observer="hangs")
    phone.assert_followed()


@pytest.fixture
def manager() -> Iterator[ServiceManager]:
    made = ServiceManager(watchdog_seconds=1.0)
    yield made
    made.close()


def test_one_that_blocks_the_loop_is_named_at_once_and_the_service_begins_anew(
    lab: Lab, manager: ServiceManager
) -> None:
    phone = lab.sipp("callee_rings_until_we_leave")
    daemon = lab.daemon(
        plugins=[FAULTY],
        tables={"lines.blocks": ACCOUNT | {"strategies": ["blocks"]}},
        environment=manager.environment,
        **direct(phone),
    )

    async def use(dialer: Dialer, heard: Heard) -> None:
        await dialer.execute(Dial(number="2002", line="office"), CALLER)
        await heard.until("callee_ringing")
        manager.await_told("WATCHDOG=1", count=2)
        await dialer.execute(Dial(number="2002", line="blocks"), CALLER)
        await asyncio.to_thread(daemon.await_logged, "the event loop is blocked: all calls wait")
        fed = manager.told.count("WATCHDOG=1")
        await asyncio.sleep(1.5)
        assert manager.told.count("WATCHDOG=1") == fed, "so systemd knows"
        daemon.signal(signal.SIGABRT)  # as systemd.service(5) does it
        assert await heard.to_the_end() == "the daemon has gone"

    daemon.run(use)
    assert daemon.wait(5) == -signal.SIGABRT
    (blocked,) = (line for line in daemon.log() if "blocked" in line["event"])
    assert blocked["plugin"] == "faulty"
    assert "faulty.py, line" in blocked["at"]
    begun = daemon.await_logged("phone_calling", line="blocks")
    assert seconds_between(begun, blocked) < 1.0
    daemon.start()
    records = daemon.past()
    assert [(each["line"], each["unfinished"], each["outcome"]) for each in records] == [
        ("blocks", True, ""),
        ("office", True, ""),
    ]


def seconds_between(one: dict[str, Any], other: dict[str, Any]) -> float:
    first, second = (datetime.fromisoformat(each["timestamp"]) for each in (one, other))
    return (second - first).total_seconds()


# --- the system ----------------------------------------------------------------------------------


def test_a_process_out_of_files_goes_on_with_what_it_has(lab: Lab) -> None:
    phone = lab.sipp("answered", calls=6)
    daemon = lab.daemon(**direct(phone))

    async def use(dialer: Dialer, heard: Heard) -> None:
        assert await answered(dialer, heard) == "answered"
        status = await asyncio.to_thread(daemon.status)
        before = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        least = (status["counters"]["open files"] - 1, before[1])  # that question is over
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, least)
        for _ in range(3):
            assert await answered(dialer, heard) == "answered"
        with socket.socket(socket.AF_UNIX) as one_more:
            one_more.connect(daemon.control)
            said = "socket.accept() out of system resource"
            await asyncio.to_thread(daemon.await_logged, said)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, before)
        assert await answered(dialer, heard) == "answered"

    daemon.run(use)
    assert [each["outcome"] for each in daemon.past()] == ["answered"] * 5
    assert daemon.status()["warnings"] == []
    assert "Traceback" not in read_texts(daemon.errors)


def test_a_process_that_was_stopped_goes_on_where_it_was(lab: Lab) -> None:
    stopped = 60.0 if IS_LONG else 3.0
    registrar = lab.registrar()
    phone = lab.sipp("callee_rings_for_long", milliseconds="1000", calls=9, seconds=300)
    daemon = lab.daemon(
        register=True,
        registration_expires=60.0,
        outbound_proxy=registrar.uri,
        notify_timeout=120.0,
        **direct(phone),
    )
    daemon.await_logged("registration_changed", state="registered")

    async def use(dialer: Dialer, heard: Heard) -> None:
        reply = await dialer.execute(Dial(number="2002"), CALLER)
        assert isinstance(reply, Dialling)
        await heard.until("callee_ringing")
        daemon.signal(signal.SIGSTOP)
        if IS_LONG:
            done = await asyncio.to_thread(daemon.say, "status")
            assert done.returncode != 0
            assert "the daemon does not answer" in done.stderr
        await asyncio.sleep(stopped)  # what the phone says meanwhile waits in the socket
        daemon.signal(signal.SIGCONT)
        await heard.until("call_ended", call=reply.call)
        assert heard.endings()[reply.call] == "answered"
        await asyncio.sleep(1.0)  # to stand still again and again is to be overloaded
        daemon.signal(signal.SIGSTOP)
        await asyncio.sleep(stopped)
        daemon.signal(signal.SIGCONT)
        assert await answered(dialer, heard) == "answered"
        if IS_LONG:
            wait_until(lambda: bool(registrar.bindings("alice")), seconds=5, what="renewed")

    check_history(daemon, daemon.run(use, 240))
    assert not any("blocked" in line["event"] for line in daemon.log()), "nobody is to blame"


# --- the disk ------------------------------------------------------------------------------------


class SmallDisk:
    """A file system of 1 MiB, seen by the daemon alone; ``history`` is the setting for it."""

    def __init__(self, folder: Path, *, options: str = "size=1m") -> None:
        folder.mkdir()
        self.folder = folder
        unshare, shell = require("unshare", package="util-linux"), "/bin/sh"
        mount = f'mount -t tmpfs -o {options} none "$0" && exec "$@"'
        self.inside = (unshare, "--mount", shell, "-c", mount, str(folder))
        self.tables = {"history": {"file": str(folder / "history.db")}}

    def seen_by(self, daemon: Daemon) -> Path:
        """The folder as the daemon sees it."""
        return Path(f"/proc/{daemon.pid}/root{self.folder}")


def test_a_full_disk_ends_no_call_and_what_waited_is_written_once_there_is_room(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    disk = SmallDisk(tmp_path_factory.mktemp("disk") / "small")
    phone = lab.sipp("answered", calls=6)
    daemon = lab.daemon(tables=disk.tables, inside=disk.inside, **direct(phone))
    filler = disk.seen_by(daemon) / "filler"

    async def use(dialer: Dialer, heard: Heard) -> None:
        assert await answered(dialer, heard) == "answered"
        fill(filler)
        for _ in range(4):
            assert await answered(dialer, heard) == "answered"
        await asyncio.sleep(1.2)  # then the database shall have it
        (warning,) = (await asyncio.to_thread(daemon.status))["warnings"]
        assert "calls cannot be written down" in warning
        assert "No space left" in warning
        filler.unlink()
        assert await answered(dialer, heard) == "answered"

    daemon.run(use)
    assert [each["outcome"] for each in daemon.past()] == ["answered"] * 6
    assert daemon.status()["warnings"] == []


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as open_file, suppress(OSError):
        while True:
            open_file.write(bytes(4096))


def test_a_disk_that_may_only_be_read_is_said_and_calls_are_made(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    disk = SmallDisk(tmp_path_factory.mktemp("disk") / "small", options="ro,size=1m")
    phone = lab.sipp("answered", calls=2)
    daemon = lab.daemon(tables=disk.tables, inside=disk.inside, **direct(phone))

    async def use(dialer: Dialer, heard: Heard) -> None:
        for _ in range(2):
            assert await answered(dialer, heard) == "answered"

    daemon.run(use)
    assert any("Read-only file system" in each for each in daemon.status()["warnings"])


def test_a_damaged_history_is_set_aside_and_said(lab: Lab) -> None:
    phone = lab.sipp("answered", calls=2)
    daemon = lab.daemon(**direct(phone))
    (file,) = daemon.folder.glob("**/history.db")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(10) == 0
    file.write_bytes(os.urandom(20_000))
    daemon.start()

    async def use(dialer: Dialer, heard: Heard) -> None:
        assert await answered(dialer, heard) == "answered"
        assert await answered(dialer, heard) == "answered"

    daemon.run(use)
    assert [each["outcome"] for each in daemon.past()] == ["answered"] * 2
    assert any("was damaged" in each for each in daemon.status()["warnings"])
    (aside,) = file.parent.glob("history.db.damaged-*Z")
    assert aside.stat().st_size == 20_000
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
