"""The table ``[dns]``: whom resolvers ask, and for how long."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen, validators

from siptapi_core.errors import MessageError
from siptapi_core.locating import is_ip_address
from siptapi_core.sip.uri import SipUri
from siptapi_core.values import Compared

PORT = 53


def server_address(text: str) -> tuple[str, int]:
    """Read a DNS server: an IP address, with or without a port.

    Raises:
        ValueError: it is something else.
    """
    bare_ipv6 = text.count(":") > 1 and not text.startswith("[")
    try:
        uri = SipUri.parse(f"sip:[{text}]" if bare_ipv6 else f"sip:{text}")
    except MessageError:
        uri = None
    if uri is None or uri != SipUri(uri.host, port=uri.port) or not is_ip_address(uri.host):
        raise ValueError("expected IP addresses, such as 192.0.2.53 or 127.0.0.1:5353")
    return uri.host, uri.port or PORT


def _servers(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    for text in value:
        server_address(text)


@frozen(kw_only=True, eq=False, repr=False)
class DnsSettings(Compared):
    """Whom resolvers ask; times are in seconds.

    Raises:
        ValueError: a value cannot be; the words say what was expected.
    """

    servers: tuple[str, ...] = field(
        default=(),
        validator=_servers,
        metadata={
            "help": "DNS servers to ask instead of those of the system (whose hosts file is then "
            "not read): IP addresses, with a port where it is not 53",
            "example": ["192.0.2.53"],
        },
    )
    query_timeout: float = field(
        default=1.5,
        validator=validators.gt(0),
        metadata={
            "help": "seconds to wait for a DNS server before the next is asked, or the only one "
            "again; one look-up takes at most twice that"
        },
    )
    overall_timeout: float = field(
        default=10.0,
        validator=validators.gt(0),
        metadata={"help": "seconds for all look-ups of one address together"},
    )

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """The servers as address and port."""
        return tuple(map(server_address, self.servers))
