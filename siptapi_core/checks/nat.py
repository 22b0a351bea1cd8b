"""``nat``: whether others see us where we are, and whether they always see us at the same place."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from siptapi_core.checks.asking import Answer, ask, make_request
from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import UnexaminedError, fine, note, problem
from siptapi_core.contracts import Finding
from siptapi_core.errors import NetworkError, ResolveError
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.targets import Address, Transport
from siptapi_core.values import Value

_STUN = "refer-via-stun"


class _Learning(Value):
    """As a line that learns its address."""

    advertised: Address | None = None
    learn_address: bool = True


async def check_nat(line: ExaminedLine) -> Iterable[Finding]:
    """Look at which address the proxy sees us (RFC 3581)."""
    answered = [each for each in await line.options() if each.response is not None]
    if not answered:
        raise UnexaminedError("no server answers")
    first = answered[0]
    if first.address.transport is not Transport.UDP:
        return [
            fine(
                f"{first.address} is reached over a connection of ours.",
                "What comes back takes the same one, whatever NAT is between.",
            )
        ]
    found = [await _seen_at(line, first)]
    if _STUN in line.settings.strategies:
        found.append(await _by_stun(line))
    return found


async def _seen_at(line: ExaminedLine, first: Answer) -> Finding:
    """What the proxy says of us; it is asked a second time."""
    sockets = line.installation.sockets
    local = sockets.agent.local_address(first.address)
    account = line.identity.address_of_record
    domain = evolve(account, user=None)
    request = make_request(sockets, "OPTIONS", domain, line.identity)
    again = await ask(sockets, request, first.address)
    shown = [view for each in (first, again) if (view := _view(each)) is not None]
    if not shown:
        return note(
            f"{first.address} does not say where it sees us: it answers without rport.",
            "Behind a NAT its answers may not come back, and nothing can be learned (RFC 3581).",
            "Where calls end as unknown: transport=tcp, or the strategy `refer-via-stun`.",
        )
    if len(set(shown)) > 1:
        return problem(
            f"{first.address} sees us at {' and then at '.join(map(str, shown))}.",
            "The NAT gives us another port each time: what the phone is told is wrong a moment "
            "later, and its reports (NOTIFY) get lost.",
            "Use a connection: `outbound_proxy` with transport=tcp or tls; or switch off SIP "
            "functions (ALG) of the router.",
        )
    if shown[0] == local:
        return fine(f"No NAT: {first.address} sees us at our own address, {local}.")
    if line.identity.learn_address:
        return fine(f"Behind a NAT: {first.address} sees us at {shown[0]}, which we learn.")
    return note(
        f"Behind a NAT: {first.address} sees us at {shown[0]}, our own address is {local}.",
        "Where the proxy sends to where packets come from, as most do, all is well. Else the "
        "phone's reports get lost and calls end as unknown.",
        "If they do: `learn_address = true`, or transport=tcp.",
    )


def _view(answer: Answer) -> Address | None:
    """Where ``answer`` says that the request came from; None: it does not say."""
    if answer.response is None:
        return None
    own = OwnAddress(_Learning())
    own.hear(answer.response, answer.address)
    nothing = Address("", 0)
    seen = own.towards(answer.address, nothing)
    return None if seen is nothing else seen


async def _by_stun(line: ExaminedLine) -> Finding:
    from siptapi_core.settings import structure  # noqa: PLC0415  # few lines use STUN

    installation = line.installation
    offer = installation.catalog.strategies[_STUN]
    settings = structure(
        installation.settings.section("strategies", _STUN),
        offer.settings,
        where=installation.settings.where,
        key=f"strategies.{_STUN}",
    )
    way = await line.way()
    try:
        mapped = await line.network.mapped_address(way.target, settings.host_ports, refresh=0.0)
    except (NetworkError, ResolveError) as error:
        return problem(
            f"STUN: {error}.",
            "The strategy `refer-via-stun` cannot say where we are reached.",
            "Check `servers` of [strategies.refer-via-stun]; behind a symmetric NAT use "
            "transport=tcp.",
        )
    return fine(f"STUN servers see us at {mapped}.")
