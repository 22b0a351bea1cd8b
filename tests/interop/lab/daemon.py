"""``siptapi serve``, run as a user runs it, and a client at its control line."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lab.programs import Program, read_texts, wait_until
from lab.siptapi import settings_text, user_environment

from siptapi_core.commands import Caller, ListCalls
from siptapi_core.contracts import Dialer
from siptapi_core.control.remote_dialer import open_remote_dialer
from siptapi_core.errors import SiptapiError
from siptapi_core.events import CallEnded, CallEvent, Event

CALLER = Caller(frontend="test")
SIPTAPI = str(Path(sys.executable).with_name("siptapi"))


class Daemon(Program):
    """A running daemon; ``tables`` are its settings, by heading.

    ``environment`` is added to that of this process; ``plugins`` are files that it loads;
    ``inside`` is a command that runs it.
    """

    patience = 40.0
    """It may be waiting for calls to end."""

    def __init__(
        self,
        folder: Path,
        tables: Mapping[str, Mapping[str, Any]],
        environment: Mapping[str, str] | None = None,
        *,
        plugins: Sequence[Path] = (),
        inside: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True)
        # A socket's path has at most 107 characters.
        self._runtime = Path(tempfile.mkdtemp(prefix="siptapi-"))
        self.config = folder / "siptapi.toml"
        self.write_settings(tables)
        super().__init__(
            [
                *inside,
                *(SIPTAPI, "--config", str(self.config)),
                *(part for file in plugins for part in ("--plugin", str(file))),
                *("--log-level", "info", "--trace", "serve"),
            ],
            folder=folder,
            environment=self.environment(folder) | dict(environment or {}),
        )

    def environment(self, folder: Path) -> dict[str, str]:
        """What a client needs to find it."""
        return user_environment(folder) | {"XDG_RUNTIME_DIR": str(self._runtime)}

    def write_settings(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace its settings, which it does not read by itself."""
        self.config.write_text(settings_text(tables), encoding="utf-8")
        self.config.chmod(0o600)

    def start(self) -> None:
        """Start it, and wait until it says that it serves."""
        super().start()
        wait_until(
            lambda: "SIPTAPI serves" in read_texts(self.output) or not self.running,
            seconds=10,
            what="siptapi serve being ready",
        )
        assert self.running, read_texts(self.errors)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process, "never started"
        self._process.send_signal(number)

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process, "never started"
        return self._process.pid

    def status(self) -> dict[str, Any]:
        """What ``siptapi status --json`` says."""
        done = self.say("status", "--json")
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def past(self) -> list[dict[str, Any]]:
        """What the history has, the latest first."""
        done = self.say("history", "--json", "--limit", "0")
        assert done.returncode == 0, done.stderr
        calls: list[dict[str, Any]] = json.loads(done.stdout)
        return calls

    def await_logged(self, event: str, *, seconds: float = 10, **values: Any) -> dict[str, Any]:
        """The first line of its log with that event and those values, once it is there."""

        def lines() -> list[dict[str, Any]]:
            return [
                line
                for line in self.log()
                if line["event"] == event and values.items() <= line.items()
            ]

        wait_until(lambda: bool(lines()), seconds=seconds, what=f"{event!r} in the log")
        return lines()[0]

    def kill(self) -> None:
        """End it as a crash does."""
        self.signal(signal.SIGKILL)
        self.wait(5)

    def say(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What ``siptapi`` with these arguments does, typed by the user whose daemon it is."""
        return subprocess.run(
            [SIPTAPI, *arguments],
            env=self.environment(self.folder) | {"SIPTAPI_CONFIG": str(self.config)},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
        )

    @property
    def control(self) -> str:
        """The path of its control line."""
        return str(self._runtime / "siptapi" / "control.sock")

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Dialer]:
        """A client at its control line."""
        line = socket.socket(socket.AF_UNIX)
        line.connect(self.control)
        async with open_remote_dialer(line, CALLER, settings=str(self.config)) as dialer:
            yield dialer

    def run(self, use: Callable[[Dialer, Heard], Awaitable[None]], seconds: float = 60) -> Heard:
        """Let ``use`` work with the daemon and what is heard from it, and return that."""

        async def main() -> Heard:
            async with self.connect() as dialer:
                heard = Heard(dialer)
                async with asyncio.timeout(seconds):
                    await dialer.execute(ListCalls(), CALLER)  # then it listens for certain
                    await use(dialer, heard)
                return heard

        return asyncio.run(main())

    def log(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        lines = read_texts(self.errors).splitlines()
        return [json.loads(line) for line in lines if line.startswith('{"')]

    def stop(self) -> None:
        """End it, and remove its socket's folder."""
        super().stop()
        shutil.rmtree(self._runtime, ignore_errors=True)

    def trace(self) -> str:
        """What it was told and what it printed, messages included."""
        return read_texts(self.config) + super().trace()


class Heard:
    """What a client was told, in order; it listens from the moment that it is made."""

    def __init__(self, dialer: Dialer) -> None:
        self.events: list[Event] = []
        self._stream = dialer.events(CALLER)

    async def until(self, name: str, *, call: str | None = None, line: str | None = None) -> Event:
        """The first event of that name that was not waited for yet, of any call or that one."""
        async for event in self._stream:
            self.events.append(event)
            of_call = event.call if isinstance(event, CallEvent) else None
            if (
                event.happening.name == name
                and call in (None, of_call)
                and line in (None, event.line)
            ):
                return event
        raise AssertionError(f"the daemon went without {name}: {self.events}")

    async def to_the_end(self) -> str:
        """Listen until the daemon says goodbye; returns its words."""
        try:
            async for event in self._stream:
                self.events.append(event)
        except SiptapiError as error:
            return str(error)
        raise AssertionError("it went without a word")

    def endings(self) -> dict[str, str]:
        """The outcome of each outgoing call that has ended."""
        return {
            event.call: event.happening.outcome.value
            for event in self.events
            if isinstance(event, CallEvent) and isinstance(event.happening, CallEnded)
        }

    def of(self, call: str) -> list[str]:
        """The names of what happened to a call, in order."""
        return [
            event.happening.name
            for event in self.events
            if isinstance(event, CallEvent) and event.call == call
        ]


def check_history(daemon: Daemon, heard: Heard) -> None:
    """Every outcome that was told is in the history, and no other."""
    outcomes = {each["call"]: each["outcome"] for each in daemon.past()}
    assert outcomes == heard.endings()
