"""When two addresses are one way: what is refused on it is refused to all who use it."""

from __future__ import annotations

from siptapi_core.targets import Address


def way_of(address: Address) -> Address:
    """What all that is sent the same way has in common.

    A UDP socket knows hosts and ports only. A connection is of one line, and to one name that its
    certificate must carry: another one to the same place may be refused, and this one not.
    """
    return address if address.transport.reliable else Address(address.host, address.port)
