r"""What Windows starts: ``siptapi serve`` with the settings, state and log in one folder.

::

    pythonw -I -m siptapi_frontends.tapi.service C:\ProgramData\siptapi

There is no terminal and no home to speak of, so the state folder is ``service\siptapi`` in there,
and what `siptapi serve` would print goes to ``service\siptapi.log``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

LONGEST_LOG = 8 * 2**20
"""Bytes; a longer log is begun anew at the next start."""


def main(arguments: list[str]) -> int:
    """Serve until the process is ended; the exit code of ``siptapi serve``."""
    folder = Path(arguments[0])
    state = folder / "service"
    log = state / "siptapi.log"
    mode = "w" if log.exists() and log.stat().st_size > LONGEST_LOG else "a"
    with log.open(mode, buffering=1, encoding="utf-8", errors="backslashreplace") as stream:
        sys.stdout = sys.stderr = stream
        os.environ["LOCALAPPDATA"] = str(state)
        from siptapi_frontends.cli.application import run  # noqa: PLC0415  # it may print

        return run(["--config", str(folder / "siptapi.toml"), "serve"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
