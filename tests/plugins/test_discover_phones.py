from __future__ import annotations

import re
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.settings.auto_answer import AutoAnswer
from siptapi_core.settings.line_addresses import phone_parts
from siptapi_plugins.discover.answers import Answer, Odd, read_answer
from siptapi_plugins.discover.phones import (
    PLACEHOLDER,
    by_place,
    can_be_set,
    identify,
    phone_setting,
    proposal,
    read_makers,
)

PLACE = ("192.0.2.20", 5060)
ASKED = {"1234": PLACE}


def response(*headers: str, status: str = "200 OK", call_id: str = "1234") -> bytes:
    lines = (
        f"SIP/2.0 {status}",
        "Via: SIP/2.0/UDP 192.0.2.1:40000;branch=z9hG4bK-1;rport",
        'From: "SIPTAPI"<sip:discover@192.0.2.1>;tag=1',
        'To: "SIPTAPI"<sip:discover@192.0.2.1>;tag=2',
        f"Call-ID: {call_id}",
        "CSeq: 1 OPTIONS",
        *headers,
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()


def answer(*headers: str, status: str = "200 OK") -> Answer:
    taken = read_answer(response(*headers, status=status), PLACE, ASKED)
    assert isinstance(taken, Answer)
    return taken


def test_an_answer_says_who_it_is_and_whether_it_takes_refer() -> None:
    assert answer(
        "User-Agent: Yealink SIP-T46S 66.86.0.15",
        "Allow: INVITE, ACK, BYE",
        "Allow: OPTIONS,refer",
        "Contact: <sip:201@192.0.2.20:5060>",
    ) == Answer(
        place=PLACE,
        source=PLACE,
        status=200,
        agents=("Yealink SIP-T46S 66.86.0.15",),
        refer=True,
        user="201",
    )


def test_it_may_say_nothing() -> None:
    assert answer() == Answer(place=PLACE, source=PLACE, status=200)


def test_both_headers_are_looked_at_and_not_all_of_them() -> None:
    told = answer("User-Agent: " + "x" * 5000, "Server: snom")
    assert told.agents == ("x" * 200, "snom")
    assert answer("User-Agent: same", "Server: same").agents == ("same",)


def test_without_refer_among_what_it_allows_it_takes_none() -> None:
    assert answer("Allow: INVITE, ACK, XREFER").refer is False


@pytest.mark.parametrize(
    "contact",
    ["*", "<sip:192.0.2.20>", "<tel:+431>", '<sip:2"01@192.0.2.20>', "<sip:a%0Ab@192.0.2.20>", "<"],
)
def test_a_contact_without_a_plain_user_tells_no_extension(contact: str) -> None:
    assert answer(f"Contact: {contact}").user == ""


@pytest.mark.parametrize(
    ("status", "is_final", "is_success"),
    [("100 Trying", False, False), ("200 OK", True, True), ("404 Not Found", True, False)],
)
def test_a_provisional_answer_is_not_final(status: str, is_final: bool, is_success: bool) -> None:  # noqa: FBT001  # a table
    told = answer(status=status)
    assert (told.is_final, told.is_success) == (is_final, is_success)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it sent no SIP"),
        (b"\x00\x01\x02\xff" * 20, "it sent no SIP"),
        (b"", "it sent no SIP"),
        (response(call_id="4321"), "it answered something that it was not asked"),
        (
            response().replace(b"SIP/2.0 200 OK", b"OPTIONS sip:192.0.2.1 SIP/2.0"),
            "it sent a request, OPTIONS",
        ),
    ],
)
def test_what_is_no_answer_to_us_says_why(data: bytes, why: str) -> None:
    odd = read_answer(data, ("192.0.2.66", 9), ASKED)
    assert isinstance(odd, Odd)
    assert odd.place == ("192.0.2.66", 9)
    assert odd.why.startswith(why)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda junk: response() + junk))
def test_any_packet_is_an_answer_or_odd(data: bytes) -> None:
    assert isinstance(read_answer(data, PLACE, ASKED), Answer | Odd)


EXAMPLES = [
    pytest.param(maker.maker, maker.kind, text, model, id=text)
    for maker in read_makers()
    for text, model in maker.examples
]


@pytest.mark.parametrize(("maker", "kind", "text", "model"), EXAMPLES)
def test_each_example_is_of_its_maker(maker: str, kind: str, text: str, model: str) -> None:
    device = identify(answer(f"Server: {text}"))
    assert (device.maker, device.kind, device.model) == (maker, kind, model)
    assert device.user_agent == text


def test_every_maker_has_an_example_a_source_and_ways_that_settings_take() -> None:
    for maker in read_makers():
        assert maker.examples, maker
        assert maker.source, maker
        assert maker.kind in {"phone", "adapter", "server"}
        assert bool(maker.auto_answer) == bool(maker.auto_answer_source)
        assert [AutoAnswer(way) for way in maker.auto_answer] == [*maker.auto_answer]


def test_the_first_header_that_is_known_counts_and_firmware_is_told() -> None:
    device = identify(answer("User-Agent: something", "Server: snomD785/10.1.84.12"))
    assert device.name == "Snom D785 10.1.84.12"
    assert device.auto_answer == ("call-info",)


def test_who_is_unknown_is_called_as_it_calls_itself() -> None:
    device = identify(answer("User-Agent: Nobody 1.0"))
    assert (device.name, device.kind, device.maker) == ("Nobody 1.0", "unknown", "")
    assert identify(answer()).name == "says nothing of itself"


@pytest.mark.parametrize("letter", ["1", "1.", "a", " ", "- ", "(", "_UC_"])
def test_no_header_holds_a_pattern_up(letter: str) -> None:
    begins = {text[: len(text) // 2] for maker in read_makers() for text, _ in maker.examples}
    begun = time.perf_counter()
    for begin in begins:
        identify(answer(f"Server: {begin}{letter * 200}"))
    assert time.perf_counter() - begun < 2


def test_the_setting_for_a_phone_is_one_that_settings_read() -> None:
    device = identify(answer("Contact: <sip:201@192.0.2.20>"))
    assert phone_setting(device) == "201@192.0.2.20"
    assert phone_setting(device, "202") == "202@192.0.2.20"
    elsewhere = identify(answer().evolve(place=("2001:db8::20", 5062)))
    assert phone_setting(elsewhere) == f"{PLACEHOLDER}@[2001:db8::20]:5062"
    user, uri = phone_parts(phone_setting(elsewhere))
    assert uri is not None
    assert (user, uri.host, uri.port) == (PLACEHOLDER, "2001:db8::20", 5062)


def test_the_proposal_is_toml_for_a_line() -> None:
    device = identify(answer("User-Agent: Yealink SIP-T46S 66.86.0.15", "Allow: INVITE"))
    lines = proposal(device, "201")
    assert lines == [
        "# 192.0.2.20:5060: Yealink T46S 66.86.0.15",
        "# It says that it takes no REFER, without which it cannot be made to call.",
        'strategies = ["refer-to-phone"]',
        'phone = "201@192.0.2.20"',
        '# auto_answer = ["alert-info-autoanswer"]  # where it shall pick up by itself',
    ]
    wanted = {"strategies": ["refer-to-phone"], "phone": "201@192.0.2.20"}
    assert tomllib.loads("\n".join(lines)) == wanted
    all_in = re.sub(r"^# (auto_answer)", r"\1", "\n".join(lines), flags=re.MULTILINE)
    assert tomllib.loads(all_in)["auto_answer"] == ["alert-info-autoanswer"]


@pytest.mark.parametrize(
    ("agent", "status", "extension", "possible"),
    [
        ("snom", "404 Not Found", "", True),
        ("snom", "404 Not Found", "201", False),
        ("snom", "200 OK", "201", True),
        ("Nobody", "200 OK", "", True),
        ("Asterisk PBX 18.15.0", "200 OK", "201", False),
    ],
)
def test_a_line_may_name_phones_that_have_the_extension(
    agent: str,
    status: str,
    extension: str,
    possible: bool,  # noqa: FBT001  # a table
) -> None:
    assert can_be_set(identify(answer(f"Server: {agent}", status=status)), extension) is possible


def test_devices_are_in_the_order_of_their_addresses() -> None:
    places = [("192.0.2.9", 5060), ("192.0.2.10", 5060), ("192.0.2.10", 5062), ("::1", 5060)]
    devices = [identify(answer().evolve(place=place)) for place in reversed(places)]
    assert [device.answer.place for device in by_place(devices)] == places
