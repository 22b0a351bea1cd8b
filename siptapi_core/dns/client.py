"""A `siptapi_core.DnsClient`: asks, keeps what it was told, and orders servers by weight."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from siptapi_core.dns_records import DnsAnswer, NaptrRecord, SrvRecord, order_servers
from siptapi_core.errors import ResolveError
from siptapi_core.machine.identifiers import Identifiers

if TYPE_CHECKING:
    from siptapi_core.dns.questions import Questions

TIMEOUT = 1.5
_SPECIAL = ("localhost", "invalid")


class CachedDnsClient:
    """See `siptapi_core.contracts.DnsClient`. dnspython is imported with the first question.

    ``servers`` are IP addresses and ports; without any, those of the system are asked. After
    ``timeout`` seconds the next server is asked, or the only one again; one question may take
    twice that.
    """

    def __init__(
        self,
        *,
        identifiers: Identifiers,
        servers: Sequence[tuple[str, int]] = (),
        timeout: float = TIMEOUT,
    ) -> None:
        self._identifiers = identifiers
        self._servers = tuple(servers)
        self._timeout = timeout
        self._asking: Questions | None = None

    @property
    def has_own_servers(self) -> bool:
        """Whether the settings name servers, which may know what the system's do not."""
        return bool(self._servers)

    async def naptr(self, name: str, seconds: float) -> DnsAnswer[NaptrRecord]:
        """The NAPTR records of ``name``, by order and preference; raises ResolveError."""
        found = await self._ask(name, "NAPTR", seconds)
        records = (
            NaptrRecord(
                each.order,
                each.preference,
                each.flags.decode(errors="replace"),
                each.service.decode(errors="replace"),
                each.regexp.decode(errors="replace"),
                each.replacement.to_text(omit_final_dot=True).removesuffix("."),
            )
            for each in found.records
        )
        ordered = sorted(records, key=lambda record: (record.order, record.preference))
        return DnsAnswer(tuple(ordered), found.why, found.ttl)

    async def srv(self, name: str, seconds: float) -> DnsAnswer[SrvRecord]:
        """The SRV records of ``name``, in the order to be tried; raises ResolveError."""
        found = await self._ask(name, "SRV", seconds)
        records = (
            SrvRecord(
                each.priority,
                each.weight,
                each.port,
                each.target.to_text(omit_final_dot=True).removesuffix("."),
            )
            for each in found.records
        )
        ordered = order_servers(records, self._identifiers.jitter)
        return DnsAnswer(ordered, found.why, found.ttl)

    async def addresses(self, name: str, seconds: float) -> DnsAnswer[str]:
        """The IPv6 and IPv4 addresses of ``name``; raises ResolveError where none is known."""
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
        if name.lower().removesuffix(".").rpartition(".")[2] in _SPECIAL:
            why = f"there is no {record_type} of {name}: such names are not in DNS (RFC 6761)"
            return DnsAnswer((), why)
        if self._asking is None:
            from siptapi_core.dns.questions import Questions  # noqa: PLC0415  # dnspython: 80 ms

            self._asking = Questions(self._servers, self._timeout)
        return await self._asking.ask(name, record_type, seconds)
