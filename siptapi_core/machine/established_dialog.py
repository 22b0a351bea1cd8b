"""A dialog that a 2xx to our INVITE made, and the way to its other end."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from siptapi_core.machine.call_requests import CallRequests
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.exchange import Exchange, FailureHandler, ResponseHandler
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address


class EstablishedDialog:
    """Sends what belongs into ``dialog``, once `acknowledge` was told the way.

    ``addresses`` are that way; none until it is known.
    """

    __slots__ = ("_acknowledgement", "_requests", "addresses", "dialog")

    def __init__(self, dialog: Dialog, requests: CallRequests) -> None:
        self.dialog = dialog
        self.addresses: tuple[Address, ...] = ()
        self._requests = requests
        self._acknowledgement: bytes | None = None

    @property
    def is_usable(self) -> bool:
        """Whether the ACK was sent."""
        return self._acknowledgement is not None

    def acknowledge(
        self,
        invite: Request,
        cseq: int,
        destination: Address,
        located: tuple[Address, ...],
        now: float,
    ) -> None:
        """Send the ACK of the 2xx to ``invite``, numbered ``cseq``.

        ``destination`` is where the INVITE went, ``located`` where requests inside the dialog go,
        empty where nobody knows.

        Raises:
            NetworkError: there is no way there.
        """
        # The certificate of a connection is checked once, for the name that we meant; its own
        # Record-Route or Contact may call the same place by its IP address.
        ways = [destination if str(each) == str(destination) else each for each in located]
        ways.sort(key=lambda each: each is not destination)  # it lives, and knows the dialog
        dead_addresses = self._requests.agent.transactions.dead_addresses
        self.addresses = dead_addresses.last(tuple(ways), now) or (destination,)
        self._acknowledgement = self.send_acknowledgement(invite, cseq)

    def acknowledge_again(self) -> None:
        """The 2xx came again: the ACK was lost, if it was sent."""
        if self._acknowledgement is not None:
            self._requests.agent.transactions.send(self._acknowledgement, self.addresses[0])

    def send_acknowledgement(self, invite: Request, cseq: int) -> bytes:
        """Send the ACK of a 2xx to a later INVITE; returns it. Raises as `acknowledge`."""
        request = self.dialog.create_request("ACK", headers=_credentials_of(invite), cseq=cseq)
        return self._requests.send(request, self.addresses[0])

    def request(
        self,
        method: str,
        *,
        headers: Iterable[tuple[str, str]],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
        now: float,
        body: bytes = b"",
    ) -> Exchange:
        """Send a request inside the dialog, which is usable."""
        product = ("User-Agent", self._requests.agent.product)
        request = self.dialog.create_request(method, headers=[*headers, product], body=body)
        exchange = self._requests.exchange(
            request,
            self.addresses,
            next_cseq=self.dialog.next_cseq,
            on_response=on_response,
            on_failure=on_failure,
        )
        exchange.start(now)
        return exchange

    def end(self, now: float, then: Callable[[float], None]) -> None:
        """Say BYE. Whatever comes back, or nothing, the dialog is over (RFC 3261 15.1.1)."""

        def on_response(response: Response, now: float) -> None:
            if response.status >= 200:  # noqa: PLR2004
                then(now)

        self.request(
            "BYE",
            headers=(),
            on_response=on_response,
            on_failure=lambda _problem, now: then(now),
            now=now,
        )


def _credentials_of(invite: Request) -> list[tuple[str, str]]:
    """The ACK of a 2xx carries the same credentials as its INVITE (RFC 3261 22.1)."""
    return [
        (name, value)
        for name in ("Authorization", "Proxy-Authorization")
        for value in invite.headers.lines(name)
    ]
