"""Who calls whom: what people read, whatever strangers write."""

from __future__ import annotations

import pytest
from bench import make_request
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import IncomingRinging
from siptapi_core.machine.incoming_parties import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    address_text,
    ringing_of,
)
from siptapi_core.sip.message import Request, parse_message
from siptapi_core.sip.uri import parse_uri

BOB = '"Bob" <sip:301@example.com>;tag=theirs'
NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=theirs'


def ringing(*headers: tuple[str, str], **parts: str) -> IncomingRinging:
    return ringing_of(make_request(headers=headers, **{"from_": BOB, **parts}))


def caller(*headers: tuple[str, str], **parts: str) -> tuple[str, str]:
    told = ringing(*headers, **parts)
    return told.caller, told.caller_name


def test_a_plain_invite():
    assert ringing() == IncomingRinging("301", "200", "Bob", "")


# --- texts of addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("sip:201@pbx.example", "201"),
        ("sip:+431505641@provider.example;user=phone", "+431505641"),
        ("sip:+43-1-505.641@provider.example", "+431505641"),
        ("sip:(01)505-641@provider.example;USER=PHONE", "01505641"),
        ("sip:5641;phone-context=+431@provider.example;user=phone", "5641"),
        ("sip:+431505641;npdi@provider.example", "+431505641"),
        ("sip:*21%23@pbx.example", "*21#"),
        ("sip:%2B431505641@pbx.example", "+431505641"),
        ("sips:201@pbx.example", "201"),
        ("tel:+43-1-505641", "+431505641"),
        ("tel:(01)505.641;phone-context=+43", "01505641"),
        ("tel:+43-1-505641;ext=12", "+431505641;ext=12"),
        ("sip:bob@example.com", "sip:bob@example.com"),
        ("sip:bob:secret@example.com:5070;transport=tcp?Subject=x", "sip:bob@example.com:5070"),
        ("sips:bob@example.com", "sips:bob@example.com"),
        ("sip:bob@example.com;user=phone", "sip:bob@example.com"),
        ("sip:1-2@example.com", "sip:1-2@example.com"),
        ("sip:+@example.com", "sip:+@example.com"),
        ("sip:192.0.2.1", "sip:192.0.2.1"),
        ("sip:bo\u202eb@example.com", "sip:bo b@example.com"),
        ("urn:service:sos", "urn:service:sos"),
    ],
)
def test_an_address_as_people_write_it(uri, text):
    assert address_text(parse_uri(uri)) == text


def test_an_address_is_bounded():
    text = address_text(parse_uri(f"sip:{'b' * 500}@example.com"))
    assert len(text) == LONGEST_ADDRESS
    assert text.endswith("bbb…")


# --- the caller ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("P-Asserted-Identity", '"Alice" <sip:+431505641@p.example>')], ("+431505641", "Alice")),
        ([("P-Asserted-Identity", "<sip:+431505641@p.example>")], ("+431505641", "Bob")),
        ([("P-Asserted-Identity", "<tel:+43-1-505641>")], ("+431505641", "Bob")),
        ([("P-Asserted-Identity", "tel:+431505641")], ("+431505641", "Bob")),
        (
            [("P-Asserted-Identity", '"Alice" <sip:alice@p.example>, <tel:+431505641>')],
            ("+431505641", "Alice"),
        ),
        (
            [
                ("P-Asserted-Identity", "<sip:alice@p.example>"),
                ("P-Asserted-Identity", '"Alice" <sip:+431505641@p.example>'),
            ],
            ("+431505641", "Alice"),
        ),
        ([("P-Asserted-Identity", "<sip:alice@p.example>")], ("sip:alice@p.example", "Bob")),
        ([("P-Asserted-Identity", "?"), ("Privacy", "none")], ("301", "Bob")),
        ([("Remote-Party-ID", '"Al" <sip:202@pbx>;party=calling;privacy=off')], ("202", "Al")),
        ([("Remote-Party-ID", "<sip:202@pbx>;screen=yes")], ("202", "Bob")),
        ([("Remote-Party-ID", '"Al" <sip:202@pbx>;Party=CALLED')], ("301", "Bob")),
        (
            [
                ("Remote-Party-ID", '"Al" <sip:202@pbx>'),
                ("P-Asserted-Identity", '"Alice" <sip:203@pbx>'),
            ],
            ("203", "Alice"),
        ),
    ],
)
def test_whom_the_network_asserts_comes_first(headers, expected):
    assert caller(*headers) == expected


@pytest.mark.parametrize(
    ("headers", "from_"),
    [
        ([], NOBODY),
        ([], "<sip:anonymous@pbx.example>;tag=theirs"),
        ([], '"Private" <sip:Restricted@pbx.example>;tag=theirs'),
        ([], "<sip:301@anonymous.invalid>;tag=theirs"),
        ([("Privacy", "id")], BOB),
        ([("Privacy", "header;user; ID"), ("P-Asserted-Identity", "<sip:202@pbx>")], NOBODY),
        ([("Privacy", "header"), ("Privacy", "critical;user")], BOB),
        ([("Remote-Party-ID", "<sip:202@pbx>;privacy=full")], NOBODY),
        ([("Remote-Party-ID", "<sip:202@pbx>;privacy=URI")], BOB),
        ([("P-Asserted-Identity", "<sip:anonymous@anonymous.invalid>")], NOBODY),
    ],
)
def test_who_is_withheld_is_not_told(headers, from_):
    assert caller(*headers, from_=from_) == ("", "")


def test_an_anonymous_caller_whom_the_network_names_all_the_same():
    asserted = ("P-Asserted-Identity", "<sip:202@pbx.example>")
    assert caller(asserted, from_=NOBODY) == ("202", "")


@pytest.mark.parametrize("privacy", ["none", "header", "session", "history", ""])
def test_privacy_of_other_things_hides_no_caller(privacy):
    assert caller(("Privacy", privacy)) == ("301", "Bob")


# --- names come from strangers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('"J\u00f6rg \u0160\u00ed\u0159"', "J\u00f6rg \u0160\u00ed\u0159"),
        (r'"Bob \"the\" \\ builder"', 'Bob "the" \\ builder'),
        ("Bob Builder", "Bob Builder"),
        ('"  Bob \t  B.  "', "Bob B."),
        ('"\u202egnp.exe\u202c"', "gnp.exe"),
        ('"Bob\u2028\u2029\x1b[31m\x07"', "Bob [31m"),
        ('"\\\x07\u200b\ufeff"', ""),
        ('"\u05d3\u05d5\u05d3 \U0001f600"', "\u05d3\u05d5\u05d3 \U0001f600"),
        ('"' + "a" * LONGEST_NAME + '"', "a" * LONGEST_NAME),
        ('"' + "a" * (LONGEST_NAME + 1) + '"', "a" * (LONGEST_NAME - 1) + "…"),
    ],
)
def test_a_name_is_one_printable_bounded_line(name, shown):
    assert caller(from_=f"{name} <sip:301@example.com>;tag=t") == ("301", shown)


def test_a_name_in_latin_1_is_read_as_old_phones_send_it():
    data = make_request(from_='"J\u00f6rg" <sip:301@example.com>;tag=t').encode()
    request = parse_message(data.replace("ö".encode(), b"\xf6"))
    assert isinstance(request, Request)
    assert ringing_of(request).caller_name == "Jörg"


# --- the called ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "parts", "called"),
    [
        ([], {}, "200"),
        ([], {"to": '"Desk" <sip:+43150564200@p.example;user=phone>'}, "+43150564200"),
        ([], {"to": "<tel:+43-1-505642>"}, "+431505642"),
        ([("P-Called-Party-ID", "<sip:+431505649@p.example>")], {}, "+431505649"),
        ([("P-Called-Party-ID", "?")], {}, "200"),
        ([], {"to": "<sip:192.0.2.9>", "uri": "sip:205@192.0.2.9"}, "205"),
        ([], {"to": "<sip:pbx.example>", "uri": "sip:192.0.2.9"}, "sip:pbx.example"),
    ],
)
def test_who_is_called(headers, parts, called):
    assert ringing(*headers, **parts).called == called


# --- diversion -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "diverted_by"),
    [
        ([("Diversion", "<sip:202@pbx.example>;reason=no-answer;counter=1")], "202"),
        ([("Diversion", '"Desk" <tel:+43-1-505641>;reason="user-busy"')], "+431505641"),
        ([("Diversion", "<sip:203@x>;reason=x, <sip:202@x>;reason=y")], "202"),
        ([("Diversion", "<sip:203@x>"), ("Diversion", "<sip:202@x>")], "202"),
        ([("Diversion", "<sip:202@x>;privacy=full")], ""),
        ([("Diversion", "<sip:anonymous@anonymous.invalid>")], ""),
        ([("Diversion", "?")], ""),
        ([("History-Info", "<sip:202@x>;index=1, <sip:200@x;cause=302>;index=1.1")], "202"),
        ([("History-Info", "<sip:202@x>;index=1"), ("History-Info", "<sip:200@x>;index=1.1")], ""),
        ([("History-Info", "<sip:202@x?Privacy=history>;index=1,<sip:2@x>;index=1.1;mp=1")], ""),
        ([("History-Info", "no entry, <sip:202@x>;index=1,<sip:2@x>;index=1.1;mp=1")], "202"),
        (
            [
                ("History-Info", "<sip:204@x>;index=1, <sip:200@x;cause=302>;index=1.1"),
                ("Diversion", "<sip:202@x>"),
            ],
            "202",
        ),
    ],
)
def test_who_diverted_it(headers, diverted_by):
    assert ringing(*headers).diverted_by == diverted_by


# --- anything at all -----------------------------------------------------------------------------

values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])) | st.lists(
    st.sampled_from(
        [*'<>;,"\\@:=? %', "sip:", "tel:", "+43", "bob", "privacy=full", "index=1", "\u202e", "mp"]
    )
).map("".join)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    *("P-Asserted-Identity", "Remote-Party-ID", "Privacy", "P-Called-Party-ID"),
                    *("Diversion", "History-Info"),
                ]
            ),
            values,
        ),
        max_size=6,
    )
)
def test_whatever_the_headers_say_it_is_a_line_of_text(headers):
    told = ringing(*headers)
    for text in (told.caller, told.called, told.caller_name, told.diverted_by):
        assert text.isprintable()
        assert len(text) <= LONGEST_ADDRESS
