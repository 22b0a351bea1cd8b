"""The strategy ``reverse``: call the callee first, then have the callee's phone call the user's.

The callee hears nothing until then, and its phone, or the gateway before it, must accept a REFER.
"""

from __future__ import annotations

from siptapi_core import (
    Attempt,
    DialRequest,
    Network,
    NoSettings,
    Offer,
    Party,
    Strategy,
    hookimpl,
)

NAME = "reverse"


class Reverse:
    """INVITE the callee, and refer it to the user's phone; both through the account's proxy.

    We have no voice: an emergency number is called by the phone, as `refer-via-proxy` does.
    """

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """Begin the call."""
        first = Party.PHONE if request.is_emergency else Party.CALLEE
        return network.refer_call(request.plan_via_proxy(NAME, first=first))


@hookimpl
def siptapi_strategies() -> list[Offer[NoSettings, Strategy]]:
    """Offer it."""
    return [
        Offer(
            name=NAME,
            summary="call the callee first, then let its phone call yours",
            create=lambda *_: Reverse(),
        )
    ]
