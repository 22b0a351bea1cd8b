"""What a desktop starts for a link that was clicked."""

from __future__ import annotations

import sys
from pathlib import Path

SCHEMES = ("tel", "callto", "sip")
"""Of the links that are taken."""


def link_command(settings_file: str = "") -> tuple[str, ...]:
    """The program and its arguments; the link is to follow as the last one.

    Whatever stands behind ``--`` is no option, so a link can be anything. The interpreter is named
    itself, not the script ``siptapi``, because on Windows its sibling opens no console window;
    with ``-P`` it imports nothing from the folder that the desktop happens to be in.
    """
    settings = ("--config", settings_file) if settings_file else ()
    start = (_interpreter(), "-P", "-m", "siptapi_frontends.cli")
    return (*start, *settings, "handler", "open", "--")


def _interpreter() -> str:
    windowless = Path(sys.executable).with_name("pythonw.exe")
    return str(windowless) if windowless.exists() else sys.executable
