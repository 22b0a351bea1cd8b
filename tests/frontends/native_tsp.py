"""Parts of the TAPI service provider, compiled for this computer with its sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

TSP = Path(__file__).parents[2] / "frontends" / "tsp"
NATIVE = Path(__file__).parent / "tsp_native"
WINDOWS_HEADERS = Path("/usr/share/mingw-w64/include")


def build(folder: Path, main: str, sources: Iterable[str], *flags: str) -> Path:
    """The program of ``main``, with TAPI's own headers among Linux types of Windows' sizes."""
    for header in ("tapi.h", "tspi.h"):
        shutil.copy(WINDOWS_HEADERS / header, folder)
    built = folder / Path(main).stem
    subprocess.run(
        [
            *("gcc", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", *flags),
            *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
            *("-I", NATIVE / "linux_headers", "-isystem", folder, "-I", TSP),
            *("-o", built, NATIVE / main, *(TSP / name for name in sources)),
        ],
        check=True,
    )
    return built


def run(program: Path, *arguments: str, input_: str = "") -> list[str]:
    """What it says, line by line; fails where a sanitizer had something to say."""
    ran = subprocess.run(
        [program, *arguments], input=input_, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout[-5000:] + ran.stderr
    return ran.stdout.split("\n")[:-1]
