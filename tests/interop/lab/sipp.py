"""sipp as a phone that follows a script, down to what no well-behaved phone does.

A scenario under ``scenarios/`` is sipp's XML with one addition: ``<include piece="notify"
cseq="2" .../>`` stands for the text of ``scenarios/pieces/notify.xml`` with ``%cseq%`` replaced.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from lab.addresses import PORT
from lab.programs import Program, read_texts, require

_SCENARIOS = Path(__file__).parent.parent / "scenarios"
_INCLUDE = re.compile(r"<include\s+([^<>]*)/>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_PLACEHOLDER = re.compile(r"%(\w+)%")


class Sipp(Program):
    """sipp, waiting for so many ``calls``; ``values`` fill the scenario's placeholders.

    With a ``proxy`` (``host:port``) it makes them instead.
    """

    def __init__(
        self,
        folder: Path,
        scenario: str,
        *,
        host: str,
        seconds: int = 30,
        proxy: str | None = None,
        calls: int = 1,
        **values: str,
    ) -> None:
        path = require("sipp", package="sip-tester")
        self.host = host
        self._seconds = seconds
        folder.mkdir(parents=True)
        script = folder / "scenario.xml"
        script.write_text(_expand(_SCENARIOS / f"{scenario}.xml", values), encoding="utf-8")
        super().__init__(
            [
                *(path, "-sf", str(script), "-i", host, "-p", str(PORT), "-nostdin"),
                *("-m", str(calls)),
                *("-timeout", f"{seconds}s", "-timeout_error"),
                *("-trace_msg", "-message_file", "messages.txt"),
                *("-trace_err", "-error_file", "complaints.txt"),
                *([proxy] if proxy else []),
            ],
            folder=folder,
            host=None if proxy else host,
        )

    @property
    def place(self) -> str:
        """``host:port``."""
        return f"{self.host}:{PORT}"

    @property
    def address(self) -> str:
        """``user@host:port``: the phone as a setting names it when it is called directly."""
        return f"phone@{self.place}"

    def assert_followed(self) -> None:
        """Wait for the scenario's end: every message came, in the scenario's order."""
        try:
            code = self.wait(self._seconds)
        except subprocess.TimeoutExpired:
            code = None
        assert code == 0, f"the far end saw another call than its scenario (exit code {code})"

    def trace(self) -> str:
        """What sipp complained of, then every message."""
        return read_texts(self.folder / "complaints.txt", self.folder / "messages.txt")


def _expand(file: Path, values: dict[str, str]) -> str:
    """The text of ``file`` with its placeholders filled and its includes put in place."""
    text = _PLACEHOLDER.sub(lambda found: values[found[1]], file.read_text(encoding="utf-8"))

    def include(found: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        return _expand(_SCENARIOS / "pieces" / f"{attributes.pop('piece')}.xml", attributes)

    return _INCLUDE.sub(include, text)
