"""How a line registers: what is asked of which registrar, and when it is asked again."""

from __future__ import annotations

from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value


class RetryTimers(Value, kw_only=True):
    """How long to wait after a registration failed, in seconds (RFC 5626 section 4.5).

    After the n-th failure in a row it is ``base`` * 2**n, at most ``limit``, of which a random
    half is left out.

    Raises:
        ValueError: a time is not above 0.
    """

    base: float = 30.0
    limit: float = 1800.0
    refused: float = 600.0
    """Takes the place of anything shorter where the registrar refused us: trying a wrong password
    again and again makes it lock the account, or our address, out."""

    def _check(self) -> None:
        for name in self.attribute_names:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is a time in seconds, above 0")


class RegistrationPlan(Value, kw_only=True):
    """The registration of one line (RFC 3261 section 10).

    ``account`` is the address of record, with a user; ``next_hop`` where the REGISTER is sent
    (resolved by the line's chain), ``route`` a preloaded route set. ``token`` stands in our
    Contact's ``line`` parameter, and so in the Request-URI of every call that the registrar sends
    to it: letters and digits. ``expires`` is how many seconds are asked for.

    What ``advertised``, ``learn_address`` and ``keepalive`` mean, `ReferPlan` says.
    """

    account: SipUri
    next_hop: SipUri
    token: str
    route: tuple[NameAddr, ...] = ()
    display_name: str = ""
    expires: int = 600
    advertised: Address | None = None
    learn_address: bool = False
    keepalive: float = 0.0
    retry: RetryTimers = RetryTimers()
