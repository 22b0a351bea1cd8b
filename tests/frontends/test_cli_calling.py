from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from fake_dialer import ANSWERED, BUSY, CANCELLED, RINGING, FakeDialer
from recording_view import RecordingView

from siptapi_core.commands import Caller, Command, Dial, Dialling, HangUp, Reply
from siptapi_core.errors import DeniedError, NetworkError, RefusedError
from siptapi_core.events import (
    CallEnded,
    CallFailed,
    Direction,
    Disturbed,
    Event,
    HandedOver,
    Outcome,
    PhoneCalling,
    PhoneRinging,
    Stage,
    TracedMessage,
)
from siptapi_frontends.cli import calling
from siptapi_frontends.cli.calling import PlannedCall, place_call

DIAL = Dial(number="01/505641")
UNREADABLE = CallFailed(Stage.PROXY, None, "no password", Disturbed.NO, code="settings")
INVITE = TracedMessage(0.0, Direction.SENT, "udp:127.0.0.1:5060", "x", "INVITE sip:a@b SIP/2.0")
SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
]


def raising(number: int) -> Callable[[], None]:
    return lambda: signal.raise_signal(number)


@pytest.fixture(autouse=True)
def signal_handlers_are_given_back(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr("siptapi_frontends.cli.interruption.detach", lambda *_: None)
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (ANSWERED, 0),
        (BUSY, 4),
        ((CallEnded(Outcome.FAILED, Stage.PROXY),), 3),
        ((UNREADABLE, CallEnded(Outcome.FAILED, Stage.PROXY)), 2),
        ((CallEnded(Outcome.UNKNOWN, Stage.CALLEE),), 5),
    ],
)
def test_a_call_is_followed_to_its_end(script: tuple[object, ...], code: int) -> None:
    dialer, view = FakeDialer(script), RecordingView()  # type: ignore[arg-type]
    assert place_call(dialer.planned(DIAL), view) == code
    assert tuple(view.happenings) == script
    assert dialer.executed == [DIAL]
    assert (dialer.closed, view.closed, view.notes) == (True, True, [])


def test_events_of_other_calls_are_not_ours() -> None:
    dialer, view = FakeDialer(ANSWERED), RecordingView()
    assert place_call(dialer.planned(DIAL), view) == 0  # the other call in `events` ended busy


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_hangs_up_and_waits_for_the_end(number: int) -> None:
    view = RecordingView({PhoneRinging: raising(number)})
    dialer = FakeDialer(RINGING)
    assert place_call(dialer.planned(DIAL), view) == 130
    assert dialer.executed[-1] == HangUp(call="c1")
    assert tuple(view.happenings) == (*RINGING, *CANCELLED)
    assert "Hanging up" in view.notes[0]
    assert dialer.closed


def test_a_signal_in_the_first_millisecond_hangs_up_too() -> None:
    view = RecordingView({Dialling: raising(signal.SIGINT)})
    dialer = FakeDialer(())
    assert place_call(dialer.planned(DIAL), view) == 130
    assert dialer.executed[-1] == HangUp(call="c1")


def test_a_signal_while_the_command_is_carried_out_hangs_up_when_there_is_a_call() -> None:
    class Slow(FakeDialer):
        async def execute(self, command: Command, caller: Caller) -> Reply:
            if isinstance(command, Dial):
                signal.raise_signal(signal.SIGINT)
                await asyncio.sleep(0)
            return await super().execute(command, caller)

    dialer = Slow(RINGING)
    assert place_call(dialer.planned(DIAL), RecordingView()) == 130
    assert dialer.executed == [DIAL, HangUp(call="c1")]


def test_what_the_hang_up_crossed_is_shown_though_it_was_interrupted() -> None:
    ended = CallEnded(Outcome.ANSWERED, Stage.CALLEE)
    view = RecordingView({PhoneRinging: raising(signal.SIGINT)})
    assert place_call(FakeDialer(RINGING, (ended,)).planned(DIAL), view) == 130
    assert view.happenings[-1] == ended


def test_a_hang_up_after_the_hand_over_is_refused_and_the_call_stays_a_success() -> None:
    class Late(FakeDialer):
        async def execute(self, command: Command, caller: Caller) -> Reply:
            if isinstance(command, HangUp):
                self._happen(ANSWERED[-1:])
            return await super().execute(command, caller)

    view = RecordingView({HandedOver: raising(signal.SIGINT)})
    dialer = Late(ANSWERED[:-1], RefusedError("the phone has the call"))
    assert place_call(dialer.planned(DIAL), view) == 0
    assert view.notes[1:] == ["the phone has the call"]


def test_an_end_that_nobody_confirms_is_waited_for_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "HANG_UP_LIMIT", 0.001)
    view = RecordingView({PhoneRinging: raising(signal.SIGINT)})
    dialer = FakeDialer(RINGING, ())
    assert place_call(dialer.planned(DIAL), view) == 130
    assert "Nobody confirmed" in view.notes[-1]
    assert dialer.closed


def test_a_bug_in_the_hang_up_is_not_swallowed() -> None:
    view = RecordingView({PhoneRinging: raising(signal.SIGINT)})
    with pytest.raises(ZeroDivisionError):
        place_call(FakeDialer(RINGING, ZeroDivisionError()).planned(DIAL), view)
    assert view.closed


def test_a_bug_in_the_view_is_not_swallowed() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    dialer = FakeDialer(ANSWERED)
    with pytest.raises(ZeroDivisionError):
        place_call(dialer.planned(DIAL), RecordingView({PhoneRinging: fail}))
    assert dialer.closed


def test_a_dialer_that_goes_away_leaves_the_outcome_unknown() -> None:
    view = RecordingView()
    assert place_call(FakeDialer(RINGING, goes_away=True).planned(DIAL), view) == 5
    assert "may or may not" in view.notes[0]


def test_a_dialer_that_breaks_off_leaves_the_outcome_unknown() -> None:
    class Breaking(FakeDialer):
        async def events(self, caller: Caller, after: int | None = None) -> AsyncIterator[Event]:
            async for each in super().events(caller, after):
                yield each
            raise NetworkError("the daemon has gone")

    view = RecordingView()
    assert place_call(Breaking(RINGING, goes_away=True).planned(DIAL), view) == 5
    assert tuple(view.happenings) == RINGING
    assert view.notes == ["The daemon has gone: the call may or may not have gone through."]


def test_a_dialer_that_breaks_off_before_it_answers_may_have_dialled() -> None:
    class Gone(FakeDialer):
        async def execute(self, command: Command, caller: Caller) -> Reply:
            raise NetworkError("the daemon has gone")

    view = RecordingView()
    assert place_call(Gone().planned(DIAL), view) == 5
    assert view.notes == ["The daemon has gone: the call may or may not have gone through."]


def test_what_cannot_be_dialled_is_an_error_and_everything_is_closed() -> None:
    class Refusing(FakeDialer):
        async def execute(self, command: Command, caller: Caller) -> Reply:
            if isinstance(command, Dial):
                raise DeniedError("denied by rule premium")
            return await super().execute(command, caller)

    dialer, view = Refusing(), RecordingView()
    with pytest.raises(DeniedError, match="premium"):
        place_call(dialer.planned(DIAL), view)
    assert (dialer.closed, view.closed) == (True, True)


def test_a_number_that_needs_confirmation_is_dialled_once_the_person_agreed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calling, "confirmed", lambda dial, _denied: dial.evolve(confirmed=True))
    dialer = FakeDialer(confirmable=True)
    assert place_call(dialer.planned(DIAL), RecordingView()) == 0
    assert dialer.executed == [DIAL, Dial(number="01/505641", confirmed=True)]


def test_ctrl_c_at_the_question_dials_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "confirmed", lambda *_: signal.raise_signal(signal.SIGINT))
    dialer = FakeDialer(confirmable=True)
    with pytest.raises(KeyboardInterrupt):
        place_call(dialer.planned(DIAL), RecordingView())
    assert (dialer.executed, dialer.closed) == ([DIAL], True)


def test_before_there_is_a_call_a_signal_just_ends_it() -> None:
    @asynccontextmanager
    async def connect() -> AsyncIterator[PlannedCall]:
        signal.raise_signal(signal.SIGTERM)
        yield PlannedCall(FakeDialer(), DIAL)

    with pytest.raises(KeyboardInterrupt):
        place_call(connect, RecordingView())


def test_a_dialer_that_cannot_be_opened_is_an_error() -> None:
    @asynccontextmanager
    async def connect() -> AsyncIterator[PlannedCall]:
        raise NetworkError("no such address")
        yield PlannedCall(FakeDialer(), DIAL)

    with pytest.raises(NetworkError, match="no such address"):
        place_call(connect, RecordingView())


def test_messages_are_kept_for_the_ladder_only_where_it_is_drawn() -> None:
    without, drawn = RecordingView(), RecordingView()
    drawn.draws_ladder = True
    for view in (without, drawn):
        dialer = FakeDialer(messages=(INVITE,))
        place_call(dialer.planned(DIAL, {INVITE.peer: "proxy"}), view)
    assert without.drawn is None
    assert drawn.drawn == [INVITE]
    assert drawn.names == {INVITE.peer: "proxy"}


def test_the_ladder_is_of_calls_whatever_else_a_daemon_sends_and_gets() -> None:
    ringing = INVITE.evolve(direction=Direction.RECEIVED, text="SIP/2.0 180 Ringing\r\n")
    other = INVITE.evolve(call_id="y", text="REGISTER sip:b SIP/2.0\r\n")
    incoming = INVITE.evolve(call_id="z", direction=Direction.RECEIVED)
    view = RecordingView()
    view.draws_ladder = True
    messages = (other, INVITE, incoming, ringing, other)
    place_call(FakeDialer(messages=messages).planned(DIAL), view)
    assert view.drawn == [INVITE, ringing]


def test_without_messages_there_is_no_ladder() -> None:
    view = RecordingView()
    view.draws_ladder = True
    place_call(FakeDialer((PhoneCalling(), *CANCELLED)).planned(DIAL), view)
    assert view.drawn is None
