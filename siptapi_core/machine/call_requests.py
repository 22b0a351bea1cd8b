"""How one call sends its requests: with its credentials, its own address and its Contact."""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.exchange import Exchange, FailureHandler, ResponseHandler
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.own_contact import OwnContact
from siptapi_core.machine.refer_plan import ReferPlan
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.targets import Address


class CallRequests:
    """What all requests of one call share; ``to`` is where the first of them goes.

    ``contact`` is our Contact; ``host`` our IP address, for session descriptions.
    """

    __slots__ = ("_authentication", "_own_address", "agent", "contact", "host")

    def __init__(
        self,
        plan: ReferPlan,
        *,
        agent: UserAgent,
        to: Address,
        credentials: Credentials | None,
    ) -> None:
        self.agent = agent
        self._authentication = Authentication(credentials, agent.identifiers)
        says_where = plan.learn_address or plan.advertised is not None
        self._own_address = OwnAddress(plan) if says_where else None
        own = self.own_address(to)
        self.contact = OwnContact(plan, to, own)
        self.host = own.host

    def own_address(self, to: Address) -> Address:
        """What we say of ourselves on the way to ``to``.

        Raises:
            NetworkError: there is no way to ``to``.
        """
        return self.agent.transactions.own_address(to, self._own_address)

    def exchange(
        self,
        request: Request,
        addresses: tuple[Address, ...],
        *,
        next_cseq: Callable[[], int],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
    ) -> Exchange:
        """An exchange of ``request``, not yet started; parameters as `Exchange` has them."""
        return Exchange(
            self.agent.transactions,
            request,
            addresses,
            authentication=self._authentication,
            next_cseq=next_cseq,
            on_response=on_response,
            on_failure=on_failure,
            prepare=self.contact.fit,
            own_address=self._own_address,
        )

    def send(self, request: Request, to: Address) -> bytes:
        """Send the ACK of a 2xx; returns it for resending.

        Raises:
            NetworkError: there is no way to ``to``.
        """
        return self.agent.transactions.send_request(request, to, self.own_address(to))
