"""Questions to DNS servers by dnspython, and the cache: imported with the first question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdataclass
import dns.rdatatype
import dns.resolver

from siptapi_core.dns_records import DnsAnswer, NaptrRecord, SrvRecord, order_servers
from siptapi_core.errors import ResolveError

CACHE_SIZE = 1000
LONGEST_TTL = 86_400.0
LONGEST_NEGATIVE_TTL = 900.0
"""Seconds; RFC 2308 section 5 allows hours, but somebody may be setting the zone up right now."""

Servers = Sequence[tuple[str, int]]
_SPECIAL = (b"localhost", b"invalid")


class _Cache(dns.resolver.LRUCache):
    """Keeps nothing for longer than is sensible, whatever a server says."""

    def put(self, key: Any, value: dns.resolver.Answer) -> None:
        longest = LONGEST_TTL if value.rrset else LONGEST_NEGATIVE_TTL
        value.expiration = min(value.expiration, time.time() + longest)
        super().put(key, value)


class Questions:
    """Asks ``servers``, or the system's where there is none; see `CachedDnsClient`.

    The system's are read anew after a failure: a laptop changes its network. ``jitter`` draws
    weights. Whatever is asked raises ResolveError where ``name`` is no name, or no server answered
    properly within ``seconds``.
    """

    def __init__(
        self, servers: Servers, timeout: float, jitter: Callable[[float, float], float]
    ) -> None:
        self._servers = servers
        self._timeout = timeout
        self._jitter = jitter
        self._cache = _Cache(CACHE_SIZE)
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def naptr(self, name: str, seconds: float) -> DnsAnswer[NaptrRecord]:
        """The NAPTR records of ``name``, by order and preference."""
        found = await self._ask(name, "NAPTR", seconds)
        records = (
            NaptrRecord(
                each.order,
                each.preference,
                each.flags.decode(errors="replace"),
                each.service.decode(errors="replace"),
                each.regexp.decode(errors="replace"),
                _text(each.replacement),
            )
            for each in found.records
        )
        ordered = sorted(records, key=lambda record: (record.order, record.preference))
        return DnsAnswer(tuple(ordered), found.why, found.ttl)

    async def srv(self, name: str, seconds: float) -> DnsAnswer[SrvRecord]:
        """The SRV records of ``name``, in the order to be tried."""
        found = await self._ask(name, "SRV", seconds)
        records = (
            SrvRecord(each.priority, each.weight, each.port, _text(each.target))
            for each in found.records
        )
        return DnsAnswer(order_servers(records, self._jitter), found.why, found.ttl)

    async def addresses(self, name: str, seconds: float) -> DnsAnswer[str]:
        """The IPv6 and IPv4 addresses of ``name``; one family is enough."""
        found = await asyncio.gather(
            *(self._ask(name, record_type, seconds) for record_type in ("AAAA", "A")),
            return_exceptions=True,
        )
        answers = [each for each in found if isinstance(each, DnsAnswer)]
        records = tuple(each.address for answer in answers for each in answer.records)
        for failure in found:
            if isinstance(failure, BaseException) and (
                not records or not isinstance(failure, ResolveError)
            ):
                raise failure
        ttls = [answer.ttl for answer in answers if answer.ttl is not None]
        return DnsAnswer(
            records,
            f"A and AAAA of {name}" if records else f"there is neither A nor AAAA of {name}",
            min(ttls, default=None),
        )

    async def _ask(self, name: str, record_type: str, seconds: float) -> DnsAnswer[Any]:
        """The records of ``name`` as dnspython has them, none where there are none."""
        question = f"{record_type} of {name}"
        try:
            absolute = dns.name.from_text(name)
        except (dns.exception.DNSException, ValueError) as error:  # ValueError: half a character
            raise ResolveError(f"{name!r} is no host name: {error}") from None
        if absolute.labels[-2:-1] and absolute.labels[-2].lower() in _SPECIAL:
            return DnsAnswer((), f"there is no {question}: such names are not in DNS (RFC 6761)")
        limit = min(seconds, 2 * self._timeout)
        try:
            if self._resolver is None:
                self._resolver = _resolver(self._servers, self._timeout, self._cache)
            answer = await self._resolver.resolve(
                absolute, record_type, lifetime=limit, raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            key = (absolute, dns.rdatatype.ANY, dns.rdataclass.IN)
            return DnsAnswer((), f"there is no name {name}", _seconds_left(self._cache.get(key)))
        except dns.exception.DNSException as error:
            self._resolver = None
            raise ResolveError(f"{question}: {_reason(error, limit)}", temporary=True) from error
        records = tuple(answer)
        why = question if records else f"there is no {question}"
        return DnsAnswer(records, why, _seconds_left(answer))


def _resolver(servers: Servers, timeout: float, cache: _Cache) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server) for server in servers]
    resolver.timeout = timeout
    resolver.cache = cache
    return resolver


def _text(name: dns.name.Name) -> str:
    """``name`` without the dot at its end; "" for the root."""
    return name.to_text(omit_final_dot=True).removesuffix(".")


def _seconds_left(answer: dns.resolver.Answer | None) -> float | None:
    return None if answer is None else max(0.0, round(answer.expiration - time.time()))


def _reason(error: dns.exception.DNSException, limit: float) -> str:
    if isinstance(error, dns.exception.Timeout):
        return f"no DNS server answered within {limit:g} s"
    if isinstance(error, dns.resolver.NoResolverConfiguration):
        return "this system has no DNS server set"
    if isinstance(error, dns.resolver.NoNameservers):
        failures = (
            f"{server.removeprefix('Do53:')} said {_said(failure)}"
            for server, _, _, failure, _ in error.kwargs["errors"]
        )
        return "; ".join(dict.fromkeys(failures)) or "there is no DNS server to ask"
    return str(error)


def _said(failure: object) -> str:
    if isinstance(failure, dns.message.ChainTooLong):
        return "too many CNAMEs, or CNAMEs in a circle"
    if isinstance(failure, dns.message.Truncated):
        return "half an answer, even over TCP"
    return str(failure) or type(failure).__name__
