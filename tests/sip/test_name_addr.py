from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import OtherUri, SipUri, TelUri

ALICE = SipUri("example.com", "alice")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<sip:alice@example.com>", NameAddr(ALICE)),
        ("sip:alice@example.com", NameAddr(ALICE)),
        (" <sip:alice@example.com> ", NameAddr(ALICE)),
        (" sip:alice@example.com ", NameAddr(ALICE)),
        ('"" <sip:alice@example.com>', NameAddr(ALICE)),
        ("<sip:alice@example.com>;tag=1", NameAddr(ALICE, "", (("tag", "1"),))),
        ("sip:alice@example.com;tag=1", NameAddr(ALICE, "", (("tag", "1"),))),
        ("sip:alice@example.com ; tag = 1 ; x", NameAddr(ALICE, "", (("tag", "1"), ("x", None)))),
        ('"Alice" <sip:alice@example.com>', NameAddr(ALICE, "Alice")),
        ('"Alice"<sip:alice@example.com>', NameAddr(ALICE, "Alice")),
        ("Alice <sip:alice@example.com>", NameAddr(ALICE, "Alice")),
        ("Alice<sip:alice@example.com>", NameAddr(ALICE, "Alice")),
        ("Alice  B. Cee <sip:alice@example.com>", NameAddr(ALICE, "Alice  B. Cee")),
        ("Jörg (Büro) <sip:alice@example.com>", NameAddr(ALICE, "Jörg (Büro)")),
        (r'"a \"b\" \\ c" <sip:alice@example.com>', NameAddr(ALICE, r'a "b" \ c')),
        ('"<sip:x>, \u0416;" <sip:alice@example.com>', NameAddr(ALICE, "<sip:x>, Ж;")),
        (
            "<sip:alice@example.com>;q=0.7;expires=3600",
            NameAddr(ALICE, "", (("q", "0.7"), ("expires", "3600"))),
        ),
        (
            '<sip:alice@example.com>;+sip.instance="<urn:uuid:1>"',
            NameAddr(ALICE, "", (("+sip.instance", '"<urn:uuid:1>"'),)),
        ),
        (
            "<sip:alice@example.com>;tag=a;tag=b",
            NameAddr(ALICE, "", (("tag", "a"), ("tag", "b"))),
        ),
        (
            "<sip:alice@example.com;lr>;x",
            NameAddr(
                SipUri("example.com", "alice", parameters=(("lr", None),)), "", (("x", None),)
            ),
        ),
        (
            "<sip:a,b@example.com?x=y>",
            NameAddr(SipUri("example.com", "a,b", headers=(("x", "y"),))),
        ),
        ("tel:+431;tag=x", NameAddr(TelUri("+431"), "", (("tag", "x"),))),
        ("<tel:+431;ext=1>", NameAddr(TelUri("+431", (("ext", "1"),)))),
        ("urn:service:sos", NameAddr(OtherUri("urn", "service:sos"))),
    ],
)
def test_addresses_are_read(text: str, address: NameAddr) -> None:
    assert NameAddr.parse(text) == address
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "*",
        "<>",
        "< sip:alice@example.com >",
        "<sip:alice@example.com",
        "sip:alice@example.com>",
        '"Alice <sip:alice@example.com>',
        'Alice" <sip:alice@example.com>',
        '"Alice\\" <sip:alice@example.com>',
        "Bell, Alice <sip:alice@example.com>",
        "Alice; <sip:alice@example.com>",
        "sip:a,b@example.com",
        "sip:alice@example.com?x=y",
        "sip:alice@example.com;",
        "<sip:alice@example.com>;",
        "<sip:alice@example.com>;;",
        "<sip:alice@example.com>;tag=",
        "<sip:alice@example.com>;tag=a;;x",
        "<sip:alice@example.com> x",
        "<sip:alice@example.com>, <sip:bob@example.com>",
        '<sip:alice@example.com>;x="y',
        '<sip:alice@example.com>;x="y"z',
        "<sip:alice@example.com>;x=<y>",
        "<sip:alice@example.com>;a b",
        "<sip:alice@example.com>;a\n",
        "<sip:alice\n@example.com>",
        "Alice\n<sip:alice@example.com>",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        NameAddr.parse(text)


def test_writing_uses_brackets_and_quotes_always() -> None:
    uri = SipUri("h", parameters=(("lr", None),))
    assert str(NameAddr(uri, "A", (("tag", "1"), ("x", None)))) == '"A" <sip:h;lr>;tag=1;x'
    assert str(NameAddr(uri)) == "<sip:h;lr>"
    assert str(NameAddr(uri, 'a"b\\')) == '"a\\"b\\\\" <sip:h;lr>'
    assert str(NameAddr(uri, "a\x00\tb")) == '"a\\\x00\tb" <sip:h;lr>'


def test_parameters_are_found_in_any_case_and_unquoted() -> None:
    address = NameAddr.parse('<sip:h>;Tag=aB;x="a \\"b\\"";y')
    assert address.tag == "aB"
    assert address.parameter("TAG") == "aB"
    assert address.parameter("x") == 'a "b"'
    assert address.parameter("y") == ""
    assert address.parameter("z") is None
    assert NameAddr(ALICE).tag is None
    assert NameAddr.parse("<sip:h>;tag").tag == ""


def test_a_tag_is_set_in_the_place_of_the_old_one() -> None:
    address = NameAddr.parse("<sip:h>;tag=old;x")
    assert str(address.with_tag("new")) == "<sip:h>;tag=new;x"
    assert str(NameAddr(ALICE).with_tag("new")) == "<sip:alice@example.com>;tag=new"


@pytest.mark.parametrize(
    "address",
    [
        NameAddr(ALICE, "a\r\nVia: x"),
        NameAddr(ALICE, "a\nb"),
        NameAddr(ALICE, "", (("a b", None),)),
        NameAddr(ALICE, "", (("", None),)),
        NameAddr(ALICE, "", (("tag", ""),)),
        NameAddr(ALICE, "", (("tag", "a;b"),)),
        NameAddr(ALICE, "", (("tag", "a\r\nb"),)),
        NameAddr(ALICE, "", (("tag", '"a'),)),
        NameAddr(ALICE).with_tag("a b"),
    ],
)
def test_what_cannot_be_written_is_refused(address: NameAddr) -> None:
    with pytest.raises(MessageError):
        str(address)


TOKENS = st.from_regex(r"[A-Za-z0-9.!%*_+`'~-]{1,12}", fullmatch=True)
VALUES = (
    TOKENS
    | st.sampled_from(["2001:db8::1", "[::1]", "reason=noresource", "a@b"])
    | st.text(alphabet="abc ,;<>\\").map(lambda text: '"' + text.replace("\\", "\\\\") + '"')
)
PARAMETERS = st.lists(st.tuples(TOKENS, st.none() | VALUES), max_size=5).map(tuple)
NAMES = st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20)
ADDRESSES = st.builds(
    NameAddr,
    st.sampled_from([ALICE, TelUri("+43"), OtherUri("urn", "x"), SipUri("::1", "a,b;c?")]),
    NAMES,
    PARAMETERS,
)


@given(ADDRESSES)
def test_any_address_reads_back_as_itself(address: NameAddr) -> None:
    assert NameAddr.parse(str(address)) == address


@given(st.text() | st.text(alphabet='sip:a@b<>;=," \\\t?x').map(lambda text: f"sip:{text}"))
def test_any_text_is_an_address_that_reads_back_or_an_error(text: str) -> None:
    try:
        address = NameAddr.parse(text)
    except MessageError:
        return
    assert NameAddr.parse(str(address)) == address
