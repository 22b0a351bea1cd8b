"""Every example of docs/http.md as it stands there, by the real curl, against ``siptapi serve``.

The line's phone is simulated and rings until it is hung up, which is what the page tells of.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lab.laboratory import Lab
from lab.programs import Program, read_texts, require, wait_until

from siptapi_core.demo import Demo, Ending, open_demo

pytestmark = pytest.mark.interop

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```\n", PAGE, re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:5088"
CALL = "1757a3efa1136f3d"
LISTENS = "/api/v1/events"


def test_every_example_is_answered_as_the_page_says(lab: Lab, tmp_path: Path) -> None:
    require("curl", package="curl")

    def scene(demo: Demo) -> None:
        address = ADDRESS.replace("127.0.0.1", lab.host())
        daemon = lab.daemon(tables=settings(demo, address))
        token = daemon.say("token", "add", "crm").stdout.strip()
        environment = {"TOKEN": token}
        listener = Listener(tmp_path / "listener", example_of_listening(address), environment)
        try:
            listener.start()
            wait_until(lambda: read_texts(listener.output) != "", seconds=10, what="the stream")
            follow(address, environment, listener)
        finally:
            listener.stop()
            daemon.kill()  # one call still rings
        assert token not in read_texts(daemon.errors)

    async def main() -> None:
        async with open_demo(Ending.PHONE_NO_ANSWER) as demo:
            await asyncio.to_thread(scene, demo)

    asyncio.run(main())


def settings(demo: Demo, address: str) -> Mapping[str, Mapping[str, Any]]:
    """Of a daemon with the demo's line, and both doors of HTTP open."""
    line = demo.settings.lines["demo"]
    assert line.password
    return {
        "": {"default_line": "demo"},
        "lines.demo": {
            "domain": line.domain,
            "user": line.user,
            "phone": line.phone,
            "password": line.password.reveal(),
            "outbound_proxy": line.outbound_proxy,
        },
        "frontends.http": {"listen": address, "simple_door": True},
    }


def example_of_listening(address: str) -> str:
    """The one that does not end by itself."""
    (example,) = (text for _, text in BLOCKS if text.startswith("curl") and LISTENS in text)
    return example.replace(ADDRESS, address)


def follow(address: str, environment: dict[str, str], listener: Listener) -> None:
    """Run the other examples in the page's order, and compare what is answered."""
    answers = [*BLOCKS[1:], ("", "")]
    ran = 0
    for (_, example), (kind, answered) in zip(BLOCKS, answers, strict=True):
        if not example.startswith("curl") or LISTENS in example:
            continue
        answer = run(example.replace(ADDRESS, address), environment)
        ran += 1
        if "CALL" not in environment:
            environment["CALL"] = json.loads(answer)["call"]
            listener.await_event("phone_ringing")
        if "/hangup" in example:
            listener.await_event("call_ended")
        shown = answered.replace(CALL, environment["CALL"])
        if kind == "json":
            assert_has(json.loads(answer), json.loads(shown))
        elif kind == "" and shown:
            assert answer == shown
        else:
            assert answer == "", example
    assert ran == len(re.findall("^curl", PAGE, re.MULTILINE)) - 1


def run(example: str, environment: Mapping[str, str]) -> str:
    """What it prints."""
    ended = subprocess.run(
        ["/bin/sh", "-c", example],
        env=os.environ | environment,
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )
    return ended.stdout


def assert_has(answer: Any, shown: Any) -> None:
    """Whether ``answer`` is what the page shows, of which it shows a part."""
    if isinstance(shown, dict):
        for key, value in shown.items():
            assert_has(answer[key], value)
    elif isinstance(shown, list):
        assert len(answer) >= len(shown), (answer, shown)
        for given, value in zip(answer, shown, strict=False):
            assert_has(given, value)
    else:
        assert answer == shown


class Listener(Program):
    """The example that listens, while the others run."""

    def __init__(self, folder: Path, example: str, environment: Mapping[str, str]) -> None:
        folder.mkdir()
        arguments = ["/bin/sh", "-c", f"exec {example}"]
        super().__init__(arguments, folder=folder, environment=os.environ | environment)

    def await_event(self, name: str) -> None:
        """Wait until it printed an event of that name, with what the one on the page has."""
        pattern = r"^id: [0-9]+\nevent: {}\ndata: (.*)\n\n"
        (shown,) = re.findall(r"^data: (.*),\.\.\.}$", PAGE, re.MULTILINE)

        def heard() -> list[str]:
            return re.findall(pattern.format(name), read_texts(self.output), re.MULTILINE)

        wait_until(lambda: heard() != [], seconds=10, what=f"{name} told by the stream")
        assert json.loads(f"{shown}}}").keys() <= json.loads(heard()[0]).keys()
