"""A secret is read where it is kept, and shows itself nowhere."""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
from pathlib import Path

import attrs
import cattrs
import pytest
from attrs import frozen

from siptapi_core.errors import SettingsError
from siptapi_core.settings import Secret, secret_places

HIDDEN = "hunter2-correct-horse"


def test_text_is_the_secret() -> None:
    assert Secret(HIDDEN).reveal() == HIDDEN


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIP_PASSWORD", HIDDEN + "\n")
    assert Secret({"env": "SIP_PASSWORD"}).reveal() == HIDDEN + "\n"


def test_environment_is_read_when_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIP_PASSWORD", raising=False)
    secret = Secret({"env": "SIP_PASSWORD"}, where="siptapi.toml", key="lines.office.password")
    with pytest.raises(SettingsError) as caught:
        secret.reveal()
    assert str(caught.value) == (
        "siptapi.toml: lines.office.password: the environment variable SIP_PASSWORD is not set"
    )
    monkeypatch.setenv("SIP_PASSWORD", HIDDEN)
    assert secret.reveal() == HIDDEN


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_file_is_relative_to_the_settings(tmp_path: Path, end: str) -> None:
    (tmp_path / "pass word").write_bytes(f" {HIDDEN} {end}".encode())
    secret = Secret({"file": "pass word"}, where=str(tmp_path / "siptapi.toml"))
    assert secret.reveal() == f" {HIDDEN} "


def test_only_one_line_break_is_stripped(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"a\nb\n\n")
    assert Secret({"file": str(tmp_path / "secret")}).reveal() == "a\nb\n"


def test_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfp\xc3\xa4ss\r\n")
    assert Secret({"file": str(tmp_path / "secret")}).reveal() == "päss"


def test_file_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "sip").write_text(HIDDEN, encoding="utf-8")
    assert Secret({"file": "~/sip"}, where="elsewhere/siptapi.toml").reveal() == HIDDEN


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone cannot be read: No such file"):
        Secret({"file": "gone"}, where=str(tmp_path / "siptapi.toml")).reveal()


def test_file_with_an_impossible_name() -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        Secret({"file": "a\0b"}).reveal()


def test_file_that_never_ends(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * 65537)
    with pytest.raises(SettingsError, match="longer than 65536 bytes"):
        Secret({"file": str(tmp_path / "secret")}).reveal()


def test_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(HIDDEN.encode("utf-16"))
    with pytest.raises(SettingsError, match="no UTF-8 text") as caught:
        Secret({"file": str(tmp_path / "secret")}).reveal()
    assert caught.value.__suppress_context__
    inner = caught.value.__context__
    assert inner is None or inner.__context__ is None  # the decoder's error has the octets


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\n")
    with pytest.raises(SettingsError, match="empty"):
        Secret({"file": str(tmp_path / "secret")}).reveal()


def test_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sip").write_text(HIDDEN + "\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Secret({"credential": "sip"}).reveal() == HIDDEN


def test_credential_stays_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sip").write_text(HIDDEN, encoding="utf-8")
    (tmp_path / "credentials").mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    with pytest.raises(SettingsError, match="cannot be read"):
        Secret({"credential": "../sip"}).reveal()


def test_credential_outside_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(SettingsError, match=r"CREDENTIALS_DIRECTORY is not set.*LoadCredential="):
        Secret({"credential": "sip"}).reveal()


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_command() -> None:
    assert Secret({"command": python(f"print({HIDDEN!r})")}).reveal() == HIDDEN


def test_command_as_one_text() -> None:
    command = f'"{sys.executable}" -c "print(40 + 2)"'
    assert Secret({"command": command}).reveal() == "42"


def test_command_runs_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(HIDDEN, encoding="utf-8")
    code = "print(open('secret').read())"
    secret = Secret({"command": python(code)}, where=str(tmp_path / "siptapi.toml"))
    assert secret.reveal() == HIDDEN


def test_command_that_fails_says_its_exit_code_and_nothing_it_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = f"import sys; print({HIDDEN!r}); print({HIDDEN!r}, file=sys.stderr); sys.exit(3)"
    with pytest.raises(SettingsError, match="failed with exit code 3") as caught:
        Secret({"command": python(code)}, key="lines.office.password").reveal()
    assert HIDDEN not in str(caught.value)
    assert HIDDEN not in "".join(capfd.readouterr())


def test_command_that_is_missing() -> None:
    with pytest.raises(SettingsError, match="the command no-such-program cannot be run"):
        Secret({"command": ["no-such-program", HIDDEN]}).reveal()


@pytest.mark.skipif(os.name == "nt", reason="Windows splits a command line by itself")
def test_command_with_an_open_quotation_mark() -> None:
    with pytest.raises(SettingsError, match="No closing quotation"):
        Secret({"command": 'pass "show'}).reveal()


def test_command_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_places, "_PATIENCE", 0.05)
    code = f"import time; print({HIDDEN!r}, flush=True); time.sleep(60)"
    with pytest.raises(SettingsError, match=r"longer than 0\.05 seconds") as caught:
        Secret({"command": python(code)}).reveal()
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        "",
        5,
        12.5,
        True,
        ["x"],
        {},
        {"evn": "X"},
        {"env": ""},
        {"env": 5},
        {"env": ["X"]},
        {"file": {"a": "b"}},
        {"env": "A", "file": "b"},
        {"text": HIDDEN},
        {"command": []},
        {"command": ["pass", 5]},
        {"command": " "},
        {"command": [""]},
    ],
)
def test_what_is_no_secret_is_refused_with_its_place(given: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Secret(given, where="siptapi.toml", key="lines.office.password")
    assert str(caught.value).startswith("siptapi.toml: lines.office.password: ")


@pytest.mark.parametrize(
    "given", [HIDDEN, [HIDDEN], {HIDDEN: HIDDEN}, {"env": [HIDDEN]}, {"command": [HIDDEN, 5]}]
)
def test_errors_do_not_repeat_what_was_given(given: object) -> None:
    try:
        words = repr(Secret(given))
    except SettingsError as error:
        words = f"{error!s} {error!r}"
    assert HIDDEN not in words


@frozen
class Holder:
    secret: Secret


def test_it_shows_itself_nowhere() -> None:
    secret = Secret(HIDDEN)
    holder = Holder(secret)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret:}",
        f"{secret}",
        repr(holder),
        repr(attrs.asdict(holder)),
        repr(cattrs.unstructure(holder)),
        repr(cattrs.Converter().unstructure(holder)),
        json.dumps(attrs.asdict(holder), default=str),
        str(SettingsError(f"{secret} {holder}")),
    ]
    assert HIDDEN not in "".join(shown)
    assert shown[0] == "<secret>"
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Holder(Secret(HIDDEN)), protocol)


def test_it_cannot_be_copied_or_made_json() -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(HIDDEN))
    with pytest.raises(TypeError):
        json.dumps({"secret": Secret(HIDDEN)})


def test_secrets_kept_in_one_place_are_equal() -> None:
    assert Secret({"env": "A"}, key="a") == Secret({"env": "A"}, key="b")
    assert hash(Secret({"env": "A"})) == hash(Secret({"env": "A"}))
    assert Secret("A") != Secret({"env": "A"})
    assert Secret({"file": "A"}, where="x/s.toml") != Secret({"file": "A"}, where="y/s.toml")
    assert Secret("A") != "A"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits; see test_exposure")
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True)])
def test_warning_about_a_file_that_everyone_can_read(
    tmp_path: Path, mode: int, *, warned: bool
) -> None:
    settings, kept = tmp_path / "siptapi.toml", tmp_path / "password"
    for file in (settings, kept):
        file.write_text(HIDDEN, encoding="utf-8")
        file.chmod(mode)
    for given, file in ((HIDDEN, settings), ({"file": "password"}, kept)):
        warning = Secret(given, where=str(settings)).warning()
        if warned:
            assert warning == (
                f"every user of this computer can read {file}, which holds a secret: "
                f"chmod 600 {file} leaves it to you alone"
            )
        else:
            assert warning is None


@pytest.mark.parametrize("given", [HIDDEN, {"env": "A"}, {"credential": "a"}, {"file": "gone"}])
def test_no_warning_where_there_is_no_file(given: object) -> None:
    assert Secret(given).warning() is None
