"""What a stranger, a web page or a CRM writes stays text: it never becomes a header or a command.

Each place where such text comes in is given the same `EVIL`, and each place where it goes out must
have refused it or made it harmless.
"""

from __future__ import annotations

import io
import json

import pytest

from siptapi_core import logs
from siptapi_core.control.lines import read_line, write_line
from siptapi_core.control.vocabulary import decode_command, encode_error
from siptapi_core.errors import MessageError, NumberError, SettingsError, SiptapiError, UsageError
from siptapi_core.event_encoding import encode_event
from siptapi_core.events import CallEvent, CallFailed, Direction, IncomingRinging, TracedMessage
from siptapi_core.ladder.cells import printable as printable_cell
from siptapi_core.machine.incoming_calls import IncomingCalls
from siptapi_core.machine.line_of_request import IncomingLine
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.numbers import DialAs, Extensions, NumberRules, explain
from siptapi_core.settings import parse
from siptapi_core.settings.display_name import render
from siptapi_core.sip.auth import Authorization, Challenge, Credentials, answer
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.message import Request, Response, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.reason import Reason
from siptapi_core.sip.sipfrag import SipfragStatus, parse_sipfrag
from siptapi_core.sip.uri import SipUri, TelUri, escape_user
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_frontends.cli.calls_csv import csv_lines
from siptapi_frontends.cli.output import say
from siptapi_frontends.cli.sentences import sentence
from siptapi_frontends.cli.table import table

BREAKS = ("\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\r\n\r\nINVITE sip:evil SIP/2.0\r\n")
TERMINAL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\x08\x7f"
EVIL = (*BREAKS, "\0", TERMINAL, '"', "\\", '\\"', "<sip:evil@h>", ">;tag=evil", ",", "\u2028")

ADDRESS = Address("192.0.2.1", 5060)
SOURCE = Address("192.0.2.66", 5060)


def header_names(data: bytes) -> list[str]:
    return [name for name, _ in parse_message(data).headers]


# --- numbers, and what becomes of them in a Refer-To ---------------------------------------------


@pytest.mark.parametrize("dial_as", list(DialAs))
@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "frame",
    ["01505641{}", "{}01505641", "tel:01505641{}", "sip:bob@h{}", "sip:bob{}@h", "tel:1;ext=1{}"],
)
def test_a_number_is_refused_or_becomes_one_uri(frame: str, evil: str, dial_as: DialAs) -> None:
    rules = NumberRules(region="AT", area_code="1", dial_as=dial_as, extensions=Extensions.POSTD)
    dialled = problem = ""
    try:
        dialled = str(explain(frame.format(evil), rules, domain="pbx.example").dialled)
    except NumberError as error:
        problem = str(error)
    if problem:
        assert problem.isprintable()
        return
    assert dialled.isascii()
    assert dialled.isprintable()
    assert not set(dialled) & set('"<> ')
    assert "Evil" not in dialled
    value = f"<{dialled}>"
    assert str(NameAddr.parse(value)) == value
    assert Headers([("Refer-To", value)]).values("Refer-To") == (value,)


@pytest.mark.parametrize("link", ["sip:bob@h?Replaces=x", "sip:b@h;method=BYE?Route=%3Csip:e%3E"])
def test_headers_and_a_method_in_a_link_are_left_out(link: str) -> None:
    dialled = explain(link, NumberRules(), domain="pbx.example").dialled
    assert isinstance(dialled, SipUri)
    assert (dialled.headers, dialled.parameters) == ((), ())


@pytest.mark.parametrize("evil", [*EVIL, "%0d%0aX-Evil: 1", "a@b;c?d"])
def test_an_escaped_user_is_read_back_as_that_text_and_nothing_else(evil: str) -> None:
    uri = SipUri("h", escape_user(evil))
    assert SipUri.parse(str(uri)) == uri
    assert uri.user_text == (evil if "%0d" not in evil else "%0d%0aX-Evil: 1")


@pytest.mark.parametrize("evil", [*BREAKS, "\0", " ", '"', "<", ">", TERMINAL])
def test_a_uri_takes_no_part_that_would_leave_it(evil: str) -> None:
    for make in (
        lambda: SipUri("h", f"a{evil}b"),
        lambda: SipUri(f"h{evil}"),
        lambda: SipUri("h", parameters=(("x", f"a{evil}"),)),
        lambda: SipUri("h", headers=(("Subject", f"a{evil}"),)),
        lambda: TelUri(f"+43{evil}"),
    ):
        with pytest.raises(MessageError):
            make()


# --- headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("evil", [*BREAKS, "\0", "\udc80"])
@pytest.mark.parametrize("name", ["Refer-To", "Referred-By", "Reason", "Contact", "Subject", "X"])
def test_no_header_takes_a_line_break(name: str, evil: str) -> None:
    for add in (
        lambda: Headers([(name, f"a{evil}")]),
        lambda: Headers().with_last(name, f"a{evil}"),
        lambda: Headers().with_first(name, f"a{evil}"),
        lambda: Headers().replaced(name, f"a{evil}"),
        lambda: Headers([(f"{name}{evil}", "a")]),
    ):
        with pytest.raises(MessageError):
            add()


@pytest.mark.parametrize("evil", BREAKS)
def test_no_start_line_takes_a_line_break(evil: str) -> None:
    headers = parse_message(options()).headers
    with pytest.raises(MessageError):
        Response(200, f"OK{evil}", headers).encode()
    with pytest.raises(MessageError):
        Request(f"OPTIONS{evil}", SipUri("h"), headers).encode()


@pytest.mark.parametrize("evil", [each for each in EVIL if each not in BREAKS])
def test_a_display_name_stays_inside_its_quotes(evil: str) -> None:
    shown = str(NameAddr(SipUri("h", "a"), f"A{evil}B", (("tag", "1"),)))
    again = NameAddr.parse(shown)
    assert (again.display_name, again.uri, again.tag) == (f"A{evil}B", SipUri("h", "a"), "1")
    written = Headers([("From", shown)])
    assert written.values("From") == (shown,)


@pytest.mark.parametrize("evil", EVIL)
def test_a_template_for_the_display_name_cannot_break_the_line(evil: str) -> None:
    name = render("Call {number} on {line}", number=f"1{evil}", line=f"office{evil}")
    shown = str(NameAddr(SipUri("h", "a"), name))
    assert Headers([("From", shown)]).lines("From") == (shown,)
    assert NameAddr.parse(shown).uri == SipUri("h", "a")


@pytest.mark.parametrize("evil", [each for each in EVIL if each not in BREAKS])
def test_the_text_of_a_reason_stays_inside_its_quotes(evil: str) -> None:
    reason = Reason("SIP", 200, f"A{evil}B")
    assert Reason.parse(str(reason)) == reason


@pytest.mark.parametrize("evil", [*EVIL, '", response="evil'])
def test_a_challenge_cannot_write_into_our_answer(evil: str) -> None:
    challenge = Challenge(f"realm{evil}", f"nonce{evil}", opaque=f"o{evil}")
    credentials = Credentials(f"200{evil}", "secret")
    try:
        name, value = answer(
            challenge,
            credentials,
            method="INVITE",
            uri="sip:h",
            body=b"",
            cnonce="c",
            nonce_count=1,
        )
        Headers([(name, value)])
    except MessageError:
        assert set("\r\n\0") & set(evil)
        return
    sent = Authorization.parse(value)
    assert (sent.username, sent.realm, sent.nonce, sent.opaque) == (
        credentials.username,
        challenge.realm,
        challenge.nonce,
        challenge.opaque,
    )
    assert sent.verify("INVITE", b"", "secret")


@pytest.mark.parametrize("evil", BREAKS)
def test_a_sipfrag_is_its_first_line_alone(evil: str) -> None:
    status = parse_sipfrag(f"SIP/2.0 486 Busy{evil}".encode())
    assert status.status == 486
    assert "\n" not in status.reason
    assert parse_sipfrag(SipfragStatus(486, "Busy").encode()) == SipfragStatus(486, "Busy")


def options(extra: str = "", *, name: str = "Anna") -> bytes:
    return (
        "OPTIONS sip:201@example.org SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bK1;rport\r\n"
        f'From: "{name}" <sip:anna@example.com>;tag=1\r\nTo: <sip:201@example.org>\r\n'
        f"Call-ID: x\r\nCSeq: 1 OPTIONS\r\n{extra}\r\n"
    ).encode()


@pytest.mark.parametrize("evil", ['a"b\\', "\x1b[2J", "é\u202e", "x" * 500])
def test_a_refusal_repeats_nothing_that_leaves_its_quotes(evil: str) -> None:
    agent = UserAgent(identifiers=CountingIdentifiers(), local_address=lambda _towards: ADDRESS)
    room = "s" * 200
    agent.receive(options(f"Max-Forwards: {evil}\r\nSubject: {room}\r\n"), SOURCE, 0.0)
    [(data, _)] = agent.datagrams()
    refusal = parse_message(data)
    assert isinstance(refusal, Response)
    assert refusal.status == 400
    warning = refusal.headers.only("Warning")
    assert warning.startswith('399 siptapi "')
    assert warning.count('"') == 2
    assert warning.isprintable()
    assert len(warning) < 250


# --- what people see -----------------------------------------------------------------------------


def test_a_callers_name_is_one_line_of_printable_text() -> None:
    agent = UserAgent(identifiers=CountingIdentifiers(), local_address=lambda _towards: ADDRESS)
    told: list[object] = []
    calls = IncomingCalls(agent, report=lambda _call, happening: told.append(happening))
    account, proxy = SipUri("example.org", "201"), SipUri("example.org")
    calls.lines.put(IncomingLine(name="office", account=account, next_hop=proxy, token="t"))
    name = "".join(f"\\{each}" for each in TERMINAL) + "<script>"
    agent.receive(options(name=name).replace(b"OPTIONS", b"INVITE"), SOURCE, 0.0)
    [ringing] = told
    assert isinstance(ringing, IncomingRinging)
    assert ringing.caller_name.isprintable()
    assert "<script>" in ringing.caller_name  # it is text: whoever makes HTML of it escapes it


@pytest.mark.parametrize("evil", EVIL)
def test_the_terminal_shows_a_reason_and_never_obeys_it(
    evil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    say(sentence(CallFailed(stage="callee", status=486, reason=f"Busy{evil}"), f"01{evil}"))
    say(*table(("name", "number"), (f"A{evil}", f"1{evil}")))
    lines = capsys.readouterr().out.removesuffix("\n").split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert printable_cell(evil, unicode=False).isprintable()


@pytest.mark.parametrize("evil", EVIL)
def test_an_error_of_ours_is_shown_on_one_line(
    evil: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(f"[lines.{json.dumps('a' + evil)}]\ndomain = 1\n", where=f"file{evil}")
    say(str(caught.value))
    out = capsys.readouterr().out.removesuffix("\n")
    assert out.isprintable()


@pytest.mark.parametrize("evil", [*BREAKS, "\0", TERMINAL, "\u2028"])
def test_a_line_cannot_be_named_so_that_it_breaks_one(evil: str) -> None:
    text = f'[lines.{json.dumps("office" + evil)}]\ndomain = "h"\nuser = "u"\n'
    with pytest.raises(SettingsError):
        parse(text)


@pytest.mark.parametrize("evil", EVIL)
def test_a_log_line_stays_one_line(evil: str) -> None:
    stream = io.StringIO()
    logs.configure("info", stream)
    try:
        logs.logger("siptapi.test").info("call", caller=f"A{evil}", names=[evil])
    finally:
        logs._output = logs._Output("warning", None)
    [line] = stream.getvalue().removesuffix("\n").split("\n")
    assert line.isprintable()
    assert json.loads(line)["caller"] == f"A{evil}"


@pytest.mark.parametrize("evil", [*EVIL, "\udc80"])
def test_a_traced_message_forges_no_other(evil: str) -> None:
    stream = io.StringIO()
    text = f"INVITE sip:h SIP/2.0\r\nSubject: {evil}\r\n\r\n"
    logs.print_message(TracedMessage(0.0, Direction.RECEIVED, "udp:h", "x", text), stream)
    first, *rest = stream.getvalue().removesuffix("\n").split("\n")
    assert first.endswith(" received from udp:h")
    assert all((not line or line.startswith("    ")) and line.isprintable() for line in rest)


# --- JSON and CSV --------------------------------------------------------------------------------


@pytest.mark.parametrize("evil", [*EVIL, "\udc80", "</script>"])
def test_an_event_is_one_line_of_ascii_that_reads_back(evil: str) -> None:
    happening = IncomingRinging(f"1{evil}", "2", f"A{evil}")
    line = write_line(encode_event(CallEvent(1, "c", "office", 0.0, happening)))
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert line[:-1].decode().isprintable()
    assert read_line(line)["caller_name"] == f"A{evil}"


@pytest.mark.parametrize("evil", [*EVIL, "\udc80"])
def test_an_error_crosses_the_control_line_in_one_line(evil: str) -> None:
    with pytest.raises(SiptapiError) as caught:
        decode_command({"command": f"dial{evil}"})
    line = write_line(encode_error(caught.value))
    assert line.count(b"\n") == 1
    assert line.isascii()


def test_fields_cannot_be_smuggled_into_a_command() -> None:
    with pytest.raises(UsageError):
        decode_command(read_line(b'{"command": "dial", "number": "1", "password": "x"}\n'))
    command = decode_command(read_line(b'{"command": "dial", "number": "1\\", \\"x\\": \\"2"}\n'))
    assert command.number == '1", "x": "2'  # type: ignore[union-attr]


def test_names_are_no_formulas_in_a_spreadsheet() -> None:
    from siptapi_core.commands import CallDirection, CallRecord

    record = CallRecord(
        call="c",
        line="office",
        direction=CallDirection.INCOMING,
        number="=1+1",
        name='@SUM(A1)\r\n"=2',
        started=0.0,
    )
    _, row = csv_lines([record])
    assert "'=1+1" in row
    assert "'@SUM(A1)" in row
