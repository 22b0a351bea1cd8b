"""The strategy ``refer-via-proxy``: reach the phone as any caller does, by its account's proxy."""

from __future__ import annotations

from siptapi_core import (
    Attempt,
    DialRequest,
    NameAddr,
    Network,
    NoSettings,
    Offer,
    Strategy,
    hookimpl,
)

NAME = "refer-via-proxy"


class ReferViaProxy:
    """INVITE the phone by the outbound proxy, or by the domain where there is none."""

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """Begin the call."""
        phone, proxy = request.line.phone, request.line.outbound_proxy
        if proxy is None:
            return network.refer_call(request.plan(NAME, target=phone))
        if not proxy.is_loose_router:  # nobody means a strict router (RFC 3261 section 8.1.2)
            proxy = proxy.with_parameter("lr")
        plan = request.plan(NAME, target=phone, next_hop=proxy, route=(NameAddr(proxy),))
        return network.refer_call(plan)


@hookimpl
def siptapi_strategies() -> list[Offer[NoSettings, Strategy]]:
    """Offer it."""
    return [
        Offer(
            name=NAME,
            summary="call the phone through its account's proxy",
            create=lambda *_: ReferViaProxy(),
        )
    ]
