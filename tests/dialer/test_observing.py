from __future__ import annotations

import threading

from dialer_bench import RecordingLogger

from siptapi_core.contracts import Gap
from siptapi_core.dialer import observing
from siptapi_core.dialer.observing import ObserverThread
from siptapi_core.events import LineChanged, LineEvent


def event(number):
    return LineEvent(number, "office", 0.0, LineChanged())


class Listener:
    """Notes what it hears; while ``open`` is not set, it hangs."""

    def __init__(self, *, breaks_on=()):
        self.open = threading.Event()
        self.begun = threading.Event()
        self.open.set()
        self.breaks_on = breaks_on
        self.heard = []

    def observe(self, event):
        self.begun.set()
        assert self.open.wait(10)
        self.heard.append(event)
        if event in self.breaks_on:
            raise ZeroDivisionError("oops")

    def close(self):
        self.heard.append("closed")
        if "closed" in self.breaks_on:
            raise ZeroDivisionError("oops")


def run(listener, *events):
    logger = RecordingLogger()
    thread = ObserverThread("nosy", listener, logger)
    for each in events:
        thread.tell(each)
    thread.close()
    assert thread.join(10)
    return logger


def test_it_hears_everything_in_order_and_then_closes():
    listener = Listener()
    run(listener, *map(event, range(100)))
    assert listener.heard == [*map(event, range(100)), "closed"]


def test_one_that_raises_is_named_and_hears_the_rest():
    listener = Listener(breaks_on=(event(1), "closed"))
    logger = run(listener, event(1), event(2))
    assert listener.heard == [event(1), event(2), "closed"]
    assert [entry[:2] for entry in logger.lines] == [("error", "observer broke")] * 2
    assert logger.lines[0][2]["observer"] == "nosy"
    assert logger.lines[0][2]["why"].startswith("ZeroDivisionError: oops")


def test_one_that_hangs_holds_nobody_up_and_is_told_what_it_missed(monkeypatch):
    monkeypatch.setattr(observing, "KEPT", 3)
    listener, logger = Listener(), RecordingLogger()
    listener.open.clear()
    thread = ObserverThread("slow", listener, logger)
    thread.tell(event(0))
    assert listener.begun.wait(10)  # it hangs in the first, three more wait
    for number in range(1, 9):
        thread.tell(event(number))
    assert not thread.join(0)
    assert [entry[:2] for entry in logger.lines] == [
        ("warning", "observer too slow: it misses events")
    ]
    listener.open.set()
    while not thread._queue.empty():  # it goes on by itself
        pass
    thread.tell(event(9))
    thread.close()
    assert thread.join(10)
    assert listener.heard == [*map(event, range(4)), Gap(5), event(9), "closed"]


def test_what_was_missed_at_the_end_is_told_too(monkeypatch):
    monkeypatch.setattr(observing, "KEPT", 0)
    listener = Listener()
    run(listener, event(1), event(2))
    assert listener.heard == [Gap(2), "closed"]
