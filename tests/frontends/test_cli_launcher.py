from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from siptapi_frontends.cli import application, quick_dial
from siptapi_frontends.cli.launcher import main


@pytest.fixture(autouse=True)
def signals_are_given_back() -> Iterator[None]:
    # A process started in the background of a script ignores Ctrl-C from its birth.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    terminate = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, terminate)


def test_the_exit_code_is_the_applications(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "run", lambda **_: 7)
    assert main() == 7


def test_what_was_handed_over_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    handed_over, asked = object(), []
    monkeypatch.setattr(sys, "argv", ["siptapi", "dial", "1"])
    monkeypatch.setattr(quick_dial, "hand_over", lambda words: asked.append(words) or handed_over)
    monkeypatch.setattr(application, "run", lambda *, handed_over: asked.append(handed_over) or 0)
    assert main() == 0
    assert asked == [["dial", "1"], handed_over]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_no_traceback(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(application, "run", lambda **_: signal.raise_signal(number))
    assert main() == 130


def test_nothing_of_ours_is_imported_before_signals_are_handled() -> None:
    words = "import sys; import siptapi_frontends.cli.launcher; print(*sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, timeout=30, check=True
    )
    ours = {name for name in ended.stdout.split() if name.startswith("siptapi")}
    assert ours == {
        "siptapi_frontends",
        "siptapi_frontends.cli",
        "siptapi_frontends.cli.launcher",
    }


def test_the_plugin_offers_the_commands() -> None:
    from siptapi_frontends.cli.commands import siptapi_commands

    names = {command.name for command in siptapi_commands()}
    assert names >= {"config", "demo", "dial", "number", "plugins"}
