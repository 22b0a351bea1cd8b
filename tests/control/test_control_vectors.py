"""The protocol as it is written down: docs/control.md, and vectors.json for other languages.

``python tests/control/test_control_vectors.py`` writes the vectors anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from control_lab import client, run, serving
from scripted_dialer import ScriptedDialer

from siptapi_core.commands import (
    CallDirection,
    CallRecord,
    Calls,
    CallState,
    CallStatus,
    Command,
    Dial,
    Dialling,
    Done,
    Explain,
    HangUp,
    History,
    Lines,
    LineStatus,
    ListCalls,
    ListHistory,
    ListLines,
    ListPlugins,
    Messages,
    PlainData,
    PluginRecord,
    Plugins,
    PluginState,
    Redirect,
    Reject,
    Reload,
    Reloaded,
    Reply,
    Resolve,
    ShowCall,
    ShowMessages,
    ShownSettings,
    ShowSettings,
    ShowStatus,
    Status,
    Transfer,
)
from siptapi_core.control.authentication import Handshake
from siptapi_core.control.finding import PROTOCOL
from siptapi_core.control.lines import read_line, write_line
from siptapi_core.control.vocabulary import (
    decode_command,
    decode_error,
    decode_reply,
    encode_command,
    encode_error,
    encode_reply,
)
from siptapi_core.errors import (
    DeniedError,
    NumberError,
    RefusedError,
    SettingsError,
    SiptapiError,
    UnknownNameError,
    UsageError,
)
from siptapi_core.event_encoding import decode_event, encode_event
from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallEvent,
    CallFailed,
    CallPlaced,
    ConversationEnded,
    Direction,
    Event,
    HandedOver,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    LineAdded,
    LineChanged,
    LineEvent,
    LineHappening,
    LineRemoved,
    Outcome,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    RegistrationChanged,
    RegistrationState,
    Reporter,
    Stage,
    StrategyFellBack,
    TracedMessage,
    TransferRequested,
    WatchChanged,
)
from siptapi_core.numbers import Explanation, Kind, Step
from siptapi_core.resolution import Resolution, ResolutionStep, StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, HostPort, Number, SrvName, Transport
from siptapi_core.version import VERSION

VECTORS = Path(__file__).with_name("vectors.json")
PAGE = Path(__file__).parents[2] / "docs" / "control.md"

EXPLANATION = Explanation(
    input="01/505641",
    kind=Kind.NATIONAL,
    e164="+431505641",
    country="AT",
    formatted="+43 1 505641",
    dialled=SipUri("pbx.example", "+431505641"),
    number=Number("+431505641", "+431505641"),
    steps=(Step("read as", "01505641"),),
)
COMMANDS: tuple[Command, ...] = (
    Dial(number="01/505641"),
    Dial(
        number='T0W664|sub^Jörg "J"',
        line="office",
        strategy="refer-to-phone",
        confirmed=True,
        country_code=43,
    ),
    HangUp(call="c1"),
    Transfer(call="c1", number="305", confirmed=True),
    Reject(call="c1"),
    Redirect(call="c1", number="sip:bob@example.com"),
    Explain(text="+43 (1) 505641"),
    Resolve(target="sip:example.com", line="office"),
    ListCalls(),
    ListLines(),
    ListHistory(),
    ListHistory(line="office", direction=CallDirection.INCOMING, since=1e9, limit=20),
    ShowCall(call="c1"),
    ShowMessages(call="c1"),
    Reload(),
    ShowStatus(),
    ListPlugins(),
    ShowSettings(),
)
EVENTS: tuple[Event, ...] = tuple(
    CallEvent(number, "c1", "office", 1_000_000_000.25, happening)
    for number, happening in enumerate(
        (
            CallPlaced("+431505641", "sip:+431505641@pbx.example", "tapi"),
            PhoneCalling("refer-via-proxy"),
            PhoneRinging(),
            PhoneAnswered(),
            ReferAccepted(),
            CalleeTrying(),
            CalleeRinging(183),
            CalleeAnswered(),
            HandedOver(),
            TransferRequested("sip:305@pbx.example"),
            CallFailed(Stage.CALLEE, 486, "Busy Here", reported_by=Reporter.SIPFRAG),
            CallFailed(Stage.PROXY, None, "no answer"),
            StrategyFellBack("refer-via-proxy", "refer-to-phone", "403 Forbidden"),
            CallEnded(Outcome.NO_ANSWER, Stage.CALLEE),
            CallCorrected(Outcome.ANSWERED),
            ConversationEnded(61.5),
            IncomingRinging("+431505641", "201", "Jörg", "200"),
            IncomingAnsweredElsewhere(),
            IncomingEnded(IncomingOutcome.NOT_ANSWERED, 487),
        ),
        start=1,
    )
) + tuple(
    LineEvent(number, "office", 1_000_000_001.5, happening)
    for number, happening in enumerate(
        (
            LineAdded(),
            LineChanged(),
            LineRemoved(),
            RegistrationChanged(RegistrationState.REGISTERED, 200, expires=3600.0),
            RegistrationChanged(RegistrationState.FAILED, 403, "Forbidden", retry_after=30.0),
            WatchChanged(watching=False, reason="489 Bad Event"),
        ),
        start=100,
    )
)
CALL = CallStatus(
    call="c1",
    line="office",
    number="+431505641",
    state=CallState.CALLEE_RINGING,
    started=1_000_000_000.0,
    strategy="refer-via-proxy",
)
RECORD = CallRecord(
    call="c1",
    line="office",
    direction=CallDirection.OUTGOING,
    number="+431505641",
    started=1_000_000_000.0,
    ended=1_000_000_009.0,
    outcome="busy",
    stage=Stage.CALLEE,
    status=486,
    reason="Busy Here",
)
REPLIES: tuple[Reply, ...] = (
    Dialling(call="c1", line="office", explanation=EXPLANATION),
    Done(),
    EXPLANATION,
    Resolution(
        target="+431505641",
        line="office",
        steps=(
            ResolutionStep(
                target=Number("+431505641", "+431505641"),
                outcome=StepOutcome.RESOLVED,
                why="an ENUM record",
                resolver="enum",
                targets=(SipUri("example.com", "bob"),),
                ttl=60.0,
            ),
            ResolutionStep(
                target=SipUri("example.com", "bob"),
                outcome=StepOutcome.RESOLVED,
                why="a NAPTR record",
                resolver="naptr",
                targets=(SrvName("_sip._udp.example.com", Transport.UDP, "example.com"),),
            ),
            ResolutionStep(
                target=SrvName("_sip._udp.example.com", Transport.UDP, "example.com"),
                outcome=StepOutcome.RESOLVED,
                why="an SRV record",
                resolver="srv",
                targets=(HostPort("sip.example.com", 5060, Transport.UDP, "example.com"),),
            ),
            ResolutionStep(
                target=HostPort("sip.example.com", 5060, Transport.UDP, "example.com"),
                outcome=StepOutcome.RESOLVED,
                why="an A record",
                resolver="a",
                targets=(Address("192.0.2.1", 5060),),
            ),
        ),
        addresses=(Address("192.0.2.1", 5060),),
        callee=SipUri("example.com", "bob"),
    ),
    Calls((CALL,)),
    Lines(
        (
            LineStatus(
                name="office",
                account="sip:201@pbx.example",
                phone="sip:201@pbx.example",
                strategies=("refer-via-proxy", "refer-to-phone"),
                registration=RegistrationState.REGISTERED,
            ),
        )
    ),
    History(calls=(RECORD,), next_page="p2"),
    RECORD.evolve(events=(EVENTS[0], EVENTS[10], EVENTS[13])),
    Messages(
        (
            TracedMessage(
                1_000_000_000.5,
                Direction.SENT,
                "udp:192.0.2.1:5060",
                "a84b4c76e66710",
                "BYE sip:201@192.0.2.9 SIP/2.0\r\nCall-ID: a84b4c76e66710\r\n\r\n",
                "c1",
                "udp:192.0.2.7:40000",
            ),
        )
    ),
    Reloaded(added=("lab",), removed=("desk",), warnings=("dns: only a restart changes it",)),
    Status(
        version="0.1.0",
        started=1_000_000_000.0,
        settings_file="/etc/xdg/siptapi/siptapi.toml",
        counters={"calls": 1, "timers": 12},
        registered=2,
        lines=3,
    ),
    Plugins(
        (
            PluginRecord(
                name="naptr",
                distribution="siptapi",
                version="0.1.0",
                state=PluginState.LOADED,
                offers=("resolver naptr",),
            ),
        )
    ),
    ShownSettings(
        file="/etc/xdg/siptapi/siptapi.toml",
        settings={"lines": PlainData({"office": {"user": "201", "password": "<secret>"}})},
    ),
)
ERRORS: tuple[SiptapiError, ...] = (
    RefusedError("there is no call 'c9' in progress; it may have ended"),
    DeniedError("0900 1 must be confirmed before it is dialled", confirmable=True),
    NumberError("there is no digit in it", text="xx", position=0),
    UnknownNameError("line", "offic", known=("office", "lab")),
    SettingsError("expected text, given true", where="/etc/siptapi.toml", key="lines.a.user"),
)
REFUSED_COMMANDS = (
    '{"command":"dail","number":"1"}',
    '{"command":"dial"}',
    '{"command":"dial","number":1}',
    '{"command":"dial","number":"1","lien":"office"}',
    '{"command":"list_history","direction":"up"}',
    '{"command":"list_history","limit":1.5}',
)
HANDSHAKES = (
    Handshake("0123456789abcdef" * 4, "c1" * 32, "d1" * 32, "127.0.0.1:50000", "127.0.0.1:5039"),
    Handshake("fedcba9876543210" * 4, "c2" * 32, "d2" * 32, "[::1]:50000", "[::1]:5039"),
)


def text(data: dict[str, Any]) -> str:
    return write_line(data).decode().rstrip("\n")


def refusal(line: str) -> dict[str, Any]:
    with pytest.raises(UsageError) as refused:
        decode_command(json.loads(line))
    return encode_error(refused.value)


def vectors() -> dict[str, Any]:
    """What the file has to be."""
    return {
        "protocol": PROTOCOL,
        "commands": [text({"id": n, **encode_command(c)}) for n, c in enumerate(COMMANDS, 1)],
        "replies": [text({"id": n, **encode_reply(r)}) for n, r in enumerate(REPLIES, 1)],
        "errors": [text({"id": n, "error": encode_error(e)}) for n, e in enumerate(ERRORS, 1)],
        "events": [text(encode_event(event)) for event in EVENTS],
        "proofs": [
            {
                **handshake._asdict(),
                "proof_of_daemon": handshake.proof("daemon"),
                "proof_of_client": handshake.proof("client"),
            }
            for handshake in HANDSHAKES
        ],
        "refused": [{"line": line, "error": refusal(line)} for line in REFUSED_COMMANDS],
    }


def written() -> dict[str, Any]:
    return json.loads(VECTORS.read_text())  # type: ignore[no-any-return]


def test_the_committed_vectors_are_what_the_code_says() -> None:
    assert written() == vectors(), f"write them anew: python {__file__}"


def test_every_line_is_read_as_what_it_was_made_from() -> None:
    file = written()
    read = [read_line(line.encode()) for line in file["commands"]]
    assert [line.pop("id") for line in read] == list(range(1, len(read) + 1))
    assert tuple(map(decode_command, read)) == COMMANDS
    assert tuple(decode_reply(read_line(line.encode())) for line in file["replies"]) == REPLIES
    assert tuple(decode_event(read_line(line.encode())) for line in file["events"]) == EVENTS
    errors = [decode_error(read_line(line.encode())["error"]) for line in file["errors"]]
    assert [(type(each), str(each)) for each in errors] == [(type(e), str(e)) for e in ERRORS]


def test_nothing_of_the_vocabulary_is_left_out() -> None:
    assert {type(each) for each in COMMANDS} == set(get_args(Command))
    assert {type(each) for each in REPLIES} == set(get_args(Reply))
    happened = {type(each.happening) for each in EVENTS}
    assert happened == {*get_args(Happening), *get_args(LineHappening)}


# --- the page --------------------------------------------------------------------------------

BLOCKS = re.findall(r"```control\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SETTINGS = "/etc/xdg/siptapi/siptapi.toml"


class Described(ScriptedDialer):
    """Does what the page says that a daemon does."""

    async def execute(self, command: Command, caller: object) -> Reply:
        if isinstance(command, Dial) and command.number == "01/505641":
            asyncio.get_running_loop().call_later(0.01, self.begin)
            return Dialling(call="c1", line="office", explanation=EXPLANATION)
        if isinstance(command, Dial):
            words = "0900 1234 must be confirmed before it is dialled (rule 0900*)"
            raise DeniedError(words, confirmable=True)
        assert command == HangUp(call="c1")
        asyncio.get_running_loop().call_later(0.01, self.end)
        return Done()

    def begin(self) -> None:
        placed = CallPlaced("+431505641", "sip:+431505641@pbx.example", "cli")
        self.tells.tell_of_call("c1", "office", placed)
        self.tells.tell_of_call("c1", "office", PhoneRinging())

    def end(self) -> None:
        self.tells.tell_of_call("c1", "office", CallEnded(Outcome.CANCELLED, Stage.PHONE))


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_on_the_page_is_what_happens(
    block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("siptapi_core.control.hello._same", lambda one, other: one == other)
    block = block.replace('"siptapi": "0.1.0"', f'"siptapi": "{VERSION}"')
    block = block.replace('"process": 4711', f'"process": {os.getpid()}')

    async def main() -> None:
        async with serving(Described(), settings_file=SETTINGS), client(greeted=False) as one:
            for line in block.splitlines():
                side, data = line[:3], json.loads(line[3:])
                assert side in ("C: ", "S: ")
                if side == "C: ":
                    one.say(data)
                else:
                    assert await one.hear() == data

    run(main())


def test_the_handshake_on_the_page_is_the_first_of_the_vectors() -> None:
    (block,) = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    first = written()["proofs"][0]
    assert [json.loads(line[3:]) for line in block.splitlines()] == [
        {"authenticate": first["client_nonce"]},
        {"challenge": first["daemon_nonce"], "proof": first["proof_of_daemon"]},
        {"proof": first["proof_of_client"]},
    ]


def test_the_page_has_examples_and_names_every_key() -> None:
    assert len(BLOCKS) == 4
    page = PAGE.read_text(encoding="utf-8")
    keys = ("hello", "command", "subscribe", "ping", "pong", "reply", "error", "event", "trace")
    before = ("authenticate", "challenge", "proof")
    for key in (*keys, *before, "goodbye", "frontend", "settings", "lines"):
        assert f"`{key}`" in page


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1) + "\n")
