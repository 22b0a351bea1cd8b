"""Giving the phone another Contact of ours by a re-INVITE (RFC 3261 14.1).

A NAT shows us at an address that responses tell us only after the INVITE has gone: the phone would
send its NOTIFYs to the one before.
"""

from __future__ import annotations

from contextlib import suppress

from siptapi_core.errors import NetworkError
from siptapi_core.machine.dialog_service import SDP, DialogService
from siptapi_core.machine.established_dialog import EstablishedDialog
from siptapi_core.machine.timers import Action
from siptapi_core.machine.user_agent import ALLOW
from siptapi_core.sip.message import Response


def refresh_contact(
    established: EstablishedDialog,
    service: DialogService,
    contact: str,
    *,
    then: Action,
    now: float,
) -> None:
    """Send a re-INVITE, and call ``then`` once it is over, whatever came of it."""
    service.awaits_answer = True

    def go_on(now: float) -> None:
        if service.awaits_answer:  # else it was a 2xx that came again
            service.awaits_answer = False
            then(now)

    def on_response(response: Response, now: float) -> None:
        if 200 <= response.status < 300:  # noqa: PLR2004
            with suppress(NetworkError):  # it will be sent again when the 2xx comes again
                established.send_acknowledgement(exchange.request, response.cseq.number)
        if response.status >= 200:  # noqa: PLR2004
            go_on(now)

    exchange = established.request(
        "INVITE",
        headers=[("Contact", contact), ALLOW, SDP],
        body=service.offer(),
        on_response=on_response,
        on_failure=lambda _problem, now: go_on(now),
        now=now,
    )
