"""Windows' Telephony service, played strictly, the provider DLL under Wine, and `siptapi serve`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from lab.daemon import Daemon
from lab.laboratory import Lab
from lab.tapi_host import TapiHost, Wine

from siptapi_core.demo import Demo, Ending, open_demo

pytestmark = pytest.mark.interop

FIRST = 7
"""The host's first device id."""
PORT = 5039


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wine]:
    made = Wine(tmp_path_factory.mktemp("wine"))
    yield made
    made.close()


@pytest.fixture
def hosts(wine: Wine) -> Iterator[list[TapiHost]]:
    """Those that are ended with the test."""
    started: list[TapiHost] = []
    yield started
    for host in started:
        host.kill()


@contextmanager
def demonstration(ending: Ending) -> Iterator[Demo]:
    """The demo's proxy and phones, in a thread."""
    loop = asyncio.new_event_loop()
    opened: list[Demo] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with open_demo(ending) as demo:
            opened.append(demo)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    try:
        assert ready.wait(20)
        yield opened[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


def serve(lab: Lab, demo: Demo) -> tuple[Daemon, str]:
    """The daemon with two lines at the demo's proxy, and where it listens."""
    address = f"{lab.host()}:{PORT}"
    line = demo.settings.lines["demo"]
    assert line.password
    account: dict[str, Any] = {
        "domain": line.domain,
        "user": line.user,
        "password": line.password.reveal(),
        "phone": line.phone,
        "outbound_proxy": line.outbound_proxy,
        "failure_linger": 0.2,
    }
    lines = {"lines.office": account, 'lines."Büro"': account}
    return lab.daemon(tables={"control": {"listen": address}} | lines), address


def token_of(daemon: Daemon) -> str:
    return next(daemon.folder.rglob("control.address")).read_text().splitlines()[1]


def begin(wine: Wine, hosts: list[TapiHost], daemon: Daemon, address: str) -> TapiHost:
    host = wine.start(address, token_of(daemon))
    hosts.append(host)
    host.until(f"lines 2 from {FIRST}")
    return host


def states(told: list[str], call: int) -> list[str]:
    """The states of a call, in order, with the modes of DISCONNECTED."""
    prefix = f"call {call} "
    words = [line.removeprefix(prefix) for line in told if line.startswith(prefix)]
    return [word for word in words if not word.startswith(("request", "info"))]


ENDINGS = {
    Ending.BUSY: ["DIALING", "PROCEEDING", "BUSY", "DISCONNECTED 0x20", "IDLE"],
    Ending.NOT_FOUND: ["DIALING", "PROCEEDING", "DISCONNECTED 0x80", "IDLE"],
    Ending.PHONE_BUSY: ["DIALING", "BUSY", "DISCONNECTED 0x20", "IDLE"],
}


def test_a_call_is_answered(wine: Wine, hosts: list[TapiHost], lab: Lab) -> None:
    with demonstration(Ending.ANSWERED) as demo:
        host = begin(wine, hosts, *serve(lab, demo))
        host.do(f"open {FIRST} 20002")
        host.until("open")
        host.do(f"call {FIRST} {demo.number}")
        told = host.until("call 1 IDLE")
        assert told.index("complete 1 0x00000000") < told.index("call 1 DIALING")
        host.do("info 1")
        assert "  called 301" in host.until("told")
        host.do("release 1")
        host.finish()
    expected = ["DIALING", "PROCEEDING", "RINGBACK", "CONNECTED", "DISCONNECTED 0x2", "IDLE"]
    assert states(host.told, 1) == expected
    assert {"invited", "referred"} <= set(demo.phone.seen)
    assert "invited" in demo.callee.seen


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_call_fails(wine: Wine, hosts: list[TapiHost], lab: Lab, ending: Ending) -> None:
    with demonstration(ending) as demo:
        host = begin(wine, hosts, *serve(lab, demo))
        host.do(f"open {FIRST} 20000")
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 1 IDLE")
        host.finish()
    assert states(host.told, 1) == ENDINGS[ending]


def test_two_lines_at_once_digits_by_and_by_and_drops(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with demonstration(Ending.NO_ANSWER) as demo:
        host = begin(wine, hosts, *serve(lab, demo))
        host.do(f"open {FIRST} 10004")
        host.do(f"open {FIRST + 1} 20001")
        host.do(f"call {FIRST} 3;")
        host.until("call 1 DIALTONE")
        host.do(f"call {FIRST + 1} {demo.number}")
        host.until("call 2 DIALING")
        host.do("dial 1 01")
        host.until("call 1 DIALING")
        host.do("drop 1")
        host.until("call 1 IDLE")
        host.do("release 1")
        host.do("drop 2")
        host.until("call 2 IDLE")
        host.do(f"call {FIRST} xyz")
        assert host.until("complete 6")[-1] == "complete 6 0x80000010"  # LINEERR_INVALADDRESS
        host.finish()
    assert states(host.told, 1)[-2:] == ["DISCONNECTED 0x2", "IDLE"]  # TAPI 1.4
    assert states(host.told, 2)[-2:] == ["DISCONNECTED 0x80000", "IDLE"]


def test_the_lines_are_described_for_every_version(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with demonstration(Ending.ANSWERED) as demo:
        host = begin(wine, hosts, *serve(lab, demo))
        permanent: dict[str, set[str]] = {}
        for version in ("10004", "20000", "20001", "20002"):
            for device in (FIRST, FIRST + 1):
                host.do(f"caps {device} {version} 0")
                assert not any("name" in line for line in host.until("told"))
                host.do(f"caps {device} {version} 200")
                words = [line.split() for line in host.until("told")]
                facts = {word[0]: word[1] for word in words if len(word) == 2}
                permanent.setdefault(facts["name"], set()).add(facts["permanent"])
        host.finish()
    assert permanent == {"office": {"0xaa8eba31"}, "Büro": permanent["Büro"]}
    assert len(permanent["Büro"]) == 1


def test_the_service_dies_comes_back_and_has_other_lines(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with demonstration(Ending.NO_ANSWER) as demo:
        daemon, address = serve(lab, demo)
        host = begin(wine, hosts, daemon, address)
        host.do(f"open {FIRST} 20002")
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 1 DIALING")
        daemon.kill()
        host.until("call 1 IDLE")
        host.do(f"call {FIRST} {demo.number}")
        assert host.until("error")[-1] == "error 0x80000048"  # LINEERR_OPERATIONFAILED
        daemon.start()
        host.until(f"line {FIRST} state 0x4")  # LINEDEVSTATE_CONNECTED
        host.do(f"status {FIRST}")
        assert host.until("status")[-1] == f"status {FIRST} flags 0x5 features 0x2 in-use 1"
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 3 DIALING")
        host.finish()
    assert states(host.told, 1)[-2:] == ["DISCONNECTED 0x2", "IDLE"]


def test_a_row_of_calls_while_the_service_is_killed(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with demonstration(Ending.NO_ANSWER) as demo:
        daemon, address = serve(lab, demo)
        host = begin(wine, hosts, daemon, address)
        host.do(f"open {FIRST} 20002")
        host.do(f"row {FIRST} 100 {demo.number} 1")
        for call in (15, 40, 70):
            host.until(f"call {call} request")
            daemon.kill()
            daemon.start()
        host.until("row of 100")
        host.finish()
    completed = [line.split()[1] for line in host.told if line.startswith("complete")]
    assert len(completed) == len(set(completed)) > 100  # of calls, and of drops
