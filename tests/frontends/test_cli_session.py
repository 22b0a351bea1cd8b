from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from daemon_thread import daemon
from fake_dialer import MESSAGES, FakeDialer

import siptapi_core.dialer
import siptapi_core.plugin_loading
from siptapi_core.contracts import CliSession
from siptapi_core.control import remote_dialer
from siptapi_core.control.remote_dialer import RemoteDialer
from siptapi_core.errors import NetworkError, SettingsError
from siptapi_core.events import TracedMessage
from siptapi_core.plugin_loading.sources import Source
from siptapi_frontends.cli.session import Session

SBC = Source(name="sbc", distribution="siptapi-sbc", version="1.0", third_party=True, load=dict)
LINE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\npassword = "secret"\n'


def session(
    *, config: Path | None = None, third_party: bool = True, trace: bool = False
) -> Session:
    return Session(config=config, plugin_files=(), third_party=third_party, trace=trace)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `load_plugins` was asked for."""
    asked: list[dict[str, Any]] = []
    real = siptapi_core.plugin_loading.load_plugins

    def load_plugins(**arguments: Any) -> object:
        asked.append(arguments)
        return real(files=(), third_party=False, daemon=arguments["daemon"])

    monkeypatch.setattr(siptapi_core.plugin_loading, "load_plugins", load_plugins)
    return asked


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `open_dialer` was asked for."""
    asked: list[dict[str, Any]] = []

    @asynccontextmanager
    async def open_dialer(settings: object, catalog: object) -> AsyncIterator[FakeDialer]:
        asked.append({"settings": settings, "catalog": catalog})
        async with FakeDialer(messages=MESSAGES).connect() as dialer:
            yield dialer

    monkeypatch.setattr(siptapi_core.dialer, "open_dialer", open_dialer)
    return asked


def test_it_is_what_a_plugins_command_is_given(tmp_path: Path) -> None:
    given: CliSession = session(config=tmp_path)
    assert given.config == tmp_path


def test_plugins_are_loaded_once_and_not_before_they_are_asked_for(
    loaded: list[dict[str, Any]],
) -> None:
    under_test = session()
    assert loaded == []
    records = under_test.plugins()
    assert "cli" in [record.name for record in records]
    assert under_test.plugins() is records
    assert under_test.full_catalog is under_test.catalog
    assert loaded == [{"blocked": (), "files": (), "third_party": True, "daemon": True}]


def test_what_only_a_daemon_runs_is_loaded_when_it_is_asked_for(
    loaded: list[dict[str, Any]],
) -> None:
    under_test = session()
    assert under_test.catalog is under_test.catalog
    assert "cli" in [record.name for record in under_test.catalog.records]
    assert not under_test.catalog.observers
    assert "webhooks" in under_test.full_catalog.observers
    assert [each["daemon"] for each in loaded] == [False, True]


def test_a_plugin_that_fails_twice_is_reported_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = SBC.evolve(load=lambda: 1 / 0)
    monkeypatch.setattr(siptapi_core.plugin_loading, "find_sources", lambda _, **__: (broken,))
    under_test = session()
    assert under_test.catalog is not under_test.full_catalog
    assert capsys.readouterr().err.count("the plugin 'sbc' was not loaded: ZeroDiv") == 1


def test_plugins_that_the_settings_block_are_not_loaded(
    loaded: list[dict[str, Any]], settings_file: Path
) -> None:
    settings_file.write_text('plugins.blocked = ["sbc"]\n' + LINE)
    session().plugins()
    assert loaded[0]["blocked"] == ("sbc",)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize("sources", [(), (SBC,)])
def test_while_nobody_knows_what_is_blocked_only_our_own_are_loaded(
    loaded: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    sources: tuple[Source, ...],
    settings_file: Path,
    capsys: pytest.CaptureFixture[str],
    wanted: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(siptapi_core.plugin_loading, "find_sources", lambda _, **__: sources)
    settings_file.write_text("plugins.blokced = []\n")
    session(third_party=wanted).plugins()
    assert loaded[0]["third_party"] is False
    said = "siptapi: not loaded, as the settings may block some of them: sbc\n"
    assert capsys.readouterr().err == (said if wanted and sources else "")


def test_settings_that_are_not_there_block_nothing(
    loaded: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session(config=tmp_path / "missing.toml").plugins()
    monkeypatch.delenv("SIPTAPI_CONFIG")
    session().plugins()
    assert [each["third_party"] for each in loaded] == [True, True]


def test_the_log_level_is_that_of_the_settings(settings_file: Path) -> None:
    assert session().log_level == "warning"
    settings_file.write_text('log_level = "debug"\n' + LINE)
    assert session().log_level == "debug"


def test_a_dialer_is_opened_for_the_settings_and_the_plugins(
    opened: list[dict[str, Any]], settings_file: Path
) -> None:
    settings_file.write_text(LINE)
    settings_file.chmod(0o600)

    async def connect() -> None:
        async with session().connect() as dialer:
            assert isinstance(dialer, FakeDialer)

    asyncio.run(connect())
    (asked,) = opened
    assert list(asked["settings"].lines) == ["office"]
    assert "refer-via-proxy" in asked["catalog"].strategies


def test_a_password_that_everyone_can_read_is_warned_about(
    opened: list[dict[str, Any]], settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(LINE)
    settings_file.chmod(0o644)

    async def connect() -> None:
        async with session().connect():
            pass

    asyncio.run(connect())
    assert opened
    assert "can read" in capsys.readouterr().err


def test_without_settings_there_is_no_dialer(opened: list[dict[str, Any]]) -> None:
    async def connect() -> None:
        async with session().connect():
            pass

    with pytest.raises(SettingsError):
        asyncio.run(connect())
    assert opened == []


def test_a_trace_prints_every_message_also_those_of_the_end(
    opened: list[dict[str, Any]], settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(LINE)

    async def connect(*, trace: bool) -> None:
        under_test = session(trace=trace)
        async with under_test.connect_to(under_test.settings):
            pass

    asyncio.run(connect(trace=False))
    assert capsys.readouterr() == ("", "")
    asyncio.run(connect(trace=True))
    out, err = capsys.readouterr()
    assert out == ""
    assert "INVITE sip:10@pbx SIP/2.0" in err
    assert "received from udp:127.0.0.1:5060" in err
    assert len(opened) == 2


def test_a_daemon_that_does_not_answer_is_left_alone(
    opened: list[dict[str, Any]],
    short_home: Path,
    settings_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(remote_dialer, "HELLO_SECONDS", 0.05)
    settings_file.write_text(LINE)
    settings_file.chmod(0o600)
    file = short_home / "siptapi" / "control.sock"
    file.parent.mkdir()

    async def connect() -> None:
        async with session().connect() as dialer:
            assert isinstance(dialer, FakeDialer)

    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(file))
        silent.listen()
        asyncio.run(connect())
    assert len(opened) == 1
    assert capsys.readouterr().err == (
        "siptapi: the daemon is left alone: the daemon does not answer\n"
    )


def test_the_daemons_messages_are_traced_and_its_end_is_no_error_of_the_trace(
    short_home: Path, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Breaking(FakeDialer):
        async def traced(self) -> AsyncIterator[TracedMessage]:
            for message in MESSAGES:
                yield message
            raise NetworkError("the daemon has gone")

    async def connect() -> None:
        async with session(trace=True).connect() as dialer:
            assert isinstance(dialer, RemoteDialer)
            with pytest.raises(NetworkError):
                _ = [each async for each in dialer.traced()]

    with daemon(Breaking(), settings_file.touch() or settings_file):
        asyncio.run(connect())
    assert "INVITE sip:10@pbx SIP/2.0" in capsys.readouterr().err
