"""A settings file becomes settings, or an error that names every mistake."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from siptapi_core import ByePolicy
from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.numbers import DialAs, Rewrite
from siptapi_core.settings import load, parse

OFFICE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_shortest_file() -> None:
    settings = parse(OFFICE)
    assert list(settings.lines) == ["office"]
    assert settings.default_line == "office"
    assert settings.line("office").domain == "pbx.example"
    assert settings.line("office").strategies == ("refer-via-proxy",)
    assert settings.line("office").resolvers == ("naptr", "srv", "a")
    assert settings.line("office").callee_resolvers == ()
    assert settings.dns.addresses == ()
    assert settings.log_level == "warning"
    assert settings.plugins.blocked == ()
    assert settings.frontends == ()
    assert settings.section("strategies", "refer-via-proxy") == {}
    assert settings.where == ""
    assert settings.warnings() == ()


def test_every_key() -> None:
    settings = parse("""
        default_line = "home"
        log_level = "debug"
        [plugins]
        blocked = ["enum", "acd"]
        [lines.office]
        domain = "pbx.example"
        user = "201"
        auth_user = "sip-201"
        realm = "pbx"
        password.env = "SIP_PASSWORD"
        phone = "305@192.0.2.20:5062"
        outbound_proxy = "192.0.2.1"
        display_name = "{number}"
        strategies = ["refer-to-phone", "refer-via-proxy"]
        resolvers = ["srv", "a"]
        ring_timeout = 20
        callee_timeout = 60.5
        notify_timeout = 10
        failure_linger = 0
        bye = "on-accept"
        numbers = { region = "AT", dial_as = "digits" }
        [lines.home]
        domain = "home.example"
        user = "bob"
        [strategies.refer-via-proxy]
        anything = [1]
        [resolvers.srv]
        [frontends.http]
        port = 8080
        [frontends.tapi]
    """)
    office = settings.line("office")
    assert settings.default_line == "home"
    assert settings.log_level == "debug"
    assert settings.plugins.blocked == ("enum", "acd")
    assert (office.auth_user, office.realm) == ("sip-201", "pbx")
    assert (office.phone, office.outbound_proxy) == ("305@192.0.2.20:5062", "192.0.2.1")
    assert office.strategies == ("refer-to-phone", "refer-via-proxy")
    assert office.resolvers == ("srv", "a")
    assert (office.ring_timeout, office.callee_timeout) == (20.0, 60.5)
    assert (office.notify_timeout, office.failure_linger) == (10.0, 0.0)
    assert office.bye is ByePolicy.ON_ACCEPT
    assert (office.numbers.region, office.numbers.dial_as) == ("AT", DialAs.DIGITS)
    assert settings.section("strategies", "refer-via-proxy") == {"anything": [1]}
    assert settings.section("frontends", "http") == {"port": 8080}
    assert settings.frontends == ("http", "tapi")


def test_lines_are_in_the_files_order_and_the_first_is_the_default() -> None:
    settings = parse("\n".join(OFFICE.replace("office", name) for name in ("z", "a", "m")))
    assert list(settings.lines) == ["z", "a", "m"]
    assert settings.default_line == "z"


def test_a_line_that_is_not_there() -> None:
    with pytest.raises(UnknownNameError, match="no line is named 'home'; there is office"):
        parse(OFFICE).line("home")
    assert problems('default_line = "home"\n' + OFFICE) == [
        "default_line: no line is named 'home'; there is office"
    ]


def test_defaults_are_inherited_key_by_key() -> None:
    settings = parse("""
        [defaults]
        domain = "pbx.example"
        ring_timeout = 20
        strategies = ["refer-to-phone"]
        password = "for all"
        [lines.a]
        user = "201"
        [lines.b]
        user = "202"
        ring_timeout = 10
        domain = "other.example"
    """)
    a, b = settings.lines.values()
    assert (a.domain, a.ring_timeout, a.strategies) == ("pbx.example", 20.0, ("refer-to-phone",))
    assert (b.domain, b.ring_timeout, b.strategies) == ("other.example", 10.0, ("refer-to-phone",))
    assert a.password == b.password
    assert a.password is not None
    assert a.password.reveal() == "for all"


def test_number_rules_of_a_line_go_before_the_common_ones_key_by_key() -> None:
    settings = parse("""
        [numbers]
        region = "AT"
        area_code = "1"
        deny = ["premium"]
        rewrites = [{ match = "^0", replace = "" , line = "b" }]
        [lines.a]
        domain = "d"
        user = "a"
        [lines.b]
        domain = "d"
        user = "b"
        [lines.b.numbers]
        area_code = "732"
        [lines.c]
        domain = "d"
        user = "c"
    """)
    a, b, c = settings.lines.values()
    assert (a.numbers.region, a.numbers.area_code, a.numbers.deny) == ("AT", "1", ("premium",))
    assert (b.numbers.region, b.numbers.area_code, b.numbers.deny) == ("AT", "732", ("premium",))
    assert b.numbers.rewrites == (Rewrite(match="^0", replace="", line="b"),)
    assert c.numbers is a.numbers


def test_common_rules_need_only_be_right_with_what_each_line_adds() -> None:
    needs_region = '[numbers]\ndeny = ["premium"]\n'
    assert parse(f'{needs_region}{OFFICE}numbers = {{ region = "AT" }}').line("office")
    assert problems(needs_region + OFFICE) == [
        "numbers: premium cannot be told without a region: set it"
    ]


def test_an_error_is_told_once_and_where_it_was_made() -> None:
    lines = '[lines.a]\nuser = "a"\n[lines.b]\nuser = "b"\n[lines.c]\nuser = ""\n'
    assert problems(f'[defaults]\nring_timeout = 0\ndomain = "d"\n{lines}') == [
        "defaults.ring_timeout: expected more than 0, given 0.0",
        "lines.c.user: expected text that is not empty",
    ]
    assert problems(f'[numbers]\nregion = "Austria"\n[defaults]\ndomain = "d"\n{lines}') == [
        "numbers.region: expected a country's two letters, as AT, DE or US, not 'Austria'",
        "lines.c.user: expected text that is not empty",
    ]


def test_every_mistake_is_named() -> None:
    text = """
        log_levle = "debug"
        log_level = "loud"
        lines.office = { user = 201, domian = "pbx", bye = "on-answre", numbers = { regoin = "" } }
        lines."my desk" = { domain = "pbx", user = "202", phone = "@" }
        lines." " = { domain = "pbx", user = "203" }
        lines.home = 5
        strategies = []
        resolvers.a = 5
        plugins.blokced = ["x"]
    """
    assert problems(text) == [
        "log_levle: there is no such key; did you mean log_level?",
        'log_level: expected one of "debug", "info", "warning", "error", given "loud"',
        "plugins.blokced: there is no such key; did you mean blocked?",
        "strategies: expected a table, given a list",
        "resolvers.a: expected a table, given a whole number",
        "lines.office.user: expected text, given a whole number; put it in quotes",
        "lines.office.domian: there is no such key; did you mean domain?",
        (
            'lines.office.bye: expected one of "on-answer", "on-accept", "never", '
            'given "on-answre"; did you mean "on-answer"?'
        ),
        'lines."my desk".phone: expected an extension such as 201, or 201@host:port',
        'lines." ": a line\'s name must be readable',
        "lines.home: expected a table, given a whole number",
    ]


def test_what_is_missing() -> None:
    assert problems("[lines.office]") == [
        "lines.office.domain: missing; expected text",
        "lines.office.user: missing; expected text",
    ]
    assert problems("") == [
        "lines: there is no line: write a table [lines.NAME] with domain and user"
    ]


@pytest.mark.parametrize("where", ["where", "sections"])
def test_what_only_code_may_set(where: str) -> None:
    (problem,) = problems(f'{where} = "x"\n{OFFICE}')
    assert problem.startswith(f"{where}: there is no such key")


def test_misplaced_rules() -> None:
    assert problems(f"[defaults.numbers]\nregion = 'AT'\n{OFFICE}") == [
        "defaults.numbers: the rules for the numbers of all lines stand in [numbers]"
    ]
    assert problems(
        f'{OFFICE}[[numbers.rewrites]]\nmatch = "0"\nreplace = ""\nline = "offise"'
    ) == [
        "numbers.rewrites[0].line: no line is named 'offise'; there is office; did you mean office?"
    ]


def test_a_key_that_resembles_none_gets_no_suggestion() -> None:
    (problem,) = problems(f'{OFFICE}colour_of_phone = "red"')
    assert problem.startswith("lines.office.colour_of_phone: there is no such key; there is domain")


def test_a_key_of_the_top_of_the_file_in_a_table_below() -> None:
    assert problems(f'{OFFICE}default_line = "office"') == [
        (
            "lines.office.default_line: there is no such key; it stands at the top of the file, "
            "before the first [table]"
        )
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a = b\n",
            "siptapi.toml: line 1, column 5: this is no TOML: Invalid value; text stands in quotes",
        ),
        (
            'a = "C:\\siptapi"',
            (
                "siptapi.toml: line 1, column 10: this is no TOML: Unescaped '\\' in a string; "
                "text with a backslash stands in single quotes"
            ),
        ),
        (
            'a = "C:\\Users"',
            (
                "siptapi.toml: line 1, column 10: this is no TOML: Invalid hex value; text with a "
                "backslash stands in single quotes"
            ),
        ),
        (
            "a = 1\na = 2\n",
            (
                "siptapi.toml: line 2, column 6: this is no TOML: Cannot overwrite a value; the "
                "key before this place is there twice"
            ),
        ),
        (
            'a = 1\nb = "x\n"',
            (
                "siptapi.toml: line 2, column 7: this is no TOML: Illegal character '\\n'; a quote "
                "is missing at the end of this line"
            ),
        ),
        ("[lines\n", "siptapi.toml: line 1, column 7: this is no TOML: Expected ']'"),
        ("a = [", "siptapi.toml: end of document: this is no TOML"),
        (f"a = {'9' * 5000}", "siptapi.toml: this is no TOML: Exceeds the limit"),
        ("a = " + "[" * 5000, "siptapi.toml: is nested too deeply"),
    ],
)
def test_what_is_no_toml(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, where="siptapi.toml")
    assert str(caught.value).startswith(words)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "siptapi.toml"
    file.write_bytes(b"\xef\xbb\xbf" + OFFICE.replace("\n", "\r\n").encode())
    settings = load(file)
    assert settings == parse(OFFICE, where=str(file))
    assert settings.where == str(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone.toml: cannot be read: No such file"):
        load(tmp_path / "gone.toml")
    with pytest.raises(SettingsError, match=r"cannot be read"):
        load(tmp_path)
    with pytest.raises(SettingsError, match=r"cannot be read: embedded null byte"):
        load(Path("a\0b"))
    (tmp_path / "latin").write_bytes(b"# J\xf6rg\n")
    with pytest.raises(SettingsError, match=r"latin: is no UTF-8 text \(at byte 3\)"):
        load(tmp_path / "latin")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
def test_a_password_that_everyone_can_read_is_warned_about_once(tmp_path: Path) -> None:
    file = tmp_path / "siptapi.toml"
    password = 'password = "hunter2"\n'
    file.write_text(OFFICE + password + OFFICE.replace("office", "b") + password, encoding="utf-8")
    file.chmod(0o644)
    (warning,) = load(file).warnings()
    assert warning == (
        f"every user of this computer can read {file}, which holds a secret: "
        f"chmod 600 {file} leaves it to you alone"
    )
    file.chmod(0o600)
    assert load(file).warnings() == ()


def test_no_secret_in_sight() -> None:
    hidden = "hunter2"
    settings = parse(
        f'{OFFICE}password = "{hidden}"\n[frontends.http]\ntoken = "{hidden}"\n'
        f'[strategies."a b"]\nurl = "{hidden}"'
    )
    shown = f"{settings!r} {settings!s} {attrs.asdict(settings)!r}"
    assert hidden not in shown
    assert "<sections strategies.a b, frontends.http>" in shown
