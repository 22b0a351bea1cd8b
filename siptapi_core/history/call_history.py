"""The history as the event loop uses it: writes at once to a journal, the rest in a thread.

::

    EventBus ─record─▶ journal: a file, one write an event      (this thread, before anyone is told)
                          │ a second later, or when somebody asks
                          ▼
                       archive: the database                    (the worker thread)

Importing what the worker needs takes longer than the set-up of a call, so that waits as well.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from siptapi_core.commands import CallRecord, History, ListHistory
from siptapi_core.contracts import Clock, Logger
from siptapi_core.events import CallId, Event, EventId, TracedMessage
from siptapi_core.history.health import Health
from siptapi_core.history.journal import MAIN, Journal
from siptapi_core.settings import HistorySettings, Settings
from siptapi_core.settings.secret import path_of
from siptapi_core.state_folder import state_folder

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from siptapi_core.history.archive import Archive

T = TypeVar("T")

TAKE_OVER_AFTER = 1.0
"""Seconds from an event until the database gets it, with all that came meanwhile."""


@asynccontextmanager
async def open_history(
    settings: Settings, *, clock: Clock, logger: Logger, daemon: bool = False
) -> AsyncIterator[CallHistory | None]:
    """The history that ``settings`` ask for, None where they want none.

    A ``daemon`` takes over what processes before it left behind, and goes on with the ids of their
    events; any other process touches no file before its first event, or question. Whatever is
    wrong with the files keeps nothing from working but the history: see `CallHistory.problem`.
    """
    if not settings.history.enabled:
        yield None
        return
    history = CallHistory(history_file(settings), settings.history, clock=clock, logger=logger)
    try:
        if daemon:
            await history.begin()
        yield history
    finally:
        await history.close()


def history_file(settings: Settings) -> Path:
    """The database that ``settings`` mean."""
    named = settings.history.file
    if not named:
        return Path(state_folder()) / "history.db"
    return path_of(named, Path(settings.where).parent)


class CallHistory:
    """The database ``file``, and the folder of journals beside it. Use it in one event loop."""

    def __init__(
        self, file: Path, settings: HistorySettings, *, clock: Clock, logger: Logger
    ) -> None:
        self.last_event: EventId = 0
        """The id of the last event that was told before this process."""
        self._file = file
        self._folder = Path(f"{file}.events")
        self._settings = settings
        self._clock = clock
        self._logger = logger
        self._health, self._journal_health, self._damage = (Health(logger) for _ in range(3))
        self._journal = Journal(str(self._folder), os.urandom(8).hex(), self._journal_health)
        self._executor: ThreadPoolExecutor | None = None
        self._archive: Archive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._taking_over: asyncio.Task[None] | None = None
        self._is_due = False

    @property
    def problem(self) -> str:
        """What is wrong, in words for a person; empty: all is kept."""
        healths = (self._journal_health, self._health, self._damage)
        return "; ".join(health.problem for health in healths if health.problem)

    def record(self, event: Event) -> None:
        """Write one event down before anybody is told of it: a few microseconds, and no error."""
        self._journal.write(event)
        if not self._is_due:
            self._is_due = True
            self._wake_after(TAKE_OVER_AFTER)

    async def begin(self) -> None:
        """Be the daemon's, from before its first event: see `open_history`."""
        begun = await self._in_worker(lambda archive: archive.begin(MAIN))
        if begun is None:
            self.last_event = int(self._clock.time() * 1000)
        else:
            lock, self.last_event = begun
            self._journal = Journal(str(self._folder), MAIN, self._journal_health, lock=lock)
        self._wake_after(TAKE_OVER_AFTER)  # and from then on, to forget what is too old

    async def list_calls(self, command: ListHistory, lines: frozenset[str] | None) -> History:
        """Carry out `ListHistory` for a caller of ``lines`` (None: all).

        Raises:
            UsageError: ``limit`` or ``before`` cannot be.
            RefusedError: the history cannot be read.
        """
        return await self._ask(lambda archive: archive.list_calls(command, lines))

    async def show_call(self, call: CallId, lines: frozenset[str] | None) -> CallRecord:
        """Carry out `ShowCall` for a caller of ``lines`` (None: all).

        Raises:
            RefusedError: there is no such call, or the history cannot be read.
        """
        return await self._ask(lambda archive: archive.show_call(call, lines))

    async def keep_messages(
        self, call: CallId, line: str, messages: tuple[TracedMessage, ...]
    ) -> None:
        """Keep the SIP messages of a call of ``line`` that went wrong."""
        await self._in_worker(lambda archive: archive.keep_messages(call, line, messages))

    async def messages_of(
        self, call: CallId, lines: frozenset[str] | None
    ) -> tuple[TracedMessage, ...]:
        """Those that are kept of ``call``, for a caller of ``lines`` (None: all).

        Raises:
            RefusedError: the history cannot be read.
        """
        return await self._ask(lambda archive: archive.messages_of(call, lines))

    async def events_after(self, after: EventId, limit: int) -> tuple[Event, ...]:
        """At most ``limit`` of the events that were told after ``after``, in order.

        For listeners who lost the connection: what only other processes told is not among them.

        Raises:
            RefusedError: not all of them are kept any more, or the history cannot be read.
        """
        run = self._journal.run
        return await self._ask(lambda archive: archive.events_after(run, after, limit))

    async def close(self) -> None:
        """Bring it all into the database, and leave no file behind but that."""
        self._is_due = True  # so that nobody sets the timer again
        if self._taking_over is not None:
            await asyncio.wait([self._taking_over])
        if self._timer is not None:
            self._timer.cancel()
        lock = self._journal.close()
        if lock is not None:
            ended = await self._in_worker(lambda archive: archive.end(self._journal.run))
            lock.release(remove=ended)
        if self._executor is not None:
            await self._in_worker(lambda archive: archive.close())
            self._executor.shutdown()

    async def _ask(self, question: Callable[[Archive], T]) -> T:
        self._journal.flush()
        run, written = self._journal.run, self._journal.number

        def answer(archive: Archive) -> T:
            archive.take_over_all(run, written)
            return question(archive)

        return await self._in_worker(answer)

    def _wake_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        if self._taking_over is not None and not self._taking_over.done():
            self._wake_after(TAKE_OVER_AFTER)
            return
        self._is_due = False
        self._journal.flush()
        self._taking_over = asyncio.get_running_loop().create_task(self._take_over())

    async def _take_over(self) -> None:
        run, written = self._journal.run, self._journal.number
        seconds = await self._in_worker(lambda archive: archive.take_over(run, written))
        if not self._is_due:  # no event came meanwhile
            self._wake_after(TAKE_OVER_AFTER if self._journal.is_behind else seconds)

    async def _in_worker(self, work: Callable[[Archive], T]) -> T:
        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # see above

            self._executor = ThreadPoolExecutor(1, "siptapi-history")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, lambda: work(self._open()))

    def _open(self) -> Archive:
        if self._archive is None:
            from siptapi_core.history.archive import Archive  # noqa: PLC0415  # see above

            self._archive = Archive(
                self._file,
                self._folder,
                self._settings,
                clock=self._clock,
                logger=self._logger,
                health=self._health,
                damage=self._damage,
            )
        return self._archive
