"""The history as the event loop, and several processes, use it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from history_bench import (
    ALL,
    ANSWERED,
    BEGAN,
    Bench,
    SaidLogger,
    kill,
    of_call,
    of_line,
    record,
    run,
    until,
)

from siptapi_core.commands import CallRecord
from siptapi_core.errors import RefusedError
from siptapi_core.events import LineAdded
from siptapi_core.history import archive, call_history, open_history
from siptapi_core.history import journal as journal_module
from siptapi_core.history.call_history import history_file
from siptapi_core.history.journal import MAIN
from siptapi_core.history.run_lock import RunLock
from siptapi_core.settings import HistorySettings, Settings
from siptapi_core.testing.fake_clock import FakeClock

NEW = int(BEGAN * 1000)
"""The id that the first event follows where no database knows better."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def names(calls: tuple[CallRecord, ...]) -> list[str]:
    return [each.call for each in calls]


def count(bench: Bench, table: str) -> int:
    """As another process sees it."""
    with closing(sqlite3.connect(bench.file)) as reader:
        return int(reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


# --- one process -----------------------------------------------------------------------------


def test_a_process_that_has_nothing_to_say_touches_nothing(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open() as history:
            assert history.last_event == 0
            assert history.problem == ""

    run(main)
    assert list(bench.file.parent.iterdir()) == []


def test_what_was_just_told_is_found_at_once(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open() as history:
            for event in of_call(ANSWERED):
                history.record(event)
                shown = await history.show_call("c1", None)
                assert shown.events[-1] == event
            assert shown.outcome == "answered"
            assert (await history.list_calls(ALL, None)).calls == (shown.evolve(events=()),)
            assert (await history.list_calls(ALL, frozenset({"home"}))).calls == ()
            with pytest.raises(RefusedError, match="no call 'c1'"):
                await history.show_call("c1", frozenset({"home"}))

    run(main)


def test_it_goes_into_the_database_by_itself_and_in_one_go(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_history, "TAKE_OVER_AFTER", 0.01)
    taken_over = []
    take_over = archive.Archive.take_over

    def counted(self: archive.Archive, own: str, written: int) -> float:
        taken_over.append(written)
        return take_over(self, own, written)

    monkeypatch.setattr(archive.Archive, "take_over", counted)

    async def main() -> None:
        async with bench.open() as history:
            for first in (1, 101):
                record(history, of_call(ANSWERED * 10, first=first))
                await until(lambda: taken_over and history._taking_over.done())
                taken_over.clear()
                assert count(bench, "events") == (40 if first == 1 else 80)
                assert taken_over == []

    run(main)


def test_the_end_leaves_nothing_but_the_database(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open() as history:
            record(history, of_call(ANSWERED))
            assert bench.files() != []
        assert bench.files() == []
        assert names(await bench.calls()) == ["c1"]

    run(main)


def test_a_call_that_nobody_ended_is_unfinished_after_us(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open() as history:
            record(history, of_call(ANSWERED[:3]))
            assert not (await history.show_call("c1", None)).unfinished
        [call] = await bench.calls()
        assert call.unfinished
        assert call.ended is None

    run(main)


def test_full_files_are_removed_once_the_database_has_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "FILE_BYTES", 1000)

    async def main() -> None:
        async with bench.open(daemon=True) as history:
            record(history, of_call(ANSWERED * 10, first=NEW + 1))
            assert len(bench.files()) > 5
            await history.list_calls(ALL, None)
            assert len(bench.files()) == 2
            record(history, of_call(ANSWERED, call="c2", first=NEW + 41))
            assert len((await history.show_call("c1", None)).events) == 40
            assert len(await history.events_after(NEW, 100)) == 44

    run(main)


def test_old_calls_are_forgotten_bit_by_bit_without_any_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FORGET_MORE_AFTER", 0.01)
    monkeypatch.setattr(call_history, "TAKE_OVER_AFTER", 0.01)
    monkeypatch.setattr("siptapi_core.history.forgetting.CALLS_AT_ONCE", 2)

    async def main() -> None:
        bench = Bench(tmp_path, keep_calls=1)
        async with bench.open() as history:
            for number in range(6):
                record(history, of_call(ANSWERED, call=f"c{number}", first=number * 4 + 1))
        async with bench.open(daemon=True) as history:

            def is_one() -> bool:
                bench.clock.advance(0.02)
                return count(bench, "calls") == 1

            await until(is_one)
            assert names((await history.list_calls(ALL, None)).calls) == ["c5"]

    run(main)


# --- one after the other ---------------------------------------------------------------------


def test_ids_go_on_after_a_restart(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open(daemon=True) as history:
            assert history.last_event == NEW
            record(history, of_call(ANSWERED, first=NEW + 1))
        async with bench.open(daemon=True) as history:
            assert history.last_event == NEW + 4
            history.record(of_line(LineAdded(), id_=NEW + 5))
            told = await history.events_after(NEW + 2, 100)
            assert [event.id for event in told] == [NEW + 3, NEW + 4, NEW + 5]
        bench.file.unlink()
        bench.clock.advance(60)
        async with bench.open(daemon=True) as history:
            assert history.last_event > NEW + 5  # of a database that is gone, too

    run(main)


@pytest.mark.parametrize("daemon", [True, False])
def test_a_killed_process_loses_nothing_that_it_told(bench: Bench, daemon: object) -> None:
    async def main() -> None:
        history = bench.abandoned()
        if daemon:
            await history.begin()
        first = history.last_event
        record(history, of_call(ANSWERED, call="c1", first=first + 1))
        await history.list_calls(ALL, None)  # some is in the database, some is not
        record(history, of_call(ANSWERED[:3], call="c2", first=first + 5))
        await kill(history)
        async with bench.open(daemon=True) as heir:
            ended, unfinished = [await heir.show_call(call, None) for call in ("c1", "c2")]
            assert (ended.unfinished, unfinished.unfinished) == (False, True)
            assert [len(each.events) for each in (ended, unfinished)] == [4, 3]
            assert bench.files() == ["main.lock"]
            if daemon:
                assert heir.last_event == first + 7

    run(main)


def test_half_a_line_at_the_end_was_told_to_nobody(bench: Bench) -> None:
    async def main() -> None:
        history = bench.abandoned()
        record(history, of_call(ANSWERED))
        await kill(history)
        [journal] = bench.folder.glob("*.jsonl")
        with journal.open("ab") as file:
            file.write(b'{"id":5,"event":"conv')
        async with bench.open() as heir:
            assert len((await heir.show_call("c1", None)).events) == 4
        assert bench.files() == []
        assert bench.logger.warnings == []

    run(main)


def test_what_cannot_be_read_in_a_journal_is_said(bench: Bench) -> None:
    async def main() -> None:
        history = bench.abandoned()
        record(history, of_call(ANSWERED[:2]))
        await kill(history)
        [journal] = bench.folder.glob("*.jsonl")
        journal.write_bytes(b"\x00" * 50 + b"\n" + journal.read_bytes())
        assert names(await bench.calls()) == ["c1"]
        [(_, said, values)] = [each for each in bench.logger.said if each[0] == "warning"]
        assert said == "part of the history is lost"
        assert values == {"file": str(journal), "unreadable_lines": 1}

    run(main)


# --- at the same time ------------------------------------------------------------------------


def test_a_call_of_another_process_is_seen_while_it_goes_on(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open(daemon=True) as daemon, bench.open() as dialling:
            record(dialling, of_call(ANSWERED[:3], call="theirs"))
            record(daemon, of_call(ANSWERED, call="ours", first=NEW + 1))
            calls = {each.call: each for each in (await daemon.list_calls(ALL, None)).calls}
            assert calls.keys() == {"ours", "theirs"}
            assert not calls["theirs"].unfinished
            record(dialling, of_call(ANSWERED[3:], call="theirs", first=4))
            assert (await daemon.show_call("theirs", None)).outcome == "answered"
            assert (await dialling.show_call("ours", None)).outcome == "answered"
            told = await daemon.events_after(NEW, 100)
            assert {event.call for event in told} == {"ours"}
        assert names(await bench.calls()) == ["ours", "theirs"]

    run(main)


def test_whoever_asks_brings_to_an_end_what_was_killed(bench: Bench) -> None:
    async def main() -> None:
        for daemon in (False, True):
            history = bench.abandoned()
            if daemon:
                await history.begin()
            record(history, of_call(ANSWERED[:2], call=f"{daemon}", first=history.last_event + 1))
            await kill(history)
        assert {each.call: each.unfinished for each in await bench.calls()} == {
            "True": True,
            "False": True,
        }
        assert bench.files() == []

    run(main)


def test_a_second_daemon_keeps_its_calls_and_says_what_it_cannot(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LOCK_PAUSE", 0)

    async def main() -> None:
        async with bench.open(daemon=True) as first, bench.open(daemon=True) as second:
            assert first.problem == ""
            assert "another daemon keeps its history in" in second.problem
            record(first, of_call(ANSWERED, call="c1", first=first.last_event + 1))
            record(second, of_call(ANSWERED, call="c2", first=second.last_event + 1))
            assert names((await first.list_calls(ALL, None)).calls) == ["c2", "c1"]
            assert len(await second.events_after(second.last_event, 10)) == 4

    run(main)


def test_a_daemon_waits_while_another_process_ends_what_the_last_one_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.folder.mkdir()
    lock = RunLock.take(str(bench.folder / f"{MAIN}.lock"))
    assert lock is not None
    monkeypatch.setattr(archive.time, "sleep", lambda _seconds: lock.release(remove=True))

    async def main() -> None:
        async with bench.open(daemon=True) as history:
            assert history.problem == ""

    run(main)


def test_a_file_that_its_process_takes_over_before_we_read_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with bench.open() as dialling, bench.open() as asking:
            record(dialling, of_call(ANSWERED))
            read_lines = archive.read_lines

            def too_late(path: Path, offset: int) -> tuple[list[bytes], int]:
                lines = read_lines(path, offset)
                path.unlink()
                return read_lines(path, 0) if offset == 0 else lines

            with monkeypatch.context() as patched:
                patched.setattr(archive, "read_lines", too_late)
                assert (await asking.list_calls(ALL, None)).calls == ()
            assert asking.problem == ""

    run(main)


# --- what goes wrong -------------------------------------------------------------------------


def test_a_database_that_is_locked_for_long_leaves_the_journal_for_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("siptapi_core.history.database.BUSY_SECONDS", 0.01)

    async def main() -> None:
        await bench.calls()
        with closing(sqlite3.connect(bench.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with bench.open() as history:
                record(history, of_call(ANSWERED))
                assert (await history.list_calls(ALL, None)).calls == ()
                assert "database is locked" in history.problem
                assert str(bench.file) in history.problem
            assert len(bench.files()) == 2
            assert len(bench.logger.warnings) == 1
            other.execute("ROLLBACK")
        assert names(await bench.calls()) == ["c1"]
        assert bench.files() == []

    run(main)


def test_a_slow_disk_is_not_asked_twice_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_history, "TAKE_OVER_AFTER", 0.01)
    begun, go_on = [], threading.Event()
    take_over = archive.Archive.take_over

    def slow(self: archive.Archive, own: str, written: int) -> float:
        begun.append(written)
        go_on.wait(10)
        return take_over(self, own, written)

    monkeypatch.setattr(archive.Archive, "take_over", slow)

    async def main() -> None:
        async with bench.open() as history:
            record(history, of_call(ANSWERED[:2]))
            await until(lambda: begun)
            record(history, of_call(ANSWERED[2:], first=3))
            await asyncio.sleep(0.05)
            assert len(begun) == 1
            go_on.set()
            await until(lambda: len(begun) == 2 and history._taking_over.done())
            assert count(bench, "events") == 4

    run(main)


def test_a_daemon_that_cannot_end_what_was_left_begins_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_connection: object, _run: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def main() -> None:
        history = bench.abandoned()
        await history.begin()
        record(history, of_call(ANSWERED[:2], call="c1", first=NEW + 1))
        await kill(history)
        with monkeypatch.context() as patched:
            patched.setattr(archive, "end_calls", full)
            async with bench.open(daemon=True) as history:
                assert "database or disk is full" in history.problem
                assert history.last_event == NEW
                record(history, of_call(ANSWERED, call="c2", first=NEW + 1))
        calls = {each.call: each.unfinished for each in await bench.calls()}
        assert calls == {"c1": True, "c2": False}
        assert bench.files() == []

    run(main)


def test_it_recovers_by_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siptapi_core.history.database.BUSY_SECONDS", 0.01)
    monkeypatch.setattr(call_history, "TAKE_OVER_AFTER", 0.01)
    monkeypatch.setattr(archive, "TRY_AGAIN_AFTER", 0.01)

    async def main() -> None:
        await bench.calls()
        with closing(sqlite3.connect(bench.file, isolation_level=None)) as other:
            async with bench.open() as history:
                other.execute("BEGIN IMMEDIATE")
                record(history, of_call(ANSWERED))
                await until(lambda: history.problem)
                other.execute("ROLLBACK")
                await until(lambda: not history.problem)
                assert other.execute("SELECT count(*) FROM events").fetchone() == (4,)

    run(main)


def test_events_that_wait_in_memory_are_tried_again_by_themselves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_history, "TAKE_OVER_AFTER", 0.01)

    async def main() -> None:
        async with bench.open() as history:
            bench.folder.write_text("in the way")
            record(history, of_call(ANSWERED))
            assert "calls cannot be written down" in history.problem
            await asyncio.sleep(0.03)
            bench.folder.unlink()
            await until(lambda: not history.problem)
            assert names((await history.list_calls(ALL, None)).calls) == ["c1"]

    run(main)


def test_a_damaged_database_costs_what_is_not_in_a_journal_any_more(bench: Bench) -> None:
    async def main() -> None:
        async with bench.open(daemon=True) as history:
            record(history, of_call(ANSWERED, call="c1", first=NEW + 1))
        bench.file.write_bytes(b"\xa5" * 8192)
        bench.clock.advance(60)
        async with bench.open(daemon=True) as history:
            first = history.last_event
            assert first > NEW + 4  # listeners remember ids of the old one
            record(history, of_call(ANSWERED, call="c2", first=first + 1))
            assert names((await history.list_calls(ALL, None)).calls) == ["c2"]
            await history._in_worker(lambda archive: archive.close())
            bench.file.write_bytes(b"\xa5" * 8192)
            bench.clock.advance(3600)
            assert names((await history.list_calls(ALL, None)).calls) == ["c2"]
            assert "begins anew" in history.problem
        assert len(list(bench.file.parent.glob("*.damaged-*"))) == 2
        assert len(bench.logger.warnings) == 2

    run(main)


def test_a_folder_that_nobody_may_write_to_keeps_no_call_from_being_made(bench: Bench) -> None:
    bench.file.parent.rmdir()
    bench.file.parent.write_text("not a folder at all")

    async def main() -> None:
        async with bench.open(daemon=True) as history:
            assert "the history cannot be kept in" in history.problem
            record(history, of_call(ANSWERED))
            with pytest.raises(RefusedError, match="the history cannot be read from"):
                await history.list_calls(ALL, None)
            assert "calls cannot be written down" in history.problem
        assert len(bench.logger.warnings) >= 2

    run(main)


def test_a_later_versions_database_is_left_to_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        await bench.calls()
        with closing(sqlite3.connect(bench.file)) as later, later:
            later.execute("INSERT INTO versions VALUES (99, 0)")
        async with bench.open(daemon=True) as history:
            assert "made by a later version" in history.problem
            record(history, of_call(ANSWERED, first=history.last_event + 1))
        assert len([name for name in bench.files() if name.endswith(".jsonl")]) == 1
        with closing(sqlite3.connect(bench.file)) as later, later:
            later.execute("DELETE FROM versions WHERE version = 99")
        assert names(await bench.calls()) == ["c1"]

    run(main)


# --- settings --------------------------------------------------------------------------------


def make_settings(where: Path, **history: object) -> Settings:
    return Settings(lines={}, history=HistorySettings(**history), where=str(where))  # type: ignore[arg-type]


def test_the_file_is_in_the_state_folder_or_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    where = tmp_path / "etc" / "siptapi.toml"
    for named, file in (
        ("", tmp_path / "state" / "siptapi" / "history.db"),
        ("calls.db", tmp_path / "etc" / "calls.db"),
        ("~/calls.db", tmp_path / "home" / "calls.db"),
        ("/var/calls.db", Path("/var/calls.db")),
    ):
        assert history_file(make_settings(where, file=named)) == file


def test_it_is_opened_as_the_settings_ask(tmp_path: Path) -> None:
    async def main() -> None:
        common = {"clock": FakeClock(wall=BEGAN), "logger": SaidLogger()}
        where = tmp_path / "siptapi.toml"
        async with open_history(make_settings(where, enabled=False), **common) as history:
            assert history is None
        settings, file = make_settings(where, file="calls.db"), tmp_path / "calls.db"
        async with open_history(settings, **common) as history:
            assert history.last_event == 0
        assert not file.exists()
        async with open_history(settings, daemon=True, **common) as history:
            assert history.last_event == NEW
        assert file.exists()

    run(main)
