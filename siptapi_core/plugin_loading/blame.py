"""What a plugin raised, in one line: the error, and where in which file."""

from __future__ import annotations

from pathlib import Path

_NOT_TO_BLAME = ("siptapi_core", "importlib", "pluggy", "attr")


def blame(error: BaseException) -> str:
    """``ValueError: no such host (sbc.py, line 12)``, for the innermost line not of ours."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    place = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if not file.startswith("<") and module.partition(".")[0] not in _NOT_TO_BLAME:
            place = f" ({Path(file).name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return " ".join(words.split()) + place
