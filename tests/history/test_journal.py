from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from history_bench import ANSWERED, SaidLogger, of_call

from siptapi_core.history import journal as module
from siptapi_core.history.health import Health
from siptapi_core.history.journal import Journal
from siptapi_core.history.run_lock import RunLock


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logger = SaidLogger()
        self.health = Health(self.logger)
        self.journal = Journal(str(folder), "abc", self.health)

    def ids(self) -> list[int]:
        """Of all lines, in the order of the files."""
        files = sorted(self.folder.glob("*.jsonl"), key=lambda path: int(path.stem[4:]))
        text = "".join(path.read_text() for path in files)
        assert text.endswith("\n") or not text
        return [json.loads(line)["id"] for line in text.splitlines()]


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "state" / "events")


EVENTS = of_call(ANSWERED * 50)


def refuse(monkeypatch: pytest.MonkeyPatch, code: int = errno.ENOSPC) -> None:
    def write(_descriptor: int, _data: bytes) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module.os, "write", write)


def test_nothing_is_touched_before_the_first_event(rig: Rig) -> None:
    assert rig.journal.close() is None
    assert not rig.folder.exists()


def test_an_event_is_in_the_file_when_write_returns(rig: Rig) -> None:
    for number, event in enumerate(EVENTS[:4], start=1):
        rig.journal.write(event)
        assert rig.ids() == list(range(1, number + 1))
    assert sorted(path.name for path in rig.folder.iterdir()) == ["abc-1.jsonl", "abc.lock"]


def test_only_its_user_can_read_it(rig: Rig) -> None:
    rig.journal.write(EVENTS[0])
    assert rig.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in rig.folder.iterdir()} == {0o600}


def test_the_lock_is_held_until_whoever_closes_releases_it(rig: Rig) -> None:
    rig.journal.write(EVENTS[0])
    path = rig.folder / "abc.lock"
    lock = rig.journal.close()
    assert RunLock.take(str(path)) is None
    assert lock is not None
    lock.release(remove=True)
    assert not path.exists()


def test_a_full_file_is_followed_by_another(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 1000)
    for event in EVENTS:
        rig.journal.write(event)
    assert rig.journal.number > 10
    assert rig.ids() == [event.id for event in EVENTS]
    assert max(path.stat().st_size for path in rig.folder.iterdir()) < 1300


def test_where_nobody_takes_them_over_the_oldest_files_are_lost(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 1000)
    monkeypatch.setattr(module, "MAXIMUM_FILES", 3)
    for event in EVENTS:
        rig.journal.write(event)
    assert len(list(rig.folder.glob("*.jsonl"))) == 3
    kept = rig.ids()
    assert kept[-1] == EVENTS[-1].id
    assert kept == list(range(kept[0], kept[-1] + 1))


def test_what_a_full_disk_refuses_is_written_later_and_in_order(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.journal.write(EVENTS[0])
    with monkeypatch.context() as patched:
        refuse(patched)
        for event in EVENTS[1:10]:
            rig.journal.write(event)
        rig.journal.flush()
        assert rig.journal.is_behind
        assert "No space left on device" in rig.health.problem
        assert str(rig.folder) in rig.health.problem
        assert len(rig.logger.warnings) == 1
    rig.journal.write(EVENTS[10])
    assert rig.ids() == [1]
    rig.journal.flush()
    assert rig.ids() == list(range(1, 12))
    assert not rig.journal.is_behind
    assert rig.health.problem == ""
    assert rig.logger.said[-1][:2] == ("info", "the history is kept again")


def test_a_line_that_was_written_in_part_is_completed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, sizes = os.write, iter([10, 7, 1000, 1000])

    def write_part(descriptor: int, data: bytes) -> int:
        return write(descriptor, bytes(data[: next(sizes)]))

    monkeypatch.setattr(module.os, "write", write_part)
    monkeypatch.setattr(module, "FILE_BYTES", 5)
    rig.journal.write(EVENTS[0])
    rig.journal.write(EVENTS[1])
    rig.journal.flush()
    assert rig.ids() == [1, 2]
    assert rig.journal.number == 1  # not in the middle of a line


def test_what_waits_is_bounded_and_the_loss_is_said(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAITING_BYTES", 1000)
    with monkeypatch.context() as patched:
        refuse(patched)
        for event in EVENTS:
            rig.journal.write(event)
        assert rig.health.problem.endswith("; events are lost")
        rig.journal.flush()
        rig.journal.write(EVENTS[0])
    assert rig.health.problem.endswith("; events are lost")
    assert len(rig.logger.warnings) == 2
    rig.journal.flush()
    kept = rig.ids()
    assert 4 <= len(kept) < 12
    assert kept == list(range(1, len(kept) + 1))


def test_a_folder_that_cannot_be_made_is_tried_again(rig: Rig) -> None:
    rig.folder.parent.write_text("in the way")
    rig.journal.write(EVENTS[0])
    assert "Not a directory" in rig.health.problem
    rig.folder.parent.unlink()
    rig.journal.flush()
    assert rig.ids() == [1]
    assert rig.health.problem == ""


def test_a_lock_that_is_somebody_elses_for_a_moment_is_tried_again(rig: Rig) -> None:
    rig.folder.mkdir(parents=True)
    other = RunLock.take(str(rig.folder / "abc.lock"))
    rig.journal.write(EVENTS[0])
    assert rig.ids() == []
    assert rig.health.problem
    assert other is not None
    other.release(remove=True)
    rig.journal.flush()
    assert rig.ids() == [1]


def test_after_the_end_nothing_is_written_and_that_is_said(rig: Rig) -> None:
    rig.journal.write(EVENTS[0])
    rig.journal.close()
    rig.journal.write(EVENTS[1])
    assert rig.ids() == [1]
    assert "after the history was closed" in rig.health.problem
