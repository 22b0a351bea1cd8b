"""Putting a dialer together from settings and plugins: only what the settings name is created."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from siptapi_core.contracts import Clock, Context, DnsClient, Offer, Resolver
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.line_credentials import LineCredentials
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.dialer.strategy_memory import StrategyMemory
from siptapi_core.dns import CachedDnsClient
from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.logs import logger
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.line_network import LineNetwork
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import ANY_IPV4, ANY_IPV6, SipNetwork
from siptapi_core.plugin_loading import PluginCatalog, create
from siptapi_core.settings import LineSettings, Settings, structure
from siptapi_core.settings.ports import port_range
from siptapi_core.settings.secret import path_of

if TYPE_CHECKING:
    from siptapi_core.net.stream_options import StreamOptions

T = TypeVar("T")


@asynccontextmanager
async def open_dialer(
    settings: Settings, catalog: PluginCatalog, *, memory: Path | None = None
) -> AsyncIterator[LocalDialer]:
    """A dialer for every line of ``settings``; leaving the context hangs up and closes.

    ``memory`` is the file in which failures of strategies are remembered (None: the user's own,
    where a line has several strategies to choose from).

    Raises:
        SettingsError, UnknownNameError: a line cannot be used as it is set.
        NetworkError: no socket could be opened.
    """
    log = logger("siptapi")
    clock, identifiers = SystemClock(), SystemIdentifiers()
    network = await SipNetwork.open(
        clock=clock,
        identifiers=identifiers,
        logger=log,
        hosts=settings.local_addresses or (ANY_IPV4, ANY_IPV6),
        ports=port_range(settings.local_ports),
        stream_options=partial(_stream_options, settings),
    )
    try:
        dns = CachedDnsClient(
            identifiers=identifiers,
            servers=settings.dns.addresses,
            timeout=settings.dns.query_timeout,
        )
        create_named = partial(_creator, settings=settings, clock=clock, dns=dns)
        resolver = create_named("resolvers", catalog.resolvers.__getitem__)
        strategy = create_named("strategies", catalog.strategies.__getitem__)
        dialer = LocalDialer(
            lines={
                name: _line(name, line, settings, network, resolver)
                for name, line in settings.lines.items()
            },
            default_line=settings.default_line,
            strategy=strategy,
            memory=StrategyMemory(memory or _memory_file(settings), clock, log),
            identifiers=identifiers,
            clock=clock,
            logger=log,
            tracers=network.tracers,
            settings_file=settings.where,
        )
        try:
            yield dialer
        finally:
            await dialer.close()
    finally:
        await network.close()


def _stream_options(settings: Settings, name: str) -> StreamOptions:
    """How TCP and TLS connections of a line are made; "": those of no line."""
    from siptapi_core.net.stream_options import StreamOptions  # noqa: PLC0415  # most lines use UDP

    line = settings.lines.get(name)
    if line is None:
        return StreamOptions()
    folder = Path(settings.where).parent

    def path(file: str | None) -> str | None:
        return None if file is None else str(path_of(file, folder))

    return StreamOptions(
        tls_verify=line.tls_verify,
        tls_ca_file=path(line.tls_ca_file),
        tls_certificate=path(line.tls_certificate),
        tls_key=path(line.tls_key),
        tls_allow_wildcard=line.tls_allow_wildcard,
        keepalive=line.keepalive,
    )


def _memory_file(settings: Settings) -> Path | None:
    if all(len(line.strategies) < 2 for line in settings.lines.values()):  # noqa: PLR2004
        return None
    from platformdirs import user_state_path  # noqa: PLC0415  # most lines have one strategy

    return user_state_path("siptapi", appauthor=False) / "failed-strategies.json"


def _creator(
    section: str,
    offer: Callable[[str], Offer[Any, T]],
    *,
    settings: Settings,
    clock: Clock,
    dns: DnsClient,
) -> Callable[[str], T]:
    """A function that creates what is offered under a name, once, with its own settings."""

    @cache
    def get(name: str) -> T:
        offered = offer(name)
        own = structure(
            settings.section(section, name),
            offered.settings,
            where=settings.where,
            key=f"{section}.{name}",
        )
        return create(offered, own, Context(clock=clock, dns=dns, logger=logger(name)))

    return get


def _line(
    name: str,
    line: LineSettings,
    settings: Settings,
    network: SipNetwork,
    resolver: Callable[[str], Resolver],
) -> Line:
    def chain(key: str, names: Sequence[str]) -> ResolverChain:
        try:
            resolvers = [(each, resolver(each)) for each in names]
        except UnknownNameError as error:
            key = f"lines.{name}.{key}"
            raise SettingsError(str(error), where=settings.where, key=key) from error
        return ResolverChain(
            resolvers,
            line=name,
            clock=network.clock,
            limit_seconds=settings.dns.overall_timeout,
        )

    resolvers = chain("resolvers", line.resolvers)
    credentials = LineCredentials(line)
    return Line(
        name=name,
        identity=lambda number: line.identity(name, number),
        rules=line.numbers,
        strategies=line.strategies,
        network=lambda log: LineNetwork(network, resolvers, credentials, line=name, logger=log),
        resolvers=resolvers,
        callee_resolvers=(
            chain("callee_resolvers", line.callee_resolvers) if line.callee_resolvers else None
        ),
    )
