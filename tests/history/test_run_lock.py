from __future__ import annotations

import os
from pathlib import Path

import pytest

from siptapi_core.history import run_lock
from siptapi_core.history.run_lock import RunLock


def test_one_holder_and_then_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = RunLock.take(str(path))
    assert lock is not None
    assert RunLock.take(str(path)) is None
    lock.release(remove=False)
    assert path.exists()
    lock = RunLock.take(str(path))
    assert lock is not None
    lock.release(remove=True)
    assert not path.exists()


def test_on_windows_it_is_closed_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.lock"
    done = []
    monkeypatch.setattr(run_lock.sys, "platform", "win32")
    for remove in (False, True):
        lock = RunLock.take(str(path))
        assert lock is not None
        with monkeypatch.context() as patched:
            patched.setattr(run_lock.os, "close", done.append)
            patched.setattr(run_lock.os, "unlink", done.append)
            lock.release(remove=remove)
        assert done == [lock._descriptor, str(path)][: 1 + remove]
        os.close(done[0])
        done.clear()


def test_only_its_user_can_open_it(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = RunLock.take(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert lock is not None
    lock.release(remove=False)


@pytest.mark.parametrize("locked", [True, False])
def test_a_file_that_was_removed_meanwhile_is_nobodys(
    locked: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder let go, and removed it, between our opening and our locking."""
    path = tmp_path / "a.lock"
    removed: list[int] = []

    def try_lock(descriptor: int) -> bool:
        if not removed:
            path.unlink()
            removed.append(descriptor)
            return bool(locked)
        return True

    monkeypatch.setattr(run_lock, "try_lock", try_lock)
    lock = RunLock.take(str(path))
    assert lock is not None
    assert path.exists()
    lock.release(remove=True)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(removed[0])


def test_who_always_comes_too_late_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.lock"
    tries = []

    def try_lock(_descriptor: int) -> bool:
        path.unlink()
        tries.append(1)
        return True

    monkeypatch.setattr(run_lock, "try_lock", try_lock)
    assert RunLock.take(str(path)) is None
    assert len(tries) == 10


def test_a_file_system_without_locks_is_an_error_that_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def try_lock(descriptor: int) -> bool:
        opened.append(descriptor)
        raise OSError("no locks available")

    monkeypatch.setattr(run_lock, "try_lock", try_lock)
    with pytest.raises(OSError, match="no locks"):
        RunLock.take(str(tmp_path / "a.lock"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
