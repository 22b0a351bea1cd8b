"""What the dialer's tests share: strategies that play a story, a logger that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from copy import copy
from typing import Any, get_args

from siptapi_core.contracts import Capability, DialRequest, LineIdentity
from siptapi_core.events import CallEnded, CallFailed, Disturbed, Happening, Outcome, Stage
from siptapi_core.sip.uri import SipUri, parse_uri

ANSWERED = CallEnded(Outcome.ANSWERED, Stage.CALLEE)
CANCELLED = CallEnded(Outcome.CANCELLED, Stage.PHONE)
UNDISTURBED = CallFailed(Stage.PROXY, 503, "no route", Disturbed.NO)
NOT_REACHED = CallEnded(Outcome.FAILED, Stage.PROXY)


Line = tuple[str, str, dict[str, object]]
_OF_EVERY_CALL = {"strategy chosen", *(each.name for each in get_args(Happening))}


class RecordingLogger:
    """A `Logger` whose lines are tuples: level, event, values.

    What every call logs, what happens and the strategy, is in ``story`` instead.
    """

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.story: list[Line] = []
        self.bound: dict[str, object] = {}

    def bind(self, **values: object) -> RecordingLogger:
        bound = copy(self)
        bound.bound = self.bound | values
        return bound

    def is_enabled_for(self, _level: int) -> bool:
        return True

    def _log(self, level: str, event: str, values: dict[str, object]) -> None:
        lines = self.story if event in _OF_EVERY_CALL else self.lines
        lines.append((level, event, self.bound | values))

    def debug(self, event: str, **values: object) -> None:
        self._log("debug", event, values)

    def info(self, event: str, **values: object) -> None:
        self._log("info", event, values)

    def warning(self, event: str, **values: object) -> None:
        self._log("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        self._log("error", event, values)

    @property
    def events(self) -> list[str]:
        return [event for _, event, _ in self.lines]


class StoryAttempt:
    """Tells its story, then waits for more from the test, or for a hang-up.

    ``hang_up_with`` is what a hang-up does: an exception to raise, or a function to await;
    ``transfer_with`` an exception that a transfer raises.
    """

    def __init__(
        self,
        story: Iterable[object],
        *,
        capabilities: Iterable[Capability] = (Capability.HANG_UP,),
        hang_up_with: Any = None,
        transfer_with: Exception | None = None,
    ) -> None:
        self.capabilities = frozenset(capabilities)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.hang_ups = 0
        self.transfers: list[object] = []
        self._transfer_with = transfer_with
        self._hang_up_with = hang_up_with
        for happening in story:
            self.queue.put_nowait(happening)

    def tell(self, *happenings: object) -> None:
        for happening in happenings:
            self.queue.put_nowait(happening)

    async def events(self):
        while True:
            happening = await self.queue.get()
            if isinstance(happening, BaseException):
                raise happening
            if happening is STOP:
                return
            yield happening
            if isinstance(happening, CallEnded):
                return

    async def hang_up(self) -> None:
        self.hang_ups += 1
        if isinstance(self._hang_up_with, Exception):
            raise self._hang_up_with
        if self._hang_up_with is not None:
            await self._hang_up_with()
        self.tell(CANCELLED)

    async def transfer(self, to: object) -> None:
        if self._transfer_with is not None:
            raise self._transfer_with
        self.transfers.append(to)


STOP = object()
"""In a story: the events end here, without a word."""


class StoryStrategy:
    """A strategy whose attempts play ``story``; ``attempts`` are those that it made."""

    def __init__(self, *story: object, fails: Exception | None = None, **attempt: Any) -> None:
        self.attempts: list[StoryAttempt] = []
        self.requests: list[DialRequest] = []
        self._story = story
        self._fails = fails
        self._attempt = attempt

    def start(self, request: DialRequest, network: object) -> StoryAttempt:
        self.requests.append(request)
        if self._fails is not None:
            raise self._fails
        attempt = StoryAttempt(self._story, **self._attempt)
        self.attempts.append(attempt)
        return attempt


def make_identity(name: str = "office", display_name: str = "") -> LineIdentity:
    return LineIdentity(
        name=name,
        address_of_record=SipUri(host="example.com", user="200"),
        phone=SipUri(host="example.com", user="201"),
        display_name=display_name,
    )


def make_request(callee: str = "sip:301@example.com", line: str = "office") -> DialRequest:
    return DialRequest(callee=parse_uri(callee), line=make_identity(line))


async def until(condition: Callable[[], object]) -> None:
    """Let the loop go round until ``condition`` holds."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def names(happenings: Iterable[Happening]) -> list[str]:
    return [happening.name for happening in happenings]
