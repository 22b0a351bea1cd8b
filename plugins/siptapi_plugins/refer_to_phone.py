"""The strategy ``refer-to-phone``: send everything to the phone's own address, by no proxy."""

from __future__ import annotations

from siptapi_core import (
    Attempt,
    DialRequest,
    LineIdentity,
    Network,
    NoSettings,
    Offer,
    SettingsError,
    SipUri,
    Strategy,
    hookimpl,
)

NAME = "refer-to-phone"


def phone_address(line: LineIdentity) -> SipUri:
    """The address of the phone itself.

    Raises:
        SettingsError: the line's settings give none.
    """
    if line.phone_address is None:
        raise SettingsError(
            f'{NAME} needs the address of the phone itself: "extension@host:port"',
            key=f"lines.{line.name}.phone",
        )
    return line.phone_address


class ReferToPhone:
    """INVITE the phone at the static address that the line's settings give.

    The address is only the way there (an outbound proxy, RFC 3261 8.1.2): the phone is still named
    by the account's domain, because many phones call on with the name that they were called by.
    """

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """Begin the call."""
        line = request.line
        plan = request.plan(NAME, target=line.phone, next_hop=phone_address(line), direct=True)
        return network.refer_call(plan)


@hookimpl
def siptapi_strategies() -> list[Offer[NoSettings, Strategy]]:
    """Offer it."""
    return [
        Offer(
            name=NAME,
            summary="call the phone at its own address",
            create=lambda *_: ReferToPhone(),
            check=phone_address,
        )
    ]
