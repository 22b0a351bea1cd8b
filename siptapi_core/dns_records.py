"""DNS records as resolvers see them: plain values, whichever library asked for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate, groupby
from typing import Generic, TypeVar

from siptapi_core.values import Value

R_co = TypeVar("R_co", covariant=True)


class NaptrRecord(Value):
    """A NAPTR record (RFC 3403 section 4.1); names are without the dot at their end.

    ``replacement`` is "" where the record has none. Bytes that are no UTF-8 became U+FFFD.
    """

    order: int
    preference: int
    flags: str
    services: str
    regexp: str
    replacement: str

    def __str__(self) -> str:
        """As people speak of it: ``10 50 "s" SIP+D2U _sip._udp.example.com``."""
        what = self.regexp or self.replacement or "."
        return f'{self.order} {self.preference} "{self.flags}" {self.services} {what}'


class SrvRecord(Value):
    """An SRV record (RFC 2782); ``target`` is "" for "there is no such service here"."""

    priority: int
    weight: int
    port: int
    target: str

    def __str__(self) -> str:
        """As people speak of it: ``10 60 sip1.example.com:5060``."""
        server = f"{self.target}:{self.port}" if self.target else "no such service here"
        return f"{self.priority} {self.weight} {server}"


class DnsAnswer(Value, Generic[R_co]):
    """What DNS has for one question; no ``records``: for sure nothing, and ``why`` says it.

    ``ttl`` is the seconds for which that holds, None where nobody knows.
    """

    records: tuple[R_co, ...]
    why: str
    ttl: float | None = None


def order_servers(
    records: Iterable[SrvRecord], jitter: Callable[[float, float], float]
) -> tuple[SrvRecord, ...]:
    """Put ``records`` in the order to be tried: by priority, then drawn by weight (RFC 2782).

    ``jitter(low, high)`` gives a random number between its arguments.
    """
    ordered: list[SrvRecord] = []
    by_priority = sorted(records, key=lambda record: (record.priority, record.weight))
    for _, group in groupby(by_priority, key=lambda record: record.priority):
        waiting = list(group)  # weight 0 first, as the RFC has it
        while waiting:
            sums = list(accumulate(record.weight for record in waiting))
            drawn = min(int(jitter(0, sums[-1] + 1)), sums[-1])
            chosen = next(index for index, total in enumerate(sums) if total >= drawn)
            ordered.append(waiting.pop(chosen))
    return tuple(ordered)
