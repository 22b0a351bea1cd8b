"""What stands around a number in a text: lines, names, comments, labels, extensions.

The text is cut down step by step: its first line; what stands before ``|subaddress`` and
``^name`` (TAPI); without comments in brackets; inside ``<...>``; without labels and extensions.
What is cut becomes blanks, so that every character keeps its position for the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from siptapi_core.errors import NumberError
from siptapi_core.numbers.characters import fold
from siptapi_core.numbers.phrases import LETTER, read_phrases
from siptapi_core.numbers.reading import Reading
from siptapi_core.numbers.runs import is_certain
from siptapi_core.numbers.words import EXTENSION_WORDS

_EXTENSION_DIGITS = 8

_odd = re.compile(
    r"\s*+(?:"
    r"(?P<date>[0-3]?\d([.\-/])[01]?\d\2(?:19|20)\d\d|(?:19|20)\d\d-[01]\d-[0-3]\d)"
    r"|(?P<decimal>[1-9]\d{6,})\.0"
    r"|(?P<exponent>\d[.,]\d+E\+?\d+)"
    r")\s*+",
    re.ASCII | re.IGNORECASE,
).fullmatch
_lines = re.compile(r"[^\r\n]+").finditer
_digit = re.compile(r"[0-9]").search
_letter = re.compile(LETTER).search
_subaddress_or_name = re.compile(r"[|^]").search
_angled = re.compile(r"<([^<>]*)>").search
_bracketed = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|\"[^\"]*\"|[(\[{][^()\[\]{}]*$"
).finditer
_label = re.compile(r"[^:]*(?:(?<![0-9]):|:(?![0-9]))").match  # but not 10:30
_parameter = re.compile(r";\s*([A-Za-z][\w\-]*)(?:=([^;]*))?").finditer
_words = "|".join(sorted(map(re.escape, EXTENSION_WORDS), key=len, reverse=True))
_extension = re.compile(
    rf"(?<!{LETTER})(?:{_words})(?!{LETTER})[\s.:#=/\-]*([0-9]{{1,{_EXTENSION_DIGITS}}})(?![0-9])",
    re.IGNORECASE,
).search


def read_surrounded(text: str) -> Iterator[Reading]:
    """What a text with anything around its number may mean, the most likely first.

    Raises:
        NumberError: it holds no number; why, and where in it.
    """
    folded = fold(text)
    odd = _odd(folded)
    if odd is not None:
        yield from _read_odd(text, odd)
    yield from _read(text, folded)


def _read_odd(text: str, odd: re.Match[str]) -> Iterator[Reading]:
    """What spreadsheets make of numbers, and dates."""
    if odd["date"]:
        raise NumberError("it looks like a date", text=text, position=odd.start("date"))
    if odd["exponent"]:
        reason = "a spreadsheet has rounded this number, its last digits are lost"
        raise NumberError(reason, text=text, position=odd.start("exponent"))
    warning = "the .0 at its end is a spreadsheet's and is left out"
    yield Reading(odd["decimal"], warnings=(warning,))


def _read(text: str, folded: str) -> Iterator[Reading]:
    left_out: list[str] = []
    line = _first_line(text, folded, left_out)
    line = _without_subaddress(text, line, left_out)
    line = _without_comments(line, left_out)
    line = _without_display_name(line, left_out)
    line = _without_labels(line, left_out)
    line, extension, after_answer = _without_parameters(line, left_out)
    if not extension:
        line, extension = _without_extension(line, left_out)
    for reading in read_phrases(text, line, extension):
        yield reading._replace(
            after_answer=after_answer or reading.after_answer,
            left_out=(*left_out, *reading.left_out),
        )


def _blank(line: str, start: int, end: int, left_out: list[str]) -> str:
    removed = line[start:end].strip()
    if removed:
        left_out.append(removed)
    return line[:start] + " " * (end - start) + line[end:]


def _only(line: str, start: int, end: int, left_out: list[str]) -> str:
    return _blank(_blank(line, 0, start, left_out), end, len(line), left_out)


def _first_line(text: str, folded: str, left_out: list[str]) -> str:
    """The first line that has a digit: TAPI separates several addresses by CRLF."""
    for line in _lines(folded):
        if _digit(line[0]):
            return _only(folded, *line.span(), left_out)
    if not folded.strip():
        raise NumberError("the number is empty", text=text, position=0)
    raise NumberError("there is no digit in it", text=text, position=len(text) - len(text.lstrip()))


def _without_subaddress(text: str, line: str, left_out: list[str]) -> str:
    """``line`` without ``|subaddress`` and ``^name``."""
    cut = _subaddress_or_name(line)
    if cut is None:
        return line
    if _digit(line, 0, cut.start()) is None:
        what = "|, the subaddress" if cut[0] == "|" else "^, the name"
        raise NumberError(f"no number before {what}", text=text, position=cut.start())
    return _blank(line, cut.start(), len(line), left_out)


def _without_comments(line: str, left_out: list[str]) -> str:
    """``line`` without brackets and quotes that hold words: ``(room 12)``, but not ``(ext 12)``."""
    for bracketed in _bracketed(line):
        start, end = bracketed.span()
        if _letter(bracketed[0]) is None:
            continue
        if _extension(bracketed[0]) is not None:
            line = f"{line[:start]} {line[start + 1 : end - 1]} {line[end:]}"
        else:
            line = _blank(line, start, end, left_out)
    return line


def _without_display_name(line: str, left_out: list[str]) -> str:
    """Of ``Name <number>`` the number, of ``number <12>`` as well."""
    angled = _angled(line)
    if angled is None:
        return line
    if _digit(line, 0, angled.start()) is None or is_certain(angled[1]):
        return _only(line, *angled.span(1), left_out)
    return _blank(line, *angled.span(), left_out)


def _without_labels(line: str, left_out: list[str]) -> str:
    """``line`` without what stands before a colon: ``Tel.:``, ``Room 12:``."""
    while (label := _label(line)) is not None:
        if is_certain(label[0]) or _letter(label[0]) is None:
            break
        line = _blank(line, 0, label.end(), left_out)
    return line


def _without_parameters(line: str, left_out: list[str]) -> tuple[str, str, str]:
    """``line`` without ``;name=value`` as in tel: URIs; its extension and post-dial digits."""
    extension = after_answer = ""
    for parameter in _parameter(line):
        name, value = parameter[1].lower(), parameter[2] or ""
        if name == "ext":
            extension = re.sub(r"[^0-9]", "", value)[:_EXTENSION_DIGITS]
        elif name == "postd":
            after_answer = re.sub(r"[^0-9*#]", "", value)
        elif parameter[2] is None:
            continue
        line = _blank(line, *parameter.span(), left_out)
    return line, extension, after_answer


def _without_extension(line: str, left_out: list[str]) -> tuple[str, str]:
    """``line`` without ``ext. 12`` and what follows; ``DW 12`` alone is the number itself."""
    extension = _extension(line) if _letter(line) is not None else None
    if extension is None:
        return line, ""
    if _digit(line, 0, extension.start()) is None:
        alone = _digit(line, extension.end()) is None
        return (_only(line, *extension.span(1), []) if alone else line), ""
    line = _blank(line, extension.end(), len(line), left_out)
    return _blank(line, *extension.span(), []), extension[1]
