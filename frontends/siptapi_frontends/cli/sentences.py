"""What happens, in words for the person whose phone it is.

Plain ASCII; each sentence says only what somebody reported. "There" is at the callee's; where the
callee was called first, "this side" is your phone, or that of whoever the call is transferred to.
"""

from __future__ import annotations

from siptapi_core.events import (
    CallCorrected,
    CalleeAnswered,
    CalleeRinging,
    CalleeTrying,
    CallEnded,
    CallFailed,
    CallPlaced,
    ConversationEnded,
    HandedOver,
    Happening,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingRinging,
    PhoneAnswered,
    PhoneCalling,
    PhoneRinging,
    ReferAccepted,
    Reporter,
    StrategyFellBack,
    TransferRequested,
)

_SENTENCES: dict[type[Happening], str] = {
    CallPlaced: "The call is placed.",
    PhoneCalling: "Calling your own phone first.",
    PhoneRinging: "Your phone is ringing: pick it up.",
    PhoneAnswered: "Picked up. Asking your phone to call {callee}.",
    ReferAccepted: "Your phone agreed to call.",
    CalleeTrying: "Your phone is calling {callee}.",
    CalleeAnswered: "It was picked up there.",
    TransferRequested: "To be transferred to {happening.to}.",
    HandedOver: "SIPTAPI has left the call: from now on it is ended on the phone.",
    CallEnded: "Ended.",
    CallCorrected: "It is known now how the call ended: {happening.outcome}.",
    ConversationEnded: "Both hung up, after {happening.duration:.0f} seconds.",
    IncomingRinging: "{happening.caller} calls {happening.called}.",
    IncomingAnsweredElsewhere: "It was picked up on another phone.",
    IncomingEnded: "It rings no more: {happening.outcome}.",
}
_CALLEE_FIRST: dict[tuple[type[Happening], Reporter], str] = {
    (CalleeTrying, Reporter.SIPTAPI): "Calling {callee} first.",
    (ReferAccepted, Reporter.PROXY): "The phone there agreed to call this side.",
    (PhoneCalling, Reporter.SIPFRAG): "The phone there is calling this side.",
    (PhoneRinging, Reporter.SIPFRAG): "It rings on this side: pick it up.",
    (PhoneAnswered, Reporter.SIPFRAG): "It was picked up on this side.",
}
"""Who reports a step shows whom we called."""
_RINGING = {
    181: "The call is being forwarded there.",
    182: "The call waits in a queue there.",
    183: "Something is to be heard there: listen to your phone.",
}
"""Sipfrag statuses (RFC 3261 section 21.1) that say more, or less, than that it rings."""


def sentence(happening: Happening, callee: str) -> str:
    """One sentence for what happened; ``callee`` is the number as people write it.

    Of a `CallEnded` it says no more than that; `siptapi_frontends.cli.verdict` says the rest.
    """
    match happening:
        case CalleeRinging(status=status):
            return _RINGING.get(status, "It rings there.")
        case CallFailed(reason=reason, status=status):
            said = reason.rstrip(".") or "no reason given"
            if status is not None:
                return f"Failed: {said} (SIP status {status})."
            # Our own words, of silence or a hang-up too: whether it failed, the end will say.
            begins_with_word = said.partition(" ")[0].isalpha()
            return f"{said[0].upper() if begins_with_word else said[0]}{said[1:]}."
        case StrategyFellBack(from_=failed, why=why, to=to):
            return f"{failed} did not work ({why}); trying {to}."
    kind = type(happening)
    words = _CALLEE_FIRST.get((kind, happening.reported_by)) or _SENTENCES[kind]
    return words.format(callee=callee, happening=happening)
