"""Who gets an answer to a request outside our dialogs, and who may call.

::

    request ─┬─ from an address that had a request of ours of late ─────▶ answered
             ├─ from one of the proxies of our lines ─────▶ answered, may call the lines of that
             ├─ to the token of a line, which only its registrar knows ─▶ answered,
             │                                     may call where the line accepts from any
             └─ any other ──────────────────────────────────────────────▶ silence; reported

Nobody else needs anything of us: a stranger learns neither of an account nor that SIP is spoken
here. To those who are answered, what is no call of a line is answered without keeping anything, by
no more bytes than came (`TransactionLayer.refuse`), and not without limit: on UDP an address can be
forged.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from siptapi_core.machine.accept_from import AcceptFrom
from siptapi_core.sip.message import METHODS, Request
from siptapi_core.targets import Address

if TYPE_CHECKING:
    from siptapi_core.machine.line_of_request import IncomingLine
    from siptapi_core.machine.rate_limit import RateLimit
    from siptapi_core.sip.uri import SipUri

REMEMBERED = 86400.0
"""Seconds that an address is known for at least: lines register again within a day."""
MOST_HOSTS = 16384
"""Addresses that are known at most of the last `REMEMBERED` seconds, and as many of before."""
ANSWERS_AT_ONCE, ANSWERS_A_SECOND = 20_000, 1_000
"""To one address: a proxy may ask after ten thousand lines at once, and twice a minute."""
REPORTS_AT_ONCE, REPORT_SECONDS = 10, 30.0
"""Of one address; then one report in so many seconds."""
ALL_REPORTS_AT_ONCE, ALL_REPORTS_SECONDS = 50, 1.0
"""Of all addresses together."""
MOST_ADDRESSES = 1024
"""Addresses that are counted each for itself."""

NOT_ACCEPTED = "not accepted"
"""Why a request gets no answer: its sender is nobody whom we know."""
ELSEWHERE = "call to a line from an address that its accept_from leaves out"
"""Why a call is refused that its registrar sent, or another line's proxy, and its own did not."""

Report = Callable[[Address, str, str, int], None]


class RecentHosts:
    """Hosts, each known for at least `REMEMBERED` seconds after it was added last.

    Where there are more than `MOST_HOSTS`, those that were added first are forgotten sooner.
    """

    __slots__ = ("_before", "_current", "_until")

    def __init__(self) -> None:
        self._before: set[Hashable] = set()
        self._current: set[Hashable] = set()
        self._until = 0.0

    def add(self, host: Hashable, now: float) -> None:
        """Know ``host`` from now on."""
        if now >= self._until or len(self._current) >= MOST_HOSTS:
            self._before, self._current, self._until = self._current, set(), now + REMEMBERED
        self._current.add(host)

    def __contains__(self, host: Hashable) -> bool:
        return host in self._current or host in self._before

    def __len__(self) -> int:
        """How many there are, those that were added both lately and before twice."""
        return len(self._before) + len(self._current)


class Strangers:
    """The rules drawn above, for one user agent.

    ``report(source, method, reason, unreported)`` is told of a request that is refused, with the
    reason in fixed words, and of how many were not reported since the last, because they came too
    often.
    """

    def __init__(self, report: Report) -> None:
        self.met = RecentHosts()
        """Where we sent requests."""
        self._proxies = RecentHosts()
        self._callers = RecentHosts()
        """Who may call the lines that register by a next hop: both, in pairs."""
        self.line_with_token: Callable[[Request], IncomingLine | None] = lambda _request: None
        self._report = report
        self._unreported = 0
        self._answers: RateLimit | None = None
        self._reports: tuple[RateLimit, RateLimit] | None = None

    def expect_calls(self, next_hop: SipUri, host: str, now: float) -> None:
        """Let ``host`` call the lines that register by ``next_hop``: it is one of that proxy's."""
        self._proxies.add(host, now)
        self._callers.add((next_hop, host), now)

    def admits(self, request: Request, source: Address, now: float) -> bool:
        """Whether ``request``, outside our dialogs, is to be answered."""
        host = source.host
        if host in self.met or host in self._proxies:
            return True
        line = self.line_with_token(request)
        if line is None:
            self._tell(source, request.method, NOT_ACCEPTED, now)
        elif line.accept_from is AcceptFrom.ANY:
            self.expect_calls(line.next_hop, host, now)
        return line is not None

    def may_call(self, line: IncomingLine, invite: Request, source: Address, now: float) -> bool:
        """Whether ``line`` takes ``invite``, which was admitted, from there."""
        host = source.host
        if (line.next_hop, host) in self._callers:
            return True
        if line.accept_from is not AcceptFrom.PROXY and host in self.met:
            return True
        if host in self._proxies or self.line_with_token(invite) is not None:
            self._tell(source, invite.method, ELSEWHERE, now)
        return False

    def may_answer(self, to: Address, now: float) -> bool:
        """Whether one more answer to there is within the limit; if so, it is counted."""
        if self._answers is None:
            from siptapi_core.machine.rate_limit import RateLimit  # noqa: PLC0415  # seldom needed

            self._answers = RateLimit(
                burst=ANSWERS_AT_ONCE, interval=1 / ANSWERS_A_SECOND, most=MOST_ADDRESSES
            )
        return self._answers.take(_limited(to.host), now)

    def _tell(self, source: Address, method: str, reason: str, now: float) -> None:
        if self._reports is None:
            from siptapi_core.machine.rate_limit import RateLimit  # noqa: PLC0415  # seldom needed

            self._reports = (
                RateLimit(burst=REPORTS_AT_ONCE, interval=REPORT_SECONDS, most=MOST_ADDRESSES),
                RateLimit(burst=ALL_REPORTS_AT_ONCE, interval=ALL_REPORTS_SECONDS, most=1),
            )
        of_address, of_all = self._reports
        if of_address.take(_limited(source.host), now) and of_all.take("", now):
            method = method if method in METHODS else "another"
            self._report(source, method, reason, self._unreported)
            self._unreported = 0
        else:
            self._unreported += 1


def _limited(host: str) -> str:
    """What is counted as one address: of IPv6 a whole network, for that is what one host has."""
    if ":" not in host:
        return host
    from ipaddress import IPv6Interface  # noqa: PLC0415  # most addresses are IPv4

    return str(IPv6Interface(f"{host.partition('%')[0]}/64").network)
