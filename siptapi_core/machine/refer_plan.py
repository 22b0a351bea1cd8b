"""What a strategy decides about a call, and the refer call machine executes."""

from __future__ import annotations

import enum

from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri, Uri
from siptapi_core.targets import Address
from siptapi_core.values import Value


class Party(enum.StrEnum):
    """One of the two who shall talk to each other."""

    PHONE = "phone"
    """The user's own phone, or whoever takes the call in the user's place."""
    CALLEE = "callee"

    @property
    def other(self) -> Party:
        """The other one."""
        return Party.CALLEE if self is Party.PHONE else Party.PHONE

    @property
    def device(self) -> str:
        """What rings there, in words."""
        return "the phone" if self is Party.PHONE else "the callee's phone"


class ByePolicy(enum.StrEnum):
    """When we leave the dialog with the phone."""

    ON_ANSWER = "on-answer"
    """On a final 2xx sipfrag at once; on a final failure after ``failure_linger``."""
    ON_ACCEPT = "on-accept"
    """Right after the 2xx to the REFER: some PBXs idle without it."""
    NEVER = "never"
    """Wait for the phone's BYE (``dialog_limit`` at most)."""


class CallTimers(Value, kw_only=True):
    """How long each step of a call may take, in seconds.

    Raises:
        ValueError: a time is not above 0; only ``failure_linger`` may be 0.
    """

    ring_timeout: float = 30.0
    """From the INVITE until the user's phone must have been picked up."""
    notify_timeout: float = 32.0
    """From the 2xx to the REFER until a NOTIFY must have come; after it: unknown."""
    callee_timeout: float = 180.0
    """From the 2xx to the REFER until a final sipfrag must have come; after it: unknown.

    Where the callee comes first: from the INVITE until it must have been answered, too.
    """
    failure_linger: float = 2.0
    """From a final failure sipfrag until our BYE, so that the user hears the tone."""
    dialog_limit: float = 4 * 3600.0
    """With `ByePolicy.NEVER`: from the answer until we leave all the same."""
    transfer_timeout: float = 600.0
    """How long a party who waits for a transfer is held, each time it does."""

    def _check(self) -> None:
        for name in self.attribute_names:
            seconds = getattr(self, name)
            if not (seconds > 0 or (seconds == 0 and name == "failure_linger")):
                raise ValueError(f"{name} is a time in seconds, above 0, not {seconds!r}")


class ReferPlan(Value, kw_only=True):
    """One attempt at a call by INVITE and REFER (RFC 3515), as a strategy wants it.

    ``strategy`` is the name for events; ``target`` whom to INVITE (Request-URI and To), which is
    the party ``first``; ``from_`` who we say we are (without a tag); ``refer_to`` whom ``target``
    shall call, None: it waits until somebody transfers it; ``next_hop`` where the INVITE is sent
    (resolved by the line's chain); ``route`` a preloaded route set; ``direct`` says that
    ``next_hop`` is the phone itself: requests inside the dialog stay with that address, and a
    failure is the phone's, not a proxy's; ``invite_headers`` go into the INVITE only, never into
    the REFER or its Refer-To (they must not leak to the callee).

    The rest is for NATs and UDP: ``advertised`` goes into Contact, Via and SDP instead of our
    socket's own address; ``learn_address`` puts what responses say of it (RFC 3581) into Contact;
    ``keepalive`` is seconds between packets that keep our mapping open, 0 for none.
    """

    strategy: str
    target: SipUri
    from_: NameAddr
    refer_to: Uri | None
    referred_by: SipUri
    next_hop: SipUri
    first: Party = Party.PHONE
    route: tuple[NameAddr, ...] = ()
    direct: bool = False
    invite_headers: tuple[tuple[str, str], ...] = ()
    bye: ByePolicy = ByePolicy.ON_ANSWER
    timers: CallTimers = CallTimers()
    advertised: Address | None = None
    learn_address: bool = False
    keepalive: float = 0.0
