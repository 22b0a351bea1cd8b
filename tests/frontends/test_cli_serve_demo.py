"""``siptapi serve --demo`` as a newcomer runs it: a real process, the page, a call, and Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

START = [sys.executable, "-P", "-m", "siptapi_frontends.cli", "--no-plugins", "serve", "--demo"]
PATIENCE = 60.0


@pytest.fixture
def demo(short_home: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        START,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # for Ctrl-Break
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def interrupt(process: subprocess.Popen[str]) -> None:
    """Ctrl-C; on Windows a process can be sent Ctrl-Break alone."""
    process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))


def address_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The address that it says to open, and the token in it."""
    assert process.stdout is not None
    for line in process.stdout:
        said = re.fullmatch(r"Open  (http://127\.0\.0\.1:\d+/)#token=(\S+)\n", line)
        if said:
            return said[1], said[2]
    raise AssertionError(f"it ended without an address: {process.communicate()}")


def test_the_address_opens_the_page_and_the_page_dials(
    demo: subprocess.Popen[str], short_home: Path
) -> None:
    address, token = address_of(demo)
    with httpx.Client(base_url=address, timeout=20) as browser:
        page = browser.get("/")
        assert page.status_code == 200
        for module in re.findall(r'(?:src|href)="([\w./]+\.(?:js|css|svg))"', page.text):
            assert browser.get(module).status_code == 200, module
        assert "main.js" in page.text

        session = browser.post("/api/v1/session", json={"token": token})
        assert session.status_code == 201
        browser.headers["X-CSRF-Token"] = session.json()["csrf"]
        assert httpx.post(f"{address}api/v1/session", json={"token": token}).status_code == 401

        with browser.stream("GET", "/api/v1/events") as stream:
            told = events_of(stream)
            placed = browser.post("/api/v1/calls", json={"number": "301", "line": "anna"})
            assert placed.status_code == 201
            for name in ("Anna", "Bruno"):
                await_event(told, event="demo_phone", name=name, state="ringing")
                picked_up = browser.post(f"/api/v1/demo/phones/{name}/pick_up")
                assert picked_up.status_code == 204
            ended = await_event(told, event="call_ended", call=placed.json()["call"])
        assert ended["outcome"] == "answered"

    interrupt(demo)
    _, err = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0
    assert json.loads(err)["status"] == 401  # the second browser, and nothing else went wrong
    assert token not in err
    assert [file for file in short_home.rglob("*") if file.is_file()] == []  # nothing is kept


def events_of(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    """What the stream tells: the data of each event, with its name as ``event``."""
    name = ""
    for line in stream.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield json.loads(value) | {"event": name}


def await_event(told: Iterator[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    """The next event that has what is wanted."""
    for event in told:
        if wanted.items() <= event.items():
            return event
    raise AssertionError(f"the stream ended without {wanted}")
