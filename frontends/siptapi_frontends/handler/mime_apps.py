"""``mimeapps.list``: which program takes what (freedesktop.org, MIME Applications 1.0.1).

Of a list, the first program that is installed is taken. So whoever goes before the others leaves
them where they are, and what was the default before is the default again when it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_GROUP = "[Default Applications]"


def listed(text: str) -> frozenset[str]:
    """The media types for which the file's ``text`` says a default."""
    found = []

    def note(media_type: str, entries: list[str]) -> list[str]:
        found.append(media_type)
        return entries

    _change(text, note)
    return frozenset(found)


def put_first(text: str, media_types: Iterable[str], entry: str) -> str:
    """The file's ``text`` with the desktop entry ``entry`` as the default for ``media_types``."""
    wanted = tuple(media_types)
    missing = [f"{each}={entry};" for each in wanted if each not in listed(text)]
    if missing and not any(map(_is_group, text.split("\n"))):
        text = f"{text.rstrip()}\n\n{_GROUP}\n".lstrip()
    lines = _change(
        text,
        lambda media_type, entries: (
            [entry, *_without(entry, entries)] if media_type in wanted else entries
        ),
    )
    if missing:
        at = next(number for number, line in enumerate(lines) if _is_group(line)) + 1
        lines[at:at] = missing
    return "\n".join(lines)


def leave(text: str, entry: str) -> str:
    """The file's ``text`` without ``entry`` as anything's default."""
    return "\n".join(_change(text, lambda _, entries: _without(entry, entries)))


def _without(entry: str, entries: list[str]) -> list[str]:
    return [each for each in entries if each != entry]


def _change(text: str, change: Callable[[str, list[str]], list[str]]) -> list[str]:
    """The lines of ``text``; ``change`` is given each media type with its list of defaults.

    A line whose list it returns as it was is not touched, one whose list is empty then goes.
    """
    lines = []
    in_group = False
    for line in text.split("\n"):
        if line.startswith("["):
            in_group = _is_group(line)
        key, is_pair, value = line.partition("=")
        if in_group and is_pair and not line.startswith("#"):
            before = [each for each in value.strip().split(";") if each]
            after = change(key.strip(), before)
            if after != before:
                if after:
                    lines.append(f"{key}={';'.join(after)};")
                continue
        lines.append(line)
    return lines


def _is_group(line: str) -> bool:
    return line.strip() == _GROUP
