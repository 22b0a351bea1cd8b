"""A line as the checks look at it: what several of them need to know is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from siptapi_core.checks.asking import Answer, ask, make_request
from siptapi_core.checks.findings import AnsweredOurselvesError, UnexaminedError
from siptapi_core.contracts import Context, LineIdentity, Network
from siptapi_core.errors import ResolveError, SettingsError
from siptapi_core.machine.user_agent import ALLOW
from siptapi_core.resolution import ResolutionStep
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value

if TYPE_CHECKING:
    from siptapi_core.checks.installation import Installation

T = TypeVar("T")

_OURS = frozenset(ALLOW[1].split(", "))
"""What we say that we allow."""
MOST_ADDRESSES = 8
"""So many of a line's addresses are asked."""


class Way(Value, kw_only=True):
    """Where requests of the line go: ``steps`` from ``target`` to ``addresses``, or a problem."""

    target: SipUri
    steps: tuple[ResolutionStep, ...]
    addresses: tuple[Address, ...] = ()
    problem: str = ""
    temporary: bool = False


class ExaminedLine:
    """The line ``name``; an `Examined`.

    Each question is asked when a check first wants its answer, and no check waits twice.
    """

    def __init__(self, installation: Installation, name: str) -> None:
        self.installation = installation
        self.name = name
        self.settings = installation.settings.line(name)
        self._line = installation.lines[name]
        self.identity: LineIdentity = self._line.identity("")
        self.network: Network = self._line.network("", installation.sockets.logger)
        self._asked: dict[str, asyncio.Task[Any]] = {}

    @property
    def settings_file(self) -> str:
        """Where the settings are."""
        return self.installation.settings_file

    @property
    def context(self) -> Context:
        """Clock, DNS and logger."""
        return self.installation.context

    @property
    def calls_directly(self) -> bool:
        """Whether the phone is called at its own address."""
        return self.identity.phone_address is not None

    async def way(self) -> Way:
        """The way to the proxy, or the domain."""
        return await self._once("way", self._find_way)

    async def credentials(self) -> Credentials | None:
        """The account's credentials; raises SettingsError."""
        return await self._once("credentials", self._read_credentials)

    async def options(self) -> tuple[Answer, ...]:
        """What each address of the proxy says to OPTIONS, without a password.

        Raises:
            UnexaminedError: there is no address.
        """
        return await self._once("options", self._ask_options)

    async def bindings(self) -> Answer:
        """What the registrar says that it has of the account (RFC 3261 10.2.3).

        This is where the password is tried, once.

        Raises:
            UnexaminedError: no server answers, or the password cannot be read.
        """
        return await self._once("bindings", self._ask_bindings)

    async def phone_options(self) -> Answer:
        """What the phone says to OPTIONS, by the way that a call to it would take.

        Raises:
            UnexaminedError: it cannot be asked.
            AnsweredOurselvesError: a SIPTAPI that is registered beside it was quicker.
        """
        answer = await self._once("phone_options", self._ask_phone)
        if answer.methods == _OURS:
            raise AnsweredOurselvesError(
                "SIPTAPI, which is registered beside the phone, answered first"
            )
        return answer

    async def proxy_answers_for_phone(self) -> bool:
        """Whether it is the proxy, a PBX then, that answered OPTIONS in the phone's place.

        Raises:
            UnexaminedError: as `phone_options`.
        """
        if self.calls_directly:
            return False
        product = (await self.phone_options()).product
        return bool(product) and any(each.product == product for each in await self.options())

    async def heard(self) -> tuple[Answer, ...]:
        """Whatever answer came, of any of these; raises nothing."""
        found: list[Answer] = []
        for question in (self.options, self.bindings, self.phone_options):
            try:
                answer = await question()
            except UnexaminedError:
                continue
            found += answer if isinstance(answer, tuple) else (answer,)
        return tuple(answer for answer in found if answer.response is not None)

    async def close(self) -> None:
        """Ask nothing any more."""
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    async def _once(self, name: str, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task: asyncio.Task[T] | None = self._asked.get(name)
        if task is None:
            task = self._asked[name] = asyncio.get_running_loop().create_task(make())
        return await asyncio.shield(task)  # a check that has no more time leaves it to the others

    @property
    def _target(self) -> SipUri:
        account, proxy = self.identity.address_of_record, self.identity.outbound_proxy
        return proxy or SipUri(account.host, port=account.port, scheme=account.scheme)

    @property
    def _route(self) -> tuple[NameAddr, ...]:
        proxy = self.identity.outbound_proxy
        if proxy is None:
            return ()
        return (NameAddr(proxy if proxy.is_loose_router else proxy.with_parameter("lr")),)

    async def _find_way(self) -> Way:
        steps: list[ResolutionStep] = []
        target = self._target
        try:
            await self._line.resolvers.next_hop(target, steps)
            addresses = await self.network.next_hop(target)
        except ResolveError as error:
            return Way(
                target=target,
                steps=tuple(steps),
                problem=str(error),
                temporary=error.temporary,
            )
        return Way(target=target, steps=tuple(steps), addresses=addresses[:MOST_ADDRESSES])

    async def _read_credentials(self) -> Credentials | None:
        return await self.installation.lines.credentials(self.name)()

    async def _ask_options(self) -> tuple[Answer, ...]:
        way = await self.way()
        if not way.addresses:
            raise UnexaminedError("there is no address to send anything to")
        return tuple(await asyncio.gather(*map(self._ask_proxy, way.addresses)))

    async def _ask_proxy(self, address: Address) -> Answer:
        account = self.identity.address_of_record
        domain = SipUri(account.host, port=account.port, scheme=account.scheme)
        sockets = self.installation.sockets
        answer = await ask(
            sockets, make_request(sockets, "OPTIONS", domain, self.identity), address
        )
        if answer.silent:  # some servers answer no OPTIONS, but no registrar ignores a REGISTER
            register = make_request(
                sockets, "REGISTER", domain, self.identity, to=account, route=self._route
            )
            second = await ask(sockets, register, address)
            return answer if second.silent else second
        return answer

    async def _ask_bindings(self) -> Answer:
        server = await self._server()
        try:
            credentials = await self.credentials()
        except SettingsError as error:
            raise UnexaminedError("the password cannot be read") from error
        account, sockets = self.identity.address_of_record, self.installation.sockets
        request = make_request(
            sockets,
            "REGISTER",
            SipUri(account.host, port=account.port, scheme=account.scheme),
            self.identity,
            to=account,
            route=self._route,
        )
        return await ask(sockets, request, server, credentials)

    async def _ask_phone(self) -> Answer:
        sockets = self.installation.sockets
        direct = self.identity.phone_address
        if direct is not None:
            try:
                addresses = await self.network.next_hop(direct)
            except ResolveError as error:
                raise UnexaminedError(str(error)) from error
            return await ask(
                sockets, make_request(sockets, "OPTIONS", direct, self.identity), addresses[0]
            )
        known = await self.bindings()
        accepted = known.response is not None and known.status < 300  # noqa: PLR2004
        # A password that was refused is not tried again: some servers lock an account for that.
        credentials = await self.credentials() if accepted else None
        request = make_request(
            sockets, "OPTIONS", self.identity.phone, self.identity, route=self._route
        )
        return await ask(sockets, request, await self._server(), credentials)

    async def _server(self) -> Address:
        answers = await self.options()
        for answer in answers:
            if answer.response is not None:
                return answer.address
        raise UnexaminedError("no server answers")
