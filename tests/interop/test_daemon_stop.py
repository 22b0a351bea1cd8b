"""How the daemon ends, and what it tells a service manager (here: the test) meanwhile."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from lab.daemon import CALLER, Daemon, Heard
from lab.laboratory import Lab
from lab.programs import read_texts, wait_until
from lab.registrar import Registrar
from lab.service_manager import ServiceManager
from lab.sipp import Sipp

from siptapi_core.commands import Dial, Dialling, ListCalls, Reload, Reloaded
from siptapi_core.contracts import Dialer
from siptapi_core.errors import RefusedError

pytestmark = pytest.mark.interop

CALLS = 20
RINGING = {"callee_ringing"}


@pytest.fixture
def manager() -> Iterator[ServiceManager]:
    made = ServiceManager(watchdog_seconds=0.4)
    yield made
    made.close()


def serve(lab: Lab, registrar: Registrar, phone: Sipp | None, **options: Any) -> Daemon:
    """A daemon with a line that registers, once it has, and that calls by way of ``phone``."""
    line = {"register": True, "outbound_proxy": registrar.uri}
    if phone is not None:
        line |= {"strategies": ["refer-to-phone"], "phone": phone.address}
    daemon = lab.daemon(**line, **options)
    wait_until(lambda: bool(registrar.bindings("alice")), seconds=5, what="registered")
    return daemon


async def dial_all(dialer: Dialer) -> list[str]:
    """Make all calls, and wait until every callee rings."""
    replies = [await dialer.execute(Dial(number="2002"), CALLER) for _ in range(CALLS)]
    states: set[str] = set()
    async with asyncio.timeout(10):
        while states != RINGING:
            calls = (await dialer.execute(ListCalls(), CALLER)).calls  # type: ignore[union-attr]
            states = {call.state for call in calls}
    return [reply.call for reply in replies if isinstance(reply, Dialling)]


async def endings(heard: Heard) -> dict[str, str]:
    """How each call ended, until the daemon says goodbye."""
    assert await heard.to_the_end() == "SIPTAPI is shutting down"
    return heard.endings()


def past(daemon: Daemon) -> list[dict[str, Any]]:
    """What the history has, once the daemon has gone."""
    done = daemon.say("history", "--json", "--limit", "0")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_calls_that_are_being_set_up_may_end(lab: Lab, manager: ServiceManager) -> None:
    registrar = lab.registrar()
    phone = lab.sipp("callee_rings_for_long", milliseconds="2500", calls=CALLS)
    daemon = serve(lab, registrar, phone, environment=manager.environment)

    async def use(dialer: Dialer, heard: Heard) -> None:
        placed = await dial_all(dialer)
        daemon.signal(signal.SIGHUP)
        manager.await_told("READY=1", count=2)
        assert await dialer.execute(Reload(), CALLER) == Reloaded()
        manager.await_told("READY=1", count=3)
        daemon.signal(signal.SIGTERM)
        manager.await_told("STOPPING=1")
        with pytest.raises(RefusedError, match="shutting down and takes no more calls"):
            await dialer.execute(Dial(number="2002"), CALLER)
        assert await endings(heard) == dict.fromkeys(placed, "answered")

    daemon.run(use)
    assert daemon.wait(5) == 0
    assert registrar.bindings("alice") == []
    phone.assert_followed()
    told = manager.told
    words = ["READY=1", "RELOADING=1", "READY=1", "READY=1", "STOPPING=1"]
    assert [word for word in told if word != "WATCHDOG=1"] == words
    assert "WATCHDOG=1" in told[told.index("STOPPING=1") :], "it takes a while"
    records = past(daemon)
    assert [(r["outcome"], r["unfinished"]) for r in records] == [("answered", False)] * CALLS


def test_a_second_signal_hangs_them_up(lab: Lab) -> None:
    registrar = lab.registrar()
    phone = lab.sipp("callee_rings_until_we_leave", calls=CALLS)
    daemon = serve(lab, registrar, phone)

    async def use(dialer: Dialer, heard: Heard) -> None:
        placed = await dial_all(dialer)
        daemon.signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert len((await dialer.execute(ListCalls(), CALLER)).calls) == CALLS  # type: ignore[union-attr]
        daemon.signal(signal.SIGTERM)
        # The phones agreed to call, and may: nobody can know.
        assert await endings(heard) == dict.fromkeys(placed, "unknown")

    begun = time.monotonic()
    daemon.run(use)
    assert daemon.wait(5) == 0
    assert time.monotonic() - begun < 10
    assert registrar.bindings("alice") == []
    phone.assert_followed()
    assert not any(record["unfinished"] for record in past(daemon))


def test_ctrl_c_ends_a_daemon_that_has_nothing_to_do(lab: Lab) -> None:
    registrar = lab.registrar()
    daemon = serve(lab, registrar, None)
    begun = time.monotonic()
    daemon.interrupt()
    assert daemon.wait(5) == 0
    assert time.monotonic() - begun < 2
    assert registrar.bindings("alice") == []
    assert "Traceback" not in read_texts(daemon.errors)


def test_a_registrar_that_is_silent_holds_the_end_up_for_some_seconds_only(lab: Lab) -> None:
    registrar = lab.registrar()
    daemon = serve(lab, registrar, None)
    registrar.suspend()
    begun = time.monotonic()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(10) == 0
    assert 3 < time.monotonic() - begun < 6


def test_a_service_manager_that_does_not_listen_is_no_reason_not_to_serve(
    lab: Lab, manager: ServiceManager
) -> None:
    manager.close()
    daemon = serve(lab, lab.registrar(), None, environment=manager.environment)
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: "Reloaded" in read_texts(daemon.output), seconds=5, what="reloaded")
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: read_texts(daemon.output).count("Reloaded") == 2, seconds=5, what="again")
    daemon.interrupt()
    assert daemon.wait(5) == 0
    assert "cannot be told: No such file" in read_texts(daemon.errors)
