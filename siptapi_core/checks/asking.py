"""One request to one address, outside any call, and what became of it."""

from __future__ import annotations

import asyncio
import itertools

from siptapi_core.contracts import LineIdentity
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.exchange import Exchange
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value

PATIENCE = 3.5
"""Seconds to wait for an answer: by UDP there are three copies of a request by then."""


class Answer(Value, kw_only=True):
    """What became of a request to ``address``.

    ``response`` is the final one; without it ``problem`` says why there is none, as one sentence.
    ``silent``: nobody said anything, not even the network. ``seconds`` is how long it took.
    """

    address: Address
    response: Response | None = None
    problem: str = ""
    silent: bool = False
    seconds: float = 0.0

    @property
    def status(self) -> int:
        """The status of the response; 0: there is none."""
        return self.response.status if self.response is not None else 0

    @property
    def words(self) -> str:
        """The status line's end, or the problem."""
        if self.response is None:
            return self.problem
        return f"{self.response.status} {self.response.reason}".strip()

    @property
    def product(self) -> str:
        """Who answered, as it says itself (RFC 3261 20.35, 20.41); "" where it does not."""
        if self.response is None:
            return ""
        headers = self.response.headers
        return headers.get("Server") or headers.get("User-Agent") or ""

    @property
    def methods(self) -> frozenset[str]:
        """What the Allow header names, in upper case; empty where there is none."""
        if self.response is None:
            return frozenset()
        return frozenset(value.strip().upper() for value in self.response.headers.values("Allow"))


def make_request(
    network: SipNetwork,
    method: str,
    uri: SipUri,
    line: LineIdentity,
    *,
    to: SipUri | None = None,
    route: tuple[NameAddr, ...] = (),
) -> Request:
    """A request of ``line`` outside any dialog, without Via; ``to`` is by default ``uri``."""
    identifiers = network.agent.identifiers
    headers = [
        ("Max-Forwards", "70"),
        *(("Route", str(each)) for each in route),
        ("From", str(NameAddr(line.address_of_record).with_tag(identifiers.tag()))),
        ("To", str(NameAddr(to or uri))),
        ("Call-ID", identifiers.call_id()),
        ("CSeq", f"1 {method}"),
        ("User-Agent", network.agent.product),
    ]
    return Request(method, uri, Headers(headers))


async def ask(
    network: SipNetwork,
    request: Request,
    to: Address,
    credentials: Credentials | None = None,
    *,
    patience: float = PATIENCE,
) -> Answer:
    """Send ``request`` to that address, and wait for its final answer for ``patience`` seconds.

    Challenges are answered where there are ``credentials``.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    done: asyncio.Future[Answer] = loop.create_future()
    numbers = itertools.count(2)

    def on_response(response: Response, _now: float) -> None:
        if response.status >= 200 and not done.done():  # noqa: PLR2004
            done.set_result(Answer(address=to, response=response, seconds=loop.time() - begun))

    def on_failure(problem: str, _now: float) -> None:
        if not done.done():
            done.set_result(Answer(address=to, problem=problem, seconds=loop.time() - begun))

    exchange = Exchange(
        network.agent.transactions,
        request,
        (to,),
        authentication=Authentication(credentials, network.agent.identifiers),
        next_cseq=lambda: next(numbers),
        on_response=on_response,
        on_failure=on_failure,
    )
    network.drive(exchange.start)
    try:
        async with asyncio.timeout(patience):
            return await done
    except TimeoutError:
        return Answer(
            address=to,
            problem=f"no answer from {to} within {patience:g} s",
            silent=True,
            seconds=patience,
        )
    finally:
        network.drive(exchange.abandon)
