"""From the journals into the database, and what is asked of that.

Everything here runs in one worker thread. A database that cannot be used, because the disk is full
or another process writes for long, leaves the journals as they are until it can.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from siptapi_core.commands import CallRecord, History, ListHistory
from siptapi_core.contracts import Clock, Logger
from siptapi_core.errors import RefusedError
from siptapi_core.events import CallId, Event, EventId, TracedMessage
from siptapi_core.history import queries
from siptapi_core.history.database import Database
from siptapi_core.history.forgetting import forget
from siptapi_core.history.health import Health
from siptapi_core.history.journal_files import JournalFile, journal_files, read_lines
from siptapi_core.history.messages import keep_messages, messages_of
from siptapi_core.history.run_lock import RunLock
from siptapi_core.history.taking_over import end_calls, insert_lines, last_event
from siptapi_core.settings.history import HistorySettings

T = TypeVar("T")

FORGET_EVERY = 3600.0
"""Seconds between two looks for what is too old."""
FORGET_MORE_AFTER = 1.0
"""Seconds until the next look where there was more than is forgotten at once."""
TRY_AGAIN_AFTER = 30.0
"""Seconds, after the database could not be written."""
LOCK_TRIES = 100
LOCK_PAUSE = 0.05
"""Seconds: another process may be bringing to its end what a daemon before this one left."""


class Archive:
    """The database ``file``, and the journals in ``folder``, from which alone it is written.

    ``health`` says whether it works, ``damage`` whether it was set aside.
    """

    def __init__(
        self,
        file: Path,
        folder: Path,
        settings: HistorySettings,
        *,
        clock: Clock,
        logger: Logger,
        health: Health,
        damage: Health,
    ) -> None:
        self._file = file
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._logger = logger
        self._health = health
        self._offsets: dict[Path, int] = {}
        """How far each file of a journal is in the database."""
        self._database = Database(file, self._offsets.clear, clock=clock, health=damage)
        self._forget_at = clock.monotonic()

    def begin(self, run: str) -> tuple[RunLock, EventId] | None:
        """Take over what was left behind, and become ``run``: its lock, and its last event.

        None where that cannot be: `Health` says why. A database that knows no such run may be a
        new one: ids then begin above all that were ever told.
        """
        lock = self._wait_for_lock(run)
        if lock is None:
            return None
        last = None
        if self._attempt(partial(self._take_over_all, run, 0)) is not None:
            last = self._attempt(partial(self._end, run))
        if last is None:
            lock.release(remove=False)
            return None
        return lock, last or int(self._clock.time() * 1000)

    def take_over(self, run: str, written: int) -> float:
        """Take over the journal of our own ``run``, of which file number ``written`` is not full.

        Returns in how many seconds that should be done again, if no event comes before.
        """
        seconds = self._attempt(partial(self._take_over_own, run, written))
        return TRY_AGAIN_AFTER if seconds is None else seconds

    def take_over_all(self, run: str, written: int) -> None:
        """The same with every other journal; those whose process is gone are brought to an end."""
        self._attempt(partial(self._take_over_all, run, written))

    def end(self, run: str) -> bool:
        """Take over the journal of a ``run`` whose lock we have, and remove it; True: done."""
        return self._attempt(partial(self._end, run)) is not None

    def list_calls(self, command: ListHistory, lines: frozenset[str] | None) -> History:
        """See `queries.list_calls`; raises RefusedError where the database cannot be read."""
        return self._ask(lambda connection: queries.list_calls(connection, command, lines))

    def show_call(self, call: CallId, lines: frozenset[str] | None) -> CallRecord:
        """See `queries.show_call`; raises RefusedError as `list_calls`."""
        return self._ask(lambda connection: queries.show_call(connection, call, lines))

    def keep_messages(self, call: CallId, line: str, messages: tuple[TracedMessage, ...]) -> None:
        """See `messages.keep_messages`; where the database cannot be written they are lost."""
        self._attempt(lambda connection: keep_messages(connection, call, line, messages))

    def messages_of(self, call: CallId, lines: frozenset[str] | None) -> tuple[TracedMessage, ...]:
        """See `messages.messages_of`; raises RefusedError as `list_calls`."""
        return self._ask(lambda connection: messages_of(connection, call, lines))

    def events_after(self, run: str, after: EventId, limit: int) -> tuple[Event, ...]:
        """See `queries.events_after`; raises RefusedError as `list_calls`."""
        return self._ask(lambda connection: queries.events_after(connection, run, after, limit))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _attempt(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Do ``work``; None: it could not be done now, and `Health` says why."""
        try:
            result = self._database.use(work)
        except (sqlite3.Error, OSError) as error:
            self._health.fail(f"the history cannot be written to {self._file}: {error}")
            return None
        self._health.recover()
        return result

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._database.use(question)
        except (sqlite3.Error, OSError) as error:
            raise RefusedError(f"the history cannot be read from {self._file}: {error}") from error

    def _wait_for_lock(self, run: str) -> RunLock | None:
        path = str(self._folder / f"{run}.lock")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for _ in range(LOCK_TRIES):
                lock = RunLock.take(path)
                if lock is not None:
                    return lock
                time.sleep(LOCK_PAUSE)
        except OSError as error:
            self._health.fail(f"the history cannot be kept in {self._folder}: {error.strerror}")
        else:
            self._health.fail(
                f"another daemon keeps its history in {self._file} too: whoever listens to this "
                "one cannot ask for events of before its start"
            )
        return None

    def _take_over_own(self, run: str, written: int, connection: sqlite3.Connection) -> float:
        for file in self._files(run):
            self._take_over_file(file, connection)
            if file.number < written:
                self._remove(file)
        self._forget(connection)
        return self._forget_at - self._clock.monotonic()

    def _take_over_all(self, own: str, written: int, connection: sqlite3.Connection) -> float:
        seconds = self._take_over_own(own, written, connection)
        for run in journal_files(self._folder).keys() - {own}:
            lock = RunLock.take(str(self._folder / f"{run}.lock"))
            if lock is None:  # it goes on
                for file in self._files(run):
                    self._take_over_file(file, connection)
                continue
            ended = False
            try:
                self._end(run, connection)
                ended = True
            finally:
                lock.release(remove=ended)
        return seconds

    def _end(self, run: str, connection: sqlite3.Connection) -> EventId:
        files = self._files(run)
        for file in files:
            self._take_over_file(file, connection)
        end_calls(connection, run)
        for file in files:
            self._remove(file)
        return last_event(connection, run)

    def _files(self, run: str) -> list[JournalFile]:
        return journal_files(self._folder).get(run, [])

    def _take_over_file(self, file: JournalFile, connection: sqlite3.Connection) -> None:
        try:
            lines, offset = read_lines(file.path, self._offsets.get(file.path, 0))
        except FileNotFoundError:  # the process that writes it has taken it over
            return
        if lines:
            unreadable = insert_lines(connection, file.run, lines)
            if unreadable:
                self._logger.warning(
                    "part of the history is lost", file=str(file.path), unreadable_lines=unreadable
                )
        self._offsets[file.path] = offset

    def _remove(self, file: JournalFile) -> None:
        file.path.unlink(missing_ok=True)
        self._offsets.pop(file.path, None)

    def _forget(self, connection: sqlite3.Connection) -> None:
        if self._clock.monotonic() < self._forget_at:
            return
        is_more = forget(
            connection,
            now=self._clock.time(),
            keep_days=self._settings.keep_days,
            keep_calls=self._settings.keep_calls,
            running=journal_files(self._folder),
        )
        wait = FORGET_MORE_AFTER if is_more else FORGET_EVERY
        self._forget_at = self._clock.monotonic() + wait
