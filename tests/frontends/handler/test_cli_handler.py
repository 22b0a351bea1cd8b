"""``siptapi handler``: its options, what it says, and what becomes of a link."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

import pytest
from fake_dialer import ANSWERED, BUSY, CANCELLED, FakeDialer, explanation
from fake_user_windows import FakeWindows
from hypothesis import given, settings
from hypothesis import strategies as st

from siptapi_core.commands import Dial, Explain
from siptapi_core.errors import DeniedError, NumberError, RefusedError
from siptapi_core.events import CallEnded, CallFailed, Happening, Outcome, PhoneCalling, Stage
from siptapi_core.numbers import Explanation
from siptapi_core.numbers.explanation import Decision
from siptapi_core.settings import LineSettings, Settings
from siptapi_frontends.cli.application import run
from siptapi_frontends.cli.handler_open import open_link
from siptapi_frontends.handler.link_command import link_command

UNREACHABLE: tuple[Happening, ...] = (
    PhoneCalling(strategy="refer-via-proxy"),
    CallFailed(Stage.PROXY, 404, "Not Found"),
    CallEnded(Outcome.NOT_FOUND, Stage.PROXY),
)
WRONG_SETTING: tuple[Happening, ...] = (
    CallFailed(Stage.PROXY, None, "lines.office.password: there is no $NAME", code="settings"),
    CallEnded(Outcome.FAILED, Stage.PROXY),
)


class Person:
    """A dialog that says ``yes`` or no; ``asked`` and ``told`` is what it showed."""

    def __init__(self, *, yes: bool | Exception = True, deaf: bool = False) -> None:
        self._yes = yes
        self._deaf = deaf
        self.asked: list[str] = []
        self.told: list[str] = []

    def ask(self, question: str) -> bool:
        self.asked.append(question)
        if isinstance(self._yes, Exception):
            raise self._yes
        return self._yes

    def tell(self, words: str) -> None:
        if self._deaf:
            raise RefusedError("nobody can be told")
        self.told.append(words)


class Desk(FakeDialer):
    """A dialer that explains, and the session with settings that leads to it."""

    def __init__(
        self,
        after_dial: Iterable[Happening] = ANSWERED,
        *,
        explains: Explanation | Exception | None = None,
        confirm_links: bool = True,
        goes_away: bool = False,
        confirmable: bool = False,
    ) -> None:
        super().__init__(after_dial, goes_away=goes_away, confirmable=confirmable)
        self._explains = explains or explanation()
        line = LineSettings(domain="pbx.example", user="201")
        self.settings = Settings(lines={"office": line}, confirm_links=confirm_links)

    async def execute(self, command, caller):
        if isinstance(command, Explain):
            self.executed.append(command)
            if isinstance(self._explains, Exception):
                raise self._explains
            return self._explains
        return await super().execute(command, caller)

    @property
    def dialled(self) -> list[Dial]:
        return [command for command in self.executed if isinstance(command, Dial)]


def click(desk: Desk, person: Person, link: str = "tel:+43-1-505641") -> int:
    return open_link(link, desk, person)  # type: ignore[arg-type]  # what it needs of a session


def test_a_link_is_dialled_after_a_yes() -> None:
    desk, person = Desk(), Person()
    assert click(desk, person) == 0
    assert person.asked == ["Call +43 1 505641?"]
    assert desk.executed[0] == Explain(text="tel:+43-1-505641")
    assert desk.dialled == [Dial(number="tel:+43-1-505641", confirmed=True)]
    assert person.told == []


def test_nothing_is_dialled_after_a_no(capsys: pytest.CaptureFixture[str]) -> None:
    desk, person = Desk(), Person(yes=False)
    assert click(desk, person) == 2
    assert desk.dialled == []
    assert person.told == []
    assert capsys.readouterr() == ("", "siptapi: not confirmed, so nothing was dialled\n")


def test_where_nobody_can_be_asked_nothing_is_dialled() -> None:
    desk, person = Desk(), Person(yes=RefusedError("nobody can be asked whether to dial"))
    with pytest.raises(RefusedError):
        click(desk, person)
    assert desk.dialled == []
    assert person.told == ["nobody can be asked whether to dial"]


def test_it_is_dialled_at_once_where_that_is_set() -> None:
    desk, person = Desk(confirm_links=False), Person(yes=False)
    assert click(desk, person) == 0
    assert person.asked == []
    assert desk.dialled == [Dial(number="tel:+43-1-505641", confirmed=False)]


@pytest.mark.parametrize("confirm_links", [True, False])
def test_the_rules_may_want_a_yes_all_the_same(confirm_links: bool) -> None:  # noqa: FBT001
    explained = explanation(decision=Decision.CONFIRM, rule="0900*", warnings=("it is dear",))
    desk, person = Desk(explains=explained, confirm_links=confirm_links), Person()
    assert click(desk, person) == 0
    assert person.asked == [
        "Call +43 1 505641?\nThe rules of this line want a yes (0900*).\nit is dear"
    ]
    assert desk.dialled[0].confirmed


def test_what_the_rules_forbid_is_not_asked_about() -> None:
    class Strict(Desk):
        async def execute(self, command, caller):
            if isinstance(command, Dial):
                raise DeniedError("+43 1 505641 is not dialled on this line (rule 01*)")
            return await super().execute(command, caller)

    desk, person = Strict(explains=explanation(decision=Decision.DENY)), Person()
    with pytest.raises(DeniedError):
        click(desk, person)
    assert person.asked == []
    assert person.told == ["+43 1 505641 is not dialled on this line (rule 01*)"]


def test_what_is_no_number_is_told_so_that_it_does_no_harm() -> None:
    error = NumberError("there is no digit in it", text="tel:\n\u202e" + "x" * 500)
    desk, person = Desk(explains=error), Person()
    with pytest.raises(NumberError):
        click(desk, person)
    (told,) = person.told
    assert told.isprintable()
    assert told.endswith("xxx...")
    assert len(told) < 450


def test_a_bug_is_told_too() -> None:
    desk, person = Desk(explains=KeyError("broken")), Person()
    with pytest.raises(KeyError):
        click(desk, person)
    assert person.told == ["something unexpected happened: KeyError: 'broken'"]


def test_who_cannot_be_told_gets_the_error_all_the_same() -> None:
    desk, person = Desk(explains=NumberError("no")), Person(deaf=True)
    with pytest.raises(NumberError):
        click(desk, person)


@pytest.mark.parametrize(
    ("after_dial", "code", "told"),
    [
        (BUSY, 4, ""),  # it is heard on the phone
        ((CallEnded(Outcome.UNKNOWN, Stage.CALLEE),), 5, ""),
        (CANCELLED, 3, ""),  # somebody hung up
        (
            UNREACHABLE,
            3,
            (
                "Failed: Not Found (SIP status 404).\n"
                "Your phone could not be reached.\n"
                "What to do: see whether it is switched on and registered at the proxy, and check "
                "phone of this line in the settings."
            ),
        ),
        (
            WRONG_SETTING,
            2,
            (
                "lines.office.password: there is no $NAME.\n"
                "Nothing was dialled: a setting is wrong.\n"
                "What to do: mend the setting that is named above; siptapi config check finds "
                "more of the kind."
            ),
        ),
        (
            (CallEnded(Outcome.FAILED, Stage.REFER),),
            3,
            (
                "Your phone did not agree to place the call.\n"
                "What to do: allow call transfer (REFER) in the settings of your phone or PBX, or "
                "choose another strategy for this line: siptapi plugins list shows which there are."
            ),
        ),
        (
            (CallEnded(Outcome.FAILED, Stage.PHONE),),
            3,
            (
                "The call could not be made.\n"
                "What to do: siptapi doctor looks for the reason; siptapi trace shows what was "
                "said."
            ),
        ),
    ],
)
def test_what_fails_before_the_phone_calls_is_told(
    after_dial: tuple[Happening, ...], code: int, told: str
) -> None:
    desk, person = Desk(after_dial), Person()
    assert click(desk, person) == code
    assert person.told == [told] * bool(told)


def test_a_daemon_that_goes_away_is_told() -> None:
    desk, person = Desk(ANSWERED[:2], goes_away=True), Person()
    assert click(desk, person) == 5
    assert person.told == ["The dialer stopped: the call may or may not have gone through."]


@settings(max_examples=30)
@given(st.text(min_size=1))
def test_any_link_at_all_is_dialled_as_it_is(link: str) -> None:
    seen = []

    def keep(arguments: Namespace, _session: object) -> int:
        seen.append(" ".join(arguments.link))
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siptapi_frontends.cli.handler._open", keep)
        assert run(["--no-plugins", "handler", "open", "--", link]) == 0
    assert seen == [link]


def test_a_link_that_windows_took_apart_is_put_together() -> None:
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "siptapi_frontends.cli.handler_open.open_link",
            lambda link, _session, _dialog: seen.append(link) or 0,
        )
        assert run(["--no-plugins", "handler", "open", "--", "tel:1", "--yes", ""]) == 0
    assert seen == ["tel:1 --yes "]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("siptapi_core.state_folder.state_folder", lambda: str(tmp_path / "state"))
    return tmp_path


def handler(*arguments: str) -> int:
    return run(["--no-plugins", "handler", *arguments])


@pytest.mark.skipif(sys.platform == "win32", reason="its folders are others")
def test_on_linux_files_are_written_and_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    entry = home / "data/applications/siptapi.desktop"
    general = home / "config/mimeapps.list"
    assert handler("install") == 0
    assert capsys.readouterr().out == (
        f"SIPTAPI takes tel:, callto: and sip: links now.\n  {entry}\n  {general}\n"
    )
    assert f" --config {home / 'siptapi.toml'} handler open -- %u\n" in entry.read_text()
    assert handler("remove") == 0
    assert capsys.readouterr().out == (
        f"SIPTAPI takes no links any more.\n  {general}\n  {entry}\n"
    )


def test_the_settings_are_named_only_where_they_are_not_the_usual_ones(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    entry = home / "data/applications/siptapi.desktop"
    monkeypatch.delenv("SIPTAPI_CONFIG")
    assert handler("install") == 0
    assert " -P -m siptapi_frontends.cli handler open -- %u\n" in entry.read_text()
    monkeypatch.chdir(home)
    assert handler("install", "--config", "my.toml") == 0
    assert f" --config {home / 'my.toml'} handler open -- %u\n" in entry.read_text()


def test_on_windows_the_registry_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    windows = FakeWindows(monkeypatch)
    assert handler("install") == 0
    out = capsys.readouterr().out
    assert "Settings, Apps, Default apps, SIPTAPI.\n" in out
    assert f"  {home / 'state/handler/install.reg'}\n" in out
    command = windows.registry.keys["Software\\Classes\\SIPTAPI.Link\\shell\\open\\command"][""]
    assert command.endswith(' handler open -- "%1"')
    assert handler("remove") == 0
    assert capsys.readouterr().out.startswith("SIPTAPI takes no links any more.\n")
    assert "Software\\Classes\\SIPTAPI.Link" not in windows.registry.keys


def test_on_a_mac_the_steps_are_shown_and_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert handler("install") == 3
    out, err = capsys.readouterr()
    assert "on open location link" in out
    assert err == "siptapi: nothing was changed: these steps are yours\n"
    assert handler("remove") == 3
    assert "move SIPTAPI Links to the bin" in capsys.readouterr().err


def test_on_windows_no_console_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python.exe"))
    assert link_command()[0] == str(tmp_path / "python.exe")
    (tmp_path / "pythonw.exe").write_text("")
    assert link_command("c.toml") == (
        *(str(tmp_path / "pythonw.exe"), "-P", "-m", "siptapi_frontends.cli"),
        *("--config", "c.toml", "handler", "open", "--"),
    )
