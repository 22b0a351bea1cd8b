"""A daemon's control line without telephones behind it, and clients that speak it by hand."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from scripted_dialer import ScriptedDialer

from siptapi_core.control import place
from siptapi_core.control.authentication import Handshake, address_text, new_nonce
from siptapi_core.control.server import ControlServer
from siptapi_core.logs import logger
from siptapi_core.settings.control import ControlSettings

T = TypeVar("T")
Line = dict[str, Any]


class HandClient:
    """One client, which speaks the protocol line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, *lines: Line | bytes) -> None:
        for line in lines:
            data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
            self.writer.write(data)

    async def hear(self) -> Line | None:
        """The next line; None: there is none any more."""
        async with asyncio.timeout(20):
            try:
                line = await self.reader.readline()
            except ConnectionError:
                return None
        return json.loads(line) if line else None

    async def hear_all(self) -> list[Line]:
        """What comes until the end."""
        heard = []
        while (line := await self.hear()) is not None:
            heard.append(line)
        return heard

    async def ask(self, line: Line) -> Line | None:
        self.say(line)
        return await self.hear()

    async def greet(self, **hello: Any) -> Line | None:
        return await self.ask({"hello": "2.0", "frontend": "test", **hello})

    async def authenticate(self, token: str) -> Handshake:
        """Begin the handshake: the client's proof is still to be said."""
        client, daemon = (self.writer.get_extra_info(f"{end}name") for end in ("sock", "peer"))
        nonce = new_nonce()
        challenge = await self.ask({"authenticate": nonce}) or {}
        handshake = Handshake(
            token, nonce, challenge["challenge"], address_text(client), address_text(daemon)
        )
        assert handshake.is_proof("daemon", challenge["proof"]) == (token == token_of_daemon())
        return handshake

    async def settled(self) -> None:
        """Return when the daemon has taken in all that was said."""
        assert await self.ask({"ping": "settled"}) == {"pong": "settled"}


def token_of_daemon() -> str:
    """The token of the daemon that listens on TCP."""
    return Path(place.address_file()).read_text("ascii").split()[1]


def free_port() -> int:
    """A TCP port of this computer that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(
    dialer: ScriptedDialer, *, settings_file: str = "", listen: str = ""
) -> AsyncIterator[ControlServer]:
    server = ControlServer(
        dialer,
        settings_file=settings_file,
        settings=ControlSettings(listen=listen),
        logger=logger("test"),
    )
    async with server:
        yield server


@asynccontextmanager
async def client(*, greeted: bool = True, limit: int = 2**20) -> AsyncIterator[HandClient]:
    reader, writer = await asyncio.open_unix_connection(place.socket_files()[0], limit=limit)
    one = HandClient(reader, writer)
    if greeted:
        assert await one.greet()
    try:
        yield one
    finally:
        writer.transport.abort()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main``; a test that hangs fails."""
    return asyncio.run(asyncio.wait_for(main, 30))
