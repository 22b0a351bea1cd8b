"""What active lines do besides calling: those that register are called."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.contracts import Logger
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.events import RegistrationChanged, RegistrationState, fields_of
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.line_of_request import IncomingLine, LineDirectory
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.net.registering import Registrations
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.settings import LineSettings
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri

_REGISTRATION = (
    *("active", "register", "domain", "user", "auth_user", "realm", "password", "outbound_proxy"),
    *("resolvers", "registration_expires", "keepalive", "learn_address"),
    *("tls_verify", "tls_ca_file", "tls_certificate", "tls_key", "tls_allow_wildcard"),
)
"""The settings by which a line registers: another value makes another registration."""


class LineServices:
    """Registers lines, and puts those that are registered where calls are looked for.

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
        self._directory = directory
        self._events = events
        self._identifiers = identifiers
        self._logger = logger
        self._registrations = Registrations(network, self._on_registration)
        self._registering: dict[str, tuple[LineSettings, str]] = {}
        """What each line registered with: its settings, and its token."""
        self._registered: set[str] = set()
        lines.service_route = self._registrations.service_route

    @property
    def registered(self) -> int:
        """How many lines are registered now."""
        return len(self._registered)

    def update(self, names: Iterable[str]) -> None:
        """Begin, end or change what the lines of those names do, as their settings are now."""
        for name in names:
            line = self._lines.settings.lines.get(name)
            wanted = line if line is not None and line.active and line.register else None
            before = self._registering.pop(name, None)
            token = "" if before is None else before[1]
            if before is not None and (wanted is None or not _same(before[0], wanted)):
                token = ""
                self._directory.remove(name)
                self._registrations.unregister(name)
            if wanted is not None:
                begins = not token
                token = token or self._identifiers.tag()
                self._registering[name] = (wanted, token)
                self._show_calls(name, wanted, token)
                if begins:
                    self._register(name, wanted, token)

    def status(self, name: str) -> RegistrationChanged:
        """How the registration of that line is."""
        return self._registrations.status(name)

    async def close(self, seconds: float) -> None:
        """Take all lines off their registrars, within ``seconds``."""
        await self._registrations.close(seconds)

    def _show_calls(self, name: str, line: LineSettings, token: str) -> None:
        """... from now on; also while a refresh fails: the registrar may still send us calls."""
        self._directory.put(
            IncomingLine(
                name=name,
                account=line.identity(name, "").address_of_record,
                token=token,
                send_180=line.send_180,
                sends_reason=line.sends_reason,
            )
        )

    def _register(self, name: str, line: LineSettings, token: str) -> None:
        identity = line.identity(name, "")
        proxy = identity.outbound_proxy
        if proxy is not None and not proxy.is_loose_router:
            proxy = proxy.with_parameter("lr")
        account = identity.address_of_record
        plan = RegistrationPlan(
            account=account,
            next_hop=proxy or SipUri(account.host, port=account.port, scheme=account.scheme),
            token=token,
            route=() if proxy is None else (NameAddr(proxy),),
            expires=round(line.registration_expires),
            learn_address=line.learn_address,
            keepalive=line.keepalive,
        )
        chain = self._lines[name].resolvers
        self._registrations.register(name, plan, chain, self._lines.credentials(name))

    def _on_registration(self, name: str, change: RegistrationChanged) -> None:
        failed = change.state is RegistrationState.FAILED
        log = self._logger.warning if failed else self._logger.info
        log(change.name, line=name, **fields_of(change))
        if change.state is RegistrationState.REGISTERED:
            self._registered.add(name)
        else:
            self._registered.discard(name)
        self._events.tell_of_line(name, change)


def _same(one: LineSettings, other: LineSettings) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _REGISTRATION)
