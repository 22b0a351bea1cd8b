"""The strategy ``refer-via-sbc``: reach the phone through a session border controller."""

from __future__ import annotations

from attrs import field, frozen

from siptapi_core import Attempt, DialRequest, NameAddr, Network, Offer, SipUri, Strategy, hookimpl


def _route(host: str) -> SipUri:
    return SipUri.parse(f"sip:{host};lr")


@frozen
class ReferViaSbc:
    """Set up by ``[strategies.refer-via-sbc]`` with ``host = "sbc.example.com:5060"``."""

    host: SipUri = field(converter=_route)

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """INVITE the phone by the session border controller instead of the line's proxy."""
        route = (NameAddr(self.host),)
        phone = request.line.phone
        plan = request.plan("refer-via-sbc", target=phone, next_hop=self.host, route=route)
        return network.refer_call(plan)


@hookimpl
def siptapi_strategies() -> list[Offer[ReferViaSbc, Strategy]]:
    """Offer it; it is created when a line names it among its strategies."""
    return [
        Offer(
            name="refer-via-sbc",
            summary="call the phone through a session border controller",
            settings=ReferViaSbc,
            create=lambda settings, _context: settings,
        )
    ]
