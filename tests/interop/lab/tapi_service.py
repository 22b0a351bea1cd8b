"""What the TAPI tests have `siptapi serve` do: lines at the demo's proxy, and where it listens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab.daemon import Daemon
from lab.laboratory import Lab
from lab.tapi_host import FIRST, TapiHost, Wine

from siptapi_core.demo import Demo, Ending, open_demo

PORT = 5039
QUICK = 0.15
"""Seconds that a demo's phone rings that somebody picks up; others ring on."""


@contextmanager
def demonstration(ending: Ending) -> Iterator[Demo]:
    """The demo's proxy and phones, in a thread."""
    loop = asyncio.new_event_loop()
    opened: list[Demo] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def run() -> None:
        async with open_demo(ending) as demo:
            for phone in (demo.phone, demo.callee):
                if phone.behaviour.answer_after is None:
                    phone.behaviour = phone.behaviour.evolve(gives_up_after=600.0)
                else:
                    phone.behaviour = phone.behaviour.evolve(answer_after=QUICK)
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


class Service:
    """The daemon with the lines ``office`` and ``Büro`` at the demo's proxy."""

    def __init__(self, lab: Lab, demo: Demo) -> None:
        line = demo.settings.lines["demo"]
        assert line.password
        self.account: dict[str, Any] = {
            "domain": line.domain,
            "user": line.user,
            "password": line.password.reveal(),
            "phone": line.phone,
            "outbound_proxy": line.outbound_proxy,
            "failure_linger": 0.2,
        }
        self.place = (lab.host(), PORT)
        self.address = "{}:{}".format(*self.place)
        lines = {"lines.office": self.account, 'lines."Büro"': self.account}
        self.tables = {"control": {"listen": self.address}} | lines
        self.daemon = lab.daemon(tables=self.tables)
        self.token = token_of(self.daemon)

    def reload(self, **lines: dict[str, Any]) -> None:
        """Have the daemon read settings with these lines."""
        tables = {f"lines.{name}": line for name, line in lines.items()}
        self.daemon.write_settings({"control": self.tables["control"]} | tables)
        assert self.daemon.say("reload").returncode == 0

    def begin(self, wine: Wine, hosts: list[TapiHost]) -> TapiHost:
        """A host whose provider has found the lines."""
        host = begin(wine, hosts, self.daemon, self.address)
        host.until(f"lines 2 from {FIRST}")
        return host


@contextmanager
def service(lab: Lab, ending: Ending = Ending.ANSWERED) -> Iterator[tuple[Service, Demo]]:
    """The daemon, which is ended before the phones that it says goodbye to."""
    with demonstration(ending) as demo:
        made = Service(lab, demo)
        try:
            yield made, demo
        finally:
            made.daemon.stop()


def begin(
    wine: Wine, hosts: list[TapiHost], daemon: Daemon, address: str, **settings: str
) -> TapiHost:
    """A host whose provider is to find ``daemon``."""
    host = wine.start(address, token_of(daemon), **settings)
    hosts.append(host)
    return host


def token_of(daemon: Daemon) -> str:
    """What who comes over TCP must know."""
    return next(daemon.folder.rglob("control.address")).read_text().splitlines()[1]
