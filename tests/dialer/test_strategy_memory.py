from __future__ import annotations

import json
import os

import pytest
from dialer_bench import RecordingLogger

from siptapi_core.dialer.strategy_memory import FORGET_AFTER, StrategyMemory
from siptapi_core.testing.fake_clock import FakeClock

BOTH = ("refer-via-proxy", "refer-to-phone")


class Rig:
    """A memory with its file, clock and logger."""

    def __init__(self, path):
        self.path = path
        self.clock = FakeClock()
        self.logger = RecordingLogger()
        self.memory = self.again()

    def again(self) -> StrategyMemory:
        """As another process would see it."""
        return StrategyMemory(self.path, self.clock, self.logger)


@pytest.fixture
def rig(tmp_path):
    return Rig(tmp_path / "state" / "strategies.json")


def test_at_first_nothing_is_known_and_no_file_is_made(rig):
    assert rig.memory.order("office", BOTH) == BOTH
    assert rig.memory.why("office", BOTH[0]) is None
    rig.memory.forget("office", BOTH[0])
    assert not rig.path.exists()
    assert rig.logger.lines == []


def test_what_failed_comes_last_on_its_line_only(rig):
    rig.memory.remember("office", BOTH[0], "603 Decline")
    assert rig.memory.order("office", BOTH) == tuple(reversed(BOTH))
    assert rig.memory.order("home", BOTH) == BOTH
    assert rig.memory.why("office", BOTH[0]) == "603 Decline"


def test_those_that_failed_keep_their_order(rig):
    three = ("a", "b", "c")
    rig.memory.remember("office", "a", "no")
    rig.memory.remember("office", "b", "no")
    assert rig.memory.order("office", three) == ("c", "a", "b")


def test_another_process_remembers_too(rig):
    rig.memory.remember("office", BOTH[0], "nö")
    other = rig.again()
    assert other.order("office", BOTH) == tuple(reversed(BOTH))
    assert other.why("office", BOTH[0]) == "nö"
    other.forget("office", BOTH[0])
    assert rig.again().order("office", BOTH) == BOTH
    assert [path.name for path in rig.path.parent.iterdir()] == ["strategies.json"]


def test_the_last_failure_counts(rig):
    rig.memory.remember("office", BOTH[0], "first")
    rig.clock.advance(FORGET_AFTER)
    rig.memory.remember("office", BOTH[0], "second")
    rig.clock.advance(FORGET_AFTER)
    assert rig.again().why("office", BOTH[0]) == "second"


def test_it_is_forgotten_after_a_day(rig):
    rig.memory.remember("office", BOTH[0], "no")
    rig.clock.advance(24 * 3600)
    assert rig.again().order("office", BOTH) == tuple(reversed(BOTH))
    rig.clock.advance(0.5)
    assert rig.again().order("office", BOTH) == BOTH
    assert rig.memory.why("office", BOTH[0]) is None


def test_a_failure_from_the_future_is_not_believed(rig):
    rig.memory.remember("office", BOTH[0], "no")
    rig.clock = FakeClock(wall=rig.clock.time() - 1)
    assert rig.again().order("office", BOTH) == BOTH


def test_without_a_file_only_this_process_remembers():
    rig = Rig(None)
    rig.memory.remember("office", BOTH[0], "no")
    assert rig.memory.order("office", BOTH) == tuple(reversed(BOTH))
    rig.memory.forget("office", BOTH[0])
    assert rig.memory.order("office", BOTH) == BOTH
    assert rig.again().order("office", BOTH) == BOTH
    assert rig.logger.lines == []


def test_where_there_is_no_choice_nothing_is_read(rig):
    rig.path.parent.mkdir()
    rig.path.write_bytes(b"nonsense")
    assert rig.memory.order("office", ("only",)) == ("only",)
    assert rig.memory.order("office", ()) == ()
    assert rig.logger.lines == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\xff\xfe",
        b"[]",
        b"3",
        b'{"office": 3}',
        b'{"office": {"a": 3}}',
        b'{"office": {"a": {}}}',
        b'{"office": {"a": {"time": 1}}}',
        b'{"office": {"a": {"why": "no"}}}',
        b'{"office": {"a": {"time": "1", "why": "no"}}}',
        b'{"office": {"a": {"time": 1, "why": 2}}}',
    ],
)
def test_a_file_that_is_not_ours_is_reported_once_and_replaced(rig, content):
    rig.path.parent.mkdir()
    rig.path.write_bytes(content)
    assert rig.memory.order("office", BOTH) == BOTH
    assert rig.memory.order("office", BOTH) == BOTH
    [(level, event, values)] = rig.logger.lines
    assert (level, event) == ("warning", "what was remembered of strategies is lost")
    assert values["file"] == str(rig.path)
    assert values["why"]
    rig.memory.remember("office", BOTH[0], "no")
    assert json.loads(rig.path.read_text())["office"][BOTH[0]]["why"] == "no"
    assert rig.again().why("office", BOTH[0]) == "no"


def test_an_empty_memory_is_ours(rig):
    rig.path.parent.mkdir()
    rig.path.write_text('{"office": {}}')
    assert rig.memory.order("office", BOTH) == BOTH
    assert rig.logger.lines == []


def test_a_name_that_no_file_can_have_is_reported(tmp_path):
    rig = Rig(tmp_path / ("x" * 5000))
    assert rig.memory.order("office", BOTH) == BOTH
    assert rig.logger.events == ["what was remembered of strategies is lost"]


def test_a_file_that_cannot_be_written_does_not_stop_the_call(tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be")
    rig = Rig(tmp_path / "state" / "strategies.json")
    rig.memory.remember("office", BOTH[0], "no")
    assert rig.memory.order("office", BOTH) == tuple(reversed(BOTH))
    [*_, (level, event, values)] = rig.logger.lines
    assert (level, event) == ("warning", "cannot remember which strategy failed")
    assert values["file"] == str(rig.path)


def test_what_was_half_written_is_removed(rig, monkeypatch):
    def replace(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", replace)
    rig.memory.remember("office", BOTH[0], "no")
    assert list(rig.path.parent.iterdir()) == []
    assert rig.logger.lines[-1][2]["why"] == "[Errno 28] No space left on device"


def test_two_processes_do_not_write_into_one_file(rig, monkeypatch):
    written = []
    real = os.replace

    def replace(self, target):
        written.append(self.name)
        real(self, target)

    monkeypatch.setattr("pathlib.Path.replace", replace)
    rig.memory.remember("office", BOTH[0], "no")
    assert written == [f"strategies.{os.getpid()}.tmp"]
