"""The TAPI service provider under headless Wine, and the program that plays Windows to it."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from lab.programs import require

ROOT = Path(__file__).parents[3]
HOST = ROOT / "tests" / "frontends" / "tapi_host"
TSP = ROOT / "frontends" / "tsp"
FLAGS = ("-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror")
WINDOWS_7 = ("-U_WIN32_WINNT", "-D_WIN32_WINNT=0x0601")
PATIENCE = 30.0
FIRST = 7
"""The host's first device id."""


class Wine:
    """A Windows of its own in ``folder``, with provider and host built for it.

    A ``strict`` provider stops at the first undefined behaviour, the other is as it is released.
    """

    def __init__(self, folder: Path, *, strict: bool) -> None:
        self._compiler = compiler = require(
            "x86_64-w64-mingw32-gcc", package="gcc-mingw-w64-x86-64"
        )
        self._wine = require("/usr/lib/wine/wine64", package="wine64")
        self._environment = os.environ | {
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;notepad.exe=n",
        }
        booting = subprocess.Popen([self._wine, "wineboot", "-i"], env=self._environment)
        how = ("--gcc", "--strict") if strict else ("--gcc",)
        subprocess.run([sys.executable, TSP / "build.py", *how, folder], check=True)
        self._folder = folder
        self.provider = folder / "x86_64" / "siptapi.tsp"
        self.host = folder / "tapi_host.exe"
        header = shutil.copy(HOST / "host.h", folder)
        compile_ = [compiler, *FLAGS, *WINDOWS_7]
        subprocess.run([*compile_, "-x", "c-header", header, "-o", f"{header}.gch"], check=True)
        sources = [*sorted(HOST.glob("*.c")), "-ladvapi32"]
        subprocess.run([*compile_, "-include", header, "-o", self.host, *sources], check=True)
        assert booting.wait(120) == 0
        self._editor = folder / "prefix" / "drive_c" / "windows" / "system32" / "notepad.exe"
        shutil.copy(self.host, self._editor)
        shutil.copy(self.host, self._editor.parent.parent)

    def start(self, address: str, token: str, **settings: str) -> TapiHost:
        """The host; the provider is to find the service at ``address``, by the registry.

        ``settings`` are further values there, by name.
        """
        values = {"Address": address, "Token": token, "ConnectedHold": "300"} | settings
        process = subprocess.Popen(
            [
                *(self._wine, self.host, f"Z:{self.provider}".replace("/", "\\")),
                *(f"{name}={value}" for name, value in values.items()),
            ],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return TapiHost(process)

    def build(self, main: Path) -> Path:
        """The program of ``main``, in C, with the provider's handshake."""
        program = self._folder / f"{main.stem}.exe"
        sources = [main, TSP / "authentication.c", "-I", TSP, "-lbcrypt"]
        compile_ = [self._compiler, *FLAGS, *WINDOWS_7, "-o", program, *sources]
        subprocess.run(compile_, check=True)
        return program

    def run(self, program: Path, *arguments: str) -> list[str]:
        """The words that it says."""
        ran = subprocess.run(
            [self._wine, program, *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return ran.stdout.split()

    def opened(self) -> list[str]:
        """What browser and editor were given to open."""
        editors = (self._editor, self._editor.parent.parent / self._editor.name)
        notes = [Path(f"{program}.opened") for program in (self.host, *editors)]
        return [line for note in notes if note.exists() for line in note.read_text().splitlines()]

    def close(self) -> None:
        """End what Wine left running for this Windows."""
        server = f"{self._wine.removesuffix('64')}server"
        subprocess.run([server, "-k"], env=self._environment, check=False)


class TapiHost:
    """A running host; ``told`` is what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.told: list[str] = []

    def do(self, command: str) -> None:
        """Have it do that."""
        assert self._process.stdin
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def ask(self, command: str, wanted: str) -> str:
        """Have it do that, and return the line that begins with ``wanted``."""
        self.do(command)
        return self.until(wanted)[-1]

    def until(self, wanted: str, seconds: float = PATIENCE) -> list[str]:
        """What it says from here on to the line that begins with ``wanted``."""
        return self.until_line(lambda line: line.startswith(wanted), seconds, wanted)

    def until_line(
        self, is_it: Callable[[str], bool], seconds: float = PATIENCE, what: str = ""
    ) -> list[str]:
        """What it says from here on to the line that ``is_it``."""
        heard: list[str] = []
        while not heard or not is_it(heard[-1]):
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                line = None
            assert line is not None, f"the host did not say {what!r}, but {self.told}"
            heard.append(line)
            self.told.append(line)
        return heard

    def until_all(self, *wanted: str) -> None:
        """Wait until it has said each of these from here on, in any order."""
        left = set(wanted)
        self.until_line(lambda line: not (left.discard(line) or left), what=str(wanted))

    def states(self, call: int) -> list[str]:
        """The states of a call so far, in order, with the modes of DISCONNECTED."""
        prefix = f"call {call} "
        words = [line.removeprefix(prefix) for line in self.told if line.startswith(prefix)]
        return [word for word in words if not word.startswith(("request", "info"))]

    def finish(self) -> None:
        """Have it close everything; fail where the provider did something against the rules."""
        self.do("quit")
        self.until_line("closed".__eq__, what="closed")
        assert self._process.wait(20) == 0, self.faults
        assert not self.faults, self.told

    @property
    def faults(self) -> list[str]:
        """What the provider did against the rules."""
        return [line for line in self.told if line.startswith("FAULT")]

    def kill(self) -> None:
        """End it, if it runs."""
        self._process.kill()
        self._process.wait()
        self._reader.join(10)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\r\n"))
        self._lines.put(None)
