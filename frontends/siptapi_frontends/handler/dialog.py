"""Asking and telling a person who has no terminal.

A web page decides when a question comes up, perhaps while somebody types: so Enter means no.
"""

from __future__ import annotations

import os
import sys
from typing import Protocol


class Dialog(Protocol):
    """Speaks to the person at the desktop."""

    def ask(self, question: str) -> bool:
        """Whether the person says yes; returns when that is known.

        Raises:
            RefusedError: nobody can be asked.
        """
        ...

    def tell(self, words: str) -> None:
        """Say something; returns when the person has seen it, or has it before the eyes.

        Raises:
            RefusedError: nobody can be told.
        """
        ...


def find_dialog() -> Dialog:
    """The dialog of this desktop; where there is none, it refuses."""
    if sys.platform == "win32":
        from siptapi_frontends.handler.message_box import MessageBox  # noqa: PLC0415  # there only

        dialog: Dialog = MessageBox()
    else:
        from siptapi_frontends.handler import program_dialog  # noqa: PLC0415  # not on Windows

        programs, otherwise = program_dialog.PROGRAMS, "install zenity or kdialog"
        if sys.platform == "darwin":
            programs = (program_dialog.OSASCRIPT,)
        elif not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            programs, otherwise = (), "there is no desktop here"  # they would end as on a no
        dialog = program_dialog.ProgramDialog(programs, otherwise)
    return dialog
