"""``siptapi serve --demo``: the whole product on a web page, with simulated phones.

It reads no settings, keeps nothing, and leaves the user's own daemon alone.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from siptapi_frontends.cli.output import say
from siptapi_frontends.cli.serve import STOP_SIGNALS, handled

if TYPE_CHECKING:
    from siptapi_core.contracts import Context, Frontend
    from siptapi_core.demo.desk_phones import DeskPhones
    from siptapi_core.dialer.daemon import Daemon
    from siptapi_core.plugin_loading import PluginCatalog
    from siptapi_frontends.cli.session import Session
    from siptapi_frontends.http.settings import HttpSettings

USUAL_PORT = 5088
"""Taken where it is free, so that a browser finds again what it remembers of the page."""
_PLAYFUL = {"calls_per_minute": 600, "requests_per_minute": 6000}
"""Nobody is disturbed by however many calls."""
_EXPLAINED = (
    "A demonstration. The proxy and two phones are simulated, but they talk real SIP over",
    "UDP on 127.0.0.1. Nothing leaves this computer, and nothing is kept.",
    "",
)


async def serve_demo(session: Session) -> None:
    """Serve until a signal comes.

    Raises:
        NetworkError: no socket could be opened on loopback.
    """
    stop = asyncio.Event()
    handlers = dict.fromkeys(STOP_SIGNALS, stop.set)
    async with open_page(session.full_catalog) as (daemon, address):

        def on_ready() -> None:
            say(*_EXPLAINED, f"Open  {address}", "", "Ctrl-C ends it.")

        with handled(handlers, asyncio.get_running_loop()):
            await daemon.serve(on_ready, stop)


@asynccontextmanager
async def open_page(
    catalog: PluginCatalog, *, rings: float | None = None
) -> AsyncIterator[tuple[Daemon, str]]:
    """The demo's daemon, and the address to open, which lets one browser in.

    Its phones ring for so many seconds, if that is said.

    Raises:
        NetworkError: no socket could be opened on loopback.
    """
    from siptapi_core.demo.open_town import RINGS, open_town  # noqa: PLC0415  # only for this
    from siptapi_core.dialer import open_daemon  # noqa: PLC0415
    from siptapi_core.settings import Sections  # noqa: PLC0415

    port = _free_port()
    http = {"listen": f"127.0.0.1:{port}", **_PLAYFUL}
    sections = Sections({"frontends": {"http": http}})
    with TemporaryDirectory(prefix="siptapi-demo-") as name:
        folder = Path(name)
        async with (
            open_town(folder, sections, rings=rings or RINGS) as town,
            open_daemon(town.settings, _with_demo(catalog, town.phones, folder)) as daemon,
        ):
            yield daemon, f"http://127.0.0.1:{port}/#token={_add_token(folder)}"


def _with_demo(catalog: PluginCatalog, phones: DeskPhones, folder: Path) -> PluginCatalog:
    """The catalogue with an HTTP front end that knows the phones, and keeps its files here."""
    from siptapi_core.plugin_loading.catalog import Offers  # noqa: PLC0415  # only for this
    from siptapi_frontends.http.frontend import HttpFrontend  # noqa: PLC0415

    def create(settings: HttpSettings, context: Context) -> Frontend:
        return HttpFrontend(settings, context.evolve(state_folder=lambda: folder), phones)

    offer = catalog.frontends["http"].evolve(create=create)
    return catalog.evolve(frontends=Offers("front end", {"http": offer}))


def _add_token(folder: Path) -> str:
    """A token that logs one browser in, once."""
    import time  # noqa: PLC0415  # only for this

    from siptapi_frontends.http.tokens import Scope, TokenFile  # noqa: PLC0415

    return TokenFile(folder / "tokens.json").add(
        "demo", scopes=frozenset(Scope), lines=None, created=time.time(), one_login=True
    )


def _free_port() -> int:
    for port in (USUAL_PORT, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as found:
                return int(found.getsockname()[1])
        except OSError:
            if port == 0:
                raise
    raise AssertionError  # the second one returns or raises
