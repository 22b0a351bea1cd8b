"""The strategy ``refer-via-proxy``: reach the phone as any caller does, by its account's proxy."""

from __future__ import annotations

from siptapi_core import (
    Attempt,
    DialRequest,
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
        return network.refer_call(request.plan_via_proxy(NAME))


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
