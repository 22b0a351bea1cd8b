"""A DNS that knows what the test told it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from siptapi_core.dns_records import DnsAnswer, NaptrRecord, SrvRecord
from siptapi_core.errors import ResolveError

R = TypeVar("R")
Zone = Mapping[str, Iterable[R] | ResolveError]


class FakeDns:
    """`siptapi_core.DnsClient` for tests of resolvers: records by name; an error is raised.

    They are answered in the test's order, with ``ttl``. ``asked`` are all questions so far, such
    as ``("SRV", "_sip._udp.example.com")``. Without ``addresses`` those are left to the system.
    """

    def __init__(
        self,
        *,
        naptr: Zone[NaptrRecord] | None = None,
        srv: Zone[SrvRecord] | None = None,
        addresses: Zone[str] | None = None,
        ttl: float = 60.0,
    ) -> None:
        self.has_own_servers = addresses is not None
        self.asked: list[tuple[str, str]] = []
        self._naptr = naptr or {}
        self._srv = srv or {}
        self._addresses = addresses or {}
        self._ttl = ttl

    async def naptr(self, name: str, seconds: float) -> DnsAnswer[NaptrRecord]:
        """The NAPTR records that the test gave for ``name``."""
        return self._answer("NAPTR", name, self._naptr, seconds)

    async def srv(self, name: str, seconds: float) -> DnsAnswer[SrvRecord]:
        """The SRV records that the test gave for ``name``."""
        return self._answer("SRV", name, self._srv, seconds)

    async def addresses(self, name: str, seconds: float) -> DnsAnswer[str]:
        """The addresses that the test gave for ``name``."""
        return self._answer("A", name, self._addresses, seconds)

    def _answer(self, kind: str, name: str, zone: Zone[R], seconds: float) -> DnsAnswer[R]:
        self.asked.append((kind, name))
        found = zone.get(name, ())
        if isinstance(found, ResolveError):
            raise found
        if seconds <= 0:
            raise ResolveError(f"{kind} of {name}: no time", temporary=True)
        records = tuple(found)
        why = f"{kind} of {name}" if records else f"there is no {kind} of {name}"
        return DnsAnswer(records, why, self._ttl)
