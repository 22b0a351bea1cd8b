"""What a subscription is to: one event package of one address of record."""

from __future__ import annotations

from siptapi_core.sip.dialog_info import MEDIA_TYPE
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value


class SubscriptionPlan(Value, kw_only=True):
    """One line's subscription (RFC 6665); as it stands to the dialogs of ``target`` (RFC 4235).

    ``target`` is the address of record; ``from_`` who we say we are (without a tag); ``next_hop``
    where the SUBSCRIBE is sent (resolved by the line's chain), ``route`` a preloaded route set, as
    a registrar gives it (RFC 3608). ``accept`` is the media type wanted in NOTIFYs; ``expires`` how
    many seconds are asked for.

    What ``advertised``, ``learn_address`` and ``keepalive`` mean, `ReferPlan` says.
    """

    target: SipUri
    from_: NameAddr
    next_hop: SipUri
    route: tuple[NameAddr, ...] = ()
    package: str = "dialog"
    accept: str = MEDIA_TYPE
    expires: int = 3600
    advertised: Address | None = None
    learn_address: bool = False
    keepalive: float = 0.0
