"""One client of the daemon, from its first line to its last.

::

    connected ──its hello──> served ──it hangs up──────────────────────────────> gone
        │  over TCP: both prove │
        │  that they know the   └──silent, deaf, too slow, no JSON; we end──┐
        │  token; its hello                                                 │
        └──wrong, or too late─────────────────────────────────> goodbye ──> gone

Lines go out one after the other, and whoever does not read them is waited for, for a while: what
is to be said to a client is kept in the dialer's bounded queue for it, in no other.
"""

from __future__ import annotations

import asyncio
import enum
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from siptapi_core.commands import Caller, Done
from siptapi_core.contracts import Dialer, Logger
from siptapi_core.control import place
from siptapi_core.control.authentication import Handshake, address_text, new_nonce
from siptapi_core.control.finding import PROTOCOL
from siptapi_core.control.hello import ClientHello, ServerHello, check_version
from siptapi_core.control.lines import read_line, write_line
from siptapi_core.control.vocabulary import decode_command, encode_error, encode_reply
from siptapi_core.errors import DeniedError, RefusedError, SiptapiError, UsageError
from siptapi_core.event_encoding import encode_event
from siptapi_core.events import Event, EventId, TracedMessage
from siptapi_core.value_encoding import ValueEncoding
from siptapi_core.values import Value
from siptapi_core.version import VERSION

T = TypeVar("T")

HELLO_SECONDS = 10.0
"""For the hello, and what comes before it."""
PING_SECONDS = 60.0
"""How long a client may be silent before it is asked for a sign of life."""
UNANSWERED_PINGS = 5
STALLED_SECONDS = 30.0
"""How long a client may leave unread what was sent to it."""
GOODBYE_SECONDS = 2.0
COMMANDS_AT_ONCE = 32
"""Of one client; the next one waits."""

_told = ValueEncoding()
_asked = ValueEncoding(strict=True)


class Feed(enum.StrEnum):
    """What can be subscribed to."""

    EVENTS = "events"
    TRACE = "trace"


class Subscribe(Value, kw_only=True):
    """``after`` is the id of the last event that the client knows, null: from now on."""

    subscribe: Feed
    after: EventId | None = None


class Connection:
    """Serves one client. It must know ``token``, where there is one.

    ``admit`` raises SiptapiError for a hello that is not welcome.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        dialer: Dialer,
        token: str,
        admit: Callable[[ClientHello], None],
        settings_file: str,
        logger: Logger,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._dialer = dialer
        self._token = token
        self._admit = admit
        self._settings_file = settings_file
        self._logger = logger
        self._feeds: dict[Feed, asyncio.Task[None]] = {}
        self._commands: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(COMMANDS_AT_ONCE)

    async def serve(self) -> None:
        """Serve the client until it, or we, have had enough."""
        try:
            caller = await self._greet()
            while caller is not None and (request := await self._next_line()) is not None:
                await self._handle(request, caller)
            if self._commands:
                await asyncio.wait(self._commands)
        except SiptapiError as error:
            self.dismiss(error)
        except ConnectionError as error:
            self._logger.debug("client lost", why=str(error))
        finally:
            for task in (*self._feeds.values(), *self._commands):
                task.cancel()
            await self._close()

    def dismiss(self, why: SiptapiError) -> None:
        """Say goodbye; what was said before is still delivered, if it is read soon."""
        if not self._writer.is_closing():
            self._logger.info("client dismissed", why=str(why))
            self._writer.write(write_line({"goodbye": encode_error(why)}))
            self._writer.close()
            transport = self._writer.transport
            asyncio.get_running_loop().call_later(GOODBYE_SECONDS, transport.abort)

    async def _greet(self) -> Caller | None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                line = await self._read()
                if line is not None and self._token:
                    await self._authenticate(line)
                    line = await self._read()
        except TimeoutError:
            raise RefusedError(f"no hello came within {HELLO_SECONDS:.0f} seconds") from None
        if line is None:
            return None
        hello = _read_hello(line)
        self._admit(hello)
        self._logger = self._logger.bind(frontend=hello.frontend)
        own = ServerHello(
            hello=PROTOCOL, siptapi=VERSION, settings=self._settings_file, process=os.getpid()
        )
        await self._send(_told.encode_fields(own))
        return Caller(frontend=hello.frontend, lines=hello.lines)

    async def _authenticate(self, line: dict[str, Any]) -> None:
        """Prove that we know the token, and have the client, who said ``line``, prove it."""
        if "authenticate" not in line:
            _read_hello(line)  # an older version's
            raise DeniedError("over TCP a client must authenticate before its hello")
        handshake = Handshake(
            token=self._token,
            client_nonce=_told.decode(str, line["authenticate"], key="authenticate"),
            daemon_nonce=new_nonce(),
            client=address_text(self._writer.get_extra_info("peername")),
            daemon=address_text(self._writer.get_extra_info("sockname")),
        )
        proof = handshake.proof("daemon")
        await self._send({"challenge": handshake.daemon_nonce, "proof": proof})
        given = (await self._read() or {}).get("proof", "")
        if not handshake.is_proof("client", _told.decode(str, given, key="proof")):
            file = place.address_file()
            raise DeniedError(f"this client does not know the token that stands in {file}")

    async def _next_line(self) -> dict[str, Any] | None:
        for _ in range(UNANSWERED_PINGS):
            try:
                async with asyncio.timeout(PING_SECONDS):
                    return await self._read()
            except TimeoutError:
                await self._send({"ping": 0})
        silence = UNANSWERED_PINGS * PING_SECONDS
        raise RefusedError(f"nothing was heard from this client for {silence:.0f} seconds")

    async def _read(self) -> dict[str, Any] | None:
        """The next line, None where the client has gone, be it in the middle of one."""
        try:
            line = await self._reader.readline()
        except ValueError:
            raise UsageError("this line is too long") from None
        return read_line(line) if line.endswith(b"\n") else None

    async def _handle(self, line: dict[str, Any], caller: Caller) -> None:
        if "pong" in line:
            return
        if "ping" in line:
            await self._send({"pong": line["ping"]})
            return
        request = _told.decode(int, line.pop("id", None), key="id")
        if "command" in line:
            await self._slots.acquire()
            task = asyncio.create_task(self._answer(request, partial(self._execute, line, caller)))
            self._commands.add(task)
            task.add_done_callback(self._commands.discard)
            task.add_done_callback(lambda _: self._slots.release())
        elif "subscribe" in line:
            await self._answer(request, partial(self._subscribe, request, line, caller))
        else:
            raise UsageError("a line must have command, subscribe, ping or pong")

    async def _answer(self, request: int, act: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        try:
            answer = await act()
        except SiptapiError as error:
            answer = {"error": encode_error(error)}
        except Exception as error:  # noqa: BLE001  # whatever it is, the client waits for an answer
            answer = {"error": encode_error(self._unexpected(error))}
        await self._send({"id": request, **answer})

    async def _execute(self, line: dict[str, Any], caller: Caller) -> dict[str, Any]:
        return encode_reply(await self._dialer.execute(decode_command(line), caller))

    async def _subscribe(
        self, request: int, line: dict[str, Any], caller: Caller
    ) -> dict[str, Any]:
        wanted: Subscribe = _asked.decode_fields(Subscribe, line)
        if wanted.subscribe in self._feeds:
            raise RefusedError(f"{wanted.subscribe} are subscribed to already")
        if wanted.subscribe is Feed.EVENTS:
            feed = self._tell_events(self._dialer.events(caller, wanted.after))
        elif caller.lines is None:
            feed = self._tell_messages(self._dialer.traced(), request)
        else:
            raise DeniedError("a trace shows every line, and this client may not use every one")
        self._feeds[wanted.subscribe] = asyncio.create_task(feed)
        return encode_reply(Done())

    async def _tell_events(self, events: AsyncIterator[Event]) -> None:
        """Tell events to their end; whoever cannot be told all is told nothing any more."""
        why = await self._tell(events, encode_event)
        self.dismiss(why or RefusedError("SIPTAPI is shutting down"))

    async def _tell_messages(self, messages: AsyncIterator[TracedMessage], request: int) -> None:
        """Tell messages to their end; there may be too many for anybody, and that is no harm."""
        why = await self._tell(messages, _encode_message)
        if why is not None:
            await self._send({"id": request, "error": encode_error(why)})

    async def _tell(
        self, items: AsyncIterator[T], encode: Callable[[T], Mapping[str, Any]]
    ) -> SiptapiError | None:
        """Tell ``items``; returns what ended them, None: they came to their own end."""
        try:
            async for item in items:
                await self._send(encode(item))
        except SiptapiError as error:
            return error
        except Exception as error:  # noqa: BLE001  # as above
            return self._unexpected(error)
        finally:  # not when the garbage collector comes: its queue would grow until then
            if hasattr(items, "aclose"):
                await items.aclose()
        return None

    def _unexpected(self, error: Exception) -> SiptapiError:
        """What to say of a bug."""
        self._logger.error("control line broke", why=repr(error))
        words = f"something unexpected happened: {type(error).__name__}: {error}"
        return _UnexpectedError(words)

    async def _send(self, data: Mapping[str, Any]) -> None:
        if self._writer.is_closing():
            return
        self._writer.write(write_line(data))
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await self._writer.drain()
        except TimeoutError:
            self._logger.warning("client dropped", why="it does not read what it is sent")
            self._writer.transport.abort()
        except ConnectionError:
            pass  # `serve` finds out when it reads

    async def _close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._writer.wait_closed()
        self._writer.transport.abort()


class _UnexpectedError(SiptapiError):
    code = "unexpected"


def _read_hello(line: dict[str, Any]) -> ClientHello:
    hello: ClientHello = _told.decode_fields(ClientHello, line)
    check_version(hello.hello)
    return hello


def _encode_message(message: TracedMessage) -> dict[str, Any]:
    return {"trace": _told.encode_fields(message)}
