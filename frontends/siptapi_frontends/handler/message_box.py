"""Dialogs on Windows."""

from __future__ import annotations

import ctypes
import sys

from siptapi_core.errors import RefusedError

assert sys.platform == "win32"  # noqa: S101  # so that type checkers leave it out elsewhere

_YES_AND_NO, _QUESTION_MARK, _EXCLAMATION_MARK, _NO_IS_DEFAULT = 0x4, 0x20, 0x30, 0x100
_IN_FRONT = 0x10000
_YES = 6


class MessageBox:
    """A `siptapi_frontends.handler.dialog.Dialog` by Windows' own."""

    def ask(self, question: str) -> bool:
        """As `Dialog` has it."""
        return _show(question, _YES_AND_NO | _QUESTION_MARK | _NO_IS_DEFAULT) == _YES

    def tell(self, words: str) -> None:
        """As `Dialog` has it."""
        _show(words, _EXCLAMATION_MARK)


def _show(text: str, style: int) -> int:
    answer: int = ctypes.windll.user32.MessageBoxW(None, text, "SIPTAPI", style | _IN_FRONT)
    if not answer:
        raise RefusedError("nobody can be asked or told: Windows shows no message box")
    return answer
