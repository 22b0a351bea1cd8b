"""Makes what one set of settings names - lines, strategies, resolvers - each when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from siptapi_core.contracts import Context, LineIdentity, Offer, Resolver, Strategy
from siptapi_core.dialer.line import Line
from siptapi_core.dialer.line_credentials import LineCredentials
from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.net.line_network import LineNetwork
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.plugin_loading import PluginCatalog, create
from siptapi_core.settings import Settings, structure
from siptapi_core.settings.secret import path_of
from siptapi_core.sip.name_addr import NameAddr

if TYPE_CHECKING:
    from siptapi_core.net.stream_options import StreamOptions

T = TypeVar("T")


class LineFactory(Mapping[str, Line]):
    """The lines of ``settings`` by name. A `Line` is made anew each time it is asked for.

    Most of ten thousand lines are idle, and an idle line is no more than its settings.
    ``context(name)`` is what a plugin of that name is created with.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: PluginCatalog,
        network: SipNetwork,
        context: Callable[[str], Context],
    ) -> None:
        self.settings = settings
        self._catalog = catalog
        self._network = network
        self._context = context
        self._created: dict[tuple[str, str], Any] = {}
        self._resolvers: dict[tuple[str, ...], tuple[tuple[str, Resolver], ...]] = {}
        self._credentials: dict[str, LineCredentials] = {}
        self.service_route: Callable[[str], tuple[NameAddr, ...]] = lambda _: ()
        """What the registrar of a line wants requests to go through (RFC 3608)."""

    def __getitem__(self, name: str) -> Line:
        line = self.settings.lines[name]
        resolvers = self.chain(name, line.resolvers)

        def identity(number: str) -> LineIdentity:
            route = self.service_route(name)
            plain = line.identity(name, number)
            return plain.evolve(service_route=route) if route else plain

        return Line(
            name=name,
            account=line.account,
            identity=identity,
            rules=line.numbers,
            strategies=line.strategies,
            active=line.active,
            network=lambda call, logger: LineNetwork(
                self._network,
                resolvers,
                self.credentials(name),
                line=name,
                call=call,
                logger=logger,
            ),
            resolvers=resolvers,
            callee_resolvers=(
                self.chain(name, line.callee_resolvers) if line.callee_resolvers else None
            ),
        )

    def __contains__(self, name: object) -> bool:
        return name in self.settings.lines  # a Mapping's own way would make the line

    def __iter__(self) -> Iterator[str]:
        return iter(self.settings.lines)

    def __len__(self) -> int:
        return len(self.settings.lines)

    def change(self, settings: Settings) -> None:
        """Make the lines of other ``settings`` from now on, once they are found to be right.

        Raises:
            SettingsError: as `check`; nothing is changed.
        """
        new = LineFactory(settings, self._catalog, self._network, self._context)
        new.check()
        self.settings, self._created, self._credentials = settings, new._created, {}
        self._resolvers = {}

    def check(self) -> None:
        """Create every resolver that a line names.

        Raises:
            SettingsError: nobody offers one of that name, or its own section is wrong.
        """
        known: set[tuple[str, ...]] = set()
        for name, line in self.settings.lines.items():
            for key in ("resolvers", "callee_resolvers"):
                names = getattr(line, key)
                if names in known:
                    continue
                try:
                    for each in names:
                        self.resolver(each)
                except UnknownNameError as error:
                    where, dotted = self.settings.where, f"lines.{name}.{key}"
                    raise SettingsError(str(error), where=where, key=dotted) from error
                known.add(names)

    def strategy(self, name: str) -> Strategy:
        """The strategy of that name; raises UnknownNameError, SettingsError, PluginError."""
        return self._create("strategies", name, self._catalog.strategies)

    def resolver(self, name: str) -> Resolver:
        """The resolver of that name; raises UnknownNameError, SettingsError, PluginError."""
        return self._create("resolvers", name, self._catalog.resolvers)

    def create_all(self, kind: str, offers: Mapping[str, Offer[Any, T]]) -> dict[str, T]:
        """Create what has a section of ``kind``, by name.

        Raises:
            SettingsError: nobody offers one of that name, or its section is wrong.
            PluginError: a plugin broke.
        """
        created = {}
        for name in self.settings.sections.names(kind):
            try:
                offer = offers[name]
            except UnknownNameError as error:
                where, key = self.settings.where, f"{kind}.{name}"
                raise SettingsError(str(error), where=where, key=key) from error
            created[name] = self._create_with_section(kind, name, offer)
        return created

    def credentials(self, name: str) -> LineCredentials:
        """What the line answers challenges with."""
        found = self._credentials.get(name)
        if found is None:
            found = LineCredentials(self.settings.lines[name])
            if not found.is_at_hand:  # whoever gave it once is not asked again
                self._credentials[name] = found
        return found

    def stream_options(self, name: str) -> StreamOptions:
        """How TCP and TLS connections of a line are made; "": those of no line."""
        from siptapi_core.net.stream_options import StreamOptions  # noqa: PLC0415  # most use UDP

        line = self.settings.lines.get(name)
        if line is None:
            return StreamOptions()
        folder = Path(self.settings.where).parent

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

    def chain(self, line: str, names: tuple[str, ...]) -> ResolverChain:
        """The resolvers of those names, as they are now, for ``line``, which may be gone.

        Raises:
            SiptapiError: one of them cannot be had any more.
        """
        resolvers = self._resolvers.get(names)
        if resolvers is None:
            resolvers = tuple([(each, self.resolver(each)) for each in names])
            self._resolvers[names] = resolvers
        return ResolverChain(
            resolvers,
            line=line,
            clock=self._network.clock,
            limit_seconds=self.settings.dns.overall_timeout,
        )

    def _create_with_section(self, kind: str, name: str, offer: Offer[Any, T]) -> T:
        section = self.settings.section(kind, name)
        where, key = self.settings.where, f"{kind}.{name}"
        own = structure(section, offer.settings, where=where, key=key)
        return create(offer, own, self._context(name))

    def _create(self, kind: str, name: str, offers: Mapping[str, Offer[Any, T]]) -> T:
        found: T | None = self._created.get((kind, name))
        if found is None:
            found = self._created[kind, name] = self._create_with_section(kind, name, offers[name])
        return found
