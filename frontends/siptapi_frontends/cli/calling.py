"""Place one call and follow it to its end; Ctrl-C hangs it up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, closing, suppress
from typing import NamedTuple

from siptapi_core.commands import Dial, Dialling, HangUp
from siptapi_core.contracts import Dialer
from siptapi_core.errors import DeniedError, NetworkError, SiptapiError
from siptapi_core.events import (
    CallEnded,
    CallEvent,
    CallFailed,
    CallId,
    Direction,
    Event,
    TracedMessage,
)
from siptapi_frontends.cli.asking import CALLER, execute
from siptapi_frontends.cli.confirmation import confirmed
from siptapi_frontends.cli.exit_codes import ExitCode, of_call
from siptapi_frontends.cli.interruption import Interruption
from siptapi_frontends.cli.quick_dial import held_signals
from siptapi_frontends.cli.view import View


class PlannedCall(NamedTuple):
    """What to dial on what; ``names`` of the peers' addresses are for the ladder."""

    dialer: Dialer
    dial: Dial
    names: Mapping[str, str] = {}


Connect = Callable[[], AbstractAsyncContextManager[PlannedCall]]

HANG_UP_LIMIT = 5.0
"""Seconds from Ctrl-C until we leave, whether or not anybody confirmed the end."""

LADDER_LIMIT = 500
"""Messages kept for the ladder: a call has about twenty, one that never ends any number."""


def place_call(connect: Connect, view: View) -> ExitCode:
    """Make the call that ``connect`` gives, show it in ``view``, return when it is over.

    Raises:
        SiptapiError: nothing was dialled; the words say why.
        KeyboardInterrupt: Ctrl-C or SIGTERM came before there was a call.
    """
    interruption = Interruption(view.last_words)
    with closing(view), interruption.handled():
        return asyncio.run(_place_call(connect, view, interruption))


async def _place_call(connect: Connect, view: View, interruption: Interruption) -> ExitCode:
    messages: deque[TracedMessage] = deque(maxlen=LADDER_LIMIT)
    async with connect() as (dialer, dial, names):
        events = dialer.events(CALLER)
        if view.draws_ladder:
            keeping = asyncio.create_task(_keep(dialer.traced(), messages))
        try:
            code = await _dial(dialer, dial, events, view, interruption)
        except DeniedError as denied:
            code = await _dial(dialer, confirmed(dial, denied), events, view, interruption)
    if view.draws_ladder:
        await keeping  # the dialer is closed: it ends with the last message
        if messages:
            view.ladder(messages, names)
    return code


async def _dial(
    dialer: Dialer,
    dial: Dial,
    events: AsyncIterator[Event],
    view: View,
    interruption: Interruption,
) -> ExitCode:
    with interruption.hanging_up():
        held_signals.release()
        try:
            dialling = await execute(dialer, dial, Dialling)
        except NetworkError as error:  # that to the daemon, in the middle
            return _nobody_knows(str(error), view)
        view.begin(dialling)
        following = asyncio.create_task(_until_ended(events, dialling.call, view))
        return await _unless_interrupted(following, dialer, dialling.call, view, interruption)


async def _keep(traced: AsyncIterator[TracedMessage], messages: deque[TracedMessage]) -> None:
    """Keep the messages of calls that are made: a daemon registers, and is called, too."""
    made: set[str] = set()
    with suppress(SiptapiError):  # of a daemon that is gone: its events say it as well
        async for message in traced:
            if message.direction is Direction.SENT and message.text.startswith("INVITE "):
                made.add(message.call_id)
            if message.call_id in made:
                messages.append(message)


async def _until_ended(events: AsyncIterator[Event], call: CallId, view: View) -> ExitCode:
    failure: CallFailed | None = None
    why = "the dialer stopped"
    try:
        async for event in events:
            if isinstance(event, CallEvent) and event.call == call:
                view.event(event)
                if isinstance(event.happening, CallFailed):
                    failure = event.happening
                if isinstance(event.happening, CallEnded):
                    return of_call(event.happening, failure)
    except SiptapiError as error:
        why = str(error)
    return _nobody_knows(why, view)


def _nobody_knows(why: str, view: View) -> ExitCode:
    view.note(f"{why[0].upper()}{why[1:]}: the call may or may not have gone through.")
    return ExitCode.UNKNOWN


async def _unless_interrupted(
    following: asyncio.Task[ExitCode],
    dialer: Dialer,
    call: CallId,
    view: View,
    interruption: Interruption,
) -> ExitCode:
    interrupted = asyncio.create_task(interruption.interrupted.wait())
    await asyncio.wait((following, interrupted), return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        interrupted.cancel()
        return following.result()
    view.note("Hanging up. Ctrl-C again leaves at once.")
    hung_up = True
    try:
        async with asyncio.timeout(HANG_UP_LIMIT):
            try:
                await dialer.execute(HangUp(call=call), CALLER)
            except SiptapiError as refused:  # too late: what was refused will end by itself
                view.note(str(refused))
                hung_up = False
            code = await following
    except TimeoutError:
        view.note(f"Nobody confirmed the end within {HANG_UP_LIMIT:.0f} seconds.")
        return ExitCode.INTERRUPTED
    return ExitCode.INTERRUPTED if hung_up else code
