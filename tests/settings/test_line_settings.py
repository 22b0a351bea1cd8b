"""What a line's settings mean in SIP."""

from __future__ import annotations

from typing import Any

import pytest

from siptapi_core import ByePolicy, CallTimers, SipUri
from siptapi_core.errors import SettingsError
from siptapi_core.settings import LineSettings, Secret
from siptapi_core.settings.auto_answer import AutoAnswer
from siptapi_core.sip.auth import Credentials


def line(**settings: Any) -> LineSettings:
    return LineSettings(**{"domain": "pbx.example", "user": "201"} | settings)


def test_only_an_account() -> None:
    identity = line().identity("office", "+43 1 505641")
    assert identity.name == "office"
    assert str(identity.address_of_record) == "sip:201@pbx.example"
    assert str(identity.phone) == "sip:201@pbx.example"
    assert identity.phone_address is None
    assert identity.outbound_proxy is None
    assert identity.display_name == ""
    assert identity.bye is ByePolicy.ON_ANSWER
    assert identity.timers == CallTimers()
    assert identity.learn_address is False
    assert identity.keepalive == 25.0


def test_behind_a_nat() -> None:
    identity = line(learn_address=True, keepalive=15.0).identity("", "")
    assert identity.learn_address is True
    assert identity.keepalive == 15.0


@pytest.mark.parametrize(
    ("user", "domain", "uri"),
    [
        ("201", "pbx.example:5080", "sip:201@pbx.example:5080"),
        ("201", "192.0.2.1", "sip:201@192.0.2.1"),
        ("201", "2001:db8::1", "sip:201@[2001:db8::1]"),
        ("201", "[2001:db8::1]:5080", "sip:201@[2001:db8::1]:5080"),
        ("jörg", "PBX.example", "sip:j%C3%B6rg@pbx.example"),
        ("bob@work", "pbx.example", "sip:bob%40work@pbx.example"),
        ("*21#", "pbx.example", "sip:*21%23@pbx.example"),
    ],
)
def test_account(user: str, domain: str, uri: str) -> None:
    assert line(user=user, domain=domain).identity("", "").address_of_record == SipUri.parse(uri)


@pytest.mark.parametrize(
    "domain",
    ["", "pbx example", "a@b", "sips:a", "sip:a;transport=tcp", "a?b=c", "a:b", "a:70000", "\n"],
)
def test_what_is_no_domain(domain: str) -> None:
    with pytest.raises(ValueError, match="expected a host name or IP address"):
        line(domain=domain)


@pytest.mark.parametrize(
    ("phone", "uri", "address"),
    [
        ("305", "sip:305@pbx.example", None),
        ("305@192.0.2.20:5062", "sip:305@pbx.example", "sip:305@192.0.2.20:5062"),
        ("305@192.0.2.20", "sip:305@pbx.example", "sip:305@192.0.2.20"),
        ("305@2001:db8::2", "sip:305@pbx.example", "sip:305@[2001:db8::2]"),
        (
            "305@phone;transport=tcp",
            "sip:305@pbx.example",
            "sip:305@phone;transport=tcp",
        ),
        ("sips:3%205@phone", "sip:3%205@pbx.example", "sips:3%205@phone"),
        ("a b@phone", "sip:a%20b@pbx.example", "sip:a%20b@phone"),
    ],
)
def test_phone(phone: str, uri: str, address: str | None) -> None:
    identity = line(phone=phone).identity("", "")
    assert str(identity.phone) == uri
    assert (identity.phone_address and str(identity.phone_address)) == address


@pytest.mark.parametrize(
    "phone",
    ["", "@phone", "305@", "305@a b", "sip:phone", "sip:", "sip:@phone", "sip:a b@c", "sip:a:b@c"],
)
def test_what_is_no_phone(phone: str) -> None:
    with pytest.raises(ValueError, match="expected an extension such as 201"):
        line(phone=phone)


@pytest.mark.parametrize(
    ("proxy", "uri"),
    [
        ("proxy.example", "sip:proxy.example;lr"),
        ("192.0.2.1:5060", "sip:192.0.2.1:5060;lr"),
        ("2001:db8::1", "sip:[2001:db8::1];lr"),
        ("[2001:db8::1]:5061", "sip:[2001:db8::1]:5061;lr"),
        ("sip:proxy.example;transport=tcp", "sip:proxy.example;transport=tcp;lr"),
        ("SIPS:proxy.example;lr", "sips:proxy.example;lr"),
    ],
)
def test_outbound_proxy(proxy: str, uri: str) -> None:
    assert str(line(outbound_proxy=proxy).identity("", "").outbound_proxy) == uri


@pytest.mark.parametrize("proxy", ["", "a b", "user@proxy", "tel:+43", "sip:a?b=c", "a:b:c d"])
def test_what_is_no_outbound_proxy(proxy: str) -> None:
    with pytest.raises(ValueError, match="expected host, host:port or a SIP URI"):
        line(outbound_proxy=proxy)


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("SIPTAPI", "SIPTAPI"),
        ("{number}", "+43 1 505641"),
        ("call {number} ({line})", "call +43 1 505641 (office)"),
        ("{{{number}}}", "{+43 1 505641}"),
    ],
)
def test_display_name(template: str, shown: str) -> None:
    assert line(display_name=template).identity("office", "+43 1 505641").display_name == shown


@pytest.mark.parametrize(
    "template", ["{name}", "{}", "{0}", "{number.x}", "{number[0]}", "{number!r}", "{number:>9}"]
)
def test_a_template_has_only_number_and_line(template: str) -> None:
    with pytest.raises(ValueError, match=r"expected text, \{number\} and \{line\}"):
        line(display_name=template)


@pytest.mark.parametrize("template", ["{", "{number", "}"])
def test_a_template_with_a_single_brace(template: str) -> None:
    with pytest.raises(ValueError, match="brace that is meant is written twice"):
        line(display_name=template)


def test_no_control_codes_in_a_display_name() -> None:
    settings = line(display_name="\x00A\tB {number}\u2028\x9b")
    assert settings.identity("x", "1\r\nFrom: evil\ud800").display_name == "A B 1 From: evil"


def test_the_times_of_lines_are_one_object_where_they_are_equal() -> None:
    one, other = (line(user=user, ring_timeout=7.0).identity("", "") for user in ("a", "b"))
    assert one.timers is other.timers
    assert one.timers == CallTimers(ring_timeout=7.0)


def test_a_phone_that_picks_up_by_itself() -> None:
    assert line().identity("", "").auto_answer == ()
    settings = line(auto_answer=(AutoAnswer.CALL_INFO,), domain="2001:db8::1")
    headers = (("Call-Info", "<sip:[2001:db8::1]>;answer-after=0"),)
    assert settings.identity("", "").auto_answer == headers


def test_timers_and_bye() -> None:
    settings = line(
        ring_timeout=1.0,
        notify_timeout=2.0,
        callee_timeout=3.0,
        failure_linger=0.0,
        bye=ByePolicy.NEVER,
    )
    identity = settings.identity("", "")
    assert identity.bye is ByePolicy.NEVER
    assert identity.timers == CallTimers(
        ring_timeout=1.0, notify_timeout=2.0, callee_timeout=3.0, failure_linger=0.0
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": ""},
        {"auth_user": ""},
        {"strategies": ()},
        {"resolvers": ("a", "a")},
        {"ring_timeout": 0.0},
        {"notify_timeout": 0.0},
        {"callee_timeout": -1.0},
        {"failure_linger": -1.0},
        {"registration_expires": 0.0},
        {"template": ("a", "a")},
        {"auto_answer": (AutoAnswer.ALL, AutoAnswer.ALL)},
    ],
)
def test_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|must be"):
        line(**wrong)


def test_no_password_no_credentials() -> None:
    assert line().credentials() is None


def test_credentials() -> None:
    password = Secret("hunter2")
    assert line(password=password).credentials() == Credentials("201", "hunter2", None)
    settings = line(password=password, auth_user="sip-201", realm="pbx")
    assert settings.credentials() == Credentials("sip-201", "hunter2", "pbx")
    assert "hunter2" not in repr(settings)


def test_credentials_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIP_PASSWORD", raising=False)
    settings = line(password=Secret({"env": "SIP_PASSWORD"}))
    with pytest.raises(SettingsError, match="SIP_PASSWORD is not set"):
        settings.credentials()


def test_lines_are_equal_when_their_settings_are() -> None:
    assert line(password=Secret("a")) == line(password=Secret("a"))
    assert hash(line(password=Secret("a"))) == hash(line(password=Secret("a")))
    assert line(password=Secret("a")) != line(password=Secret("b"))
