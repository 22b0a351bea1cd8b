"""The strategy ``refer-via-stun``: through a NAT to a proxy that does not help with it.

STUN servers say at which address the NAT shows our socket to others; the proxy and the phone are
told that one, in Contact, Via and SDP, so that what they send us finds its way back.
"""

from __future__ import annotations

from functools import partial

from attrs import Attribute, field, frozen

from siptapi_core import (
    Attempt,
    DialRequest,
    HostPort,
    MessageError,
    Network,
    NetworkError,
    Offer,
    ReferPlan,
    SipUri,
    Strategy,
    Transport,
    hookimpl,
)

NAME = "refer-via-stun"
PORT = 3478
INSTEAD = (
    "use refer-via-proxy with a proxy that handles NAT, or a way over TCP or TLS (docs/nat.md)"
)


def _check_servers(_instance: object, _attribute: Attribute[object], servers: object) -> None:
    if not servers or not isinstance(servers, tuple):
        raise ValueError("expected at least one STUN server, better two")
    for server in servers:
        stun_server(server)


@frozen(kw_only=True)
class StunSettings:
    """The section ``[strategies.refer-via-stun]``."""

    servers: tuple[str, ...] = field(
        validator=_check_servers,
        metadata={
            "help": "STUN servers, host or host:port; two show whether the NAT is a symmetric one",
            "example": ["stun.example", "192.0.2.3:3478"],
        },
    )

    @property
    def host_ports(self) -> tuple[HostPort, ...]:
        """The servers, read; the doctor asks them too."""
        return tuple(map(stun_server, self.servers))


class ReferViaStun:
    """INVITE the phone as `refer-via-proxy` does, under the address that the NAT shows."""

    def __init__(self, settings: StunSettings) -> None:
        self._servers = settings.host_ports

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """Begin the call; its plan is made when the servers have answered."""
        return network.refer_call(partial(self._plan, request, network))

    async def _plan(self, request: DialRequest, network: Network) -> ReferPlan:
        plan = request.plan_via_proxy(NAME)
        try:
            mapped = await network.mapped_address(
                plan.next_hop, self._servers, refresh=plan.keepalive
            )
        except NetworkError as error:
            raise NetworkError(f"{error}; {INSTEAD}") from error
        return plan.evolve(advertised=mapped)


def stun_server(text: str) -> HostPort:
    """Read ``host``, ``host:port`` or ``[IPv6]:port``.

    Raises:
        ValueError: it is none of them.
    """
    try:
        uri = SipUri.parse(f"sip:{text}")
    except MessageError:
        uri = None
    if uri is None or uri != SipUri(uri.host, port=uri.port):
        raise ValueError(f"expected host, host:port or [IPv6]:port, not {text!r}")
    return HostPort(uri.host, uri.port or PORT, Transport.UDP, uri.host)


@hookimpl
def siptapi_strategies() -> list[Offer[StunSettings, Strategy]]:
    """Offer it."""
    return [
        Offer(
            name=NAME,
            summary="call the phone through its account's proxy, past a NAT, with STUN's help",
            settings=StunSettings,
            create=lambda settings, _context: ReferViaStun(settings),
        )
    ]
