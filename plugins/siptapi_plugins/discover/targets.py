"""What a user names to be scanned: addresses, ranges, networks and host names."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence

from siptapi_core import UsageError
from siptapi_core.values import Value

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Iterable[str]]

_NOT_ONE_HOST = tuple(
    map(
        ipaddress.ip_network,
        ("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8"),
    )
)
"""Not addresses of one host each: "this" network, multicast, broadcast (RFC 6890)."""
_LAST_OCTET = 255
_NUMERIC = re.compile(r"[0-9./-]+|.*:.*:.*")
"""What can only be meant as an address; no name looks like that."""


class Block(Value):
    """All addresses from ``first`` to ``last``, of one family."""

    first: IpAddress
    last: IpAddress

    @property
    def size(self) -> int:
        """How many addresses."""
        return int(self.last) - int(self.first) + 1

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.first.version

    def __iter__(self) -> Iterator[str]:
        """Each address, one after the other: there may be more than fit into memory."""
        make = type(self.first)
        return (str(make(number)) for number in range(int(self.first), int(self.last) + 1))

    def __str__(self) -> str:
        """``192.0.2.1-192.0.2.14``, or the only address."""
        return str(self.first) if self.size == 1 else f"{self.first}-{self.last}"


def look_up(name: str) -> list[str]:
    """The addresses of a host, by the system's resolver.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def read_targets(texts: Sequence[str], resolve: Resolve = look_up) -> tuple[Block, ...]:
    """The addresses that ``texts`` name, each once, in order.

    A text is an address, ``FIRST-LAST`` (LAST may be the last octet alone), ``NETWORK/PREFIX``
    (without the network's and the broadcast address) or a host name, which ``resolve`` looks up.

    Raises:
        UsageError: a text is none of these, a name has no address, or there are addresses that
            are no single host's.
    """
    blocks = [block for text in texts for block in _read(text.strip(), resolve)]
    return _merged(blocks)


def _read(text: str, resolve: Resolve) -> list[Block]:
    first, dash, last = text.partition("-")
    if "/" in text:
        block = _network(text)
    elif dash and _address(first):
        block = _range(text, first, last)
    elif address := _address(text.removeprefix("[").removesuffix("]")):
        block = Block(address, address)
    else:
        return _named(text, resolve)
    return [_checked(text, block)]


def _address(text: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> Block:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise UsageError(f"{text!r} is no network; one is written as 192.168.1.0/24") from None
    first, last = network.network_address, network.broadcast_address
    if network.max_prefixlen - network.prefixlen > 1:
        first += 1
        if network.version == 4:  # noqa: PLR2004  # IPv6 has no broadcast
            last -= 1
    return Block(first, last)


def _range(text: str, first: str, last: str) -> Block:
    begin = ipaddress.ip_address(first)
    if last.isdecimal() and int(last) <= _LAST_OCTET and begin.version == 4:  # noqa: PLR2004
        last = f"{first.rpartition('.')[0]}.{int(last)}"
    end = _address(last)
    if end is None or end.version != begin.version:
        raise UsageError(
            f"{text!r} is no range; one is written as 192.168.1.10-192.168.1.20 or 192.168.1.10-20"
        )
    if int(end) < int(begin):
        raise UsageError(f"{text!r} ends before it begins")
    return Block(begin, end)


def _named(text: str, resolve: Resolve) -> list[Block]:
    if text.count(":") == 1:
        raise UsageError(f"{text!r}: a port is named by --port, for all targets")
    if not text or _NUMERIC.fullmatch(text):
        raise UsageError(f"{text!r} is no address; one is written as 192.168.1.20")
    try:
        found = list(resolve(text))
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{text!r} has no address: {reason}") from error
    return [
        _checked(f"{text} ({each})", Block(address, address))
        for each in found
        if (address := _address(each))
    ]


def _checked(text: str, block: Block) -> Block:
    if isinstance(block.first, ipaddress.IPv6Address) and block.first.scope_id:
        raise UsageError(f"{text!r}: an address that holds on one interface only cannot be scanned")
    for network in _NOT_ONE_HOST:
        if network.version == block.version and not (
            int(block.last) < int(network.network_address)
            or int(block.first) > int(network.broadcast_address)
        ):
            raise UsageError(f"{text!r} has addresses that are no single host's: {network}")
    return block


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    merged: list[Block] = []
    for block in sorted(blocks, key=lambda each: (each.version, int(each.first))):
        before = merged[-1] if merged else None
        if (
            before is not None
            and before.version == block.version
            and int(block.first) <= int(before.last) + 1
        ):
            if int(block.last) > int(before.last):
                merged[-1] = Block(before.first, block.last)
        else:
            merged.append(block)
    return tuple(merged)
