"""The front end on a socket of its own, and who asks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from attrs import evolve
from scripted_dialer import ScriptedDialer

from siptapi_core.commands import Dialling
from siptapi_core.contracts import Context, Dialer
from siptapi_core.demo import Ending, open_demo
from siptapi_core.dialer import open_daemon
from siptapi_core.dialer.daemon import Daemon
from siptapi_core.net.clock import SystemClock
from siptapi_core.numbers import Explanation, Kind
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import HistorySettings
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Number
from siptapi_core.testing.fake_dns import FakeDns
from siptapi_frontends.http.demo import DemoPhones
from siptapi_frontends.http.frontend import HttpFrontend
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope, TokenFile

T = TypeVar("T")
EVERYTHING = frozenset(Scope)
EXPLANATION = Explanation(
    input="01/505641",
    kind=Kind.NATIONAL,
    e164="+431505641",
    formatted="+43 1 505641",
    dialled=SipUri("pbx.example", "+431505641"),
    number=Number("+431505641"),
)
DIALLING = Dialling(call="c1", line="office", explanation=EXPLANATION)


class Log:
    """A logger that remembers: ``lines`` are level, event and values."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def bind(self, **_values: object) -> Log:
        return self

    def debug(self, event: str, **values: object) -> None:
        self.lines.append(("debug", event, values))

    def info(self, event: str, **values: object) -> None:
        self.lines.append(("info", event, values))

    def warning(self, event: str, **values: object) -> None:
        self.lines.append(("warning", event, values))

    def error(self, event: str, **values: object) -> None:
        self.lines.append(("error", event, values))

    def refusals(self) -> list[str]:
        """What was refused, in words."""
        found = []
        for level, event, values in self.lines:
            if level == "warning" and event.startswith("refused"):
                found.append(str(values.get("why", event)))
        return found


class Lab:
    """A front end that runs, and its tokens."""

    def __init__(self, frontend: HttpFrontend, tokens: TokenFile, log: Log, dialer: Any) -> None:
        self.frontend = frontend
        self.tokens = tokens
        self.log = log
        self.dialer = dialer
        self.daemon: Daemon | None = None
        self.address = f"http://127.0.0.1:{frontend.port}"

    def token(self, name: str = "all", *scopes: Scope, **more: Any) -> str:
        """Another token, by default for everything."""
        kinds = frozenset(scopes) or EVERYTHING
        values = {"lines": None, "created": time.time(), **more}
        return self.tokens.add(name, scopes=kinds, **values)

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """Somebody who asks, with or without a token."""
        shown = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.address, headers=shown | headers, timeout=20)

    async def traced(self) -> None:
        """Return when SIP messages are listened to."""
        while not self.dialer.traces.subscriptions:  # noqa: ASYNC110  # a set of weak references
            await asyncio.sleep(0.01)

    async def raw(self, request: bytes, *, wait: float = 5.0) -> bytes:
        """What is answered to ``request`` until the connection is closed, or nothing comes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.frontend.port)
        writer.write(request)
        try:
            async with asyncio.timeout(wait):
                return await reader.read()
        except TimeoutError:
            return b""
        finally:
            writer.transport.abort()


@asynccontextmanager
async def serving(
    folder: Path,
    dialer: Dialer | None = None,
    settings: HttpSettings | None = None,
    demo: DemoPhones | None = None,
) -> AsyncIterator[Lab]:
    """The front end, for a dialer without telephones behind it unless one is given."""
    log, scripted = Log(), dialer or ScriptedDialer()
    context = Context(clock=SystemClock(), dns=FakeDns(), logger=log, state_folder=lambda: folder)
    settings = evolve(settings or HttpSettings(), listen="127.0.0.1:0")
    frontend = HttpFrontend(settings, context, demo)
    ready = asyncio.Event()
    task = asyncio.create_task(frontend.serve(scripted, ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        waiting.cancel()
        await task
    try:
        yield Lab(frontend, TokenFile(folder / "tokens.json"), log, scripted)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        close = getattr(scripted, "close", None)
        if isinstance(scripted, ScriptedDialer) and close is not None:
            close()


@asynccontextmanager
async def serving_demo(
    folder: Path, ending: Ending = Ending.ANSWERED, settings: HttpSettings | None = None
) -> AsyncIterator[Lab]:
    """The front end for a daemon whose line ``demo`` calls simulated phones; dial 301."""
    async with open_demo(ending) as demo:
        kept = HistorySettings(file=str(folder / "history.db"))
        changed = evolve(demo.settings, history=kept)
        async with open_daemon(changed, load_plugins(files=(), third_party=False)) as daemon:
            stop, ready = asyncio.Event(), asyncio.Event()
            running = asyncio.create_task(daemon.serve(ready.set, stop))
            await ready.wait()
            try:
                async with serving(folder, daemon.dialer, settings) as lab:
                    lab.daemon = daemon
                    yield lab
            finally:
                stop.set()
                await running


def run(main: Coroutine[Any, Any, T], seconds: float = 60) -> T:
    """Run ``main``; a test that hangs fails."""
    return asyncio.run(asyncio.wait_for(main, seconds))


async def events_of(response: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """The events of a stream: ``id``, ``event`` and ``data``, where there are any."""
    event: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            event[name] = value.removeprefix(" ")
        else:
            if event:
                yield event
            event = {}
