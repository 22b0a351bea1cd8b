"""The strategy ``acd``: call the callee, who waits until a blind transfer sends it to somebody.

It is for automatic call distribution: a program calls the customer, and sends the one who answered
to the agent who is free.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from siptapi_core import (
    Attempt,
    CallTimers,
    DialRequest,
    Network,
    Offer,
    Party,
    Strategy,
    hookimpl,
)

NAME = "acd"


@frozen(kw_only=True, eq=False, repr=False)  # every dial waits for this class to be made
class AcdSettings:
    """The section ``[strategies.acd]``."""

    transfer_timeout: float = field(
        default=CallTimers().transfer_timeout,
        validator=validators.gt(0),
        metadata={"help": "seconds that the callee waits for a transfer, and again if it failed"},
    )


class Acd:
    """INVITE the callee through the account's proxy, and hold it until it is transferred.

    We have no voice: an emergency number is called by the phone, as `refer-via-proxy` does.
    """

    def __init__(self, settings: AcdSettings) -> None:
        self._transfer_timeout = settings.transfer_timeout

    def start(self, request: DialRequest, network: Network) -> Attempt:
        """Begin the call."""
        if request.is_emergency:
            return network.refer_call(request.plan_via_proxy(NAME))
        plan = request.plan_via_proxy(NAME, first=Party.CALLEE)
        timers = plan.timers.evolve(transfer_timeout=self._transfer_timeout)
        return network.refer_call(plan.evolve(refer_to=None, timers=timers))


@hookimpl
def siptapi_strategies() -> list[Offer[AcdSettings, Strategy]]:
    """Offer it."""
    return [
        Offer(
            name=NAME,
            summary="call the callee, who waits until you transfer the call",
            settings=AcdSettings,
            create=lambda settings, _context: Acd(settings),
        )
    ]
