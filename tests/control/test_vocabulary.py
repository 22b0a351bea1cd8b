from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from anything import any_error, any_instance
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core import errors
from siptapi_core.commands import (
    CallDirection,
    CallRecord,
    Command,
    Dial,
    Dialling,
    Done,
    HangUp,
    ListHistory,
    Reply,
)
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
    NoSettingsError,
    RefusedError,
    SettingsError,
    SiptapiError,
    UnknownNameError,
    UsageError,
)
from siptapi_core.event_encoding import decode_event
from siptapi_core.events import (
    CallEnded,
    CallEvent,
    Happening,
    LineEvent,
    Outcome,
    RegistrationChanged,
    RegistrationState,
    Stage,
)
from siptapi_core.value_encoding import name_of
from siptapi_core.values import Value

COMMANDS = get_args(Command)
REPLIES = get_args(Reply)
RESERVED = {"id", "command", "reply", "error", "event", "trace", "subscribe", "type"} | {
    *("hello", "goodbye", "ping", "pong")
}


@given(st.one_of(map(any_instance, COMMANDS)))
def test_every_command_is_read_back_from_its_line(command: Command) -> None:
    assert decode_command(read_line(write_line(encode_command(command)))) == command


@given(st.one_of(map(any_instance, REPLIES)))
def test_every_reply_is_read_back_from_its_line(reply: Reply) -> None:
    decoded = decode_reply(read_line(write_line(encode_reply(reply))))
    assert decoded == reply
    assert type(decoded) is type(reply)


@given(any_error())
def test_every_error_is_read_back_as_what_it_was(error: SiptapiError) -> None:
    decoded = decode_error(read_line(write_line(encode_error(error))))
    assert type(decoded) is type(error)
    assert (str(decoded), decoded.code) == (str(error), error.code)
    lost = ("more", "request")
    for name in vars(error).keys() - lost:
        assert getattr(decoded, name) == getattr(error, name)
    if isinstance(error, SettingsError):
        assert isinstance(decoded, SettingsError)
        assert list(map(str, decoded.problems)) == list(map(str, error.problems))


@pytest.mark.parametrize("cls", [*COMMANDS, *REPLIES], ids=lambda cls: cls.__name__)
def test_no_field_is_taken_for_a_part_of_the_line(cls: type[Any]) -> None:
    assert not RESERVED.intersection(_names_of(cls))


def _names_of(cls: type[Any]) -> tuple[str, ...]:
    return cls.attribute_names if issubclass(cls, Value) else cls._fields


def test_a_command_is_its_name_and_what_is_not_by_default() -> None:
    assert encode_command(Dial(number="01/505641")) == {"command": "dial", "number": "01/505641"}
    assert encode_command(HangUp(call="c1")) == {"command": "hang_up", "call": "c1"}
    assert encode_command(ListHistory(direction=CallDirection.INCOMING, limit=5)) == {
        "command": "list_history",
        "direction": "incoming",
        "limit": 5,
    }


def test_a_reply_has_every_field() -> None:
    assert encode_reply(Done()) == {"reply": "done"}
    record = CallRecord(
        call="c1",
        line="office",
        direction=CallDirection.OUTGOING,
        number="301",
        started=1.5,
        events=(
            CallEvent(7, "c1", "office", 2.5, CallEnded(Outcome.BUSY, Stage.CALLEE)),
            LineEvent(8, "office", 3.5, RegistrationChanged(RegistrationState.FAILED, 403)),
        ),
    )
    encoded = encode_reply(record)
    assert encoded["reply"] == "call_record"
    assert encoded["duration"] is None
    assert [each["event"] for each in encoded["events"]] == ["call_ended", "registration_changed"]
    assert encoded["events"][0]["stage"] == "callee"
    assert len(encoded) == 1 + len(CallRecord.attribute_names)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"command": "dial", "number": "1", "lien": "office"}', "no field is named 'lien'"),
        ('{"command": "dial", "number": "1", "lien": "office"}', "did you mean line?"),
        ('{"command": "dail", "number": "1"}', "no command is named 'dail'.*did you mean dial?"),
        ('{"number": "1"}', "command: expected text, given null"),
        ('{"command": ["dial"]}', "command: expected text, given a list"),
        ('{"command": "dial"}', "number: missing; expected text"),
        ('{"command": "dial", "number": 112}', "number: expected text, given 112"),
        ('{"command": "dial", "number": null}', "number: expected text, given null"),
        ('{"command": "dial", "number": "1", "line": {}}', "line: expected text, given an object"),
        ('{"command": "dial", "number": "1", "confirmed": 1}', "confirmed: .*true or false"),
        ('{"command": "list_history", "limit": 1.5}', "limit: expected a whole number, given 1.5"),
        ('{"command": "list_history", "limit": true}', "limit: .*a whole number, given true"),
        ('{"command": "list_history", "since": "now"}', "since: expected a number"),
        ('{"command": "list_history", "since": 1e999}', "since: expected a number"),
        (
            '{"command": "list_history", "direction": "outgoin"}',
            "direction: expected one of outgoing, incoming, given 'outgoin'; did you mean out",
        ),
    ],
)
def test_what_cannot_be_obeyed_is_said_in_words(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        decode_command(json.loads(line))


def test_a_number_may_be_written_without_a_point() -> None:
    command = decode_command({"command": "list_history", "since": 5})
    assert isinstance(command, ListHistory)
    assert (command.since, type(command.since)) == (5.0, float)


def test_a_number_of_any_length_is_no_time() -> None:
    with pytest.raises(UsageError, match="since: expected a number"):
        decode_command({"command": "list_history", "since": 10**400})


def test_what_a_newer_version_adds_is_passed_over() -> None:
    reply = {"reply": "done", "at": 5}
    assert decode_reply(reply) == Done()


def test_a_reply_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="no reply is named 'well'"):
        decode_reply({"reply": "well"})


def test_an_explanation_inside_a_reply_must_be_whole() -> None:
    with pytest.raises(UsageError, match=r"explanation\.kind: missing; expected one of"):
        decode_reply({"reply": "dialling", "call": "c", "line": "l", "explanation": {"input": "1"}})


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("sip:", "explanation.dialled: 'sip:' is no SIP URI"),
        (5, "explanation.dialled: expected text, given 5"),
    ],
)
def test_a_uri_that_is_none_is_an_error(uri: object, words: str) -> None:
    explanation = {"input": "1", "kind": "internal", "e164": None, "formatted": "1"}
    explanation |= {"number": None, "dialled": uri}
    with pytest.raises(UsageError, match=words):
        decode_reply({"reply": "dialling", "call": "c", "line": "l", "explanation": explanation})


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"digits": "1"}, r"steps\[0\].target.type: expected text, given null"),
        (
            {"type": "x"},
            r"target.type: expected one of number, srv_name, host_port, address, given",
        ),
        ({"type": "number"}, r"steps\[0\].target.digits: missing"),
        (5, r"steps\[0\].target: expected an object, given 5"),
        ("tel:+431505641", r"steps\[0\].target: expected a URI, given 'tel:"),
    ],
)
def test_a_target_says_what_it_is(target: object, words: str) -> None:
    step = {"target": target, "outcome": "resolved", "why": "", "targets": []}
    with pytest.raises(UsageError, match=words):
        decode_reply({"reply": "resolution", "target": "x", "line": "l", "steps": [step]})


def test_errors_that_share_a_code_come_back_as_the_first_of_them() -> None:
    decoded = decode_error(encode_error(NoSettingsError("there are no settings")))
    assert type(decoded) is SettingsError


def test_every_code_has_its_class() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    own = [cls for cls in classes if issubclass(cls, SiptapiError) and "code" in vars(cls)]
    assert len({cls.code for cls in own}) == len(own)
    for cls in own:
        decoded = decode_error({"code": cls.code, "message": "why"})
        assert decoded.code == cls.code
        assert isinstance(decoded, cls if cls is not UnknownNameError else SiptapiError)
        assert "why" in str(decoded)


def test_an_error_that_nobody_here_knows_keeps_its_code_and_its_words() -> None:
    decoded = decode_error({"code": "line-on-fire", "message": "it burns", "since": 5})
    assert (type(decoded), decoded.code, str(decoded)) == (SiptapiError, "line-on-fire", "it burns")
    assert SiptapiError.code == "error"


def test_what_an_error_allows_is_kept() -> None:
    decoded = decode_error({"code": "denied", "message": "sure?", "confirmable": True})
    assert isinstance(decoded, DeniedError)
    assert decoded.confirmable


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"message": "x"}, "code: expected text"),
        ({"code": "denied"}, "message: expected text"),
        ({"code": "denied", "message": "x", "confirmable": "yes"}, "confirmable: expected true"),
        ([], "error: expected an object"),
    ],
)
def test_an_error_that_cannot_be_read_is_an_error(data: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        decode_error(data)


def test_an_error_without_words_of_its_own_is_only_its_code() -> None:
    assert encode_error(RefusedError("no")) == {"code": "refused", "message": "no"}


def test_a_dialling_reads_back_with_its_explanation() -> None:
    decoded = decode_reply(
        {
            "reply": "dialling",
            "call": "c1",
            "line": "office",
            "explanation": {
                "input": "01/505641",
                "kind": "national",
                "e164": "+431505641",
                "formatted": "+43 1 505641",
                "dialled": "sip:+431505641@pbx.example",
                "number": {"digits": "+431505641", "e164": "+431505641"},
            },
        }
    )
    assert isinstance(decoded, Dialling)
    assert str(decoded.explanation.dialled) == "sip:+431505641@pbx.example"
    assert str(decoded.explanation.number) == "+431505641"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@st.composite
def lines(draw: st.DrawFn, kind: str, classes: tuple[type[Any], ...]) -> dict[str, Any]:
    """What looks like one of the classes, and has anything in its fields."""
    cls = draw(st.sampled_from(classes))
    named = name_of(cls) if kind != "event" else cls.name
    names = _names_of(cls)
    given = draw(st.dictionaries(st.sampled_from([*names, "x"]), JSON))
    return {kind: named, **given}


@given(
    lines("command", COMMANDS)
    | lines("reply", REPLIES)
    | lines("event", get_args(Happening))
    | st.dictionaries(st.sampled_from(["code", "message", "known", "more"]), JSON)
)
def test_whatever_comes_is_read_or_refused_in_words(line: dict[str, Any]) -> None:
    read = {"command": decode_command, "reply": decode_reply, "event": decode_event}
    with suppress(UsageError):
        read.get(next(iter(line), ""), decode_error)(line)
