from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.uri import OtherUri, SipUri, TelUri, escape_user, parse_uri, unescape


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:example.com", SipUri("example.com")),
        ("sips:example.com", SipUri("example.com", scheme="sips")),
        ("sip:alice@example.com", SipUri("example.com", "alice")),
        (
            "sip:alice:secret@example.com:5070",
            SipUri("example.com", "alice", 5070, "sip", "secret"),
        ),
        ("sip:alice:@example.com", SipUri("example.com", "alice", password="")),
        ("sip:192.0.2.1:0", SipUri("192.0.2.1", port=0)),
        ("sip:[2001:db8::1]:5060", SipUri("2001:db8::1", port=5060)),
        ("sip:a@[::ffff:192.0.2.1]", SipUri("::ffff:192.0.2.1", "a")),
        ("sip:my_pbx.local;lr", SipUri("my_pbx.local", parameters=(("lr", None),))),
        (
            "sip:a@h;Transport=TCP;x=[1]/:&+$",
            SipUri("h", "a", parameters=(("Transport", "TCP"), ("x", "[1]/:&+$"))),
        ),
        (
            "sip:h?subject=a%20b&to=",
            SipUri("h", headers=(("subject", "a%20b"), ("to", ""))),
        ),
        ("sip:+43-1;ext=1?@h", SipUri("h", "+43-1;ext=1?")),
        ("sip:*21%23@h", SipUri("h", "*21%23")),
        ("sip:*21#@h", SipUri("h", "*21#")),  # no grammar allows it, phones send it
        ("sip:jörg@h", SipUri("h", "jörg")),
        ("tel:+43-1-505641;ext=12", TelUri("+43-1-505641", (("ext", "12"),))),
        ("tel:(01)505.641;phone-context=+43", TelUri("(01)505.641", (("phone-context", "+43"),))),
        ("tel:*21#", TelUri("*21#")),
        ("urn:service:sos", OtherUri("urn", "service:sos")),
        ("http://www.example.com/?q=1#top", OtherUri("http", "//www.example.com/?q=1#top")),
    ],
)
def test_uris_are_read_and_written(text: str, uri: object) -> None:
    assert parse_uri(text) == uri
    assert str(uri) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "sip:@example.com",
        "sip:alice@",
        "sip:alice@@example.com",
        "sip:alice smith@example.com",
        "sip: alice@example.com",
        " sip:alice@example.com",
        "sip:alice@example.com ",
        "sip:alice@example.com\n",
        "sip:al\nice@example.com",
        "sip:al\0ice@example.com",
        "sip:ali%xe@example.com",
        "sip:ali%2@example.com",
        "sip:<alice>@example.com",
        'sip:"alice"@example.com',
        "sip:alice@exämple.com",
        "sip:alice@example.com:",
        "sip:alice@example.com:65536",
        "sip:alice@example.com:123456",
        "sip:alice@example.com:٥٠٦٠",
        "sip:alice@[example.com]",
        "sip:alice@[]",
        "sip:alice@2001:db8::1",
        "sip:alice@example.com;",
        "sip:alice@example.com;;lr",
        "sip:alice@example.com;=x",
        "sip:alice@example.com;a=",
        "sip:alice@example.com;a=b=c",
        "sip:alice@example.com;a=%zz",
        "sip:alice@example.com?",
        "sip:alice@example.com?a",
        "sip:alice@example.com?a=b&",
        "sip:alice@example.com?a=b?c=d",
        "tel:",
        "tel:+",
        "tel:call-me",
        "tel:1;",
        "tel:١٢٣",
        "1sip:x",
        "mailto:",
        "mailto:a b",
        "*",
        ":x",
    ],
)
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        parse_uri(text)


def test_schemes_and_hosts_are_lower_case() -> None:
    assert parse_uri("SIP:Alice@EXAMPLE.com") == SipUri("example.com", "Alice")
    assert parse_uri("SiPs:H") == SipUri("h", scheme="sips")
    assert parse_uri("TEL:112") == TelUri("112")
    assert parse_uri("URN:Service:SOS") == OtherUri("urn", "Service:SOS")
    assert SipUri("PBX.Example.com") == SipUri("pbx.example.com")


def test_each_class_reads_only_its_own() -> None:
    assert SipUri.parse("sip:h") == SipUri("h")
    assert TelUri.parse("tel:112") == TelUri("112")
    with pytest.raises(MessageError, match="no sip: or sips:"):
        SipUri.parse("tel:112")
    with pytest.raises(MessageError, match="no tel:"):
        TelUri.parse("sip:h")


def test_a_long_uri_is_read_like_a_short_one() -> None:
    user = "a" * 1000
    assert parse_uri(f"sip:{user}@h") == SipUri("h", user)


@pytest.mark.parametrize(
    "parts",
    [
        {"host": ""},
        {"host": "a b"},
        {"host": "h;lr"},
        {"host": "a:1"},
        {"host": "[::1]"},
        {"host": "h", "user": ""},
        {"host": "h", "user": "a@b"},
        {"host": "h", "user": "a:b"},
        {"host": "h", "user": "a>b"},
        {"host": "h", "user": "a\r\nVia: x"},
        {"host": "h", "user": "50%"},
        {"host": "h", "password": "secret"},
        {"host": "h", "user": "a", "password": "b@c"},
        {"host": "h", "port": -1},
        {"host": "h", "port": 65536},
        {"host": "h", "scheme": "tel"},
        {"host": "h", "scheme": "SIP"},
        {"host": "h", "parameters": (("a;b", None),)},
        {"host": "h", "parameters": (("a=b", None),)},
        {"host": "h", "parameters": (("a", "b;c"),)},
        {"host": "h", "parameters": (("a", ""),)},
        {"host": "h", "parameters": (("a", "\n"),)},
        {"host": "h", "headers": (("a=b", "c"),)},
        {"host": "h", "headers": (("a", "b&c=d"),)},
        {"host": "h", "headers": (("", ""),)},
    ],
)
def test_parts_that_would_be_read_back_as_something_else_are_refused(parts: dict) -> None:
    with pytest.raises(MessageError):
        SipUri(**parts)


def test_other_uris_refuse_such_parts_too() -> None:
    for number, parameters in [("", ()), ("1;a", ()), ("1", (("a b", None),)), ("1\n2", ())]:
        with pytest.raises(MessageError):
            TelUri(number, parameters)
    for scheme, rest in [("", "x"), ("a b", "x"), ("http", ""), ("http", "a\r\nb"), ("a:b", "c")]:
        with pytest.raises(MessageError):
            OtherUri(scheme, rest)


def test_parameters_of_a_sip_uri() -> None:
    uri = SipUri.parse("sip:h;LR;Transport=TCP;n%61me=v%61lue")
    assert uri.is_loose_router
    assert uri.transport == "tcp"
    assert uri.parameter("TRANSPORT") == "TCP"
    assert uri.parameter("lr") == ""
    assert uri.parameter("name") == "value"
    assert uri.parameter("maddr") is None
    assert uri.has_parameter("Lr")
    assert not uri.has_parameter("maddr")
    assert str(uri.with_parameter("ob")) == "sip:h;LR;Transport=TCP;n%61me=v%61lue;ob"
    assert str(uri.with_parameter("transport", "udp")) == "sip:h;LR;transport=udp;n%61me=v%61lue"
    assert str(uri.without_parameter("name")) == "sip:h;LR;Transport=TCP"
    assert uri.without_parameter("maddr") is uri
    assert not SipUri("h").is_loose_router
    assert SipUri("h").transport is None
    with pytest.raises(MessageError):
        uri.with_parameter("a", "b;c")


def test_setting_a_parameter_leaves_one_of_its_name() -> None:
    uri = SipUri("h", parameters=(("a", "1"), ("b", None), ("A", "2")))
    assert uri.with_parameter("a", "3").parameters == (("a", "3"), ("b", None))


def test_tel_uris() -> None:
    uri = TelUri.parse("tel:505641;phone-context=%2B43;ISUB=1")
    assert uri.parameter("phone-context") == "+43"
    assert uri.parameter("isub") == "1"
    assert uri.parameter("ext") is None
    assert not uri.is_global
    assert TelUri("+43505641").is_global


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("*21#", "*21%23"),
        ("+431505641", "+431505641"),
        ("alice", "alice"),
        ("a@b", "a%40b"),
        ("a:b", "a%3Ab"),
        ("100%", "100%25"),
        ("a b", "a%20b"),
        ('"<>', "%22%3C%3E"),
        ("[]{}|\\^`", "%5B%5D%7B%7D%7C%5C%5E%60"),
        ("-_.!~*'()&=+$,;?/", "-_.!~*'()&=+$,;?/"),
        ("Jörg", "J%C3%B6rg"),
        ("\r\n\0", "%0D%0A%00"),
    ],
)
def test_a_user_is_escaped_only_where_the_grammar_forbids_it(text: str, escaped: str) -> None:
    assert escape_user(text) == escaped
    assert unescape(escaped) == text
    assert SipUri("h", escaped).user_text == text


@given(st.text(min_size=1))
@example("*21#")
@example("%2B")
def test_any_text_can_be_a_user(text: str) -> None:
    uri = SipUri("h", escape_user(text))
    assert uri.user_text == text
    assert parse_uri(str(uri)) == uri
    assert not {"%2B", "%2A"} & set(escape_user("+*"))


def test_half_a_character_cannot_be_a_user() -> None:
    with pytest.raises(MessageError, match="UTF-8"):
        escape_user("a\ud800")


def test_unescaping_what_is_no_utf_8() -> None:
    assert unescape("%ff%41%") == "\ufffdA%"
    assert unescape("no escapes") == "no escapes"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%3abiloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%3Abiloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a%c3%b6@h", "sip:a%C3%B6@h"),
        ("sip:a:b%41@h", "sip:a:bA@h"),
    ],
)
def test_equivalent_uris(one: str, other: str) -> None:
    assert SipUri.parse(one).equivalent(SipUri.parse(other))
    assert SipUri.parse(other).equivalent(SipUri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:bob@h", "sips:bob@h"),
        ("sip:bob@h", "sip:h"),
        ("sip:bob@h", "sip:bob:x@h"),
        ("sip:h;user=phone", "sip:h"),
        ("sip:h;a=1", "sip:h;a=2"),
        ("sip:h;a", "sip:h;a=1"),
        ("sip:+1@h", "sip:%2B1@h"),
        ("sip:h?a=1", "sip:h?a=1&a=1"),
    ],
)
def test_uris_that_are_not_equivalent(one: str, other: str) -> None:
    assert not SipUri.parse(one).equivalent(SipUri.parse(other))
    assert not SipUri.parse(other).equivalent(SipUri.parse(one))


OCTET = st.integers(0, 255).map(lambda octet: f"%{octet:02X}")


def run_of(characters: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(characters) | OCTET, min_size=1, max_size=12).map("".join)


ALPHABET = "abcXYZ019-_.!~*'()+$/ö"
PARAMETERS = st.lists(
    st.tuples(run_of(f"{ALPHABET}[]:&"), st.none() | run_of(f"{ALPHABET}[]:&")), max_size=4
).map(tuple)
HOSTS = st.sampled_from(["example.com", "H", "192.0.2.1", "2001:db8::1", "::", "a_b.-c"])
SIP_URIS = st.builds(
    SipUri,
    host=HOSTS,
    user=run_of(f"{ALPHABET}&=,;?#"),
    port=st.none() | st.integers(0, 65535),
    scheme=st.sampled_from(["sip", "sips"]),
    password=st.none() | st.just("") | run_of(f"{ALPHABET}&=,"),
    parameters=PARAMETERS,
    headers=st.lists(
        st.tuples(run_of(f"{ALPHABET}[];:"), st.just("") | run_of(f"{ALPHABET}[];:")), max_size=3
    ).map(tuple),
)
URIS = (
    SIP_URIS
    | st.builds(SipUri, host=HOSTS, parameters=PARAMETERS)
    | st.builds(TelUri, st.from_regex(r"\+?[0-9A-F*#().-]{1,20}", fullmatch=True), PARAMETERS)
    | st.builds(OtherUri, st.just("urn"), run_of(f"{ALPHABET}&=,;?#@:"))
)


@given(URIS)
def test_any_uri_reads_back_as_itself(uri: SipUri | TelUri | OtherUri) -> None:
    assert parse_uri(str(uri)) == uri


@given(SIP_URIS)
def test_any_sip_uri_is_equivalent_to_itself(uri: SipUri) -> None:
    assert uri.equivalent(uri)


@given(st.text() | st.text().map("sip:{}".format) | st.text(alphabet='sip:@;=?&%[]a1 <"').map(str))
def test_any_text_is_a_uri_that_reads_back_or_an_error(text: str) -> None:
    try:
        uri = parse_uri(text)
    except MessageError:
        return
    assert parse_uri(str(uri)) == uri
