"""The event stream: every event in order, from where the listener was, and nobody waited for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_lab import Lab, events_of, run, serving
from scripted_dialer import ScriptedDialer

from siptapi_core.dialer import event_bus
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.errors import RefusedError
from siptapi_core.events import (
    CallPlaced,
    Direction,
    LineChanged,
    PhoneRinging,
    TracedMessage,
)
from siptapi_core.net.clock import SystemClock
from siptapi_frontends.http import api, broadcaster, listener, server


class Listening:
    """What one listener hears."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._events = events_of(response)

    async def next(self) -> dict[str, Any]:
        """The next event."""
        while "event" not in (event := await asyncio.wait_for(anext(self._events), 5)):
            pass
        return event

    async def ids(self, number: int) -> list[int]:
        return [int((await self.next())["id"]) for _ in range(number)]

    async def goodbye(self) -> str:
        """The words of the goodbye, which ends the stream."""
        event = await self.next()
        assert event["event"] == "goodbye"
        with pytest.raises(StopAsyncIteration):
            await self.next()
        words: str = json.loads(event["data"])["message"]
        return words


@asynccontextmanager
async def listening(
    lab: Lab, token: str, query: str = "", **headers: str
) -> AsyncIterator[Listening]:
    async with (
        lab.client(token) as client,
        client.stream("GET", f"/api/v1/events{query}", headers=headers) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Listening(response)


def ring(lab: Lab, line: str = "office", call: str = "c1") -> None:
    lab.dialer.tells.tell_of_call(call, line, PhoneRinging())


def test_an_event_has_an_id_a_name_and_data(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, listening(lab, lab.token()) as stream:
            ring(lab)
            event = await stream.next()
            assert (event["id"], event["event"]) == ("1", "phone_ringing")
            data = json.loads(event["data"])
            assert (data["id"], data["call"], data["line"]) == (1, "c1", "office")
            lab.dialer.tells.tell_of_line("office", LineChanged())
            assert (await stream.next())["event"] == "line_changed"

    run(main())


def test_who_asks_for_the_head_of_it_only_gets_no_more(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            answer = await asyncio.wait_for(client.head("/api/v1/events"), 5)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")

    run(main())


def test_who_speaks_http_1_0_listens_without_chunks(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            reader, writer = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
            token = f"Authorization: Bearer {lab.token()}\r\n\r\n".encode()
            writer.write(b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n" + token)
            await reader.readuntil(b"\r\n\r\nretry: 2000\n\n")
            for number in (1, 2):
                ring(lab)
                said = await asyncio.wait_for(reader.readuntil(b"\n\n"), 5)
                assert said.startswith(b"id: %d\nevent: phone_ringing\n" % number)
            writer.transport.abort()

    run(main())


def test_text_of_strangers_forges_no_event(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, listening(lab, lab.token()) as stream:
            number = 'a\n\nevent: forged\ndata: "\r\n\u2028\ud800'
            placed = CallPlaced(number, "sip:a", "test")
            lab.dialer.tells.tell_of_call("c1", "office", placed)
            event = await stream.next()
            assert event["event"] == "call_placed"
            assert json.loads(event["data"])["number"] == number.replace("\ud800", "?")

    run(main())


def test_listeners_hear_all_in_order_and_each_event_is_encoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = []
    real = broadcaster.encode_event

    def encode(event):
        encoded.append(event.id)
        return real(event)

    monkeypatch.setattr(broadcaster, "encode_event", encode)

    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token()
            async with (
                listening(lab, token) as one,
                listening(lab, token) as two,
                listening(lab, token) as three,
            ):
                for _ in range(30):
                    for _ in range(10):
                        ring(lab)
                    await asyncio.sleep(0.01)
                for stream in (one, two, three):
                    assert await stream.ids(300) == list(range(1, 301))
                async with listening(lab, token, "?after=290") as again:
                    assert await again.ids(10) == list(range(291, 301))
        assert encoded == list(range(1, 301))

    run(main())


def test_a_token_of_some_lines_hears_of_these_only(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token("office", lines=frozenset({"office"}))
            async with listening(lab, token) as stream:
                for line in ("home", "office", "home", "home", "office"):
                    ring(lab, line)
                assert await stream.ids(2) == [2, 5]
            async with listening(lab, token, "?after=0") as stream:
                assert await stream.ids(2) == [2, 5]

    run(main())


@pytest.mark.parametrize("way", ["header", "query"])
def test_who_comes_again_hears_what_was_missed(way: str, tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token()
            async with listening(lab, token) as stream:
                ring(lab)
                assert await stream.ids(1) == [1]
            for _ in range(5):
                ring(lab)
            query = "?after=1" if way == "query" else ""
            headers = {"Last-Event-ID": "1"} if way == "header" else {}
            async with listening(lab, token, query, **headers) as stream:
                ring(lab)
                assert await stream.ids(6) == [2, 3, 4, 5, 6, 7]
            async with listening(lab, token, "?after=7") as stream:
                ring(lab)
                assert await stream.ids(1) == [8]

    run(main())


def test_who_heard_nothing_yet_learns_where_to_begin_again(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            for _ in range(3):
                ring(lab)
            async with listening(lab, lab.token()) as stream:
                first = await anext(stream._events)
                assert first == {"retry": "2000", "id": "3"}

    run(main())


@pytest.mark.parametrize("told_since", [1, 0])
def test_what_memory_has_no_more_comes_from_the_dialer(
    told_since: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restart, or after a long time: the dialer has a history."""
    monkeypatch.setattr(broadcaster, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(broadcaster, "KEPT", 3)

    async def main():
        dialer = ScriptedDialer()
        for _ in range(8):
            dialer.tells.tell_of_call("c1", "office", PhoneRinging())
        async with serving(tmp_path, dialer) as lab:
            token = lab.token()
            if told_since:
                for _ in range(4):
                    ring(lab)
            number = 10 if told_since else 6
            async with listening(lab, token, "?after=2") as stream:
                assert await stream.ids(number) == list(range(3, 3 + number))
                ring(lab)
                ring(lab)
                assert await stream.ids(2) == [3 + number, 4 + number]
            office = lab.token("home", lines=frozenset({"home"}))
            async with listening(lab, office, "?after=2") as stream:
                ring(lab, "home")
                assert await stream.ids(1) == [5 + number]

    run(main())


def test_where_nothing_was_missed_nothing_is_recalled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcaster, "QUIET_SECONDS", 0)

    async def main():
        dialer = ScriptedDialer()
        dialer.tells.tell_of_call("c1", "office", PhoneRinging())
        async with (
            serving(tmp_path, dialer) as lab,
            listening(lab, lab.token(), "?after=1") as stream,
        ):
            await anext(stream._events)  # the beginning
            ring(lab)
            assert await stream.ids(1) == [2]

    run(main())


def test_an_event_while_others_are_recalled_comes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcaster, "QUIET_SECONDS", 5)

    async def main():
        dialer = ScriptedDialer()
        for _ in range(3):
            dialer.tells.tell_of_call("c1", "office", PhoneRinging())
        async with (
            serving(tmp_path, dialer) as lab,
            listening(lab, lab.token(), "?after=1") as stream,
        ):
            assert await stream.ids(2) == [2, 3]
            ring(lab)
            ring(lab)
            ring(lab)
            assert await stream.ids(3) == [4, 5, 6]
            ring(lab)
            assert await stream.ids(1) == [7]

    run(main())


@pytest.mark.parametrize("told_since", [1, 0])
def test_what_nobody_remembers_is_a_goodbye_that_says_so(
    told_since: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_bus, "KEPT", 3)
    monkeypatch.setattr(broadcaster, "KEPT", 3)

    async def main():
        dialer = ScriptedDialer()
        dialer.tells = EventBus(SystemClock())
        for _ in range(8):
            dialer.tells.tell_of_call("c1", "office", PhoneRinging())
        async with serving(tmp_path, dialer) as lab:
            if told_since:
                ring(lab)
            async with listening(lab, lab.token(), "?after=2") as stream:
                assert "are not kept any more" in await stream.goodbye()

    run(main())


def test_who_reads_too_slowly_is_dropped_and_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_WAITING", 500_000)

    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token()
            async with (
                listening(lab, token) as good,
                listening(lab, token) as slow,
            ):
                heard, told = [], 0
                long = CallPlaced("9" * 50_000, "sip:a", "test")
                while len([each for each in lab.log.lines if "dropped" in each[1]]) == 0:
                    for _ in range(5):
                        told += 1
                        lab.dialer.tells.tell_of_call("c1", "office", long)
                    heard += await good.ids(5)
                assert heard == list(range(1, told + 1))
                [(_, _, values)] = [each for each in lab.log.lines if "dropped" in each[1]]
                assert values["why"] == "it does not read what it is sent"
                while (event := await slow.next())["event"] != "goodbye":
                    pass
                assert "reads too slowly" in event["data"]

    run(main())


def test_who_reads_nothing_at_all_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STALLED_SECONDS", 0.3)

    async def main():
        async with serving(tmp_path) as lab:
            token = f"Authorization: Bearer {lab.token()}\r\n\r\n".encode()
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", lab.frontend.port, limit=1024
            )
            writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n" + token)
            await reader.readuntil(b"\r\n\r\n")
            long = CallPlaced("9" * 60_000, "sip:a", "test")
            while not any("is not read" in each for each in lab.log.refusals()):
                lab.dialer.tells.tell_of_call("c1", "office", long)
                await asyncio.sleep(0.01)
            writer.transport.abort()
            async with listening(lab, lab.token("other")) as stream:
                ring(lab)
                assert (await stream.next())["event"] == "phone_ringing"

    run(main())


def test_a_quiet_stream_has_heartbeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcaster, "HEARTBEAT_SECONDS", 0.1)

    async def main():
        async with serving(tmp_path) as lab, listening(lab, lab.token()) as stream:
            lines = stream.response.aiter_lines()
            heard = [await asyncio.wait_for(anext(lines), 5) for _ in range(6)]
            assert heard == ["retry: 2000", "", ": still here", "", ": still here", ""]

    run(main())


def test_a_quiet_line_has_heartbeats_while_another_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcaster, "HEARTBEAT_SECONDS", 0.2)
    monkeypatch.setattr(broadcaster, "PERIOD", 0.01)

    async def busy(lab: Lab) -> None:
        while True:
            ring(lab, "home")
            await asyncio.sleep(0)

    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token(lines=frozenset({"office"}))
            async with listening(lab, token) as stream:
                task = asyncio.create_task(busy(lab))
                lines = stream.response.aiter_lines()
                while await asyncio.wait_for(anext(lines), 5) != ": still here":
                    pass
                task.cancel()

    run(main())


def test_who_is_let_in_no_more_hears_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcaster, "HEARTBEAT_SECONDS", 0.1)

    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token("page")
            async with lab.client() as page:
                csrf = (await page.post("/api/v1/session", json={"token": token})).json()["csrf"]
                async with (
                    page.stream("GET", "/api/v1/events") as response,
                    listening(lab, lab.token("program")) as program,
                ):
                    assert (
                        await page.delete("/api/v1/session", headers={"X-CSRF-Token": csrf})
                    ).is_success
                    lab.tokens.remove("program")
                    for stream in (Listening(response), program):
                        assert await stream.goodbye() == "this token or session is over"

    run(main())


def test_everybody_is_told_when_it_ends(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            async with listening(lab, lab.token()) as stream:
                ring(lab)
                lab.dialer.close()
                assert (await stream.next())["event"] == "phone_ringing"
                assert await stream.goodbye() == "SIPTAPI is shutting down"
            async with lab.client(lab.token("late")) as client:
                assert (await client.get("/api/v1/events")).status_code == 503

    run(main())


def test_a_front_end_that_is_stopped_waits_for_no_listener(tmp_path: Path) -> None:
    async def main():
        loop = asyncio.get_running_loop()
        async with serving(tmp_path) as lab:
            token, client = lab.token(), httpx.AsyncClient(base_url=lab.address)
            request = client.build_request(
                "GET", "/api/v1/events", headers={"Authorization": f"Bearer {token}"}
            )
            stream = Listening(await client.send(request, stream=True))
            began = loop.time()
        assert loop.time() - began < 2
        assert await stream.goodbye() == "SIPTAPI is shutting down"
        await stream.response.aclose()
        await client.aclose()

    run(main())


def test_there_are_only_so_many_listeners(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MOST_LISTENERS", 1)

    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token()
            async with listening(lab, token), lab.client(token) as client:
                answer = await client.get("/api/v1/events")
                assert answer.status_code == 503
                assert "1 listeners already" in answer.json()["detail"]
            ring(lab)

    run(main())


def test_a_broadcaster_that_fell_behind_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hasty(ScriptedDialer):
        """Its first stream of events breaks off, and then everything is kept, or nothing."""

        keeps = True

        def events(self, caller, after=None):
            stream = super().events(caller, after)
            if after is None or self.keeps:
                return self.broken(stream) if after is None else stream
            raise RefusedError("events are not kept any more")

        async def broken(self, stream):
            async for event in stream:
                yield event
                if event.id == 2:
                    raise RefusedError("this listener fell behind")

    async def main():
        dialer = Hasty()
        async with serving(tmp_path, dialer) as lab, listening(lab, lab.token()) as stream:
            for _ in range(5):
                ring(lab)
            assert await stream.ids(5) == [1, 2, 3, 4, 5]
        dialer = Hasty()
        dialer.keeps = False
        async with serving(tmp_path, dialer) as lab:
            async with listening(lab, lab.token("two")) as stream:
                for _ in range(5):
                    ring(lab)
                assert await stream.ids(2) == [1, 2]
                assert await stream.goodbye() == "events are not kept any more"
            async with listening(lab, lab.token("three")) as stream:
                ring(lab)
                assert await stream.ids(1) == [6]

    run(main())


# --- messages ------------------------------------------------------------------------------------


def message(text: str, call: str = "", call_id: str = "x", time: float = 0.0) -> TracedMessage:
    return TracedMessage(time, Direction.SENT, "udp:192.0.2.1:5060", call_id, text, call)


def test_messages_are_told_to_who_asks_and_may_see_their_line(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            office = lab.token("office", lines=frozenset({"office"}))
            home = lab.token("home", lines=frozenset({"home"}))
            assert not lab.dialer.traces.subscriptions
            async with (
                listening(lab, lab.token(), "?trace=1") as everybody,
                listening(lab, office, "?trace=1") as of_office,
                listening(lab, home, "?trace=1") as of_home,
                listening(lab, office) as quiet,
            ):
                await lab.traced()
                ring(lab, "office", "c1")
                lab.dialer.traces.publish(message("REGISTER sip:a SIP/2.0\r\n", call_id="r"))
                lab.dialer.traces.publish(message("INVITE sip:a SIP/2.0\r\n\r\n", "c1"))
                ring(lab, "office", "c1")
                ring(lab, "home", "c2")
                for stream, before in ((everybody, 3), (of_office, 2)):
                    assert await stream.ids(before) == list(range(1, before + 1))
                    event = await stream.next()
                    assert event["event"] == "message"
                    assert "id" not in event
                    data = json.loads(event["data"])
                    assert data["call"] == "c1"
                    assert data["text"] == "INVITE sip:a SIP/2.0\r\n\r\n"
                assert (await of_home.next())["id"] == "3"
                assert await quiet.ids(2) == [1, 2]

    run(main())
