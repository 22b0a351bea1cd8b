"""Events as Zammad's generic CTI integration wants them: ``newCall``, ``answer``, ``hangup``.

https://docs.zammad.org/en/latest/api/generic-cti/ has the fields. Zammad shows a call as going on
until ``hangup``; we send that when somebody told us that it is over. Of a conversation that no
dialog watch follows (``watch = true`` of the line), nobody tells us.
"""

from __future__ import annotations

from collections import OrderedDict

from siptapi_core import (
    CalleeAnswered,
    CallEnded,
    CallEvent,
    CallId,
    CallPlaced,
    ConversationEnded,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    Outcome,
)

REMEMBERED = 10_000
"""Calls whose numbers are known for later events; those of a day in a large office."""

_CAUSES = {
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "noAnswer",
    Outcome.REJECTED: "busy",
    Outcome.NOT_FOUND: "notFound",
    Outcome.CANCELLED: "cancel",
    Outcome.FAILED: "congestion",
}
_INCOMING_CAUSES = {
    IncomingOutcome.MISSED: "cancel",
    IncomingOutcome.NOT_ANSWERED: "noAnswer",
    IncomingOutcome.BUSY: "busy",
    IncomingOutcome.REJECTED: "busy",
    IncomingOutcome.REDIRECTED: "forwarded",
}
_Call = dict[str, str]


class ZammadCalls:
    """Turns events into what Zammad is told; remembers the numbers of calls for that."""

    def __init__(self) -> None:
        self._calls: OrderedDict[CallId, _Call] = OrderedDict()

    def body(self, event: CallEvent) -> dict[str, str] | None:
        """What to send for ``event``; None: nothing."""
        match event.happening:
            case CallPlaced(number=number):
                return self._begin(event, direction="out", from_=event.line, to=number)
            case IncomingRinging(caller=caller, called=called):
                return self._begin(event, direction="in", from_=caller, to=called)
            case CalleeAnswered() | IncomingAnsweredElsewhere():
                return self._say(event, "answer", last=False)
            case CallEnded(outcome=outcome) if outcome in _CAUSES:
                return self._say(event, "hangup", cause=_CAUSES[outcome])
            case IncomingEnded(outcome=incoming_outcome):
                return self._say(event, "hangup", cause=_INCOMING_CAUSES[incoming_outcome])
            case ConversationEnded():
                return self._say(event, "hangup", cause="normalClearing")
        return None

    def _begin(self, event: CallEvent, *, direction: str, from_: str, to: str) -> _Call:
        call = {
            "direction": direction,
            "from": from_ or "anonymous",
            "to": to,
            "callId": event.call,
        }
        self._calls[event.call] = call
        while len(self._calls) > REMEMBERED:
            self._calls.popitem(last=False)
        return {"event": "newCall", **call}

    def _say(self, event: CallEvent, what: str, *, last: bool = True, **more: str) -> _Call | None:
        """None for a call that began before us: Zammad knows nothing of it."""
        call = self._calls.get(event.call)
        if call is None:
            return None
        if last:
            del self._calls[event.call]
        return {"event": what, **call, **more}
