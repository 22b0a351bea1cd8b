"""The resolver ``naptr``: which transports a domain offers, by its NAPTR records (RFC 3263 4.1).

What DNS may decide here is which transport is tried first, and under which name SRV records are
looked up: never that ``sips`` goes without TLS, nor whose certificate is expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from siptapi_core import (
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
    target_host,
)

if TYPE_CHECKING:
    from siptapi_core import DnsClient, NaptrRecord

_TRANSPORTS = {
    "sip+d2u": Transport.UDP,
    "sip+d2t": Transport.TCP,
    "sips+d2t": Transport.TLS,
}
_MOST_WORDS = 5


class NaptrResolver:
    """Asks for the domain of a URI that leaves the transport open."""

    def __init__(self, dns: DnsClient) -> None:
        self._dns = dns

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | PassedOn | None:
        """Resolve a `SipUri` to the names of SRV records, those of the domain's best order.

        Where there is none that we can use, or nobody answers (some routers do not pass such
        questions on), SRV and address records are still there.
        """
        if not isinstance(target, SipUri) or not names_service(target) or target.transport:
            return None
        try:
            answer = await self._dns.naptr(target_host(target), context.seconds_left)
        except ResolveError as error:
            return PassedOn(why=str(error))
        usable: list[tuple[int, SrvName]] = []
        words: list[str] = []
        for record in answer.records:
            fault = _fault(record, target, context.transports)
            if not fault and usable and record.order > usable[0][0]:
                fault = "an earlier order counts"
            words.append(f"{record}{f' (dropped: {fault})' if fault else ''}")
            if not fault:
                transport = _TRANSPORTS[record.services.lower()]
                name = SrvName(record.replacement, transport, target.host)
                usable.append((record.order, name))
        rest = f", and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
        why = ": ".join(filter(None, (answer.why, ", ".join(words[:_MOST_WORDS]) + rest)))
        if not usable:
            return PassedOn(why=why, ttl=answer.ttl)
        names = dict.fromkeys(name for _, name in usable)
        return Resolved(targets=tuple(names), why=why, ttl=answer.ttl)


def _fault(record: NaptrRecord, target: SipUri, transports: Iterable[Transport]) -> str:
    """Why ``record`` leads us nowhere, "" where it does."""
    transport = _TRANSPORTS.get(record.services.lower())
    if transport is None:
        return "no service of SIP that we know"
    if target.scheme == "sips" and transport is not Transport.TLS:
        return "sips goes over TLS only"
    if transport not in transports:
        return f"we do not speak {transport}"
    if record.flags.lower() != "s" or record.regexp or not record.replacement:
        return "it names no SRV record"
    return ""


@hookimpl
def siptapi_resolvers() -> Iterable[Offer[NoSettings, NaptrResolver]]:
    """Offer ``naptr``."""
    return [
        Offer(
            name="naptr",
            summary="NAPTR records: the transports that a domain offers, in its order",
            create=lambda _settings, context: NaptrResolver(context.dns),
        )
    ]
