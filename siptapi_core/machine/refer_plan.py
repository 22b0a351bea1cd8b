"""What a strategy decides about a call, and the refer call machine executes."""

from __future__ import annotations

import enum

from attrs import field, frozen, validators

from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri, Uri
from siptapi_core.targets import Address
from siptapi_core.values import Compared, Value


class ByePolicy(enum.StrEnum):
    """When we leave the dialog with the phone."""

    ON_ANSWER = "on-answer"
    """On a final 2xx sipfrag at once; on a final failure after ``failure_linger``."""
    ON_ACCEPT = "on-accept"
    """Right after the 2xx to the REFER: some PBXs idle without it."""
    NEVER = "never"
    """Wait for the phone's BYE (``dialog_limit`` at most)."""


_positive = validators.gt(0.0)


@frozen(kw_only=True, eq=False, repr=False)
class CallTimers(Compared):
    """How long each step of a call may take, in seconds."""

    ring_timeout: float = field(default=30.0, validator=_positive)
    """From the INVITE until the phone must have been picked up."""
    notify_timeout: float = field(default=32.0, validator=_positive)
    """From the 2xx to the REFER until a NOTIFY must have come; after it: unknown."""
    callee_timeout: float = field(default=180.0, validator=_positive)
    """From the 2xx to the REFER until a final sipfrag must have come; after it: unknown."""
    failure_linger: float = field(default=2.0, validator=validators.ge(0))
    """From a final failure sipfrag until our BYE, so that the user hears the tone."""
    dialog_limit: float = field(default=4 * 3600.0, validator=_positive)
    """With `ByePolicy.NEVER`: from the answer until we leave all the same."""


class ReferPlan(Value, kw_only=True):
    """One attempt at a call by INVITE and REFER (RFC 3515), as a strategy wants it.

    ``strategy`` is the name for events; ``target`` whom to INVITE (Request-URI and To);
    ``from_`` who we say we are (without a tag); ``refer_to`` whom that phone shall call;
    ``next_hop`` where the INVITE is sent (resolved by the line's chain); ``route`` a preloaded
    route set; ``direct`` says that ``next_hop`` is the phone itself: requests inside the dialog
    stay with that address, and a failure is the phone's, not a proxy's; ``invite_headers`` go
    into the INVITE only, never into the REFER or its Refer-To (they must not leak to the callee).

    The rest is for NATs and UDP: ``advertised`` goes into Contact, Via and SDP instead of our
    socket's own address; ``learn_address`` puts what responses say of it (RFC 3581) into Contact;
    ``keepalive`` is seconds between packets that keep our mapping open, 0 for none.
    """

    strategy: str
    target: SipUri
    from_: NameAddr
    refer_to: Uri
    referred_by: SipUri
    next_hop: SipUri
    route: tuple[NameAddr, ...] = ()
    direct: bool = False
    invite_headers: tuple[tuple[str, str], ...] = ()
    bye: ByePolicy = ByePolicy.ON_ANSWER
    timers: CallTimers = CallTimers()
    advertised: Address | None = None
    learn_address: bool = False
    keepalive: float = 0.0
