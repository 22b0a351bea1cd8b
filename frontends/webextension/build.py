# ruff: noqa: INP001  # a script beside its sources
"""Put the extension into one file: ``python frontends/webextension/build.py OUT.zip``.

The same sources give the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).parent
PARTS = frozenset({".json", ".html", ".css", ".js", ".png"})


def build(out: Path) -> None:
    """Write what a browser needs into ``out``."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(out, "w") as archive:
        for path in sorted(HERE.rglob("*")):
            if path.suffix in PARTS:
                entry = ZipInfo(path.relative_to(HERE).as_posix())  # of 1980, as all of them
                entry.compress_type = ZIP_DEFLATED
                entry.create_system = 3  # wherever it is made
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    build(Path(sys.argv[1]))
