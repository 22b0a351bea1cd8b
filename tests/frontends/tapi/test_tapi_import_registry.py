"""``siptapi tapi import-registry``: the settings of SIPTAPI 0.3 become ours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from parent_export import KEY, LINES, expected, export, password

from siptapi_core.errors import SettingsError
from siptapi_core.settings import load, parse
from siptapi_frontends.cli.application import run
from siptapi_frontends.tapi import importing, parent_settings
from siptapi_frontends.tapi.importing import Imported, import_settings
from siptapi_frontends.tapi.reg_reader import HEADER, OLD_HEADER, keys_of, read_reg

DOCUMENT = Path(__file__).parents[3] / "docs" / "moving-from-the-parent.md"
LINE = '"proxy1"="pbx.example"\n"username1"="201"\n"lineactive1"=dword:1\n'


def imported(body: str, key: str = KEY) -> Imported:
    content = f"{HEADER}\n[{key}]\n{body}"
    return import_settings(keys_of(read_reg(content.encode("utf-16"))), where="old.reg")


def tapi(*arguments: str) -> int:
    return run(["--no-plugins", "tapi", *arguments])


@pytest.mark.parametrize(
    ("header", "encoding", "realm", "checked"),
    [
        (HEADER, "utf-16", '"disablerealmcheck"=dword:00000000', True),
        (OLD_HEADER, "cp1252", '"disablerealmcheck"=dword:00000001', False),
        (HEADER, "utf-16", '"enablerealmcheck"=dword:00000001', True),
        (OLD_HEADER, "cp1252", '"enablerealmcheck"=dword:00000000', False),
        (HEADER, "utf-8", "", False),
    ],
)
def test_forty_lines_with_every_option_line_by_line(
    header: str,
    encoding: str,
    realm: str,
    checked: bool,  # noqa: FBT001  # a parameter of the test
    tmp_path: Path,
    settings_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "old.reg"
    file.write_bytes(export(header, realm).encode(encoding))
    assert tapi("import-registry", str(file)) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"Wrote {settings_file}: 40 lines, 32 active.",
        f"Their passwords are in {tmp_path / 'siptapi-passwords'}.",
        "Try: siptapi config check",
    ]
    assert err == ""
    settings = load(settings_file)
    assert list(settings.lines) == [str(200 + number) for number in LINES]
    assert settings.control.listen == "127.0.0.1:5039"
    assert settings.default_line == "201"
    for number, line in zip(LINES, settings.lines.values(), strict=True):
        wanted = expected(number, realm_checked=checked)
        assert {name: getattr(line, name) for name in wanted} == wanted
        credentials = line.credentials()
        assert credentials is not None
        assert credentials.password == password(number)
        assert credentials.username == (wanted["auth_user"] or wanted["user"])
    assert run(["--no-plugins", "config", "check"]) == 0
    assert not any(password(number) in settings_file.read_text() for number in LINES)


def test_only_their_owner_can_read_the_passwords(tmp_path: Path, settings_file: Path) -> None:
    file = tmp_path / "old.reg"
    file.write_bytes(export(HEADER, "").encode("utf-16"))
    assert tapi("import-registry", str(file)) == 0
    folder = tmp_path / "siptapi-passwords"
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (*folder.iterdir(), settings_file)}
    assert len(list(folder.iterdir())) == 40
    if os.name == "posix":
        assert modes == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("present", ["siptapi.toml", "siptapi-passwords/line-1"])
def test_nothing_is_overwritten_unless_forced(
    present: str, tmp_path: Path, settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "old.reg"
    file.write_text(f'{HEADER}\n[{KEY}]\n{LINE}"password1"="new"\n')
    there = tmp_path / present
    there.parent.mkdir(exist_ok=True)
    there.write_text("old")
    assert tapi("import-registry", str(file)) == 2
    assert "is there already" in capsys.readouterr().err
    assert {each for each in tmp_path.rglob("*") if each.is_file()} == {file, there}
    assert there.read_text() == "old"
    assert tapi("import-registry", str(file), "--force") == 0
    credentials = load(settings_file).lines["201"].credentials()
    assert credentials is not None
    assert credentials.password == "new"


def test_where_the_settings_cannot_be_written_no_password_is_left(
    tmp_path: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "old.reg"
    file.write_text(f'{HEADER}\n[{KEY}]\n{LINE}"password1"="new"\n')
    replace = Path.replace

    def fails(self: Path, target: Path) -> Path:
        if target == settings_file:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    assert tapi("import-registry", str(file)) == 2
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [file]


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tapi("import-registry", str(tmp_path / "none.reg")) == 2
    assert "none.reg: cannot be read: No such file" in capsys.readouterr().err


def test_notes_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "old.reg"
    file.write_text(f'{HEADER}\n[{KEY}]\n{LINE}"password1"="secret"\n"proxy3"=""\n"colour"="red"\n')
    assert tapi("import-registry", str(file)) == 0
    out, _ = capsys.readouterr()
    assert "  'colour': left out, SIPTAPI 0.3 has no such value" in out
    assert "  line 3: empty, left out" in out
    assert "secret" not in out


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ('"x"=hex:01\n', "'x': left out, SIPTAPI 0.3 has no such value"),
        ('@="x"\n', "the key's default value: left out, SIPTAPI 0.3 has no such value"),
        ('"proxy01"="x"\n', "'proxy01': left out, SIPTAPI 0.3 has no such value"),
        ('"obproxy1"=dword:1\n', "obproxy1: left out, it is not text, as SIPTAPI 0.3 wants it"),
        ('"Register1"="1"\n', "Register1: left out, it is not a number, as SIPTAPI 0.3 wants it"),
        ('"reversemode"=dword:3\n', "reversemode: 3 left out, SIPTAPI 0.3 knows 0, 1, 2"),
        ('"transportprotocol"=dword:2\n', "transportprotocol: 2 left out, SIPTAPI 0.3 knows 0, 1"),
        (
            '"enablerealmcheck"=dword:1\n"disablerealmcheck"=dword:1\n',
            "disablerealmcheck: left out, enablerealmcheck is newer and differs",
        ),
        (
            '"phoneusername1"="301@192.0.2.7"\n',
            (
                "phoneusername1: its host is left out: a phone is reached by its domain, or by "
                "refer-to-phone"
            ),
        ),
        ('"password1"="a\nb"\n', "password1: left out, it has control characters"),
        (
            '"obproxy1"="not a host"\n',
            (
                "obproxy1: outbound_proxy left out: expected host, host:port or a SIP URI such as "
                "sip:host;transport=tcp"
            ),
        ),
        ('"username2"="202"\n', "line 2: left out, as a line must have these"),
        ('"proxy2"="pbx.example"\n', "line 2: left out, as a line must have these"),
        (
            '"proxy2"=""\n"proxy4"=""\n"proxy5"=""\n"proxy6"=""\n',
            "lines 2, 4 to 6: empty, left out",
        ),
        (
            '"proxy41"="p"\n"username41"="241"\n"lineactive41"=dword:1\n',
            "line 41: not active: SIPTAPI 0.3 shows the first 40 lines",
        ),
    ],
)
def test_what_is_lost_is_said(body: str, note: str) -> None:
    result = imported(LINE + body)
    assert note in result.notes
    assert result.lines[0].keys["domain"] == "pbx.example"
    assert result.lines[0].keys["user"] == "201"


def test_what_fits_is_carried_over_without_a_word() -> None:
    result = imported(LINE + '"phoneusername1"="301@pbx.example"\n"Address"="127.0.0.1:1"\n')
    assert result.notes == ()
    assert result.lines[0].keys == {"domain": "pbx.example", "user": "201", "phone": "301"}
    assert result.defaults == {"send_180": False}


def test_lines_that_were_not_shown_are_not_active() -> None:
    body = LINE + LINE.replace('1"=', '2"=') + '"lineconfigviaregistry"=dword:1\n"numLines"=dword:1'
    result = imported(body)
    assert ["active" not in line.keys for line in result.lines] == [True, False]
    assert [line.name for line in result.lines] == ["201", "201-2"]


def test_the_modes() -> None:
    modes = {mode: imported(f'{LINE}"reversemode"=dword:{mode}\n').defaults for mode in (0, 1, 2)}
    assert "strategies" not in modes[0]
    assert modes[1]["strategies"] == ("acd",)
    assert modes[2]["strategies"] == ("reverse",)


def test_older_keys_are_found_the_newest_counts() -> None:
    old = r"HKEY_LOCAL_MACHINE\SOFTWARE\IPCom\SIPTAPI"
    assert imported(LINE, old).lines[0].name == "201"
    assert imported(LINE, old.replace("IPCom", r"WOW6432Node\IPCom")).lines[0].name == "201"
    both = imported(f"{LINE}[{old}]\n{LINE.replace('201', '999')}")
    assert [line.name for line in both.lines] == ["201"]
    assert both.notes == (f"{old}: left out, as {KEY} is newer",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "there are no settings of SIPTAPI 0.3"),
        ('"proxy1"=""\n', "no line that can be used; line 1: empty, left out"),
        ('"username1"="201"\n', "domain left out"),
    ],
)
def test_nothing_to_import(body: str, words: str) -> None:
    with pytest.raises(SettingsError, match=r"^old\.reg: ") as caught:
        imported(body)
    assert words in str(caught.value)


def test_any_name_and_text_is_toml() -> None:
    name, user = '2"0\\1 \U0001f600', '2"0\\1 \U0001f600\x7f\t'
    line = importing.ImportedLine(1, name, {"domain": "d", "user": user, "active": False}, "")
    text = importing.as_toml(Imported({}, (line,), ()), passwords=Path("p"), source="a\nb.reg")
    assert parse(text).lines[name].user == user
    assert parse(text).lines[name].password is None


def test_a_name_that_cannot_be_read_is_replaced() -> None:
    assert imported(LINE.replace("201", " ")).lines[0].name == "line 1"


def test_the_documentation_has_the_importers_own_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [f"| `{each.name}N` | {each.becomes} |" for each in parent_settings.OF_A_LINE]
    rows += [f"| `{each.name}` | {each.becomes} |" for each in parent_settings.OF_ALL_LINES]
    assert [line for line in text.splitlines() if line.startswith("| `")] == rows
    assert [key for key in parent_settings.KEYS if f"`{key}`" not in text] == []
