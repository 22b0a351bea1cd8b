# ruff: noqa: INP001  # a script beside its sources
"""Check what was built: ``python frontends/tsp/exports.py FOLDER``, as `build.py` filled it.

Windows finds a provider's functions by their plain names, on x86 too, where compilers decorate
them. Each DLL must be for its architecture, and export what ``siptapi.def`` names and no more.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pefile  # type: ignore[import-untyped]

MACHINES = {"x86_64": 0x8664, "x86": 0x14C, "aarch64": 0xAA64}
WANTED = sorted((Path(__file__).parent / "siptapi.def").read_text().split("EXPORTS")[1].split())


def main(folder: str) -> None:
    """Check every DLL below ``folder``; say what is wrong with the first that is not right."""
    for built in sorted(Path(folder).glob("*/siptapi.tsp")):
        with pefile.PE(str(built)) as image:
            exported = sorted(each.name.decode() for each in image.DIRECTORY_ENTRY_EXPORT.symbols)
            machine = image.FILE_HEADER.Machine
        if machine != MACHINES[built.parent.name]:
            sys.exit(f"{built}: machine {machine:#x}")
        if exported != WANTED:
            sys.exit(f"{built}: {set(exported) ^ set(WANTED)}")
        print(f"{built}: {len(exported)} functions, {built.stat().st_size} bytes")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
