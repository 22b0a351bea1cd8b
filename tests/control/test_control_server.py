from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from control_lab import (
    HandClient,
    client,
    free_port,
    run,
    serving,
    token_of_daemon,
)
from scripted_dialer import ScriptedDialer

from siptapi_core.commands import (
    Caller,
    Dial,
    Done,
    Explain,
    HangUp,
    ListCalls,
    ListLines,
    Reload,
    Resolve,
    ShowStatus,
)
from siptapi_core.control import connection, place
from siptapi_core.control import server as server_module
from siptapi_core.dialer import event_bus
from siptapi_core.errors import DeniedError
from siptapi_core.events import (
    CalleeRinging,
    CallPlaced,
    Direction,
    Event,
    HandedOver,
    LineAdded,
    TracedMessage,
)
from siptapi_core.logs import configure
from siptapi_core.version import VERSION

DIAL = {"id": 1, "command": "dial", "number": "01/505641"}
EVENTS = {"id": 1, "subscribe": "events"}
TRACE = {"id": 2, "subscribe": "trace"}
MESSAGE = TracedMessage(
    1.5, Direction.SENT, "udp:192.0.2.1:5060", "x", "INVITE sip:a@b SIP/2.0\r\n"
)


def goodbye(line: dict[str, Any] | None) -> tuple[str, str]:
    assert line is not None
    (why,) = line.values()
    assert list(line) == ["goodbye"]
    return why["code"], why["message"]


# --- the hello -------------------------------------------------------------------------------


def test_both_sides_say_who_they_are(tmp_path: Path) -> None:
    settings = tmp_path / "siptapi.toml"
    settings.touch()

    async def main() -> None:
        async with serving(ScriptedDialer(), settings_file=str(settings)):
            for wanted in ({}, {"settings": str(settings)}, {"hello": "2.9", "colour": "red"}):
                async with client(greeted=False) as one:
                    assert await one.greet(**wanted) == {
                        "hello": "2.0",
                        "siptapi": VERSION,
                        "settings": str(settings),
                        "process": os.getpid(),
                    }

    run(main())


@pytest.mark.parametrize(
    ("hello", "code", "words"),
    [
        ({"hello": "1.0", "frontend": "x"}, "not-supported", "has version 2.0 here and '1.0'"),
        ({"hello": "2.0"}, "usage", "frontend: missing; expected text"),
        ({"frontend": "x"}, "usage", "hello: missing; expected text"),
        ({"hello": "2.0", "frontend": "x", "lines": "office"}, "usage", "lines: expected a list"),
        ({"hello": "2.0", "frontend": "x", "settings": "default"}, "refused", "other settings"),
        ({"hello": "2.0", "frontend": "x", "settings": "/nowhere"}, "refused", "other settings"),
        (DIAL, "usage", "hello: missing"),
        (b"dial 01/505641\n", "usage", "this is no line of JSON"),
    ],
)
def test_who_is_not_welcome_is_told_why_and_nothing_is_done(
    hello: Any, code: str, words: str
) -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client(greeted=False) as one:
            one.say(hello, DIAL)
            assert goodbye(await one.hear())[0] == code
            assert await one.hear() is None
        async with serving(dialer), client(greeted=False) as one:
            one.say(hello)
            assert words in goodbye(await one.hear())[1]

    run(main())
    assert dialer.executed == []


def test_the_settings_that_are_taken_by_default_are_meant_by_who_names_none(home: Path) -> None:
    default = home / "siptapi" / "siptapi.toml"
    default.parent.mkdir()
    default.touch()

    async def main() -> None:
        dialer = ScriptedDialer()
        async with serving(dialer, settings_file=str(default)), client(greeted=False) as one:
            assert (await one.greet(settings="default") or {})["hello"] == "2.0"

    run(main())


def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HELLO_SECONDS", 0.05)

    async def main() -> None:
        async with serving(ScriptedDialer()), client(greeted=False) as one:
            assert goodbye(await one.hear()) == ("refused", "no hello came within 0 seconds")

    run(main())


def test_who_leaves_at_once_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with serving(ScriptedDialer()) as server:
            async with client(greeted=False):
                pass
            async with client() as one:
                await one.settled()
                assert len(server._clients) == 1

    run(main())


# --- commands --------------------------------------------------------------------------------


def test_a_command_is_carried_out_for_who_asked_and_answered() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client(greeted=False) as one:
            await one.greet(frontend="tapi", lines=["office"])
            assert await one.ask(DIAL) == {"id": 1, "reply": "done"}
            hang_up = {"id": "c", "command": "hang_up", "call": "c1"}
            assert await one.ask({**hang_up, "id": 7}) == {"id": 7, "reply": "done"}

    run(main())
    caller = Caller(frontend="tapi", lines=frozenset({"office"}))
    assert dialer.executed == [(Dial(number="01/505641"), caller), (HangUp(call="c1"), caller)]


def test_what_cannot_be_done_is_told_and_the_line_goes_on() -> None:
    denied = DeniedError("must be confirmed", confirmable=True)
    dialer = ScriptedDialer({Dial: denied, Explain: ZeroDivisionError("oops")})

    async def main() -> None:
        async with serving(dialer), client() as one:
            error = {"code": "denied", "message": "must be confirmed", "confirmable": True}
            assert await one.ask(DIAL) == {"id": 1, "error": error}
            heard = await one.ask({**DIAL, "lien": "office"})
            assert heard is not None
            assert heard["error"]["code"] == "unknown-name"
            assert "no field is named 'lien'" in heard["error"]["message"]
            heard = await one.ask({"id": 2, "command": "explain", "text": "1"})
            assert heard is not None
            assert heard["error"] == {
                "code": "unexpected",
                "message": "something unexpected happened: ZeroDivisionError: oops",
            }
            assert await one.ask({"id": 3, "command": "list_calls"}) == {"id": 3, "reply": "done"}

    run(main())


def test_what_takes_long_holds_nothing_up_until_there_is_too_much_of_it() -> None:
    go = asyncio.Event()

    async def slow(_command: object) -> Done:
        await go.wait()
        return Done()

    dialer = ScriptedDialer({Resolve: slow})
    most = connection.COMMANDS_AT_ONCE

    async def main() -> None:
        async with serving(dialer), client() as one:
            resolve = {"command": "resolve", "target": "x"}
            one.say(*({"id": number, **resolve} for number in range(most - 1)))
            assert await one.ask({"id": 99, "command": "list_lines"}) == {"id": 99, "reply": "done"}
            one.say({"id": 100, **resolve}, {"id": 101, "command": "list_calls"}, {"ping": 1})
            async with client() as other:
                await other.settled()
            assert ListCalls() not in [command for command, _ in dialer.executed]
            go.set()
            heard = [await one.hear() for _ in range(most + 2)]
            assert {"id": 101, "reply": "done"} in heard
            assert {"pong": 1} in heard

    run(main())


def test_who_only_sends_still_gets_its_answers() -> None:
    go = asyncio.Event()

    async def slow(_command: object) -> Done:
        await go.wait()
        return Done()

    async def main() -> None:
        async with serving(ScriptedDialer({Resolve: slow})), client() as one:
            one.say({"id": 1, "command": "resolve", "target": "x"}, DIAL)
            one.writer.write_eof()
            assert await one.hear() == {"id": 1, "reply": "done"}
            go.set()
            assert await one.hear_all() == [{"id": 1, "reply": "done"}]

    run(main())


def test_a_command_of_who_is_gone_is_carried_out_to_its_end() -> None:
    go, done = asyncio.Event(), asyncio.Event()

    async def slow(_command: object) -> Done:
        await go.wait()
        done.set()
        return Done()

    async def main() -> None:
        dialer = ScriptedDialer({Reload: slow})
        async with serving(dialer):
            async with client() as one:
                one.say({"id": 1, "command": "reload"})
                await one.settled()
            async with client() as other:
                await other.settled()
                go.set()
                await done.wait()

    run(main())


def test_both_sides_may_ask_for_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with serving(ScriptedDialer()), client() as one:
            assert await one.ask({"ping": {"any": "thing"}}) == {"pong": {"any": "thing"}}
            monkeypatch.setattr(connection, "PING_SECONDS", 0.02)
            one.say({"pong": 0})
            for _ in range(connection.UNANSWERED_PINGS + 2):
                assert await one.hear() == {"ping": 0}
                one.say({"pong": 0})
            heard = await one.hear_all()
            assert heard[:-1] == [{"ping": 0}] * connection.UNANSWERED_PINGS
            assert goodbye(heard[-1])[1].startswith("nothing was heard from this client for 0")

    run(main())


# --- what makes no sense ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nonsense", "words"),
    [
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "this is no line of JSON"),
        (b"\x00\xff\n", "this is no line of JSON"),
        (b"[]\n", "a line must be a JSON object"),
        ({"command": "dial", "number": "1"}, "id: expected a whole number, given null"),
        ({"id": "1", "command": "dial", "number": "1"}, "id: expected a whole number, given '1'"),
        ({"id": 1}, "a line must have command, subscribe, ping or pong"),
        ({"id": 1, "command": "dial", "number": "1" * 70_000}, "this line is too long"),
        (b"x" * 200_000, "this line is too long"),
    ],
)
def test_who_speaks_something_else_is_told_so_and_has_to_go(nonsense: Any, words: str) -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as witness:
            async with client() as one:
                one.say(nonsense)
                code, message = goodbye(await one.hear())
                assert code == "usage"
                assert words in message
                assert await one.hear() is None
            await witness.settled()

    run(main())
    assert dialer.executed == []


def test_half_a_line_is_no_command() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer):
            async with client() as one:
                one.say(b'{"id": 1, "command": "reload"}')
                one.writer.write_eof()
                assert await one.hear() is None
            async with client() as other:
                await other.settled()

    run(main())
    assert dialer.executed == []


# --- subscriptions ---------------------------------------------------------------------------


def test_events_come_in_order_after_the_answer() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as one:
            dialer.tells.tell_of_line("office", LineAdded())
            assert await one.ask(EVENTS) == {"id": 1, "reply": "done"}
            dialer.tells.tell_of_call("c1", "office", CallPlaced("301", "sip:301@x", "test"))
            dialer.tells.tell_of_call("c1", "lab", CalleeRinging(183))
            heard = [await one.hear(), await one.hear()]
            assert [(line or {})["event"] for line in heard] == ["call_placed", "callee_ringing"]
            assert heard[1] == {
                "id": 3,
                "event": "callee_ringing",
                "call": "c1",
                "line": "lab",
                "time": 1e9,
                "status": 183,
                "reported_by": "sipfrag",
            }

    run(main())


def test_events_of_the_past_come_again() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as one:
            for line in ("a", "b", "c"):
                dialer.tells.tell_of_line(line, LineAdded())
            one.say({**EVENTS, "after": 1})
            heard = [await one.hear() for _ in range(3)]
            assert [(line or {}).get("line") for line in heard] == [None, "b", "c"]

    run(main())


def test_events_of_other_lines_are_not_told() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client(greeted=False) as one:
            await one.greet(lines=["lab"])
            await one.ask(EVENTS)
            dialer.tells.tell_of_line("office", LineAdded())
            dialer.tells.tell_of_line("lab", LineAdded())
            assert (await one.hear() or {})["line"] == "lab"
            heard = await one.ask(TRACE)
            assert heard is not None
            assert heard["error"]["code"] == "denied"

    run(main())


def test_a_bug_among_the_events_is_no_silence() -> None:
    class Broken(ScriptedDialer):
        async def events(self, caller: Caller, after: int | None = None) -> AsyncIterator[Event]:
            raise ZeroDivisionError("oops")
            yield

    async def main() -> None:
        async with serving(Broken()), client() as one:
            one.say(EVENTS)
            heard = await one.hear_all()
            assert heard[0] == {"id": 1, "reply": "done"}
            words = "something unexpected happened: ZeroDivisionError: oops"
            assert goodbye(heard[1]) == ("unexpected", words)

    run(main())


def test_a_bug_ends_one_line_and_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise ZeroDivisionError("oops")

    log = io.StringIO()
    configure("error", log)

    async def main() -> None:
        async with serving(ScriptedDialer()), client() as other:
            with monkeypatch.context() as broken:
                broken.setattr(connection, "check_version", fail)
                async with client(greeted=False) as one:
                    assert await one.greet() is None
            await other.settled()

    try:
        run(main())
    finally:
        configure("warning")
    assert "ZeroDivisionError('oops')" in log.getvalue()


def test_messages_come_as_they_were_seen() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as one:
            assert await one.ask(TRACE) == {"id": 2, "reply": "done"}
            dialer.traces.publish(MESSAGE)
            assert await one.hear() == {
                "trace": {
                    "time": 1.5,
                    "direction": "sent",
                    "peer": "udp:192.0.2.1:5060",
                    "call_id": "x",
                    "text": "INVITE sip:a@b SIP/2.0\r\n",
                    "call": "",
                    "local": "",
                }
            }

    run(main())


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ({"subscribe": "events", "after": 0}, "refused", "not kept any more"),
        ({"subscribe": "gossip"}, "usage", "subscribe: expected one of events, trace"),
        ({"subscribe": "events", "since": 5}, "unknown-name", "no field is named 'since'"),
    ],
)
def test_what_cannot_be_subscribed_to_is_told(
    line: dict[str, Any], code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_bus, "KEPT", 1)
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as one:
            for _ in range(3):
                dialer.tells.tell_of_line("office", LineAdded())
            heard = await one.ask({"id": 1, **line})
            assert heard is not None
            assert (heard["id"], heard["error"]["code"]) == (1, code)
            assert words in heard["error"]["message"]

    run(main())


def test_nobody_is_told_twice() -> None:
    async def main() -> None:
        async with serving(ScriptedDialer()), client() as one:
            await one.ask(EVENTS)
            heard = await one.ask({**EVENTS, "id": 9})
            assert heard == {
                "id": 9,
                "error": {"code": "refused", "message": "events are subscribed to already"},
            }

    run(main())


# --- who is too slow -------------------------------------------------------------------------


def tell_much(dialer: ScriptedDialer, count: int) -> None:
    for _ in range(count):
        dialer.tells.tell_of_call("c1", "office", CallPlaced("1", "x" * 10_000, "test"))


def test_who_falls_far_behind_is_told_so_and_slows_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_bus, "KEPT", 100)
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client(limit=1000) as slow, client() as quick:
            slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
            await slow.writer.drain()
            slow.say(EVENTS)
            await quick.ask(EVENTS)
            async with client() as other:
                await other.settled()
            for _ in range(8):
                tell_much(dialer, 50)
                for _ in range(50):
                    assert (await quick.hear() or {})["event"] == "call_placed"
            slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
            slow.reader._limit = 2**20  # type: ignore[attr-defined]
            heard = await slow.hear_all()
            assert 100 <= len(heard) < 402
            assert goodbye(heard[-1]) == (
                "refused",
                "this listener fell more than 100 events behind",
            )

    run(main())


def test_who_falls_far_behind_a_trace_only_loses_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_bus, "KEPT", 5)
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as one:
            await one.ask(TRACE)
            for _ in range(7):
                dialer.traces.publish(MESSAGE)
            heard = [await one.hear() for _ in range(6)]
            assert ["trace" in (line or {}) for line in heard] == [True] * 5 + [False]
            words = "this listener fell more than 5 events behind"
            assert heard[5] == {"id": 2, "error": {"code": "refused", "message": words}}
            await one.settled()

    run(main())


def test_who_does_not_read_at_all_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALLED_SECONDS", 1.0)
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer) as server, client() as deaf, client() as quick:
            deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
            deaf.say(EVENTS)
            await quick.ask(EVENTS)
            async with client() as other:
                await other.settled()
            tasks = set(server._clients.values())
            tell_much(dialer, 100)
            for _ in range(100):
                await quick.hear()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await quick.settled()

    run(main())


def test_there_is_a_limit_to_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CLIENTS", 1)

    async def main() -> None:
        async with serving(ScriptedDialer()):
            async with client() as one:
                async with client(greeted=False) as other:
                    assert goodbye(await other.hear()) == ("refused", "there are 1 clients already")
                await one.settled()
            while True:  # the daemon has to see that the first is gone
                async with client(greeted=False) as next_:
                    if "hello" in (await next_.greet() or {}):
                        return

    run(main())


# --- the end ---------------------------------------------------------------------------------


def test_a_client_that_has_gone_listens_no_more_whenever_garbage_is_collected() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        gc.disable()
        try:
            async with serving(dialer), client() as one:
                async with client() as other:
                    await other.ask(EVENTS)
                    await other.ask(TRACE)
                    await one.settled()
                    assert len(dialer.tells.subscriptions) == 1
                for _ in range(100):  # the daemon has to see that it is gone
                    await one.settled()
                assert dialer.tells.subscriptions == ()
                assert dialer.traces.subscriptions == ()
        finally:
            gc.enable()

    run(main())


def test_when_the_dialer_ends_its_listeners_hear_all_and_are_told() -> None:
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer), client() as one:
            await one.ask(EVENTS)
            await one.ask(TRACE)
            dialer.tells.tell_of_call("c1", "office", HandedOver())
            dialer.close()
            heard = await one.hear_all()
            assert heard[0]["event"] == "handed_over"
            assert goodbye(heard[1]) == ("refused", "SIPTAPI is shutting down")
            assert len(heard) == 2

    run(main())


def test_when_the_server_ends_everyone_is_told_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_module, "CLOSE_SECONDS", 0.2)
    monkeypatch.setattr(connection, "GOODBYE_SECONDS", 0.05)
    stuck = asyncio.Event()

    async def never(_command: object) -> Done:
        await stuck.wait()
        return Done()

    async def main() -> None:
        before = asyncio.all_tasks()
        dialer = ScriptedDialer({ListLines: never})
        async with serving(dialer) as server:
            one = await _connected()
            one.say({"id": 1, "command": "list_lines"})
            await one.settled()
            deaf = await _connected()
            deaf.reader._transport.pause_reading()  # type: ignore[attr-defined]
            deaf.say(EVENTS)
            async with client() as other:
                await other.settled()
            tell_much(dialer, 100)
            await asyncio.sleep(0)
            await server.close()
            assert server._clients == {}
            assert goodbye(await one.hear()) == ("refused", "SIPTAPI is shutting down")
            deaf.writer.transport.abort()
            one.writer.transport.abort()
        assert asyncio.all_tasks() == before

    run(main())
    assert not Path(place.socket_files()[0]).exists()


async def _connected() -> HandClient:
    reader, writer = await asyncio.open_unix_connection(place.socket_files()[0])
    one = HandClient(reader, writer)
    await one.greet()
    return one


def test_a_daemon_that_was_killed_is_no_obstacle(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("demo_daemon.py"), tmp_path / "x", "answered"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == b"ready\n"
        daemon.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        daemon.wait(30)
    assert Path(place.socket_files()[0]).exists()

    async def main() -> None:
        async with serving(ScriptedDialer()), client() as one:
            await one.settled()

    run(main())


# --- over TCP --------------------------------------------------------------------------------


@asynccontextmanager
async def over_tcp(port: int) -> AsyncIterator[HandClient]:
    one = HandClient(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield one
    finally:
        one.writer.transport.abort()


def test_over_tcp_both_prove_that_they_know_the_token() -> None:
    port = free_port()
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer, listen=f"127.0.0.1:{port}"), over_tcp(port) as one:
            handshake = await one.authenticate(token_of_daemon())
            one.say({"proof": handshake.proof("client")})
            assert (await one.greet() or {})["hello"] == "2.0"
            assert await one.ask({"id": 1, "command": "show_status"}) == {"id": 1, "reply": "done"}

    run(main())
    assert [command for command, _ in dialer.executed] == [ShowStatus()]


HELLO = {"hello": "2.0", "frontend": "x"}
NONCE = {"authenticate": "1"}


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ((HELLO,), "denied", "over TCP a client must authenticate before its hello"),
        (({**HELLO, "hello": "1.0", "token": "t"},), "not-supported", "and '1.0' at the other end"),
        ((DIAL,), "usage", "hello: missing"),
        (({"authenticate": 5},), "usage", "authenticate: expected text"),
        ((NONCE, HELLO), "denied", "does not know the token that stands in"),
        ((NONCE, {"proof": None}, HELLO), "usage", "proof: expected text"),
        ((NONCE, {"proof": "0" * 64}, HELLO), "denied", "does not know the token"),
        ((NONCE, {"proof": "\ud800"}, HELLO), "denied", "does not know the token"),
        ((NONCE, NONCE, HELLO), "denied", "does not know the token"),
        ((b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", HELLO), "usage", "no line of JSON"),
    ],
)
def test_who_does_not_prove_it_does_not_come_in(lines: Any, code: str, words: str) -> None:
    port = free_port()
    dialer = ScriptedDialer()

    async def main() -> None:
        async with serving(dialer, listen=f"127.0.0.1:{port}"), over_tcp(port) as one:
            one.say(*lines, DIAL)
            *before, last = await one.hear_all()
            assert [list(line) for line in before] in ([], [["challenge", "proof"]])
            assert goodbye(last)[0] == code
            assert words in goodbye(last)[1]

    run(main())
    assert dialer.executed == []


def test_who_knows_another_token_is_spoken_of_in_the_log() -> None:
    port = free_port()
    log = io.StringIO()
    configure("info", log)

    async def main() -> None:
        async with serving(ScriptedDialer(), listen=f"127.0.0.1:{port}"), over_tcp(port) as one:
            await one.authenticate("another")
            one.writer.write_eof()
            assert goodbye(await one.hear())[0] == "denied"

    try:
        run(main())
    finally:
        configure("warning")
    assert "this client does not know the token" in log.getvalue()


def test_what_one_client_said_lets_no_other_in() -> None:
    port = free_port()

    async def main() -> None:
        async with serving(ScriptedDialer(), listen=f"127.0.0.1:{port}"), over_tcp(port) as one:
            handshake = await one.authenticate(token_of_daemon())
            said = ({"authenticate": handshake.client_nonce}, {"proof": handshake.proof("client")})
            one.say(said[1])
            assert (await one.greet() or {})["hello"] == "2.0"
            async with over_tcp(port) as other:
                other.say(*said, HELLO)
                challenge, last = await other.hear_all()
                assert challenge != {
                    "challenge": handshake.daemon_nonce,
                    "proof": handshake.proof("daemon"),
                }
                assert goodbye(last)[0] == "denied"
            async with over_tcp(port) as mirror:  # the daemon's own proof is none of a client
                challenge = await mirror.ask(said[0]) or {}
                mirror.say({"proof": challenge["proof"]}, HELLO)
                assert goodbye(await mirror.hear())[0] == "denied"

    run(main())
