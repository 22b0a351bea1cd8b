"""Putting a dialer together from settings and plugins: only what the settings name is created."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from siptapi_core.dialer.contexts import plugin_contexts
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.failed_calls import FailedCalls
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.history import open_history
from siptapi_core.logs import logger
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import ANY_IPV4, ANY_IPV6, SipNetwork
from siptapi_core.plugin_loading import PluginCatalog
from siptapi_core.settings import Settings
from siptapi_core.settings.ports import port_range
from siptapi_core.state_folder import state_folder

if TYPE_CHECKING:
    from siptapi_core.dialer.daemon import Daemon
    from siptapi_core.net.stream_options import StreamOptions


@asynccontextmanager
async def open_daemon(settings: Settings, catalog: PluginCatalog) -> AsyncIterator[Daemon]:
    """A daemon with a dialer for every line of ``settings``; `Daemon.serve` runs it.

    Raises:
        SettingsError, UnknownNameError: as `open_dialer`.
        NetworkError: no socket could be opened.
    """
    from siptapi_core.dialer.daemon import Daemon  # noqa: PLC0415  # not for a single call
    from siptapi_core.dialer.incoming_indication import IncomingIndication  # noqa: PLC0415
    from siptapi_core.dialer.line_services import LineServices  # noqa: PLC0415

    async with _assembled(settings, catalog, None, daemon=True) as parts:
        dialer, lines, events, network = parts
        incoming = IncomingIndication(
            network,
            events=events,
            identifiers=network.agent.identifiers,
            clock=network.clock,
            logger=network.logger,
        )
        dialer.outgoing.on_begun.append(incoming.expect)
        dialer.outgoing.on_over.append(incoming.expect_no_more)
        daemon = Daemon(
            dialer,
            lines=lines,
            catalog=catalog,
            events=events,
            incoming=incoming,
            line_services=LineServices(
                lines,
                network,
                directory=incoming.lines,
                events=events,
                identifiers=network.agent.identifiers,
                logger=network.logger,
            ),
            counters=network.counters,
            clock=network.clock,
            logger=network.logger,
        )
        dialer.services = daemon
        yield daemon


@asynccontextmanager
async def open_dialer(
    settings: Settings, catalog: PluginCatalog, *, memory: Path | None = None
) -> AsyncIterator[LocalDialer]:
    """A dialer for every line of ``settings``; leaving the context hangs up and closes.

    Its sockets are opened by its first call: to look into the history nobody needs a port.
    ``memory`` is the file in which failures of strategies are remembered (None: the user's own,
    where a line has several strategies to choose from).

    Raises:
        SettingsError, UnknownNameError: a line cannot be used as it is set.
    """
    async with _assembled(settings, catalog, memory) as (dialer, *_):
        yield dialer


@asynccontextmanager
async def _assembled(
    settings: Settings, catalog: PluginCatalog, memory: Path | None, *, daemon: bool = False
) -> AsyncIterator[tuple[LocalDialer, LineFactory, EventBus, SipNetwork]]:
    log = logger("siptapi")
    clock, identifiers = SystemClock(), SystemIdentifiers()

    def stream_options(line: str) -> StreamOptions:
        return lines.stream_options(line)

    async with AsyncExitStack() as parts:
        history = await parts.enter_async_context(
            open_history(settings, clock=clock, logger=log, daemon=daemon)
        )
        network = await SipNetwork.open(
            clock=clock,
            identifiers=identifiers,
            logger=log,
            hosts=(),
            stream_options=stream_options,
        )
        parts.push_async_callback(network.close)
        listen = partial(
            network.listen,
            settings.local_addresses or (ANY_IPV4, ANY_IPV6),
            port_range(settings.local_ports),
        )
        if daemon:
            await listen()
        contexts = plugin_contexts(settings, clock, identifiers)
        lines = LineFactory(settings, catalog, network, contexts)
        lines.check()
        events = (
            EventBus(clock)
            if history is None
            else EventBus(clock, history.record, history.last_event)
        )
        dialer = LocalDialer(
            events=events,
            lines=lines,
            default_line=settings.default_line,
            strategy=lines.strategy,
            memory=StrategyMemory(memory or _memory_file(settings), clock, log),
            identifiers=identifiers,
            clock=clock,
            logger=log,
            tracers=network.tracers,
            messages_of=network.messages_of,
            settings_file=settings.where,
            history=history,
            listen=None if daemon else listen,
        )
        if history is not None:
            failed_calls = FailedCalls(history, network.messages_of)
            dialer.outgoing.on_ended.append(failed_calls.on_ended)
            parts.push_async_callback(failed_calls.close)
        parts.push_async_callback(dialer.close)
        yield dialer, lines, events, network


def _memory_file(settings: Settings) -> Path | None:
    if all(len(line.strategies) < 2 for line in settings.lines.values()):  # noqa: PLR2004
        return None
    return Path(state_folder()) / "failed-strategies.json"
