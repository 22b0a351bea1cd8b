"""A disk that takes no more, or takes nothing at all."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from history_bench import ALL, ANSWERED, Bench, of_call, record, run, until

from siptapi_core.errors import RefusedError
from siptapi_core.history import archive, call_history, journal


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_history, "TAKE_OVER_AFTER", 0.01)
    monkeypatch.setattr(archive, "TRY_AGAIN_AFTER", 0.01)


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """To this process, every disk is full once a file has ``size`` bytes."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


EVENTS = of_call(ANSWERED * 100)

if sys.platform != "win32":

    def test_what_does_not_fit_into_the_database_waits_in_the_journal(tmp_path: Path) -> None:
        bench = Bench(tmp_path)

        async def main() -> None:
            await bench.calls()
            with files_end_at(60_000):
                async with bench.open() as history:
                    record(history, EVENTS)
                    await until(lambda: history.problem)
                    assert "the history cannot be written to" in history.problem
                    assert str(bench.file) in history.problem
                    assert (await history.list_calls(ALL, None)).calls == ()
                assert [name for name in bench.files() if name.endswith(".jsonl")]
                assert len(bench.logger.warnings) == 1
            async with bench.open() as history:
                assert len((await history.show_call("c1", None)).events) == len(EVENTS)

        run(main)

    def test_what_does_not_fit_into_the_journal_waits_in_memory(tmp_path: Path) -> None:
        bench = Bench(tmp_path)

        async def main() -> None:
            async with bench.open() as history:
                with files_end_at(30_000):
                    record(history, EVENTS)
                    await until(lambda: history.problem)
                    assert "calls cannot be written down in" in history.problem
                    assert "File too large" in history.problem
                    [file] = bench.folder.glob("*.jsonl")
                    assert file.stat().st_size == 30_000
                await until(lambda: not history.problem)
                assert len((await history.show_call("c1", None)).events) == len(EVENTS)

        run(main)


def test_a_disk_that_may_only_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users like root may write where they may not, so the system's word is a fake."""
    bench, open_ = Bench(tmp_path), os.open

    def refuse(path: object, flags: int, *arguments: object) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR) and str(path).startswith(str(tmp_path)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        opened: Callable[..., int] = open_
        return opened(path, flags, *arguments)

    async def main() -> None:
        async with bench.open() as history:
            record(history, EVENTS[:4])
        with monkeypatch.context() as patched:
            patched.setattr(journal.os, "open", refuse)
            async with bench.open(daemon=True) as history:
                assert "Read-only file system" in history.problem
                record(history, EVENTS[4:])
                assert "calls cannot be written down" in history.problem
                with pytest.raises(RefusedError, match=r"cannot be read from .* Read-only"):
                    await history.list_calls(ALL, None)
            assert bench.logger.warnings

    run(main)
