"""The resolver ``a``: host names to addresses, as the system looks them up (RFC 3263 section 4.2).

The system asks DNS for A and AAAA records, and its hosts file. An IP address needs no look-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterable

from siptapi_core import (
    Address,
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

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | None:
        """Resolve a `HostPort` or `SipUri` to addresses, in the system's order (RFC 6724).

        Raises:
            ResolveError: the look-up failed, or the URI asks for a transport that it cannot have.
        """
        del context
        if isinstance(target, SipUri):
            target = host_port(target)
        if not isinstance(target, HostPort):
            return None
        if _is_ip_address(target.host):
            return Resolved(targets=(_address(target.host, target),), why="it is an IP address")
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


def host_port(uri: SipUri) -> HostPort:
    """Host, port and transport of ``uri`` where no NAPTR or SRV record decides (RFC 3263 4).

    ``maddr`` replaces the host; a certificate must still name the host. ``sips`` is TLS always.

    Raises:
        ResolveError: the URI asks for a transport that it cannot have.
    """
    transport = _transport(uri)
    return HostPort(
        host=uri.parameter("maddr") or uri.host,
        port=uri.port or (SIPS_PORT if transport is Transport.TLS else SIP_PORT),
        transport=transport,
        verify_name=uri.host,
    )


def _transport(uri: SipUri) -> Transport:
    wanted = uri.transport
    try:
        transport = Transport(wanted or Transport.UDP)
    except ValueError as error:
        known = ", ".join(Transport)
        raise ResolveError(f"{uri}: there is no transport {wanted!r}; there is {known}") from error
    if uri.scheme != "sips":
        return transport
    if wanted == Transport.UDP:
        raise ResolveError(f"{uri}: sips goes over TLS, never over UDP; leave transport=udp out")
    return Transport.TLS


def _is_ip_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            return True
    return False


def _address(host: str, target: HostPort) -> Address:
    verify_name = target.verify_name if target.transport is Transport.TLS else None
    return Address(host, target.port, target.transport, verify_name)


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
            summary="A and AAAA records, as the system looks them up; IP addresses",
            create=lambda _settings, _context: AddressResolver(),
        )
    ]
