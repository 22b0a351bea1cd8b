"""``siptapi tapi install | uninstall | status`` on a Windows in memory, and elsewhere."""

from __future__ import annotations

import codecs
import json
import os
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from daemon_thread import daemon
from fake_dialer import FakeDialer
from fake_windows import SYSTEM, FakeWindows

from siptapi_core.commands import Done, Lines, LineStatus, ListLines, Reply
from siptapi_core.control import place
from siptapi_core.version import VERSION
from siptapi_frontends.cli.application import run
from siptapi_frontends.tapi import access, handover, places, provider_files, service
from siptapi_frontends.tapi.asking_service import lines_of_service
from siptapi_frontends.tapi.reg_reader import keys_of, read_reg
from siptapi_frontends.tapi.registry_values import text
from siptapi_frontends.tapi.windows import Computer

LINE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'
SETTINGS = f'[control]\nlisten = "127.0.0.1:5039"\n{LINE}'


def tapi(*arguments: str) -> int:
    return run(["--no-plugins", "tapi", *arguments])


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with providers, as a wheel has."""
    folder = tmp_path / "built"
    for name in provider_files.ARCHITECTURES:
        (folder / name).mkdir(parents=True)
        (folder / name / "siptapi.tsp").write_bytes(name.encode())
    monkeypatch.setattr(provider_files, "FOLDERS", (tmp_path / "none", folder))
    return folder


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: Path) -> FakeWindows:
    """This computer, with settings in a file that both the fake and we ourselves can read."""
    fake = FakeWindows()
    folder = str(tmp_path / "data")
    file = Path(rf"{folder}\siptapi.toml")
    file.write_text(SETTINGS)

    def computer() -> Computer:
        return Computer(
            providers={"x86_64": SYSTEM, "x86": r"C:\Windows\SysWOW64"},
            settings=folder,
            users=r"C:\Users",
        )

    monkeypatch.setattr(fake, "computer", computer)
    monkeypatch.setattr(fake, "lines", lambda *_: LINES)
    fake.folders.add(folder)
    fake.access[folder] = "D:AI"
    fake.files = {str(file): SETTINGS.encode()}
    monkeypatch.setattr("siptapi_frontends.cli.tapi._windows", lambda: fake)
    return fake


def line(name: str, *, active: bool = True) -> LineStatus:
    return LineStatus(name=name, account="a", phone="p", strategies=("acd",), active=active)


LINES = (line("office"), line("old", active=False))


def test_from_nothing_to_installed_and_back(
    windows: FakeWindows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tapi("status") == 3
    assert "it is not installed: `siptapi tapi install`" in capsys.readouterr().out
    assert tapi("install") == 0
    out, err = capsys.readouterr()
    assert rf"Done: write {SYSTEM}\siptapi.tsp." in out.splitlines()
    assert "Done: add the TAPI provider siptapi.tsp." in out.splitlines()
    assert err == ""
    assert windows.files[rf"{SYSTEM}\siptapi.tsp"] == b"x86_64"
    assert "pythonw.exe" in windows.tasks["SIPTAPI"]
    assert tapi("status") == 0
    rows = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]
    assert rows == [
        f"installed by SIPTAPI {VERSION}",
        rf"provider {SYSTEM}\siptapi.tsp: current",
        r"provider C:\Windows\SysWOW64\siptapi.tsp: current",
        "listed by TAPI yes",
        "scheduled task yes",
        "service 127.0.0.1:5039",
        "line office: unregistered",
        "line old: inactive",
    ]
    token = str(windows.keys[places.KEY]["Token"].data)
    assert len(token) == 64
    assert token not in out
    assert tapi("uninstall") == 0
    out, _ = capsys.readouterr()
    assert "Done: remove the TAPI provider siptapi.tsp." in out
    assert rf"{tmp_path / 'data'} is left as it is." in out
    assert tapi("uninstall") == 0
    assert "There was nothing to take away." in capsys.readouterr().out
    assert tapi("uninstall", "--with-settings") == 0
    assert windows.files == {}


def test_the_status_as_json(windows: FakeWindows, capsys: pytest.CaptureFixture[str]) -> None:
    assert tapi("install") == 0
    windows.files[rf"{SYSTEM}\siptapi.tsp"] = b"older"
    del windows.files[r"C:\Windows\SysWOW64\siptapi.tsp"]
    windows.tasks.clear()
    windows.remove_provider(2)
    capsys.readouterr()
    assert tapi("status", "--json") == 3
    shown = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in shown.pop("lines")] == ["office", "old"]
    assert shown == {
        "version": VERSION,
        "files": {
            rf"{SYSTEM}\siptapi.tsp": "of another version",
            r"C:\Windows\SysWOW64\siptapi.tsp": "missing",
        },
        "address": "127.0.0.1:5039",
        "provider_is_listed": False,
        "task_is_there": False,
        "problems": [
            rf"{SYSTEM}\siptapi.tsp is of another version",
            r"C:\Windows\SysWOW64\siptapi.tsp is missing",
            "TAPI does not have the provider siptapi.tsp in its list",
            "there is no scheduled task SIPTAPI to start the service",
        ],
    }


def test_a_provider_that_cannot_be_compared_is_no_problem(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tapi("install") == 0
    monkeypatch.setattr(provider_files, "FOLDERS", ())
    capsys.readouterr()
    assert tapi("status") == 0
    shown = capsys.readouterr().out
    assert shown.count("siptapi.tsp: there; this SIPTAPI has none to compare it with") == 2


def test_a_service_that_does_not_help(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tapi("install") == 0
    monkeypatch.setattr(windows, "lines", lambda *_: LINES[1:])
    assert tapi("status") == 3
    assert "the service has no active line" in capsys.readouterr().out

    def silent(*_: object) -> None:
        raise OSError("the service does not answer")

    monkeypatch.setattr(windows, "lines", silent)
    assert tapi("status") == 3
    assert "problem" in (out := capsys.readouterr().out)
    assert "the service does not answer" in out


def test_only_an_administrator_may(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    windows.elevated = False
    for action in ("install", "uninstall"):
        assert tapi(action) == 2
        assert "'Run as administrator'" in capsys.readouterr().err

    def refuse(_: str) -> None:
        raise PermissionError(5, "Access is denied")

    monkeypatch.setattr(windows, "key_values", refuse)
    assert tapi("status") == 3
    assert "Access is denied: an administrator can look" in capsys.readouterr().err
    assert windows.changes == 0


def test_settings_come_first(
    windows: FakeWindows, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = rf"{tmp_path / 'data'}\siptapi.toml"
    Path(file).write_text(f"{SETTINGS}[frontends.htp]\n")
    assert tapi("install") == 2
    assert "frontends.htp" in capsys.readouterr().err
    del windows.files[file]
    assert tapi("install") == 2
    assert (
        f"{file}: there is no such file: `siptapi --config {file} tapi" in capsys.readouterr().err
    )
    assert windows.changes == 0


@pytest.mark.skipif(sys.platform == "win32", reason="it is one")
@pytest.mark.parametrize("action", ["install", "uninstall", "status"])
def test_elsewhere_it_says_what_can_be_done(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tapi(action) == 2
    assert "`siptapi tapi install --into FOLDER`" in capsys.readouterr().err


def handed_over(folder: Path) -> Mapping[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_folder_for_another_computer(
    tmp_path: Path, settings_file: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(SETTINGS.replace("5039", "5044") + "[frontends.http]\n")
    folder = tmp_path / "for" / "windows"
    assert tapi("install", "--into", str(folder)) == 0
    out, err = capsys.readouterr()
    files = handed_over(folder)
    assert err == ""
    assert out.splitlines()[0] == f"Wrote {folder}; STEPS.txt says what to do with it:"
    assert sorted(line.strip() for line in out.splitlines()[1:]) == sorted(files)
    assert {name: content for name, content in files.items() if name.endswith(".tsp")} == {
        f"{name}/siptapi.tsp": name.encode() for name in provider_files.ARCHITECTURES
    }
    address, token, _ = files["control.address"].decode().split("\n")
    values = keys_of(read_reg(files["siptapi.reg"]))[places.KEY.lower()]
    assert {entry.name: entry.value for entry in values.values()} == {
        "Address": text("127.0.0.1:5044"),
        "Token": text(token),
        "SettingsPage": text("http://127.0.0.1:5088/"),
        "Version": text(VERSION),
    }
    assert address == "127.0.0.1:5044"
    assert len(token) == 64
    assert token not in out
    assert files["task.xml"].startswith(codecs.BOM_UTF16_LE)
    ET.fromstring(files["task.xml"])
    steps = files["STEPS.txt"].decode("ascii")
    assert steps.count("\r\n") == steps.count("\n")
    assert 'listen = "127.0.0.1:5044"' in steps
    assert access.KEY in steps
    assert "{" not in steps.replace("{settings}", "")
    assert "nox" not in steps
    assert token not in steps
    assert tapi("install", "--into", str(folder)) == 0
    assert handed_over(folder) == files
    if os.name == "posix":
        assert {stat.S_IMODE(each.stat().st_mode) for each in folder.glob("*.*")} == {0o600}


def test_without_settings_and_provider_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(provider_files, "FOLDERS", (tmp_path / "none",))
    monkeypatch.delenv("SIPTAPI_CONFIG")
    folder = tmp_path / "x"
    assert tapi("install", "--into", str(folder)) == 0
    assert "siptapi.tsp is not among them: the wheels of a release" in capsys.readouterr().err
    files = handed_over(folder)
    assert sorted(files) == ["STEPS.txt", "control.address", "siptapi.reg", "task.xml"]
    assert b"`nox -s tsp`" in files["STEPS.txt"]
    assert files["control.address"].startswith(b"127.0.0.1:5039\n")
    values = keys_of(read_reg(files["siptapi.reg"]))[places.KEY.lower()]
    assert values["settingspage"].value == text(r"C:\ProgramData\siptapi\siptapi.toml")


def test_settings_without_an_address_have_the_usual_one(
    tmp_path: Path, settings_file: Path, built: Path
) -> None:
    settings_file.write_text(LINE)
    assert tapi("install", "--into", str(tmp_path / "x")) == 0
    assert (tmp_path / "x" / "control.address").read_text().startswith("127.0.0.1:5039\n")


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, settings_file: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(SETTINGS)
    (tmp_path / "file").write_text("")
    assert tapi("install", "--into", str(tmp_path / "file")) == 2
    assert "file cannot be written: File exists" in capsys.readouterr().err


def test_the_steps_name_every_file(tmp_path: Path, built: Path) -> None:
    files = provider_files.provider_files()
    written = handover.write_handover(tmp_path / "x", address="a", page="p", files=files)
    steps = (tmp_path / "x" / "STEPS.txt").read_text()
    names = (str(path.relative_to(tmp_path / "x")).replace("/", "\\") for path in written)
    assert [name for name in names if name not in steps] == ["STEPS.txt"]


def test_a_wheel_takes_the_provider_from_where_it_is_looked_for() -> None:
    root = Path(__file__).parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    (pattern,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["artifacts"]
    in_a_wheel, of_nox = provider_files.FOLDERS
    assert in_a_wheel == root / pattern.removesuffix("/*/siptapi.tsp")
    assert of_nox == root / "build" / "tsp"
    assert f"/{in_a_wheel.relative_to(root).as_posix()}/" in (root / ".gitignore").read_text()


def test_the_service_is_asked_for_its_lines(
    short_home: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: dict[type, Reply] = {ListLines: Lines(LINES)}
    dialer = FakeDialer(answers=answers)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with daemon(dialer, settings_file, listen=f"127.0.0.1:{port}"):
        address, token = Path(place.address_file()).read_text().split()
        assert lines_of_service(address, token, 5.0) == LINES
        with pytest.raises(OSError, match=f"{port} does not answer: .* knows another"):
            lines_of_service(address, "wrong", 0.0)
        answers[ListLines] = Done()
        with pytest.raises(TypeError, match="Done"):
            lines_of_service(address, token, 5.0)
    with pytest.raises(OSError, match="does not answer"):
        lines_of_service(address, token, 0.3)
    with pytest.raises(OSError, match="does not answer"):
        lines_of_service("nonsense", token, 0.0)


def test_the_service_says_in_its_log_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    log = tmp_path / "service" / "siptapi.log"
    log.write_text("before\n")
    command = [sys.executable, "-I", "-m", "siptapi_frontends.tapi.service", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")
    assert log.read_text().startswith(f"before\nsiptapi: {tmp_path / 'siptapi.toml'}: cannot be")


def test_the_service_keeps_its_state_beside_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "service").mkdir()
    log = tmp_path / "service" / "siptapi.log"
    log.write_bytes(bytes(service.LONGEST_LOG + 1))
    seen: list[object] = []

    def serve(arguments: list[str]) -> int:
        seen.extend((*arguments, os.environ["LOCALAPPDATA"]))
        print("serving")
        return 7

    monkeypatch.setattr("siptapi_frontends.cli.application.run", serve)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    monkeypatch.setenv("LOCALAPPDATA", "")
    assert service.main([str(tmp_path)]) == 7
    settings = str(tmp_path / "siptapi.toml")
    assert seen == ["--config", settings, "serve", str(tmp_path / "service")]
    assert log.read_text() == "serving\n"
