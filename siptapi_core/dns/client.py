"""A `siptapi_core.DnsClient` that imports dnspython with the first question, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from siptapi_core.machine.identifiers import Identifiers

if TYPE_CHECKING:
    from siptapi_core.dns.questions import Questions
    from siptapi_core.dns_records import DnsAnswer, NaptrRecord, SrvRecord

TIMEOUT = 1.5


class CachedDnsClient:
    """See `siptapi_core.contracts.DnsClient`.

    ``servers`` are IP addresses and ports; without any, those of the system are asked. After
    ``timeout`` seconds the next server is asked, or the only one again; one question may take
    twice that. ``identifiers`` draw the weights of SRV records.
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
        return await self._questions().naptr(name, seconds)

    async def srv(self, name: str, seconds: float) -> DnsAnswer[SrvRecord]:
        """The SRV records of ``name``, in the order to be tried; raises ResolveError."""
        return await self._questions().srv(name, seconds)

    async def addresses(self, name: str, seconds: float) -> DnsAnswer[str]:
        """The IPv6 and IPv4 addresses of ``name``; raises ResolveError where none is known."""
        return await self._questions().addresses(name, seconds)

    def _questions(self) -> Questions:
        if self._asking is None:
            from siptapi_core.dns.questions import Questions  # noqa: PLC0415  # dnspython: 80 ms

            self._asking = Questions(self._servers, self._timeout, self._identifiers.jitter)
        return self._asking
