"""Real programs as child processes: found or skipped, started in a folder, ended by their id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab.addresses import PORT

if TYPE_CHECKING:
    from lab.nat import Namespace


def require(program: str, *, package: str) -> str:
    """Path of ``program``; without it the test is skipped, or fails where interop is required."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    path = shutil.which(program, path=places)
    if path is None:
        message = f"{program} is not here: install the Debian package {package}"
        if os.environ.get("SIPTAPI_INTEROP") == "required":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return path


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return as soon as ``condition`` holds.

    Raises:
        AssertionError: it does not within ``seconds``; ``what`` says what was waited for.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Program:
    """A child process in a group of its own; what it prints goes to two files in its folder.

    ``host`` is the address where it listens on the UDP port ``port``, None for a mere client.
    """

    patience = 1.0
    """Seconds from SIGTERM until SIGKILL: baresip often needs the second one."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        host: str | None = None,
        port: int = PORT,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.output = folder / "output.txt"
        self.errors = folder / "errors.txt"
        self._arguments = arguments
        self._host = host
        self._port = port
        self._environment = environment
        self.namespace: Namespace | None = None
        """Where it runs; None: in the network of this process."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it listens."""
        arguments = list(self._arguments)
        if self.namespace is not None:
            arguments = self.namespace.inside(*arguments)
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self._process = subprocess.Popen(
                arguments,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        pid = self._process.pid
        if host := self._host:
            wait_until(
                lambda: _is_bound(host, self._port, pid) or not self.running,
                seconds=5,
                what=f"{self.folder.name} listening on {host}",
            )
            assert self.running, f"{self.folder.name} ended at once"

    def connect(self, place: tuple[str, int]) -> socket.socket:
        """A TCP connection in the network that it runs in."""
        if self.namespace is not None:
            return self.namespace.connect(place)
        return socket.create_connection(place, timeout=5)

    def wait(self, seconds: float) -> int:
        """The exit code; raises `subprocess.TimeoutExpired` where it does not end in time."""
        assert self._process, "never started"
        return self._process.wait(seconds)

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        assert self._process, "never started"
        self._process.send_signal(signal.SIGINT)

    def suspend(self) -> None:
        """Let it do nothing until it is stopped."""
        assert self._process, "never started"
        os.killpg(self._process.pid, signal.SIGSTOP)

    def stop(self) -> None:
        """End it, and the children that it may have left in its group."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self.patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(self.patience)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def trace(self) -> str:
        """What helps to understand a failure."""
        return read_texts(self.output, self.errors)


def read_texts(*files: Path) -> str:
    """The files that there are, one after the other."""
    return "\n".join(
        file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists()
    )


def _is_bound(host: str, port: int, pid: int) -> bool:
    """Ask the kernel of ``pid``'s network; a test packet would begin a call with some programs."""
    v6 = ":" in host
    octets = socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, host)
    little_endian = b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))
    wanted = f"{little_endian.hex().upper()}:{port:04X}"
    lines = (
        Path(f"/proc/{pid}/net/{'udp6' if v6 else 'udp'}")
        .read_text(encoding="ascii")
        .splitlines()[1:]
    )
    return any(line.split()[1] == wanted for line in lines)
