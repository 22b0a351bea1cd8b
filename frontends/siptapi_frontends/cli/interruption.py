"""Ctrl-C and SIGTERM around a call.

::

    nothing to hang up ──signal──> KeyboardInterrupt, as anywhere
            │ call begins
            v
    there may be a call ──signal──> interrupted is set: hang up ──signal──> leave at once
            │ call ended
            v
    nothing to hang up

Plain `signal.signal`, because event loops on Windows have no ``add_signal_handler``, and because
the second signal must not wait for the loop's turn.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import detach
from siptapi_frontends.cli.quick_dial import SIGNALS, held_signals

_SIGNALS = tuple(getattr(signal, name) for name in SIGNALS if hasattr(signal, name))


class Interruption:
    """What to do with a signal now. ``last_words`` runs before the process is left at once."""

    def __init__(self, last_words: Callable[[], None]) -> None:
        self.interrupted = asyncio.Event()
        self._last_words = last_words
        self._loop: asyncio.AbstractEventLoop | None = None
        self._signals = 0

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Take the signals while this lasts; main thread only.

        It must surround `asyncio.run`, which then leaves Ctrl-C to us. A signal that whoever
        started us had us ignore, as nohup does, stays ignored.
        """
        previous = {
            number: signal.signal(number, self._on_signal)
            for number in _SIGNALS
            if signal.getsignal(number) is not signal.SIG_IGN
        }
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def hanging_up(self) -> Iterator[None]:
        """From here on there may be a call: the first signal sets ``interrupted``."""
        self._loop = asyncio.get_running_loop()
        try:
            with _waking(self._loop):
                yield
        finally:
            self._loop = None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == getattr(signal, "SIGHUP", None):
            detach(1, 2)
        if self._loop is None:
            if held_signals.hold(number):
                return
            raise KeyboardInterrupt
        self._signals += 1
        if self._signals > 1:
            self._last_words()
            os._exit(ExitCode.INTERRUPTED)
        self._loop.call_soon_threadsafe(self.interrupted.set)


@contextmanager
def _waking(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let a signal end the loop's wait, however shortly before it the signal came.

    Without this, Python calls the handler of a signal that comes between its last instruction and
    the system call only when the wait is over. Windows' loops see to it themselves.
    """
    if sys.platform == "win32":
        yield
    else:
        reading, writing = socket.socketpair()
        with reading, writing:
            reading.setblocking(False)
            writing.setblocking(False)
            loop.add_reader(reading, reading.recv, 4096)
            previous = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
            try:
                yield
            finally:
                signal.set_wakeup_fd(previous)
                loop.remove_reader(reading)
