"""What the leg to the phone tells."""

from __future__ import annotations

from typing import Protocol

from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.sip.message import Request


class LegOwner(Protocol):
    """Whose phone it is."""

    def on_phone_ringing(self) -> None:
        """The first 18x."""
        ...

    def on_phone_answered(self, now: float) -> None:
        """A 2xx: somebody picked up."""
        ...

    def on_phone_up(self, now: float) -> None:
        """The ACK is out: the dialog can be used."""
        ...

    def on_phone_failed(self, status: int | None, reason: str, now: float) -> None:
        """The INVITE came to nothing; ``status`` None: no final response at all."""
        ...

    def on_phone_gone(self, now: float, *, by_phone: bool) -> None:
        """The dialog is over, by the phone's BYE or by ours."""
        ...

    def on_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A NOTIFY in the dialog, in order; must be answered."""
        ...
