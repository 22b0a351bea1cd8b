"""What active lines do besides calling: they register, so that they are called, and are watched."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable

from siptapi_core.commands import LineStatus
from siptapi_core.contracts import LineIdentity, Logger
from siptapi_core.dialer.conversations import Conversations
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.events import RegistrationChanged, RegistrationState, WatchChanged, fields_of
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.line_of_request import IncomingLine, LineDirectory
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.net.registering import Registrations
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.net.watching import Watches
from siptapi_core.settings import LineSettings
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

AT_A_TIME = 50
"""Lines that are begun, ended or changed before calls have their turn again: some milliseconds."""
_REGISTRATION = (
    *("active", "register", "domain", "user", "auth_user", "realm", "password", "outbound_proxy"),
    *("resolvers", "registration_expires", "keepalive", "learn_address"),
    *("tls_verify", "tls_ca_file", "tls_certificate", "tls_key", "tls_allow_wildcard"),
)
"""The settings by which a line registers: another value makes another registration."""
_WATCH = (*(name for name in _REGISTRATION if not name.startswith("regist")), "watch", "phone")
"""... and those by which it is watched."""


class LineServices:
    """Registers lines, puts those that do where calls are looked for, and watches phones.

    ``directory`` is where an incoming call finds its line.
    """

    def __init__(
        self,
        lines: LineFactory,
        network: SipNetwork,
        *,
        directory: LineDirectory,
        events: EventBus,
        identifiers: Identifiers,
        logger: Logger,
    ) -> None:
        self._lines = lines
        self._chains: dict[tuple[str, ...], Callable[[str], ResolverChain]] = {}
        self._directory = directory
        self._events = events
        self._identifiers = identifiers
        self._logger = logger
        self._registrations = Registrations(network, self._on_registration)
        self._conversations = Conversations(
            events.tell_of_call,
            asyncio.get_running_loop().call_soon,
            network.call_with,
            network.clock.monotonic,
        )
        self._watches = Watches(
            network,
            self._registrations.flows,
            self._conversations.on_dialog,
            self._on_watching,
        )
        self._watching: dict[str, LineSettings] = {}
        self._problems: dict[str, str] = {}
        self._seeing: set[str] = set()
        """The lines of whose conversations a watch tells now."""
        self._registering: dict[str, tuple[LineSettings, str]] = {}
        """What each line registered with: its settings, and its token."""
        self._registered: set[str] = set()
        self._local_address = network.agent.local_address
        self._locals: dict[Address, Address] = {}
        """Our own address by each way that lines are registered by."""
        lines.service_route = self._registrations.service_route

    @property
    def registered(self) -> int:
        """How many lines are registered now."""
        return len(self._registered)

    async def update(self, names: Iterable[str]) -> None:
        """Begin, end or change what the lines of those names do, as their settings are now.

        However many they are, calls have their turn meanwhile.
        """
        for number, name in enumerate(names, 1):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            line = self._lines.settings.lines.get(name)
            if line is not None and not line.active:
                line = None
            self._update_registration(name, line)
            self._update_watch(name, line)

    def renew(self) -> None:
        """Register and subscribe again: what the servers have of us may be out of date."""
        self._registrations.renew(self._registrations.flows.ways())

    def renew_where_we_moved(self) -> bool:
        """The same, by each way on which this computer has another address than it had."""
        found = {way: self._local_address(way) for way in self._registrations.flows.ways()}
        moved = [way for way, local in found.items() if self._locals.get(way, local) != local]
        self._locals = found
        self._registrations.renew(moved)
        return bool(moved)

    def counters(self) -> dict[str, int]:
        """What is alive, by name."""
        return {"watches": len(self._watches), "followed calls": len(self._conversations)}

    def status(self, line: LineStatus) -> LineStatus:
        """Fill in how the line's registration and watch are."""
        registration = self._registrations.status(line.name)
        problem = registration.reason or self._problems.get(line.name, "")
        return line.evolve(
            registration=registration.state, watching=line.name in self._seeing, problem=problem
        )

    async def close(self, seconds: float) -> None:
        """Take all lines off their registrars, and end the watches, within ``seconds``."""
        await asyncio.gather(self._registrations.close(seconds), self._watches.close(seconds))

    def _update_registration(self, name: str, line: LineSettings | None) -> None:
        wanted = line if line is not None and line.register else None
        before = self._registering.pop(name, None)
        if before is not None and (wanted is None or not _same(before[0], wanted, _REGISTRATION)):
            self._directory.remove(name)
            self._registrations.unregister(name)
            before = None
        if wanted is not None:
            identity = wanted.identity(name, "")
            token = self._identifiers.tag() if before is None else before[1]
            self._registering[name] = (wanted, token)
            self._show_calls(identity, wanted, token)
            if before is None:
                self._register(identity, wanted, token)

    def _update_watch(self, name: str, line: LineSettings | None) -> None:
        wanted = line if line is not None and line.watch else None
        before = self._watching.pop(name, None)
        if before is not None and (wanted is None or not _same(before, wanted, _WATCH)):
            self._conversations.unwatch(name)
            self._problems.pop(name, None)
            self._seeing.discard(name)
            self._watches.unwatch(name)
            before = None
        if wanted is not None:
            self._watching[name] = wanted
            if before is None:
                self._conversations.watch(name)
                if self._conversations.on_event not in self._events.sinks:  # few watch any line
                    self._events.sinks.append(self._conversations.on_event)
                self._watch(name, wanted)

    def _watch(self, name: str, line: LineSettings) -> None:
        identity = line.identity(name, "")
        # Not the registrar's Service-Route: it comes later than this, and is only offered (RFC 3608
        # section 6.1). The proxy that a line names knows the way to its own users without it.
        next_hop, route = _way(identity)
        plan = SubscriptionPlan(
            target=identity.phone,
            from_=NameAddr(identity.address_of_record),
            next_hop=next_hop,
            route=route,
            learn_address=line.learn_address,
            keepalive=line.keepalive,
        )
        self._watches.watch(name, plan, self._chain(line), self._lines.credentials(name))

    def _on_watching(self, name: str, watching: bool, reason: str) -> None:  # noqa: FBT001  # OnWatching
        self._problems[name] = "" if watching else reason
        (self._seeing.add if watching else self._seeing.discard)(name)
        log = self._logger.info if watching or not reason else self._logger.warning
        log("watch changed", line=name, watching=watching, reason=reason)
        self._events.tell_of_line(name, WatchChanged(watching, reason))

    def _show_calls(self, identity: LineIdentity, line: LineSettings, token: str) -> None:
        """... from now on; also while a refresh fails: the registrar may still send us calls."""
        self._directory.put(
            IncomingLine(
                name=identity.name,
                account=identity.address_of_record,
                next_hop=_way(identity)[0],
                token=token,
                send_180=line.send_180,
                sends_reason=line.sends_reason,
                accept_from=line.accept_from,
            )
        )

    def _register(self, identity: LineIdentity, line: LineSettings, token: str) -> None:
        next_hop, route = _way(identity)
        plan = RegistrationPlan(
            account=identity.address_of_record,
            next_hop=next_hop,
            token=token,
            route=route,
            expires=round(line.registration_expires),
            learn_address=line.learn_address,
            keepalive=line.keepalive,
        )
        credentials = self._lines.credentials(identity.name)
        self._registrations.register(identity.name, plan, self._chain(line), credentials)

    def _chain(self, line: LineSettings) -> Callable[[str], ResolverChain]:
        """What leads to servers, made when it is needed; one object for all that name the same."""
        names = line.resolvers
        return self._chains.setdefault(names, lambda line: self._lines.chain(line, names))

    def _on_registration(self, name: str, change: RegistrationChanged) -> None:
        failed = change.state is RegistrationState.FAILED
        log = self._logger.warning if failed else self._logger.info
        log(change.name, line=name, **fields_of(change))
        if change.state is RegistrationState.REGISTERED:
            self._registered.add(name)
        else:
            self._registered.discard(name)
        self._events.tell_of_line(name, change)


def _same(one: LineSettings, other: LineSettings, names: Iterable[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _way(identity: LineIdentity) -> tuple[SipUri, tuple[NameAddr, ...]]:
    """Where requests for the account are sent, and by which route."""
    account, proxy = identity.address_of_record, identity.outbound_proxy
    if proxy is None:
        return _domain(account.scheme, account.host, account.port), ()
    return proxy, _route(proxy)


@functools.lru_cache(maxsize=64)
def _domain(scheme: str, host: str, port: int | None) -> SipUri:
    """One object for all lines of a domain."""
    return SipUri(host, port=port, scheme=scheme)


@functools.lru_cache(maxsize=64)
def _route(proxy: SipUri) -> tuple[NameAddr, ...]:
    """... and of a proxy."""
    return (NameAddr(proxy),)
