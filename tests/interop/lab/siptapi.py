"""The product, run as a user runs it: the console script, a settings file, JSON lines."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from lab.programs import Program, read_texts, wait_until

_HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")


@frozen
class Result:
    """How ``siptapi dial --json`` ended; ``seconds`` it took."""

    exit_code: int
    events: list[dict[str, Any]]
    seconds: float

    @property
    def names(self) -> list[str]:
        """The events' names, in order."""
        return [event["event"] for event in self.events]

    @property
    def ending(self) -> tuple[str, str, int]:
        """Outcome, stage and exit code."""
        assert self.names.count("call_ended") == 1, f"exit code {self.exit_code}: {self.events}"
        last = self.events[-1]
        assert last["event"] == "call_ended"
        return last["outcome"], last["stage"], self.exit_code

    @property
    def failure(self) -> dict[str, Any]:
        """The only ``call_failed`` event."""
        (failed,) = (event for event in self.events if event["event"] == "call_failed")
        return failed


class Siptapi(Program):
    """A command of ``siptapi`` with one line; ``tables`` of the settings are by their heading.

    ``arguments`` go to ``command``, by default ``dial``, after ``--json``.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        command: str = "dial",
        line: Mapping[str, Any],
        tables: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self._config = folder / "siptapi.toml"
        text = settings_text({"lines.office": line} | dict(tables or {}))
        self._config.write_text(text, encoding="utf-8")
        self._config.chmod(0o600)  # it has a password in it
        script = Path(sys.executable).with_name("siptapi")
        super().__init__(
            [
                *(str(script), "--config", str(self._config), "--trace"),
                *(command, "--json", *arguments),
            ],
            folder=folder,
            environment=user_environment(folder),
        )

    def start(self) -> None:
        """Start it; the time is taken from here."""
        self._begun = time.monotonic()
        super().start()

    def finish(self, seconds: float = 45) -> Result:
        """Wait for it to end by itself."""
        exit_code = self.wait(seconds)
        return Result(exit_code, self.events(), time.monotonic() - self._begun)

    def events(self) -> list[dict[str, Any]]:
        """What it has said so far."""
        lines = self.output.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def await_event(self, name: str) -> None:
        """Wait until it has said so."""

        def said() -> bool:
            return any(event["event"] == name for event in self.events())

        wait_until(lambda: said() or not self.running, seconds=10, what=name)
        assert said(), f"it ended without {name}: {self.events()}"

    def trace(self) -> str:
        """What it was told and what it printed, messages included."""
        return read_texts(self._config) + super().trace()


def user_environment(folder: Path) -> dict[str, str]:
    """This process's, without the user's own settings and state."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIPTAPI_")}
    return kept | dict.fromkeys(_HOMES, str(folder))


def settings_text(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """A settings file. JSON's strings, numbers and lists are TOML's too.

    The table "" is what stands at the top of the file.
    """
    lines = [f"{key} = {json.dumps(value)}" for key, value in tables.get("", {}).items()]
    for heading, table in tables.items():
        if heading:
            keys = (f"{key} = {json.dumps(value)}" for key, value in table.items())
            lines += [f"[{heading}]", *keys, ""]
    return "\n".join(lines)
