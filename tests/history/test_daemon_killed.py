"""``siptapi serve``, killed in the middle of calls that real packets make."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from history_bench import Bench, Told, check, run, scratch

from siptapi_core.commands import Caller, Dial
from siptapi_core.control.finding import find_daemon
from siptapi_core.control.remote_dialer import open_remote_dialer
from siptapi_core.demo import Demo, Ending, open_demo
from siptapi_core.demo.endings import CASTS, Cast
from siptapi_core.demo.phone import Behaviour
from siptapi_core.errors import NetworkError
from siptapi_core.events import CallEvent

ROUNDS = 4
CALLS = 50
"""At once, a round."""
EVENTS = 8 * CALLS
"""Fewer than they have."""
CALLER = Caller(frontend="test")
SERVE = "import sys; from siptapi_frontends.cli.launcher import main; sys.exit(main())"


def write_settings(demo: Demo, folder: Path) -> Path:
    line = demo.settings.lines["demo"]
    assert line.password is not None
    file = folder / "siptapi.toml"
    file.write_text(
        f'[lines.office]\ndomain = "{line.domain}"\nuser = "{line.user}"\n'
        f'password = "{line.password.reveal()}"\nphone = "{line.phone}"\n'
        f'outbound_proxy = "{line.outbound_proxy}"\n[history]\nfile = "history.db"\n'
    )
    file.chmod(0o600)
    return file


@contextmanager
def serving(settings: Path):
    command = [sys.executable, "-c", SERVE, "--no-plugins", "--config", str(settings), "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"SIPTAPI serves 1 line")
            yield process
        finally:
            process.kill()


async def dial_until_killed(settings: Path, demo: Demo, most: int) -> list[Told]:
    """Make calls, and kill the daemon after ``most`` events; returns those that it told."""
    told: list[Told] = []
    with serving(settings) as process:
        found = find_daemon()
        assert found is not None
        async with open_remote_dialer(found[0], CALLER, token=found[1]) as dialer:
            events = dialer.events(CALLER)
            dials = [
                asyncio.ensure_future(dialer.execute(Dial(number=demo.number), CALLER))
                for _ in range(CALLS)
            ]

            async def listen() -> None:
                async for event in events:
                    assert isinstance(event, CallEvent)
                    told.append((event.id, event.call, event.happening.name))
                    if len(told) == most:
                        process.kill()

            with pytest.raises(NetworkError):  # the daemon is gone
                await listen()
            await asyncio.gather(*dials, return_exceptions=True)
    return told


def test_no_event_that_a_client_of_the_daemon_got_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = Behaviour(answer_after=0.05)
    monkeypatch.setitem(CASTS, Ending.ANSWERED, Cast(phone=quick, callee=quick))

    async def main(folder: Path) -> list[Told]:
        told: list[Told] = []
        async with open_demo() as demo:
            settings = write_settings(demo, folder)
            for _ in range(ROUNDS):
                most = random.randrange(1, EVENTS)
                got = await dial_until_killed(settings, demo, most)
                assert not told or got[0][0] > told[-1][0], "ids go on"
                told += got
        return told

    with scratch() as name:
        for variable in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "LOCALAPPDATA"):
            monkeypatch.setenv(variable, name)
        told = run(lambda: main(Path(name)))
        check(Bench(Path(name)), told)
