from __future__ import annotations

import stat
import tomllib
from pathlib import Path

import pytest
from scripted import ScriptedAsker, ScriptedChecks, finding

from siptapi_core.contracts import Verdict
from siptapi_core.errors import SettingsError, UsageError
from siptapi_core.settings import LineSettings, load, parse
from siptapi_frontends.setup.account import Account, problem_with
from siptapi_frontends.setup.dialogue import Dialogue, Given, Prepared, free_name, prepare
from siptapi_frontends.setup.profiles import profile_of, profiles
from siptapi_frontends.setup.proposing import propose
from siptapi_frontends.setup.writing import existing_text, password_place, write

PATH = Path("/nowhere/siptapi.toml")
PROBLEM = Verdict.PROBLEM
ACCOUNT = [
    ("Which", "other"),
    ("Name of the line", ""),
    ("Domain", "pbx.example"),
    ("Server", ""),
    ("User (", "201"),
]
REST = [("Strategies", ""), ("Keep the password", "file")]


def hold(asker: ScriptedAsker, finds=lambda *_: (), given: Given | None = None, **more) -> Prepared:
    options = {"path": PATH, "existing": "", "taken": ()} | more
    dialogue = Dialogue(asker, ScriptedChecks(finds), lambda _findings: None, **options)
    prepared = dialogue.hold(given or Given())
    assert asker.is_done
    return prepared


def test_a_plain_account() -> None:
    asker = ScriptedAsker(*ACCOUNT, ("Password", "s3cret"), ("User name for", ""), *REST)
    prepared = hold(asker)
    assert prepared.account == Account(
        name="office",
        keys={"strategies": ("refer-via-proxy",), "domain": "pbx.example", "user": "201"},
    )
    assert prepared.password == {"file": "siptapi-passwords/office"}
    assert prepared.secret == "s3cret"
    line = prepared.settings.lines["office"]
    assert line.password is not None
    assert line.password.reveal() == "s3cret"


@pytest.mark.parametrize(
    ("answers", "password"),
    [
        ([("Keep", "settings")], "s3cret"),
        ([("Keep", "environment"), ("Name of the variable", "")], {"env": "SIPTAPI_PASSWORD"}),
    ],
)
def test_where_the_password_is_kept(answers, password) -> None:
    asked = (("Password", "s3cret"), ("User name for", ""), ("Strategies", ""))
    prepared = hold(ScriptedAsker(*ACCOUNT, *asked, *answers))
    assert (prepared.password, prepared.secret) == (password, "")


def test_bad_answers_are_asked_again_and_it_is_said_why() -> None:
    asker = ScriptedAsker(
        ("Which", "other"),
        ("Name of the line", "home"),
        ("Name of the line", "\t"),
        ("Name of the line", "desk"),
        ("Domain", ""),
        ("Domain", "no domain"),
        ("Domain", "pbx.example"),
        ("Server", "sip:a@b"),
        ("Server", ""),
        ("User (", "201"),
        ("Password", "s3cret"),
        ("User name for", ""),
        ("Strategies", ","),
        ("Strategies", ""),
        ("Keep", "settings"),
    )
    assert hold(asker, taken=("home",)).account.name == "desk"
    taken, name, missing, domain, server, strategies = asker.complaints
    assert "has a line of that name" in taken
    assert "a name such as office" in name
    assert missing == "it is needed"
    assert "expected a host name" in domain
    assert "expected host, host:port" in server
    assert strategies == "name one at least"


def test_what_does_not_work_is_asked_again() -> None:
    def finds(line: LineSettings, names):
        if "dns" in names and line.domain == "pbx.exmaple":
            yield finding("dns", PROBLEM)
        if "credentials" in names and (line.password is None or line.password.reveal() != "right"):
            yield finding("credentials", PROBLEM)
        if "registration" in names and line.phone is None:
            yield finding("registration", PROBLEM)
        if "config" in names and "magic" in line.strategies:
            yield finding("config", PROBLEM, "There is no magic.")

    asker = ScriptedAsker(
        ("Which", "other"),
        ("Name of the line", "desk"),
        ("Domain", "pbx.exmaple"),
        ("Server", ""),
        ("User (", "201"),
        ("What now", ""),
        ("Domain", "pbx.example"),
        ("Server", ""),
        ("Password", "wrong"),
        ("User name for", ""),
        ("What now", "change"),
        ("User (", ""),
        ("User name for", "a201"),
        ("Password", "right"),
        ("What now", "change"),
        ("Extension", "202"),
        ("Strategies", "magic"),
        ("Strategies", "reverse refer-via-proxy"),
        ("Keep", "file"),
    )
    account = hold(asker, finds).account
    assert account.keys == {
        "domain": "pbx.example",
        "user": "201",
        "auth_user": "a201",
        "phone": "202",
        "strategies": ("reverse", "refer-via-proxy"),
    }
    assert asker.complaints == ["There is no magic."]


def test_one_may_go_on_or_stop() -> None:
    def finds(_line, names):
        if names != ("config",):
            yield finding("dns", PROBLEM)

    begin = ScriptedAsker(*ACCOUNT, ("What now", "stop"))
    with pytest.raises(UsageError, match="nothing was written"):
        hold(begin, finds)
    go_on = ("What now", "go on")
    asker = ScriptedAsker(
        *ACCOUNT, go_on, ("Password", "x"), ("User name for", ""), go_on, go_on, *REST
    )
    assert hold(asker, finds).account.name == "office"


def test_what_was_given_is_not_asked() -> None:
    given = Given(
        keys={"domain": "pbx.example", "user": "201", "phone": "202"},
        profile="fritzbox",
        line="home",
        password={"env": "SIP_PASSWORD"},
    )
    prepared = hold(ScriptedAsker(("Strategies", "")), given=given)
    assert prepared.password == {"env": "SIP_PASSWORD"}
    assert prepared.account.name == "home"
    assert prepared.account.keys["domain"] == "pbx.example"


def test_a_given_password_that_is_refused_is_not_asked_for() -> None:
    tries = []

    def finds(line, names):
        if "credentials" in names:
            tries.append(line.user)
            if line.user != "202":
                yield finding("credentials", PROBLEM)

    given = Given(
        keys={"domain": "a.example", "user": "201"}, profile="sipgate", password={"env": "X"}
    )
    asker = ScriptedAsker(
        ("Name", ""), ("What now", ""), ("User (", "202"), ("User name for", ""), ("Strategies", "")
    )
    assert hold(asker, finds, given).account.keys["user"] == "202"
    assert tries == ["201", "202"]


def test_a_given_name_that_is_taken() -> None:
    with pytest.raises(UsageError, match="has a line of that name"):
        hold(ScriptedAsker(), given=Given(profile="other", line="x"), taken=("x",))


NAT = finding("nat", Verdict.NOTE, "Behind a NAT: the proxy sees us elsewhere.")


@pytest.mark.parametrize(
    ("keys", "findings", "strategies", "more"),
    [
        ({}, [], ("refer-via-proxy",), {}),
        ({}, [finding("refer"), NAT], ("refer-via-proxy",), {"learn_address": True}),
        ({}, [finding("refer", PROBLEM)], ("refer-via-proxy", "reverse"), {}),
        ({"phone": "1@192.0.2.1"}, [], ("refer-to-phone", "refer-via-proxy"), {}),
        ({"phone": "1@192.0.2.1"}, [finding("refer", PROBLEM)], ("refer-to-phone",), {}),
    ],
)
def test_strategies_are_proposed_with_reasons(keys, findings, strategies, more) -> None:
    proposal = propose(keys, findings)
    assert (proposal.strategies, proposal.keys) == (strategies, more)
    assert len(proposal.reasons) == len(strategies) + len(more)


def test_every_profile_makes_a_line_and_says_where_it_is_from() -> None:
    known = profiles()
    assert list(known)[-1] == "other"
    assert {"asterisk", "freeswitch", "3cx", "fritzbox", "kamailio", "sipgate"} <= set(known)
    for name, profile in known.items():
        account = Account(name=name, keys={"domain": "a.example", "user": "1"} | dict(profile.line))
        assert account.settings("x", PATH).lines[name].strategies
        assert all(source.startswith("https://") for source in profile.source)
        assert profile.source
        assert profile.special
        assert all(not problem_with(key, "host.example") for key in profile.asks)


def test_every_profile_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "setup.md").read_text(encoding="utf-8")
    for profile in profiles().values():
        sources = ", ".join(
            f"[{number}]({source})" for number, source in enumerate(profile.source, start=1)
        )
        row = f"| `{profile.name}` | {profile.title} | {profile.special} | {sources} |"
        assert row in page, row


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="did you mean asterisk"):
        profile_of("asterix")


GIVEN = Given(keys={"domain": "pbx.example", "user": "201"}, password={"env": "X"})


def prepared_with(finds, given: Given = GIVEN, **more) -> Prepared:
    options = {"path": PATH, "existing": "", "taken": ()} | more
    attempt = None if finds is None else ScriptedChecks(finds)
    return prepare(given, attempt, lambda _findings: None, **options)


def test_flags_alone() -> None:
    prepared = prepared_with(lambda *_: [NAT])
    assert prepared.account.keys["learn_address"] is True
    assert prepared.settings.lines["office"].learn_address
    assert prepared_with(None, taken=("office", "office-2")).account.name == "office-3"


def test_flags_that_are_not_enough_or_wrong() -> None:
    with pytest.raises(UsageError, match="nothing was written, because of these problems"):
        prepared_with(lambda *_: [finding("dns", PROBLEM)])
    with pytest.raises(UsageError, match="--domain and --user: needed"):
        prepared_with(None, Given())
    with pytest.raises(UsageError, match=r"--line x: .* has a line of that name"):
        prepared_with(None, Given(line="x"), taken=("x",))
    with pytest.raises(SettingsError, match="expected a host name"):
        prepared_with(None, Given(keys={"domain": "no domain", "user": "1"}))


def test_names_that_are_free() -> None:
    assert free_name(()) == "office"
    assert free_name(("office",)) == "office-2"


MADE = Account(name="my desk", keys={"domain": "pbx.example", "user": "201"})


def test_what_is_written_is_for_the_user_s_eyes_only(tmp_path: Path) -> None:
    path = tmp_path / "config" / "siptapi.toml"
    place = password_place(path, MADE.name)
    password = {"file": f"{place.parent.name}/{place.name}"}
    write(path, MADE, existing="", password=password, secret="s3cret")
    line = load(path).lines["my desk"]
    assert line.password is not None
    assert line.password.reveal() == "s3cret"
    for file in (path, place):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    names = sorted(file.name for file in path.parent.iterdir())
    assert names == ["siptapi-passwords", "siptapi.toml"]


def test_a_line_is_added_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "siptapi.toml"
    before = '# mine\n[lines.home]\ndomain = "a.example"\nuser = "1"'
    path.write_text(before, encoding="utf-8")
    write(path, MADE, existing=existing_text(path), password="in the open", secret="")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert list(tomllib.loads(text)["lines"]) == ["home", "my desk"]
    assert parse(text).default_line == "home"


def test_settings_that_are_broken_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "siptapi.toml"
    assert existing_text(path) == ""
    path.write_text("[lines", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"this is no TOML.*; setup adds .* move the file"):
        existing_text(path)


def test_settings_that_changed_meanwhile_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "siptapi.toml"
    path.write_text('[lines.home]\ndomain = "a.example"\nuser = "1"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="was changed meanwhile"):
        write(path, MADE, existing="", password="x", secret="s3cret")
    assert "home" in path.read_text(encoding="utf-8")
    assert not password_place(path, "my desk").exists()


def test_a_password_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "siptapi.toml"
    place = password_place(path, "my desk")
    place.parent.mkdir()
    place.write_text("another", encoding="utf-8")
    with pytest.raises(SettingsError, match="is there already"):
        write(path, MADE, existing="", password="x", secret="s3cret")
    assert place.read_text(encoding="utf-8") == "another"
    assert not path.exists()


def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "siptapi.toml"

    def fail(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    for secret in ("s3cret", ""):
        with pytest.raises(SettingsError, match="cannot be written: No space left"):
            write(path, MADE, existing="", password="x", secret=secret)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
