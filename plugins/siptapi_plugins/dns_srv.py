"""The resolver ``srv``: which servers a domain has, by its SRV records (RFC 3263 4.1 and 4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from siptapi_core import (
    HostPort,
    NoSettings,
    Offer,
    PassedOn,
    ResolveContext,
    Resolved,
    ResolveError,
    SipUri,
    SrvName,
    Target,
    Transport,
    hookimpl,
    names_service,
    required_transport,
    target_host,
)

if TYPE_CHECKING:
    from siptapi_core import DnsAnswer, DnsClient, SrvRecord

_SERVICES = {
    Transport.UDP: "_sip._udp",
    Transport.TCP: "_sip._tcp",
    Transport.TLS: "_sips._tcp",
}
_MOST_WORDS = 5


class SrvResolver:
    """Looks up the name that NAPTR gave, or the usual names of a domain that has no NAPTR."""

    def __init__(self, dns: DnsClient) -> None:
        self._dns = dns

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | PassedOn | None:
        """Resolve an `SrvName` or a `SipUri` to hosts with ports, in the order to be tried.

        A URI with neither transport nor ``sips`` gets the hosts of each transport that we speak
        without TLS: a domain that wants its ``sip:`` URIs over TLS says so by NAPTR.

        Raises:
            ResolveError: no server answered for an `SrvName`, or the URI asks for a transport
                that it cannot have. What is not found for a URI is left to address records.
        """
        if isinstance(target, SrvName):
            answer = await self._dns.srv(target.name, context.seconds_left)
            return Resolved(targets=_hosts(target, answer), why=_words(answer), ttl=answer.ttl)
        if not isinstance(target, SipUri) or not names_service(target):
            return None
        host = target_host(target)
        names = [
            SrvName(f"{_SERVICES[transport]}.{host}", transport, target.host)
            for transport in _transports(target, context)
        ]
        answers = await asyncio.gather(*(self._answer(name, context) for name in names))
        why = "; ".join(map(_words, answers)) or "its transport is not one that we speak"
        ttl = min((each.ttl for each in answers if each.ttl is not None), default=None)
        if not any(each.records for each in answers):
            return PassedOn(why=why, ttl=ttl)
        hosts = (host for pair in zip(names, answers, strict=True) for host in _hosts(*pair))
        return Resolved(targets=tuple(dict.fromkeys(hosts)), why=why, ttl=ttl)

    async def _answer(self, name: SrvName, context: ResolveContext) -> DnsAnswer[SrvRecord]:
        """The answer, in which a failure is no record and the words of the error."""
        try:
            return await self._dns.srv(name.name, context.seconds_left)
        except ResolveError as error:
            from siptapi_core import DnsAnswer  # noqa: PLC0415  # not for every start

            return DnsAnswer((), str(error))


def _transports(uri: SipUri, context: ResolveContext) -> list[Transport]:
    wanted = required_transport(uri)
    if wanted is not None:
        return [wanted]
    return [each for each in context.transports if each is not Transport.TLS]


def _hosts(name: SrvName, answer: DnsAnswer[SrvRecord]) -> tuple[HostPort, ...]:
    """The hosts in ``answer``: none, too, where it says "." (RFC 2782: decidedly no service)."""
    hosts = (
        HostPort(record.target, record.port, name.transport, name.verify_name)
        for record in answer.records
        if record.target and record.port
    )
    return tuple(dict.fromkeys(hosts))


def _words(answer: DnsAnswer[SrvRecord]) -> str:
    shown = ", ".join(map(str, answer.records[:_MOST_WORDS]))
    more = len(answer.records) - _MOST_WORDS
    rest = f", and {more} more" if more > 0 else ""
    return f"{answer.why}: {shown}{rest}" if shown else answer.why


@hookimpl
def siptapi_resolvers() -> Iterable[Offer[NoSettings, SrvResolver]]:
    """Offer ``srv``."""
    return [
        Offer(
            name="srv",
            summary="SRV records: the servers of a domain, by priority and weight",
            create=lambda _settings, context: SrvResolver(context.dns),
        )
    ]
