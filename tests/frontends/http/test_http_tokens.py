"""The file of tokens, and ``siptapi token``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from siptapi_core.errors import RefusedError, SettingsError, UnknownNameError, UsageError
from siptapi_core.file_lock import try_lock
from siptapi_frontends.cli.launcher import main
from siptapi_frontends.http.tokens import PREFIX, Scope, TokenFile, digest_of, tokens_file

READ = frozenset({Scope.READ})


def add(tokens: TokenFile, name: str, **more: object) -> str:
    values = {"scopes": READ, "lines": None, "created": 1.0, **more}
    return tokens.add(name, **values)  # type: ignore[arg-type]


def test_a_token_is_found_by_its_hash_and_nothing_else_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "tokens.json"
    tokens = TokenFile(file)
    assert tokens.tokens() == {}
    text = add(tokens, "crm", lines=frozenset({"b", "a"}), expires=2.0)
    assert text.startswith(PREFIX)
    assert len(text) > 48
    found = tokens.tokens()[digest_of(text)]
    assert (found.name, found.scopes, found.lines) == ("crm", READ, {"a", "b"})
    assert (found.created, found.expires, found.one_login) == (1.0, 2.0, False)
    assert text.removeprefix(PREFIX) not in file.read_text()
    assert text != add(tokens, "other")
    assert TokenFile(file).tokens() == tokens.tokens()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_user_can_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "http" / "tokens.json"
    add(TokenFile(file), "crm")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_what_another_process_changes_holds_at_once(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    ours, theirs = TokenFile(file), TokenFile(file)
    text = add(theirs, "a")
    assert digest_of(text) in ours.tokens()
    theirs.remove("a")
    assert ours.tokens() == {}
    add(theirs, "b")
    file.unlink()
    assert ours.tokens() == {}


def test_names_are_unique_and_known(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    add(tokens, "crm")
    with pytest.raises(UsageError, match="there is a token named 'crm' already"):
        add(tokens, "crm")
    with pytest.raises(UnknownNameError, match=r"no token is named 'crms'.*did you mean crm"):
        tokens.remove("crms")


def test_two_processes_do_not_change_it_at_once(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    other = os.open(tmp_path / "tokens.lock", os.O_RDWR | os.O_CREAT, 0o600)
    assert try_lock(other)
    with pytest.raises(RefusedError, match="another process changes the tokens"):
        add(tokens, "crm")
    os.close(other)
    add(tokens, "crm")


@pytest.mark.parametrize("damage", ["{", "[]", '{"tokens": [{"name": 1}]}', "\xff"])
def test_a_damaged_file_lets_nobody_in_and_says_so(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(damage, encoding="latin-1")
    with pytest.raises(SettingsError, match=r"tokens\.json: it is damaged"):
        TokenFile(file).tokens()


def test_a_file_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("")
    with pytest.raises(SettingsError, match="it cannot be read"):
        TokenFile(folder / "tokens.json").tokens()


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))


def siptapi(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["siptapi", *arguments])
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code
    return int(code or 0)


def test_a_token_is_shown_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi(monkeypatch, "token", "add", "crm", "--line", "office", "--days", "1.5") == 0
    out, err = capsys.readouterr()
    assert "it is not shown again" in err
    [token] = TokenFile(tokens_file()).tokens().values()
    assert token.digest == digest_of(out.strip())
    assert token.scopes == {Scope.READ, Scope.DIAL}
    assert token.lines == {"office"}
    assert token.expires == pytest.approx(token.created + 1.5 * 86400)

    assert siptapi(monkeypatch, "token", "add", "boss", "--scope", "admin", "--one-login") == 0
    login = capsys.readouterr().out.strip()
    assert siptapi(monkeypatch, "token", "list") == 0
    listed = capsys.readouterr().out
    assert out.strip() not in listed
    assert login not in listed
    heading, first, second = listed.splitlines()
    assert heading.split() == ["NAME", "SCOPES", "LINES", "MADE", "EXPIRES"]
    assert first.split()[:4] == ["crm", "dial,", "read", "office"]
    assert second.split()[:3] == ["boss", "admin", "all"]
    assert siptapi(monkeypatch, "token", "list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told] == ["crm", "boss"]
    assert all("digest" not in each for each in told)
    assert told[1]["expires"] == pytest.approx(told[1]["created"] + 600)

    assert siptapi(monkeypatch, "token", "remove", "crm") == 0
    assert "'crm' is good for nothing" in capsys.readouterr().out
    assert [each.name for each in TokenFile(tokens_file()).tokens().values()] == ["boss"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "a", "--scope", "everything"), "invalid choice: 'everything'"),
        (("add", "a", "--scope", "admin", "--line", "x"), "only a token for every line"),
        (("add", "a", "--days", "0"), "--days: expected more than 0"),
        (("add", "a", "--days", "nan"), "--days: expected more than 0"),
        (("remove", "a"), "no token is named 'a'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    arguments: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert siptapi(monkeypatch, "token", *arguments) == 2
    assert words in capsys.readouterr().err
    assert TokenFile(tokens_file()).tokens() == {}
