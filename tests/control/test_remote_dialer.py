from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from control_lab import HandClient, free_port, run, serving
from scripted_dialer import ScriptedDialer

from siptapi_core.commands import (
    Caller,
    Calls,
    Dial,
    Done,
    HangUp,
    ListCalls,
    ListLines,
    Resolve,
)
from siptapi_core.contracts import Dialer
from siptapi_core.control import place, remote_dialer
from siptapi_core.control.finding import by_address, find_daemon
from siptapi_core.control.lines import write_line
from siptapi_core.control.remote_dialer import RemoteDialer, open_remote_dialer
from siptapi_core.dialer import event_bus
from siptapi_core.errors import (
    DeniedError,
    LocalProtocolError,
    NetworkError,
    NumberError,
    RefusedError,
    RemoteProtocolError,
)
from siptapi_core.event_encoding import encode_event
from siptapi_core.events import (
    CallEvent,
    Direction,
    HandedOver,
    LineAdded,
    LineEvent,
    PhoneRinging,
    TracedMessage,
)

ME = Caller(frontend="test")
DIAL = Dial(number="01/505641")
MESSAGE = TracedMessage(
    1.5, Direction.SENT, "udp:192.0.2.1:5060", "x", "INVITE sip:a@b SIP/2.0\r\n"
)
HELLO = {"hello": "2.0", "siptapi": "9", "settings": "", "process": 1}
RINGS = CallEvent(7, "c1", "office", 1.5, PhoneRinging())


@asynccontextmanager
async def remote(caller: Caller = ME, **options: Any) -> AsyncIterator[RemoteDialer]:
    """A dialer that speaks with the daemon of `serving`."""
    found = find_daemon()
    assert found is not None
    async with open_remote_dialer(found[0], caller, token=found[1], **options) as dialer:
        yield dialer


@asynccontextmanager
async def against(
    *first: dict[str, Any] | bytes, sent: bytes = b"", limit: int = 2**20
) -> AsyncIterator[tuple[RemoteDialer, HandClient]]:
    """A dialer, and the other end of its line, which begins by saying ``first``."""
    one, other = socket.socketpair()
    daemon = HandClient(*await asyncio.open_connection(sock=other, limit=limit))
    daemon.say(*first)
    try:
        async with open_remote_dialer(one, ME, sent=sent) as dialer:
            yield dialer, daemon
    finally:
        daemon.writer.close()


def lines(*given: dict[str, Any]) -> bytes:
    return b"".join(map(write_line, given))


# --- with a daemon ---------------------------------------------------------------------------


def test_it_does_what_the_dialer_there_does() -> None:
    there = ScriptedDialer({ListCalls: Calls(()), HangUp: RefusedError("too late")})

    async def main() -> None:
        async with serving(there), remote() as here:
            contract: Dialer = here
            assert await contract.execute(DIAL, ME) == Done()
            assert await contract.execute(ListCalls(), ME) == Calls(())
            with pytest.raises(RefusedError, match="too late"):
                await contract.execute(HangUp(call="c1"), ME)

    run(main())
    assert [command for command, _ in there.executed] == [DIAL, ListCalls(), HangUp(call="c1")]
    assert {caller for _, caller in there.executed} == {ME}


def test_over_tcp_it_is_the_same_with_a_token() -> None:
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there, listen=f"127.0.0.1:{free_port()}"):
            found = by_address(place.address_file())
            assert found is not None
            async with open_remote_dialer(found[0], ME, token=found[1]) as here:
                assert await here.execute(DIAL, ME) == Done()
            found = by_address(place.address_file())
            assert found is not None
            with pytest.raises(NetworkError, match="that knows another token"):
                async with open_remote_dialer(found[0], ME, token="guessed"):
                    pytest.fail("it was let in")

    run(main())
    assert there.executed == [(DIAL, ME)]


def test_an_error_is_raised_as_it_was_there() -> None:
    wrong = NumberError("'x' cannot stand in a number", text="112x", position=3)
    there = ScriptedDialer({Dial: DeniedError("sure?", confirmable=True), Resolve: wrong})

    async def main() -> None:
        async with serving(there), remote() as here:
            with pytest.raises(DeniedError) as denied:
                await here.execute(DIAL, ME)
            assert denied.value.confirmable
            with pytest.raises(NumberError) as refused:
                await here.execute(Resolve(target="112x"), ME)
            assert (refused.value.position, str(refused.value)) == (3, str(wrong))

    run(main())


def test_several_answers_are_told_apart() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def slow(_command: object) -> Calls:
        second.set()
        await first.wait()
        return Calls(())

    there = ScriptedDialer({ListCalls: slow})

    async def main() -> None:
        async with serving(there), remote() as here:
            waiting = asyncio.create_task(here.execute(ListCalls(), ME))
            await second.wait()
            assert await here.execute(DIAL, ME) == Done()
            first.set()
            assert await waiting == Calls(())

    run(main())


def test_events_begin_with_the_call_of_events() -> None:
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there), remote() as here:
            there.tells.tell_of_line("before", LineAdded())
            events = here.events(ME)
            await here.execute(DIAL, ME)
            there.tells.tell_of_call("c1", "office", HandedOver())
            second = here.events(ME)
            there.tells.tell_of_line("lab", LineAdded())
            assert await anext(events) == CallEvent(2, "c1", "office", 1e9, HandedOver())
            assert await anext(events) == LineEvent(3, "lab", 1e9, LineAdded())
            assert (await anext(second)).line in ("office", "lab")

    run(main())


def test_events_of_the_past_come_to_the_first_who_asks() -> None:
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there), remote() as here:
            for line in ("a", "b", "c"):
                there.tells.tell_of_line(line, LineAdded())
            events = here.events(ME, after=1)
            assert [(await anext(events)).line, (await anext(events)).line] == ["b", "c"]
            with pytest.raises(RefusedError, match="once"):
                here.events(ME, after=1)

    run(main())


def test_events_that_are_not_kept_end_the_stream_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_bus, "KEPT", 1)
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there), remote() as here:
            for line in ("a", "b", "c"):
                there.tells.tell_of_line(line, LineAdded())
            with pytest.raises(RefusedError, match="not kept any more"):
                await anext(here.events(ME, after=0))
            assert await here.execute(DIAL, ME) == Done()

    run(main())


def test_a_trace_that_is_too_much_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_bus, "KEPT", 5)
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there), remote() as here:
            traced = here.traced()
            await here.execute(DIAL, ME)
            for _ in range(7):
                there.traces.publish(MESSAGE)
            assert [await anext(traced) for _ in range(5)] == [MESSAGE] * 5
            with pytest.raises(RefusedError, match="more than 5 events behind"):
                await anext(traced)
            assert await here.execute(DIAL, ME) == Done()

    run(main())


def test_messages_are_traced_for_everyone_who_asks() -> None:
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there):
            async with remote() as here:
                one, two = here.traced(), here.traced()
                await here.execute(DIAL, ME)
                there.traces.publish(MESSAGE)
                assert (await anext(one), await anext(two)) == (MESSAGE, MESSAGE)
            assert [each async for each in one] == []

    run(main())


def test_a_line_is_one_callers() -> None:
    async def main() -> None:
        async with serving(ScriptedDialer()), remote() as here:
            for other in (Caller(frontend="http"), Caller(frontend="test", lines=frozenset())):
                with pytest.raises(LocalProtocolError, match="this control line is"):
                    await here.execute(DIAL, other)
                with pytest.raises(LocalProtocolError, match="this control line is"):
                    here.events(other)

    run(main())


def test_what_a_caller_may_use_goes_along() -> None:
    there = ScriptedDialer()
    limited = Caller(frontend="http", lines=frozenset({"lab", "office"}))

    async def main() -> None:
        async with serving(there), remote(limited) as here:
            await here.execute(DIAL, limited)

    run(main())
    assert there.executed == [(DIAL, limited)]


def test_a_daemon_that_will_not_have_us_says_why() -> None:
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there):
            with pytest.raises(RefusedError, match="other settings"):
                async with remote(settings="/nowhere/siptapi.toml"):
                    pytest.fail("it was let in")

    run(main())


def test_a_daemon_that_ends_properly_ends_the_streams_with_its_words() -> None:
    there = ScriptedDialer()

    async def main() -> None:
        async with serving(there), remote() as here:
            events = here.events(ME)
            await here.execute(DIAL, ME)
            there.tells.tell_of_call("c1", "office", HandedOver())
            there.close()
            assert (await anext(events)).line == "office"
            with pytest.raises(RefusedError, match="SIPTAPI is shutting down"):
                await anext(events)
            with pytest.raises(RefusedError, match="SIPTAPI is shutting down"):
                await here.execute(DIAL, ME)
            with pytest.raises(RefusedError, match="SIPTAPI is shutting down"):
                await anext(here.traced())

    run(main())


# --- what was sent in a hurry ----------------------------------------------------------------


def test_what_was_sent_already_is_not_sent_again() -> None:
    dialled = asyncio.Event()

    async def dial(_command: object) -> Done:
        dialled.set()
        return Done()

    there = ScriptedDialer({Dial: dial})
    hello = {"hello": "2.0", "frontend": "test"}
    sent = lines(
        hello,
        {"id": 1, "subscribe": "events"},
        {"id": 2, "subscribe": "trace"},
        {"id": 3, "command": "dial", "number": "01/505641"},
    )

    async def main() -> None:
        async with serving(there):
            found = find_daemon()
            assert found is not None
            found[0].sendall(sent)
            async with open_remote_dialer(found[0], ME, sent=sent) as here:
                await dialled.wait()
                there.traces.publish(MESSAGE)
                there.tells.tell_of_call("c1", "office", PhoneRinging())
                await here.execute(DIAL, ME)
                events, traced = here.events(ME), here.traced()
                assert (await anext(events)).line == "office"
                assert await anext(traced) == MESSAGE
                assert there.executed == [(DIAL, ME)]
                await here.execute(DIAL, ME)
                await here.execute(ListLines(), ME)

    run(main())
    assert [command for command, _ in there.executed] == [DIAL, DIAL, ListLines()]


def test_whoever_asks_for_something_else_than_was_sent_is_wrong() -> None:
    async def main() -> None:
        sent = lines(HELLO, {"id": 1, "command": "dial", "number": "01/505641"})
        async with against(HELLO, sent=sent) as (here, there):
            with pytest.raises(LocalProtocolError, match="something else already"):
                await here.execute(Dial(number="112"), ME)
            there.say({"id": 1, "reply": "done"})
            assert await here.execute(DIAL, ME) == Done()

    run(main())


# --- without a daemon that is in its right mind ----------------------------------------------


def test_a_daemon_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_dialer, "HELLO_SECONDS", 0.05)

    async def main() -> None:
        with pytest.raises(NetworkError, match="the daemon does not answer"):
            async with against():
                pytest.fail("there was no hello")

    run(main())


@pytest.mark.parametrize(
    ("end", "error", "words"),
    [
        (b"", NetworkError, "the daemon has gone"),
        (b'{"id": 1, "repl', NetworkError, "the daemon has gone"),
        (b"oops\n", RemoteProtocolError, "the daemon said what cannot be read: this is no line"),
        (b'{"id": 2, "reply": "well"}\n', RemoteProtocolError, "no reply is named 'well'"),
        (b'{"id": 2, "error": 5}\n', RemoteProtocolError, "error: expected an object"),
        (b'{"reply": "done"}\n', RemoteProtocolError, "id: expected a whole number, given null"),
        (b'{"trace": {}}\n', RemoteProtocolError, "trace.time: missing; expected a number"),
        (b'{"id": 1, "event": "handed_over"}\n', RemoteProtocolError, "call: missing"),
        (b'{"goodbye": {"code": "refused", "message": "enough"}}\n', RefusedError, "enough"),
        (b"x" * 2000 + b"\n", RemoteProtocolError, "cannot be read"),
    ],
)
def test_when_the_daemon_goes_everyone_who_waits_is_told_why(
    end: bytes, error: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_dialer, "LONGEST_LINE", 1000)

    async def main() -> None:
        async with against(HELLO) as (here, there):
            events = here.events(ME)
            waiting = asyncio.create_task(here.execute(DIAL, ME))
            await there.hear(), await there.hear(), await there.hear()
            there.say(json.dumps(encode_event(RINGS)).encode() + b"\n", end)
            there.writer.write_eof()
            assert await anext(events) == RINGS
            for ends in (waiting, anext(events), here.execute(DIAL, ME)):
                with pytest.raises(error, match=words):
                    await ends

    run(main())


def test_a_line_that_breaks_is_a_daemon_that_has_gone() -> None:
    async def main() -> None:
        async with against(HELLO) as (here, _):
            here._reader.set_exception(ConnectionResetError())
            with pytest.raises(NetworkError, match="the daemon has gone"):
                await here.execute(DIAL, ME)

    run(main())


def test_a_daemon_that_goes_before_its_hello_is_an_error() -> None:
    async def main() -> None:
        one, other = socket.socketpair()
        other.close()
        with pytest.raises(NetworkError, match="the daemon has gone"):
            async with open_remote_dialer(one, ME):
                pytest.fail("there was no hello")

    run(main())


def test_what_a_newer_daemon_adds_is_passed_over() -> None:
    async def main() -> None:
        async with against({**HELLO, "colour": "red"}) as (here, there):
            events = here.events(ME)
            there.say({"news": 1}, {**encode_event(RINGS), "event": "phone_exploded"})
            there.say({**encode_event(RINGS), "colour": "red"}, {"id": 99, "reply": "done"})
            assert await anext(events) == RINGS

    run(main())


def test_a_sign_of_life_is_given() -> None:
    async def main() -> None:
        async with against(HELLO, {"ping": 5}) as (_, there):
            assert (await there.hear() or {})["hello"] == "2.0"
            assert await there.hear() == {"pong": 5}

    run(main())


def test_who_does_not_wait_for_the_answer_is_not_told() -> None:
    async def main() -> None:
        async with against(HELLO) as (here, there):
            asked = asyncio.create_task(here.execute(DIAL, ME))
            await there.hear(), await there.hear()
            asked.cancel()
            await asyncio.wait([asked])
            there.say({"id": 1, "reply": "done"}, {"id": 2, "reply": "calls", "calls": []})
            assert await here.execute(ListCalls(), ME) == Calls(())

    run(main())


def test_leaving_ends_every_stream() -> None:
    async def main() -> None:
        async with against(HELLO) as (here, there):
            events, traced = here.events(ME), here.traced()
            there.say(encode_event(RINGS))
            assert await anext(events) == RINGS
        assert [each async for each in events] == []
        assert [each async for each in traced] == []
        assert await there.hear_all()  # the hello, the subscriptions, the end

    run(main())
