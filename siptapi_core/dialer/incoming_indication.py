"""The calls that come to the lines, as front ends see them: shown, rejected, sent elsewhere."""

from __future__ import annotations

from siptapi_core.commands import CallDirection, CallState, CallStatus
from siptapi_core.contracts import Clock, Logger
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.events import CallId, IncomingRinging, fields_of
from siptapi_core.machine.identifiers import Identifiers
from siptapi_core.machine.incoming_call import IncomingCall, IncomingHappening
from siptapi_core.machine.incoming_calls import IncomingCalls
from siptapi_core.machine.line_of_request import LineDirectory
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.uri import SipUri, Uri


class IncomingIndication:
    """Gives each incoming call an id and a status, and tells what happens to it."""

    def __init__(
        self,
        network: SipNetwork,
        *,
        events: EventBus,
        identifiers: Identifiers,
        clock: Clock,
        logger: Logger,
    ) -> None:
        self._network = network
        self._events = events
        self._identifiers = identifiers
        self._clock = clock
        self._logger = logger
        self._machine = IncomingCalls(network.agent, report=self._on_happening)
        self._ids: dict[IncomingCall, CallId] = {}
        self._calls: dict[CallId, tuple[IncomingCall, CallStatus]] = {}

    @property
    def lines(self) -> LineDirectory:
        """Where the lines that calls may come to are put, and removed."""
        return self._machine.lines

    def expect(self, account: SipUri, caller: Uri) -> None:
        """Our own call on ``account`` may come back to it from ``caller``: that is not shown."""
        self._machine.own_calls.begin(account, caller)

    def expect_no_more(self, account: SipUri, caller: Uri) -> None:
        """It is over."""
        self._machine.own_calls.end(account, caller, self._clock.monotonic())

    def __len__(self) -> int:
        """How many calls ring."""
        return len(self._calls)

    def statuses(self) -> list[CallStatus]:
        """Every call that rings."""
        return [status for _, status in self._calls.values()]

    def status(self, call: CallId) -> CallStatus | None:
        """The call of that id, while it rings."""
        found = self._calls.get(call)
        return None if found is None else found[1]

    def reject(self, call: CallId) -> None:
        """Decline it for all phones of the account; raises KeyError where `status` is None."""
        self._network.drive(self._calls[call][0].reject)

    def redirect(self, call: CallId, to: Uri) -> None:
        """Send the caller to ``to``; raises KeyError where `status` is None."""
        machine = self._calls[call][0]
        self._network.drive(lambda now: machine.redirect(to, now))

    def close(self) -> None:
        """Step aside in all calls, and in those that come yet: other phones ring on."""
        self._network.drive(self._machine.give_up)

    def _on_happening(self, machine: IncomingCall, happening: IncomingHappening) -> None:
        line = machine.line.name
        if isinstance(happening, IncomingRinging):
            call = self._ids[machine] = self._identifiers.tag()
            self._network.name_call(machine.invite.call_id, call)
            status = CallStatus(
                call=call,
                line=line,
                number=happening.caller,
                name=happening.caller_name,
                state=CallState.RINGING,
                started=self._clock.time(),
                direction=CallDirection.INCOMING,
            )
            self._calls[call] = (machine, status)
        else:
            call = self._ids.pop(machine)
            del self._calls[call]
        self._logger.info(happening.name, call=call, line=line, **fields_of(happening))
        self._events.tell_of_call(call, line, happening)
