"""The resolver ``a``: host names to addresses (RFC 3263 section 4.2).

The system looks them up: in DNS, as A and AAAA records, and in its hosts file. Where the settings
name DNS servers, those are asked and nobody else. An IP address needs no look-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterable

from siptapi_core import (
    Address,
    DnsClient,
    HostPort,
    NoSettings,
    Offer,
    ResolveContext,
    Resolved,
    ResolveError,
    SipUri,
    Target,
    Transport,
    hookimpl,
    is_ip_address,
    required_transport,
    target_host,
)

SIP_PORT = 5060
SIPS_PORT = 5061

_NOTHING_THERE = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY")
    if hasattr(socket, name)
}


class AddressResolver:
    """The last step of RFC 3263 section 4.2, and the only one for those who use no SRV."""

    def __init__(self, dns: DnsClient) -> None:
        self._dns = dns

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | None:
        """Resolve a `HostPort` or `SipUri` to addresses, in the order of RFC 6724.

        Raises:
            ResolveError: the look-up failed, or the URI asks for a transport that it cannot have.
        """
        if isinstance(target, SipUri):
            target = host_port(target)
        if not isinstance(target, HostPort):
            return None
        if is_ip_address(target.host):
            return Resolved(targets=(_address(target.host, target),), why="it is an IP address")
        if self._dns.has_own_servers and target.host.lower() != "localhost":
            answer = await self._dns.addresses(target.host, context.seconds_left)
            found = [_address(host, target) for host in answer.records]
            return Resolved(targets=_in_order(found), why=answer.why, ttl=answer.ttl)
        return await _ask_system(target)


def host_port(uri: SipUri) -> HostPort:
    """Host, port and transport of ``uri`` where no NAPTR or SRV record decides (RFC 3263 4).

    A certificate must name the URI's own host, whatever its ``maddr``.

    Raises:
        ResolveError: the URI asks for a transport that it cannot have.
    """
    transport = required_transport(uri) or Transport.UDP
    return HostPort(
        host=target_host(uri),
        port=uri.port or (SIPS_PORT if transport is Transport.TLS else SIP_PORT),
        transport=transport,
        verify_name=uri.host,
    )


def _address(host: str, target: HostPort) -> Address:
    verify_name = target.verify_name if target.transport is Transport.TLS else None
    return Address(host, target.port, target.transport, verify_name)


def _in_order(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Those that this machine has a way to first, IPv6 before IPv4 (RFC 6724 rules 1 and 6)."""
    return tuple(
        sorted(
            dict.fromkeys(addresses), key=lambda each: (not _has_way(each), ":" not in each.host)
        )
    )


def _has_way(address: Address) -> bool:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address.host, address.port))  # sends nothing: UDP
    except OSError:
        return False
    return True


async def _ask_system(target: HostPort) -> Resolved:
    try:
        addresses = await _look_up(target)
    except socket.gaierror as error:
        why = f"looking up {target.host}: {error.strerror}"
        if error.errno in _NOTHING_THERE:
            return Resolved(targets=(), why=why)
        raise ResolveError(why, temporary=error.errno != socket.EAI_FAIL) from error
    except ValueError as error:  # a label that is empty or too long for DNS
        raise ResolveError(f"{target.host!r} is no host name: {error}") from error
    return Resolved(targets=addresses, why=f"the system's addresses of {target.host}")


def _system_addresses(target: HostPort) -> tuple[Address, ...]:
    if "\0" in target.host:  # getaddrinfo would take the part before it
        raise ValueError("a zero byte in it")
    kind = socket.SOCK_STREAM if target.transport.reliable else socket.SOCK_DGRAM
    addresses: dict[Address, None] = {}
    for *_, name in socket.getaddrinfo(target.host, target.port, type=kind):
        zone = f"%{name[3]}" if len(name) == 4 and name[3] else ""  # noqa: PLR2004  # IPv6 has four
        addresses[_address(f"{name[0]!s}{zone}", target)] = None
    return tuple(addresses)


async def _look_up(target: HostPort) -> tuple[Address, ...]:
    """Call getaddrinfo in a thread that nobody waits for.

    ``loop.getaddrinfo`` uses a pool whose threads asyncio.run and the interpreter wait for at
    the end: with a DNS server that does not answer, Ctrl-C would take many seconds.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[Address, ...]] = loop.create_future()

    def settle(addresses: tuple[Address, ...], failure: Exception | None) -> None:
        if answer.done():  # cancelled by a time limit
            return
        if failure is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(failure)

    def work() -> None:
        addresses: tuple[Address, ...] = ()
        failure = None
        try:
            addresses = _system_addresses(target)
        except Exception as error:  # noqa: BLE001  # raised again where it is awaited
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, addresses, failure)

    threading.Thread(target=work, name=f"look up {target.host}", daemon=True).start()
    return await answer


@hookimpl
def siptapi_resolvers() -> Iterable[Offer[NoSettings, AddressResolver]]:
    """Offer ``a``."""
    return [
        Offer(
            name="a",
            summary="addresses of hosts: A and AAAA records",
            create=lambda _settings, context: AddressResolver(context.dns),
        )
    ]
