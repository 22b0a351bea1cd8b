"""Who attacks a SIP port: sipvicious's tools as they are, and a tap that counts what crosses."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import threading
from pathlib import Path

from lab.programs import require

_SVCRASH = """\
import socket, sys, types
sys.modules["scapy"] = types.ModuleType("scapy")  # which only forging addresses needs

class AnyPort(socket.socket):
    def bind(self, _wanted):  # it wants port 5060 of all addresses, which others here have
        super().bind(("{host}", 0))

socket.socket = AnyPort
from sipvicious.svcrash import main
main()
"""


class Tap:
    """Passes datagrams on to ``target`` and answers back, from ``host``, and counts their bytes.

    To the target everybody is at ``host``.
    """

    def __init__(self, host: str, target: tuple[str, int]) -> None:
        self.came = self.went = 0
        """Bytes to the target, and from it."""
        self.requests = self.answers = 0
        self.heard: list[bytes] = []
        """What came."""
        self._target = target
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._stop, self._stopped = socket.socketpair()
        for each in (self._front, self._back):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            each.bind((host, 0))
        self._client: tuple[str, int] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def place(self) -> tuple[str, int]:
        """Where the attack is aimed at."""
        return self._front.getsockname()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Pass nothing on any more."""
        self._stop.close()
        self._thread.join()
        for each in (self._front, self._back, self._stopped):
            each.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in (self._front, self._back, self._stopped):
                selector.register(each, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._front in ready:
                    data, self._client = self._front.recvfrom(65535)
                    self._back.sendto(data, self._target)
                    self.came += len(data)
                    self.heard.append(data)
                    self.requests += 1
                if self._back in ready:
                    data = self._back.recv(65535)
                    self.went += len(data)
                    self.answers += 1
                    assert self._client is not None
                    self._front.sendto(data, self._client)
                if self._stopped in ready:
                    return


def sipvicious(tool: str, tap: Tap, *arguments: str, host: str, folder: Path) -> str:
    """What ``tool`` says about whoever is behind ``tap``; it sends from ``host``."""
    target, port = tap.place
    if tool == "svcrash":
        command = [sys.executable, "-c", _SVCRASH.format(host=host), "-d", target, "-p", str(port)]
    else:
        path = str(Path(sys.executable).with_name(f"sipvicious_{tool}"))
        options = ["-b", host, "-x", host, "-p", str(port), *arguments]
        command = [require(path, package="sipvicious (PyPI)"), *options, target]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


def flood(tap: Tap, *, host: str, folder: Path, callers: int, rate: int) -> None:
    """sipp, with ``callers`` of five requests each, ``rate`` callers a second, from ``host``."""
    target, port = tap.place
    scenario = Path(__file__).parent.parent / "scenarios" / "flood.xml"
    subprocess.run(  # it complains of answers that its scenario does not wait for
        [
            *(require("sipp", package="sip-tester"), "-sf", str(scenario), "-i", host),
            *("-m", str(callers), "-r", str(rate), "-l", "1000", "-nostdin"),
            *("-timeout", "60s", f"{target}:{port}"),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=90,
        check=False,
    )
