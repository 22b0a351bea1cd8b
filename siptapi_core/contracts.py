"""What a plugin implements and what it is given: offers, strategies, resolvers, front ends.

A plugin imports these names from `siptapi_core` and nothing else of ours.
"""

from __future__ import annotations

import enum
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from attrs import evolve, frozen, has

from siptapi_core.commands import Caller, Command, Reply
from siptapi_core.commands import PluginRecord as PluginRecord  # noqa: PLC0414  # a part of `CliSession`
from siptapi_core.commands import PluginState as PluginState  # noqa: PLC0414  # as above
from siptapi_core.errors import UsageError
from siptapi_core.events import AttemptHappening, Event, EventId, TracedMessage
from siptapi_core.machine.refer_plan import ByePolicy, CallTimers, Party, ReferPlan
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri, TelUri, Uri, escape_user
from siptapi_core.targets import Address, HostPort, Number, Target, Transport
from siptapi_core.values import Compared, Value

if TYPE_CHECKING:
    from siptapi_core.dns_records import DnsAnswer, NaptrRecord, SrvRecord

S = TypeVar("S")
T_co = TypeVar("T_co", covariant=True)


def _check_name(name: str) -> None:
    parts = name.split("-")
    if not all(part.isascii() and part.isalnum() and part == part.lower() for part in parts):
        raise ValueError(f"{name!r} is no name: it has lower-case letters, digits and hyphens")


@frozen(eq=False, repr=False)
class NoSettings(Compared):
    """The settings class of an offer that has none: its section must be empty or absent."""


class Clock(Protocol):
    """The two clocks: one that only goes forward, and the one on the wall."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def time(self) -> float:
        """Seconds since the epoch, UTC; may be set at any moment."""
        ...


class Logger(Protocol):
    """What a plugin logs with: an event in words, and values by name (structlog's shape).

    A value may be any object; it is turned into text only where it is written. ``bind`` returns a
    logger that adds ``values`` to every event, as ``call`` and ``line`` are to those of a call.
    ``is_enabled_for(level)`` says whether an event would be written, for values that take work;
    levels are the standard library's numbers.
    """

    def is_enabled_for(self, level: int) -> bool: ...  # noqa: D102
    def bind(self, **values: object) -> Logger: ...  # noqa: D102
    def debug(self, event: str, **values: object) -> object: ...  # noqa: D102
    def info(self, event: str, **values: object) -> object: ...  # noqa: D102
    def warning(self, event: str, **values: object) -> object: ...  # noqa: D102
    def error(self, event: str, **values: object) -> object: ...  # noqa: D102


class DnsClient(Protocol):
    """Asks DNS, and remembers the answers while they last; all plugins share one.

    ``seconds`` is how long it may take; the settings may allow less. Whatever is answered comes
    from strangers. An alias (CNAME) is followed; a name of no such records is no error.
    """

    @property
    def has_own_servers(self) -> bool:
        """Whether the settings name DNS servers; else those of the system are asked."""
        ...

    async def naptr(self, name: str, seconds: float) -> DnsAnswer[NaptrRecord]:
        """The NAPTR records of ``name``, by order and preference.

        Raises:
            ResolveError: ``name`` can be no name, or (``temporary``) no server answered well.
        """
        ...

    async def srv(self, name: str, seconds: float) -> DnsAnswer[SrvRecord]:
        """The SRV records of ``name``, in the order to be tried: weights are drawn each time.

        Raises:
            ResolveError: as `naptr`.
        """
        ...

    async def addresses(self, name: str, seconds: float) -> DnsAnswer[str]:
        """The IPv6 and IPv4 addresses of ``name``, in no special order.

        Raises:
            ResolveError: as `naptr`.
        """
        ...


class Context(Value, kw_only=True):
    """What a plugin is given when it is created: never the whole settings, never a secret."""

    clock: Clock
    dns: DnsClient
    logger: Logger
    state_folder: Callable[[], Path] = Path
    """Makes, where it is not there yet, a folder for what a plugin must keep over a restart."""


class Offer(Value, Generic[S, T_co], kw_only=True):
    """Something that a plugin offers by name; it is created only when the settings name it.

    ``settings`` is an attrs class: its section (``[strategies.NAME]``, ``[resolvers.NAME]``, ...)
    is read and checked by the core, and an instance is handed to ``create``. ``check`` raises
    UsageError where a line that names the offer lacks what it needs: ``siptapi config check`` asks
    it, because nothing is created and no call begun there.

    Raises:
        ValueError: ``name`` is not made of lower-case letters, digits and hyphens.
        TypeError: ``settings`` is no attrs class.
    """

    name: str
    summary: str
    create: Callable[[S, Context], T_co]
    settings: type[S] = NoSettings  # type: ignore[assignment]
    check: Callable[[LineIdentity], object] | None = None

    def _check(self) -> None:
        _check_name(self.name)
        settings: object = self.settings
        if not (isinstance(settings, type) and has(settings)):
            raise TypeError(f"the settings of {self.name!r} are no attrs class, but {settings!r}")


class Capability(enum.StrEnum):
    """What can be done with an attempt while it runs."""

    HANG_UP = "hang_up"
    TRANSFER = "transfer"


class LineIdentity(Value, kw_only=True):
    """The public side of a line, as a strategy sees it: no password.

    ``address_of_record`` is ``sip:user@domain``; ``phone`` the Request-URI that reaches the
    phone through the proxy; ``phone_address`` its static address where the settings give one;
    ``service_route`` what the registrar wants in place of the outbound proxy (RFC 3608);
    ``display_name`` is rendered for this call, and for the user's own phone, as are the headers in
    ``auto_answer``, which let it pick up by itself; ``keepalive`` is in seconds.
    """

    name: str
    address_of_record: SipUri
    phone: SipUri
    phone_address: SipUri | None = None
    outbound_proxy: SipUri | None = None
    display_name: str = ""
    service_route: tuple[NameAddr, ...] = ()
    auto_answer: tuple[tuple[str, str], ...] = ()
    learn_address: bool = False
    keepalive: float = 0.0
    bye: ByePolicy = ByePolicy.ON_ANSWER
    timers: CallTimers = CallTimers()


class DialRequest(Value, kw_only=True):
    """What a strategy is asked for: let the phone of ``line`` call ``callee``.

    ``callee`` is what goes into Refer-To; ``number`` is None where the user dialled a URI.
    ``is_emergency``: the number is one of those that save lives, so nothing but the phone itself,
    which has a voice, may call it.
    """

    callee: Uri
    line: LineIdentity
    number: Number | None = None
    is_emergency: bool = False

    def plan(
        self,
        strategy: str,
        *,
        target: SipUri,
        next_hop: SipUri | None = None,
        route: tuple[NameAddr, ...] = (),
        direct: bool = False,
        invite_headers: tuple[tuple[str, str], ...] = (),
        first: Party = Party.PHONE,
    ) -> ReferPlan:
        """Plan to INVITE ``target`` as the line, and to have it call the other party.

        ``target`` is of the party ``first``: the user's phone, which is told to call ``callee``,
        or the callee, who is told to call the phone, and to whom nothing is sent that is for the
        phone alone. The INVITE is sent to ``next_hop``, by default where ``target`` itself leads;
        the rest is as in `ReferPlan`.
        """
        line, is_phone = self.line, first is Party.PHONE
        account = line.address_of_record
        return ReferPlan(
            strategy=strategy,
            target=target,
            from_=NameAddr(account, line.display_name if is_phone else ""),
            refer_to=self.callee if is_phone else line.phone,
            referred_by=account,
            next_hop=next_hop or target,
            first=first,
            route=route,
            direct=direct,
            invite_headers=(*invite_headers, *(line.auto_answer if is_phone else ())),
            bye=self.line.bye,
            timers=self.line.timers,
            learn_address=self.line.learn_address,
            keepalive=self.line.keepalive,
        )

    def plan_via_proxy(self, strategy: str, *, first: Party = Party.PHONE) -> ReferPlan:
        """Plan to reach ``first`` as any caller does: by the outbound proxy, or its domain.

        Raises:
            UsageError: the callee comes first, and has no SIP address and no number.
        """
        target = self.line.phone if first is Party.PHONE else self._callee_address()
        proxy, service_route = self.line.outbound_proxy, self.line.service_route
        if service_route and isinstance(next_hop := service_route[0].uri, SipUri):
            return self.plan(
                strategy, target=target, next_hop=next_hop, route=service_route, first=first
            )
        if proxy is None:
            return self.plan(strategy, target=target, first=first)
        if not proxy.is_loose_router:  # nobody means a strict router (RFC 3261 section 8.1.2)
            proxy = proxy.with_parameter("lr")
        route = (NameAddr(proxy),)
        return self.plan(strategy, target=target, next_hop=proxy, route=route, first=first)

    def _callee_address(self) -> SipUri:
        """The callee as a Request-URI (RFC 3261 19.1.1, 19.1.6)."""
        callee, account = self.callee, self.line.address_of_record
        if isinstance(callee, SipUri):
            return evolve(callee, headers=()).without_parameter("method")
        if isinstance(callee, TelUri):
            number = escape_user(str(callee).partition(":")[2])
            return SipUri(account.host, number, account.port, parameters=(("user", "phone"),))
        raise UsageError(f"{callee} is no address that SIPTAPI itself can call")


class Attempt(Protocol):
    """One try at a call. Returned at once, so that there is always something to hang up."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What of the below works here."""
        ...

    def events(self) -> AsyncIterator[AttemptHappening]:
        """What happens, in order; the last is a `CallEnded`, then the iterator ends."""
        ...

    async def hang_up(self) -> None:
        """End it, at any moment; its events then end by themselves.

        Raises:
            RefusedError: it was handed over already; the words say what that means.
        """
        ...

    async def transfer(self, to: Uri) -> None:
        """Send the party that we hold to ``to``, or the one that is being called, once we do.

        Raises:
            NotSupportedError: where ``TRANSFER`` is not among ``capabilities``.
            RefusedError: we hold nobody any more, or it is being sent somewhere just now.
        """
        ...


Planning = Callable[[], Awaitable[ReferPlan]]
"""Makes a plan that takes time; a `SiptapiError` that it raises is the attempt's failure."""


class Network(Protocol):
    """What a strategy may use. It belongs to one line: its resolvers, its credentials."""

    def refer_call(self, plan: ReferPlan | Planning) -> Attempt:
        """Execute a plan: INVITE, REFER, NOTIFYs, BYE; or first make it, inside the attempt."""
        ...

    async def mapped_address(
        self, towards: SipUri, servers: Sequence[HostPort], *, refresh: float
    ) -> Address:
        """How a NAT shows the UDP socket that requests to ``towards`` leave from (RFC 8489).

        STUN ``servers`` are asked through that very socket. What they say is believed for
        ``refresh`` seconds, and while calls go on asked again: that keeps the mapping open.

        Raises:
            NetworkError: nobody says, two servers disagree (a symmetric NAT), or it is not by UDP
                that ``towards`` is reached.
            ResolveError: ``towards`` leads nowhere.
        """
        ...

    async def next_hop(self, uri: SipUri) -> tuple[Address, ...]:
        """Resolve ``uri`` through the line's chain, in the order to be tried.

        Raises:
            ResolveError: there is no such name, or no resolver answered.
        """
        ...


class Strategy(Protocol):
    """A way of making the user's phone call someone."""

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """Begin. Must not block: resolve and send inside the attempt.

        Raises:
            UsageError: the line's settings lack what this strategy needs; nothing was sent.
        """
        ...


class ResolveContext(Value, kw_only=True):
    """What a resolver may know: the line's name, and seconds left of the overall limit.

    ``transports`` are those that we speak, the preferred first.
    """

    line: str
    seconds_left: float
    transports: tuple[Transport, ...] = tuple(Transport)


class Resolved(Value, kw_only=True):
    """One step of a chain: ``targets`` in the order to be tried, and why, in words.

    Empty ``targets``: authoritatively nothing there. ``ttl`` is seconds, None where unknown.
    """

    targets: tuple[Target, ...]
    why: str
    ttl: float | None = None


class PassedOn(Value, kw_only=True):
    """A resolver looked, and found nothing that decides: the next one is asked. ``why`` in words.

    ``ttl`` is seconds, None where unknown.
    """

    why: str
    ttl: float | None = None


class Resolver(Protocol):
    """One kind of step on the way from a name to addresses, or from a number to a URI.

    A call asks none for an IPv4 address by UDP, which is where it leads already.
    """

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | PassedOn | None:
        """Resolve one step; None: not mine, ask the next resolver.

        Raises:
            ResolveError: mine, but it failed (``temporary``: may work later).
        """
        ...


class Dialer(Protocol):
    """The dialer as front ends see it: in this process, or at the other end of a control line."""

    async def execute(self, command: Command, caller: Caller) -> Reply:
        """Carry out a command.

        Raises:
            SiptapiError: it cannot be done; ``code`` and the words say why.
        """
        ...

    def events(self, caller: Caller, after: EventId | None = None) -> AsyncIterator[Event]:
        """Events of the caller's lines from now on, or from the first after ``after``.

        The subscription begins with this call, not with the first ``anext``. Where events after
        ``after`` are not kept any more, or a listener falls far behind, RefusedError ends it.
        """
        ...

    def traced(self) -> AsyncIterator[TracedMessage]:
        """SIP messages from now on; nothing is traced while nobody asks."""
        ...


class Frontend(Protocol):
    """A way in for people or programs."""

    async def serve(self, dialer: Dialer, ready: Callable[[], None]) -> None:
        """Serve until cancelled; call ``ready`` once when callers can come.

        An attribute ``where``, if it has one by then, is what the daemon says of it as it begins:
        the address that callers come to.
        """
        ...


class Gap(Value):
    """What an observer gets in place of events that it was too slow for; ``missed`` counts them."""

    missed: int


class Observer(Protocol):
    """Is told what happens, on a thread of its own; whatever it does, it cannot slow a call."""

    def observe(self, event: Event | Gap) -> None:
        """Take in one event. May block; what it raises is logged, and the next event comes."""
        ...

    def close(self) -> None:
        """No event follows. May block for a few seconds, to finish what it began."""
        ...


class CliSession(Protocol):
    """What a CLI command is given besides its arguments. Nothing is read before it is asked for."""

    @property
    def config(self) -> Path | None:
        """The ``--config`` that the user gave, if any."""
        ...

    def plugins(self) -> tuple[PluginRecord, ...]:
        """Every plugin found, loaded or not."""
        ...

    def connect(self) -> AbstractAsyncContextManager[Dialer]:
        """A dialer for the user's settings.

        Raises:
            SettingsError: on entering, where the settings cannot be read.
        """
        ...


class CliCommand(Value, kw_only=True):
    """A command of ``siptapi``; ``run`` returns the exit code and raises `SiptapiError`."""

    name: str
    summary: str
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, CliSession], int]

    def _check(self) -> None:
        _check_name(self.name)


class Verdict(enum.StrEnum):
    """What a check found, in a word."""

    OK = "ok"
    NOTE = "note"
    """Nothing is wrong, but it is good to know; or it could not be looked at."""
    PROBLEM = "problem"


class Finding(Value, kw_only=True):
    """One thing that a check found, in sentences: what was ``seen``, what it ``means``, what to do.

    ``check`` and ``line`` ("" of what concerns no single line) are filled in by who runs the check.
    """

    verdict: Verdict
    seen: str
    means: str = ""
    do: str = ""
    check: str = ""
    line: str = ""


class Examined(Protocol):
    """What a check looks at: a line, or SIPTAPI as it is installed, where ``identity`` is None."""

    @property
    def identity(self) -> LineIdentity | None:
        """The line, without its password."""
        ...

    @property
    def network(self) -> Network | None:
        """What a strategy of the line may use; no check disturbs anybody by it."""
        ...

    @property
    def settings_file(self) -> str:
        """Where the settings are."""
        ...

    @property
    def context(self) -> Context:
        """Clock, DNS and logger."""
        ...


class Check(Value, kw_only=True):
    """Something that ``siptapi doctor`` looks at; ``run(examined)`` gets an `Examined`.

    It is run for each line, or once where it is not ``of_line``, beside all others. What it raises
    becomes a finding, and so does that it takes longer than ``seconds``.

    Raises:
        ValueError: ``name`` is not made of lower-case letters, digits and hyphens.
    """

    name: str
    summary: str
    run: Callable[[Any], Awaitable[Iterable[Finding]]]
    of_line: bool = True
    seconds: float = 30.0

    def _check(self) -> None:
        _check_name(self.name)
