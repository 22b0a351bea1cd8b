"""SIPTAPI as it is installed and set up, opened to be looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.contracts import Context, LineIdentity, Network
from siptapi_core.dialer.contexts import plugin_contexts
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.errors import NetworkError
from siptapi_core.history import CallHistory, open_history
from siptapi_core.logs import logger
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import ANY_IPV4, ANY_IPV6, SipNetwork
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.plugin_loading import PluginCatalog
from siptapi_core.settings import Settings
from siptapi_core.settings.ports import port_range


class Installation:
    """All that can be looked at; an `Examined` without a line.

    ``port_problem`` is why the sockets that the settings want could not be opened ("": they could);
    others serve then. ``daemon`` says whether a daemon with these settings runs, which has them.
    """

    identity: LineIdentity | None = None
    network: Network | None = None

    def __init__(
        self,
        settings: Settings,
        catalog: PluginCatalog,
        sockets: SipNetwork,
        lines: LineFactory,
        *,
        context: Context,
        history: CallHistory | None,
        port_problem: str,
        daemon: bool,
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.sockets = sockets
        self.lines = lines
        self.context = context
        self.history = history
        self.port_problem = port_problem
        self.daemon = daemon

    @property
    def settings_file(self) -> str:
        """Where the settings are."""
        return self.settings.where

    def line(self, name: str) -> ExaminedLine:
        """A line, to be looked at.

        Raises:
            SiptapiError: it cannot be made of its settings.
        """
        return ExaminedLine(self, name)


@asynccontextmanager
async def open_installation(
    settings: Settings, catalog: PluginCatalog, *, daemon: bool = False
) -> AsyncIterator[Installation]:
    """Open what ``settings`` mean, for as long as it is looked at.

    ``daemon`` is as in `Installation`.

    Raises:
        NetworkError: no socket at all can be opened.
    """
    clock, identifiers, log = SystemClock(), SystemIdentifiers(), logger("siptapi")
    context = plugin_contexts(settings, clock, identifiers)

    def stream_options(line: str) -> StreamOptions:
        return lines.stream_options(line)

    async def open_network(hosts: tuple[str, ...], ports: str) -> SipNetwork:
        return await SipNetwork.open(
            clock=clock,
            identifiers=identifiers,
            logger=log,
            hosts=hosts,
            ports=port_range(ports),
            stream_options=stream_options,
        )

    anywhere = (ANY_IPV4, ANY_IPV6)
    async with AsyncExitStack() as parts:
        port_problem = ""
        try:
            network = await open_network(settings.local_addresses or anywhere, settings.local_ports)
        except NetworkError as error:
            port_problem = str(error)
            network = await open_network(anywhere, "")
        parts.push_async_callback(network.close)
        history = await parts.enter_async_context(open_history(settings, clock=clock, logger=log))
        lines = LineFactory(settings, catalog, network, context)
        yield Installation(
            settings,
            catalog,
            network,
            lines,
            context=context("doctor"),
            history=history,
            port_problem=port_problem,
            daemon=daemon,
        )
