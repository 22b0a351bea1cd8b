"""The dialer of a daemon, as its clients see it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar

from siptapi_core.commands import Caller, Command, Reply
from siptapi_core.control.finding import PROTOCOL
from siptapi_core.control.hello import ClientHello
from siptapi_core.control.lines import read_line, write_line
from siptapi_core.control.vocabulary import (
    decode_command,
    decode_error,
    decode_reply,
    encode_command,
)
from siptapi_core.dialer.event_bus import Bus, Subscription
from siptapi_core.errors import (
    LocalProtocolError,
    NetworkError,
    RefusedError,
    RemoteProtocolError,
    SiptapiError,
    UnknownNameError,
    UsageError,
)
from siptapi_core.event_encoding import decode_event
from siptapi_core.events import Event, EventId, TracedMessage
from siptapi_core.value_encoding import ValueEncoding

T = TypeVar("T")

HELLO_SECONDS = 5.0
LONGEST_LINE = 2**24
"""Bytes: a thousand calls of the history, each with long words, are less."""

_encoding = ValueEncoding()


@asynccontextmanager
async def open_remote_dialer(
    connected: socket.socket,
    caller: Caller,
    *,
    token: str = "",
    settings: str = "",
    sent: bytes = b"",
) -> AsyncIterator[RemoteDialer]:
    """The dialer of the daemon that ``connected`` leads to; leaving the context closes it.

    ``token``, where there is one, is what both ends must know. ``settings`` is as in `ClientHello`.
    ``sent`` are the lines that somebody was in too much of a hurry to leave to us: a hello,
    subscriptions, commands. Whoever then executes such a command gets its reply, and it is not sent
    again.

    Raises:
        NetworkError: on entering: nothing is heard from the daemon, and what was sent may be done;
            or it is another that listens there, who was told nothing.
        SiptapiError: on entering: any other is the daemon's refusal; nothing is done.
    """
    if token:
        from siptapi_core.control.authentication import authenticate  # noqa: PLC0415  # only TCP

        await asyncio.to_thread(authenticate, connected, token)
    connected.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=connected, limit=LONGEST_LINE)
    dialer = RemoteDialer(reader, writer, caller, sent)
    if not sent:
        hello = ClientHello(
            hello=PROTOCOL,
            frontend=caller.frontend,
            settings=settings,
            lines=caller.lines,
        )
        writer.write(write_line(_encoding.encode_fields(hello)))
    try:
        await dialer.greeted()
        yield dialer
    finally:
        await dialer.close()


class RemoteDialer:
    """See `siptapi_core.Dialer`; made by `open_remote_dialer`.

    The line is ``caller``'s alone. The daemon is subscribed to once, however many listen here, so
    only the first call of `events` may say ``after``.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        caller: Caller,
        sent: bytes,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._caller = caller
        self._last_id = 0
        self._waiting: dict[int, _Waiting] = {}
        self._early: dict[Command, _Waiting] = {}
        self._feeds: dict[int, _Feed[Any]] = {}
        self._events: _Feed[Event] = _Feed()
        self._trace: _Feed[TracedMessage] = _Feed()
        self._hello = asyncio.Event()
        self._end: SiptapiError | None = None
        for line in sent.splitlines():
            self._remember(read_line(line))
        self._listening = asyncio.create_task(self._listen())

    async def greeted(self) -> None:
        """Wait for the daemon's hello; raises as `open_remote_dialer`."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                await self._hello.wait()
        except TimeoutError:
            raise NetworkError("the daemon does not answer") from None
        if self._end is not None:
            raise self._end

    async def execute(self, command: Command, caller: Caller) -> Reply:
        """Have the daemon carry out ``command``; raises what that raises there.

        Raises:
            NetworkError: the daemon has gone; whether it did anything, nobody knows.
        """
        self._check(caller)
        if self._early and command not in self._early:
            raise LocalProtocolError("the daemon was asked for something else already")
        answer = await (self._early.pop(command, None) or self._ask(command))
        if isinstance(answer, SiptapiError):
            raise answer
        return answer

    def events(self, caller: Caller, after: EventId | None = None) -> AsyncIterator[Event]:
        """Events of the caller's lines, from now on or from the first after ``after``.

        Raises:
            RefusedError: the daemon was subscribed to before: it is too late for ``after``.
        """
        self._check(caller)
        if self._events.asked and after is not None:
            raise RefusedError("past events can be asked for once, by the first who listens")
        return self._listen_to(self._events, {"subscribe": "events", "after": after})

    def traced(self) -> AsyncIterator[TracedMessage]:
        """SIP messages from now on, of every line and call of the daemon."""
        return self._listen_to(self._trace, {"subscribe": "trace"})

    async def close(self) -> None:
        """End every stream, and leave."""
        self._listening.cancel()
        with suppress(asyncio.CancelledError):
            await self._listening
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def _check(self, caller: Caller) -> None:
        if caller != self._caller:
            raise LocalProtocolError(f"this control line is {self._caller}'s, not {caller}'s")

    def _remember(self, line: dict[str, Any]) -> None:
        """Take over a line that was sent before we were made."""
        self._last_id = request = line.pop("id", 0)
        if "command" in line:
            self._early[decode_command(line)] = self._wait_for(request)
        elif "subscribe" in line:
            feed = self._events if line["subscribe"] == "events" else self._trace
            feed.begin()
            self._feeds[request] = feed

    def _listen_to(self, feed: _Feed[T], line: dict[str, Any]) -> AsyncIterator[T]:
        if not feed.asked:
            feed.begin()
            self._feeds[self._say(line)] = feed
            if self._end is not None:
                feed.end(self._end)
        return feed.listen()

    def _ask(self, command: Command) -> _Waiting:
        answer = self._wait_for(self._say(encode_command(command)))
        if self._end is not None:
            answer.set_result(self._end)
        return answer

    def _say(self, line: dict[str, Any]) -> int:
        """Send a line; returns its id."""
        self._last_id += 1
        self._writer.write(write_line({"id": self._last_id, **line}))
        return self._last_id

    def _wait_for(self, request: int) -> _Waiting:
        answer: _Waiting = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        return answer

    async def _listen(self) -> None:
        """Take in what the daemon says, until it says no more."""
        gone: SiptapiError = NetworkError("the daemon has gone")
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                self._take(read_line(line))
        except (UsageError, ValueError) as error:  # ValueError: longer than `LONGEST_LINE`
            gone = RemoteProtocolError(f"the daemon said what cannot be read: {error}")
        except ConnectionError:
            pass  # as if it had ended
        except asyncio.CancelledError:  # `close`
            self._events.end(None)
            self._trace.end(None)
            raise
        self._end = self._end or gone
        self._hello.set()
        for answer in self._waiting.values():
            _settle(answer, self._end)
        self._events.end(self._end)
        self._trace.end(self._end)

    def _take(self, line: dict[str, Any]) -> None:
        if "event" in line:
            with suppress(UnknownNameError):  # from a newer version
                self._events.publish(decode_event(line))
        elif "trace" in line:
            self._trace.publish(_encoding.decode(TracedMessage, line["trace"], key="trace"))
        elif "reply" in line or "error" in line:
            request, result = _read_answer(line)
            if request in self._waiting:
                _settle(self._waiting.pop(request), result)
            elif request in self._feeds and isinstance(result, SiptapiError):
                self._feeds[request].end(result)
        elif "ping" in line:
            self._writer.write(write_line({"pong": line["ping"]}))
        elif "goodbye" in line:
            self._end = decode_error(line["goodbye"])
        elif "hello" in line:
            self._hello.set()


_Waiting = asyncio.Future[Reply | SiptapiError]


def _settle(answer: _Waiting, result: Reply | SiptapiError) -> None:
    if not answer.done():  # whoever asked may have left
        answer.set_result(result)


def _read_answer(line: dict[str, Any]) -> tuple[int, Reply | SiptapiError]:
    """Which request was answered, and how."""
    request = _encoding.decode(int, line.pop("id", None), key="id")
    return request, decode_error(line["error"]) if "error" in line else decode_reply(line)


class _Feed(Generic[T]):
    """What the daemon tells by one subscription, for every listener here."""

    def __init__(self) -> None:
        self.asked = False
        self.failure: SiptapiError | None = None
        self._bus: Bus[T] = Bus()
        self._kept: Subscription[T] | None = None
        self.publish = self._bus.publish

    def begin(self) -> None:
        """The daemon is asked; for the first who listens, all is kept from now on."""
        self.asked = True
        self._kept = self._bus.subscribe()

    def listen(self) -> _Stream[T]:
        """Listen from now on."""
        subscription, self._kept = self._kept or self._bus.subscribe(), None
        return _Stream(self, subscription)

    def end(self, failure: SiptapiError | None) -> None:
        """Nothing follows; a ``failure`` is raised by every stream when it has told what came."""
        self.failure = failure
        self._bus.close()


class _Stream(Generic[T]):
    """One listener's iterator over a feed."""

    def __init__(self, feed: _Feed[T], subscription: Subscription[T]) -> None:
        self._feed = feed
        self._subscription = subscription

    def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over what comes."""
        return self

    async def __anext__(self) -> T:
        """The next item; raises SiptapiError where the daemon's end was not ours."""
        try:
            return await anext(self._subscription)
        except StopAsyncIteration:
            if self._feed.failure is not None:
                raise self._feed.failure from None
            raise
