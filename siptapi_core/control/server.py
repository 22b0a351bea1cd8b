"""The daemon's end of the control line: takes clients, and hands their commands to the dialer."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

from siptapi_core.contracts import Dialer, Logger
from siptapi_core.control.connection import Connection
from siptapi_core.control.hello import ClientHello, check_settings
from siptapi_core.control.lines import LONGEST_REQUEST
from siptapi_core.control.listening import Listener, check_user, listeners
from siptapi_core.errors import NoSettingsError, RefusedError
from siptapi_core.settings import find_config
from siptapi_core.settings.control import ControlSettings

MOST_CLIENTS = 200
"""Of one socket: strangers who know no token, and go, cannot keep the user's own from the other."""
CLOSE_SECONDS = 3.0
"""How long `ControlServer.close` waits for clients to read to the end."""


class ControlServer:
    """Serves ``dialer`` to the programs of this user, while the context lasts.

    ::

        async with ControlServer(dialer, settings_file=settings.where, settings=settings.control):
            ...

    The caller holds the lock (`only_one`). ``settings_file`` is what clients compare with the
    settings that they mean. To show clients how their calls end, close the dialer first: its
    streams of events end, and each client is told so.

    Raises:
        NetworkError: on entering: no socket could be opened.
    """

    def __init__(
        self,
        dialer: Dialer,
        *,
        settings_file: str,
        settings: ControlSettings,
        logger: Logger,
    ) -> None:
        self._dialer = dialer
        self._settings_file = settings_file
        self._settings = settings
        self._logger = logger
        self._clients: dict[Connection, asyncio.Task[None]] = {}
        self._open = ExitStack()
        self._default_settings = ""

    async def __aenter__(self) -> Self:
        """Listen."""
        self._default_settings = _default_settings()
        with ExitStack() as opening:
            listening = listeners(self._settings.address)
            for listener in listening:
                opening.callback(listener.close)
            for listener in listening:
                serve = partial(self._serve, listener, set())
                server = await asyncio.start_server(
                    serve, sock=listener.socket, limit=LONGEST_REQUEST
                )
                opening.callback(server.close)
                self._logger.info("control line open", address=listener.name)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """Take no more clients, and say goodbye to those that there are."""
        self._open.close()
        for client in self._clients:
            client.dismiss(RefusedError("SIPTAPI is shutting down"))
        tasks = tuple(self._clients.values())
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
            for task in slow:
                task.cancel()
            if slow:
                await asyncio.wait(slow)

    def _serve(
        self,
        listener: Listener,
        present: set[Connection],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Serve one client of ``listener``, of which others are ``present``."""

        def admit(hello: ClientHello) -> None:
            if not listener.token:
                check_user(writer.get_extra_info("socket"))
            check_settings(hello.settings, self._settings_file, self._default_settings)

        def forget(task: asyncio.Task[None]) -> None:
            present.remove(client)
            del self._clients[client]
            if not task.cancelled() and (error := task.exception()) is not None:
                self._logger.error("control line broke", why=repr(error))

        client = Connection(
            reader,
            writer,
            dialer=self._dialer,
            token=listener.token,
            admit=admit,
            settings_file=self._settings_file,
            logger=self._logger,
        )
        if len(present) >= MOST_CLIENTS:
            client.dismiss(RefusedError(f"there are {MOST_CLIENTS} clients already"))
            return
        present.add(client)
        self._clients[client] = asyncio.get_running_loop().create_task(client.serve())
        self._clients[client].add_done_callback(forget)


def _default_settings() -> str:
    """The settings file that is taken where none is named, "" where there is none."""
    try:
        return str(find_config(None, {}))
    except NoSettingsError:
        return ""
