# ruff: noqa: INP001  # a script beside its sources
"""Build ``siptapi.tsp``: ``python frontends/tsp/build.py [--gcc] OUT [ARCHITECTURE ...]``.

With Zig (the PyPI package ziglang) for x86_64, x86 and aarch64; with ``--gcc`` by Debian's
mingw-w64, for x86_64 only, as a cross-check. What is built is ``OUT/ARCHITECTURE/siptapi.tsp``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ARCHITECTURES = ("x86_64", "x86", "aarch64")
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-DUNICODE")
WINDOWS_7 = ("-U_WIN32_WINNT", "-D_WIN32_WINNT=0x0601")
LINK = ("-s", "-shared", str(HERE / "siptapi.def"), "-lws2_32", "-ladvapi32")


def build(out: Path, architecture: str, *, gcc: bool = False) -> Path:
    """Build for one architecture; what was built.

    Raises:
        subprocess.CalledProcessError: the compiler found a fault, and said which.
    """
    target = f"{architecture}-windows-gnu"
    zig = (sys.executable, "-m", "ziglang", "cc", "-target", target)
    compiler = (f"{architecture}-w64-mingw32-gcc", "-static-libgcc") if gcc else zig
    built = out / architecture / "siptapi.tsp"
    built.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(source) for source in HERE.glob("*.c"))
    subprocess.run((*compiler, *FLAGS, *WINDOWS_7, "-o", str(built), *sources, *LINK), check=True)  # noqa: S603  # a compiler
    return built


def main(arguments: list[str]) -> None:
    """Build what the command line says."""
    gcc = "--gcc" in arguments
    out, *architectures = [argument for argument in arguments if argument != "--gcc"]
    for architecture in architectures or (ARCHITECTURES[:1] if gcc else ARCHITECTURES):
        print(build(Path(out), architecture, gcc=gcc))  # noqa: T201  # what the caller asked for


if __name__ == "__main__":
    main(sys.argv[1:])
