"""An exchange on the bench: the test is every server that it asks."""

from __future__ import annotations

from itertools import count

from attrs import evolve
from bench import PROXY, SIPTAPI, STANDBY, Bench, make_request, without_via

from siptapi_core.errors import NetworkError
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.exchange import Exchange
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.targets import Address

CREDENTIALS = Credentials("200", "pw")
CHALLENGE = ("Proxy-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')


class ExchangeBench(Bench):
    """An exchange of a request; ``told`` is what its sender heard, with the moments."""

    def __init__(
        self,
        method: str = "INVITE",
        addresses: tuple[Address, ...] = (PROXY,),
        credentials: Credentials | None = CREDENTIALS,
    ) -> None:
        super().__init__()
        self.method = method
        self.told: list[tuple[int | str, float]] = []
        self.unreachable: set[Address] = set()
        self.agent.transactions._local_address = self.local_address
        self.cseqs = count(2)
        self.exchange = self.make_exchange(addresses, credentials)

    def make_exchange(
        self,
        addresses: tuple[Address, ...],
        credentials: Credentials | None = CREDENTIALS,
        **parts: str,
    ) -> Exchange:
        return Exchange(
            self.agent.transactions,
            without_via(make_request(self.method, **parts)),
            addresses,
            authentication=Authentication(credentials, self.identifiers),
            next_cseq=lambda: next(self.cseqs),
            on_response=lambda response, now: self.told.append((response.status, now)),
            on_failure=lambda problem, now: self.told.append((problem, now)),
        )

    def local_address(self, towards: Address) -> Address:
        if towards in self.unreachable:
            raise NetworkError(f"there is no way to {towards}")
        return evolve(SIPTAPI, transport=towards.transport)

    def start(self) -> ExchangeBench:
        self.exchange.start(self.now)
        self.collect()
        return self

    def reply(
        self,
        status: int,
        *,
        source: Address = PROXY,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answer the latest copy."""
        self.answer(self.last(self.method), status, headers=headers, source=source)

    def sent_to(self, address: Address, method: str = "") -> list[Request]:
        """Requests of ``method``, by default the exchange's, that went to ``address``."""
        self.collect()
        wanted = method or self.method
        found = (m for _, m, to in self.sent if to == address and isinstance(m, Request))
        return [request for request in found if request.method == wanted]

    def says(
        self,
        address: Address,
        status: int,
        method: str = "",
        *,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """``address`` answers the latest that it was sent."""
        request = self.sent_to(address, method)[-1]
        self.answer(request, status, source=address, headers=headers)


def failed_over(method: str = "INVITE", others: tuple[Address, ...] = ()) -> ExchangeBench:
    """An exchange that left PROXY, which was silent, for STANDBY at moment 2."""
    bench = ExchangeBench(method, (PROXY, STANDBY, *others)).start()
    bench.pass_until(1.5)
    bench.says(STANDBY, 200, "OPTIONS")
    bench.pass_until(2.0)
    assert bench.exchange.destination == STANDBY
    assert len(bench.sent_to(STANDBY)) == 1
    assert bench.told == []
    return bench
