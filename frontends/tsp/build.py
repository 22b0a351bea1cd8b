# ruff: noqa: INP001  # a script beside its sources
"""Build ``siptapi.tsp``: ``frontends/tsp/build.py [--gcc [--strict]] OUT [ARCHITECTURE ...]``.

With Zig (the PyPI package ziglang) for x86_64, x86 and aarch64; with ``--gcc`` by Debian's
mingw-w64, for x86_64 only, as a cross-check. ``--strict`` makes a DLL for tests that stops its
process at the first undefined behaviour. What is built is ``OUT/ARCHITECTURE/siptapi.tsp``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ARCHITECTURES = ("x86_64", "x86", "aarch64")
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-DUNICODE")
WINDOWS_7 = ("-U_WIN32_WINNT", "-D_WIN32_WINNT=0x0601")
RELEASED = ("-O2",)
STRICT = ("-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error")
LINK = ("-s", "-shared", str(HERE / "siptapi.def"), "-lws2_32", "-ladvapi32", "-lbcrypt")


def build(out: Path, architecture: str, *, gcc: bool = False, strict: bool = False) -> Path:
    """Build for one architecture; what was built.

    Raises:
        subprocess.CalledProcessError: the compiler found a fault, and said which.
    """
    target = f"{architecture}-windows-gnu"
    zig = (sys.executable, "-m", "ziglang", "cc", "-target", target)
    compiler = (f"{architecture}-w64-mingw32-gcc", "-static-libgcc") if gcc else zig
    compile_ = (*compiler, *FLAGS, *(STRICT if strict else RELEASED), *WINDOWS_7)
    built = out / architecture / "siptapi.tsp"
    built.parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(source) for source in HERE.glob("*.c"))
    with tempfile.TemporaryDirectory() as folder:
        if gcc:  # Windows' headers are what takes long: they are read once
            header = Path(folder) / "windows_and_tapi.h"
            header.write_text("#include <winsock2.h>\n#include <tspi.h>\n")
            _run(*compile_, "-x", "c-header", str(header), "-o", f"{header}.gch")
            compile_ = (*compile_, "-include", str(header))
        _run(*compile_, "-o", str(built), *sources, *LINK)
    for import_library in built.parent.glob("*.lib"):  # Zig's, for programs that link with it
        import_library.unlink()
    return built


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603  # a compiler


def main() -> None:
    """Build what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gcc", action="store_true")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("out", type=Path)
    parser.add_argument("architectures", nargs="*")
    given = parser.parse_args()
    usual = ARCHITECTURES[:1] if given.gcc else ARCHITECTURES
    for architecture in given.architectures or usual:
        print(build(given.out, architecture, gcc=given.gcc, strict=given.strict))  # noqa: T201  # what the caller asked for


if __name__ == "__main__":
    main()
