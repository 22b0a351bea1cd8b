from __future__ import annotations

import pytest

from siptapi_core.errors import NumberError
from siptapi_core.numbers import Kind, NumberRules, explain

VIENNA = NumberRules(region="AT", area_code="1")


def dialled(text: str, rules: NumberRules = VIENNA) -> str:
    return str(explain(text, rules, domain="pbx.example").dialled)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:bob@example.com", "sip:bob@example.com"),
        (" SIP:bob@Example.com ", "sip:bob@example.com"),
        ("sips:bob@example.com:5061;transport=tcp", "sips:bob@example.com:5061;transport=tcp"),
        ('"Bob 2" <sip:bob@example.com>;tag=1', "sip:bob@example.com"),
        ("Bob <sip:bob@example.com>", "sip:bob@example.com"),
        ('"+43 1 505641" <sip:12@example.com>', "sip:12@example.com"),
        ("\u202asip:bob@example.com\u202c", "sip:bob@example.com"),
        ("callto:sip:bob@example.com", "sip:bob@example.com"),
        ("callto://bob@example.com", "sip:bob@example.com"),
        ("bob@example.com", "sip:bob@example.com"),
        ("sip:example.com", "sip:example.com"),
        ("sip:bob@example.com;method=BYE?Subject=x", "sip:bob@example.com"),
        ("sip:bob@example.com|12^34", "sip:bob@example.com"),
    ],
)
def test_sip_addresses(text: str, uri: str) -> None:
    found = explain(text, VIENNA, domain="pbx.example")
    assert (found.kind, str(found.dialled), found.formatted) == (Kind.URI, uri, uri)
    assert (found.e164, found.number, found.country) == (None, None, None)


def test_a_guess_and_what_is_left_out_are_said() -> None:
    assert "no scheme" in explain("bob@example.com", VIENNA, domain="x").warnings[0]
    assert "headers" in explain("sip:b@x?Subject=1", VIENNA, domain="x").warnings[0]
    assert explain("sip:b@x", VIENNA, domain="x").warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "tel:+43-1-505641",
        "TEL:+43 (1) 505641",
        "<tel:+43-1-505641>",
        "J\u00f6rg 3 <tel:+431505641>",
        "tel://+431505641",
        "tel:%2B43%201%20505641",
        "%2B43%201%20505641",
        "tel:+43-1-505641;isub=12345",
        "tel:+43-1-505641;phone-context=+1",
        "tel:505641;phone-context=+43-1",
        "tel:01505641;phone-context=+43",
        "tel:01505641;phone-context=pbx.example",
        "callto:+431505641",
        "callto://+43-1-505641",
        "callto:0043-1-505641?call",
        "skype:+431505641?call&topic=12",
        "sms:+431505641",
        "fax:+431505641",
        "sip:+431505641",
        "sip:01505641",
        "TEL;TYPE=work:+43 1 505641",
        "Tel:\u00a001 505641",
    ],
)
def test_links_to_numbers(text: str) -> None:
    assert dialled(text) == "sip:+431505641@pbx.example"


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("tel:112", "112"),
        ("tel:112;phone-context=+43", "112"),
        ("tel:305;phone-context=pbx.example", "305"),
        ("tel:*21%23", "*21%23"),
        ("sip:305", "305"),
        ("tel:863-1234;phone-context=+1-914-555", "+19148631234"),
        ("tel:+43-1-505641;ext=12", "+43150564112"),
        ("tel:7042;phone-context=example.com", "7042"),
    ],
)
def test_local_numbers_in_links(text: str, user: str) -> None:
    assert dialled(text) == f"sip:{user}@pbx.example"


def test_a_context_far_too_long_is_cut() -> None:
    assert dialled(f"tel:305;phone-context=+{'9' * 400}") == "sip:305@pbx.example"


@pytest.mark.parametrize(
    ("text", "reason", "position"),
    [
        ("https://example.com/01505641", "https: links lead to no number", 0),
        ("mailto:bob@example.com", "mailto: links lead to no number", 0),
        ("javascript:alert(1)", "javascript: links lead to no number", 0),
        ("sip:bob@exa mple.com", "is no SIP URI", None),
        ("sip:", "nothing follows sip:", None),
        ("tel:", "nothing follows tel:", None),
        ("callto:bob", "there is no digit in it", 7),
        ("tel:%20", "nothing follows tel:", None),
        ("tel:+43 1 505\u20ac641", "'\u20ac' cannot stand in a number", 13),
    ],
)
def test_links_that_lead_nowhere(text: str, reason: str, position: int | None) -> None:
    with pytest.raises(NumberError) as refused:
        dialled(text)
    assert reason in refused.value.reason
    assert refused.value.text == text
    assert refused.value.position == position


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:jörg@pbx.example", "sip:j%C3%B6rg@pbx.example"),
        ("jörg@pbx.example", "sip:j%C3%B6rg@pbx.example"),
        ("sip:a@h;name=ö", "sip:a@h;name=%C3%B6"),
    ],
)
def test_letters_beyond_ascii_are_escaped(text: str, uri: str) -> None:
    assert dialled(text) == uri


def test_half_a_character_is_no_address() -> None:
    with pytest.raises(NumberError, match="UTF-8"):
        dialled("sip:b\udc97@h")
