r"""Registry files (``.reg``) as ``regedit`` and ``reg export`` write them, and as people do.

Both formats: ``Windows Registry Editor Version 5.00`` (UTF-16 with a byte order mark) and
``REGEDIT4`` (in the code page of the computer; its text in ``hex(2)`` and ``hex(7)`` too)::

    [HKEY_LOCAL_MACHINE\SOFTWARE\Example]     ; a key; [-KEY] deletes it with all below it
    @="the key's default value"
    "name"="text, with \\ and \" escaped"
    "number"=dword:0000001f
    "binary"=hex:01,02,\
      03
    "other type"=hex(7):61,00,00,00,00,00
    "name"=-                                  ; deletes the value

No error says what stands in a file, because that may be a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from siptapi_core.errors import SettingsError
from siptapi_core.values import Value
from siptapi_frontends.tapi.registry_values import RegistryValue, number, read_octets, text

HEADER = "Windows Registry Editor Version 5.00"
OLD_HEADER = "REGEDIT4"
_LARGEST_KIND = 0xFFFFFFFF

_END = r"[ \t]*+(?:;[^\n]*+)?(?:\r?\n|\Z)"
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_KEY = re.compile(rf"[ \t]*+\[(-?)([^\r\n]*)\]{_END}")
_NAME = re.compile(rf"[ \t]*+(?:@|{_QUOTED})[ \t]*+=[ \t]*+", re.DOTALL)
_TEXT = re.compile(_QUOTED, re.DOTALL)
_DWORD = re.compile(r"dword:[ \t]*+([0-9a-f]{1,8})(?![0-9a-f])", re.IGNORECASE)
_HEX = re.compile(r"hex(?:\(([0-9a-f]{1,8})\))?:", re.IGNORECASE)
_CONTINUED = re.compile(rf"\\{_END}(?:{_END}(?!\Z))*+")
_OCTETS = re.compile(rf"(?:[0-9a-fA-F, \t]++|{_CONTINUED.pattern})*+")
_NOTHING = re.compile(_END)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OCTET = re.compile("[0-9a-fA-F]{1,2}")


class KeyEntry(Value):
    """``[key]``, or ``[-key]``, which deletes it with all below it."""

    line: int
    key: str
    deleted: bool = False


class ValueEntry(Value):
    """A line below a key. ``name`` is empty for the default; ``value`` is None: it is deleted."""

    line: int
    key: str
    name: str
    value: RegistryValue | None


Entry = KeyEntry | ValueEntry


def read_reg(data: bytes, *, where: str = "", code_page: str = "cp1252") -> tuple[Entry, ...]:
    """Read a registry file in its own order; ``code_page`` is for a file without a mark.

    A file without a mark that is UTF-8 is taken for that: today's editors write it.

    Raises:
        SettingsError: it is none; ``key`` says in which line.
    """
    reader = _Reader(_decode(data, where, code_page), where, code_page)
    return tuple(reader.entries())


Keys = dict[str, dict[str, ValueEntry]]


def keys_of(entries: tuple[Entry, ...]) -> Keys:
    """What a registry holds that was empty before: values by name, by key, all in lower case.

    The registry does not tell upper from lower case.
    """
    keys: Keys = {}
    for entry in entries:
        key = entry.key.lower()
        if isinstance(entry, ValueEntry):
            keys[key].pop(entry.name.lower(), None)
            if entry.value is not None:
                keys[key][entry.name.lower()] = entry
        elif entry.deleted:
            keys = {each: keys[each] for each in keys if not f"{each}\\".startswith(f"{key}\\")}
        else:
            keys.setdefault(key, {})
    return keys


def _decode(data: bytes, where: str, code_page: str) -> str:
    marks = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    marked = next((marks[mark] for mark in marks if data.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", code_page):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
    raise SettingsError("this is no text", where=where, key=f"line {line}") from None


class _Reader:
    """Goes through the text once; ``position`` is where it is, ``line`` that place's."""

    def __init__(self, content: str, where: str, code_page: str) -> None:
        self._content = content
        self._where = where
        self._position = 0
        self._counted = 0
        self._line = 1
        self._old = False
        self._code_page = code_page

    def entries(self) -> Iterator[Entry]:
        """Every entry, in order."""
        self._read_header()
        key = ""
        while not self._at_end():
            line = self._line_number()
            if found := self._take(_KEY):
                key = found[2]
                if not key:
                    raise self._error("the key has no name", line)
                yield KeyEntry(line, key, deleted=bool(found[1]))
                key = "" if found[1] else key
            elif found := self._take(_NAME):
                value = self._read_value(line)
                if not key:
                    raise self._error("a value must stand below a key that is not deleted", line)
                yield ValueEntry(line, key, self._unescaped(found[1] or "", line), value)
            else:
                raise self._error('expected [KEY], "name"=value or @=value', line)

    def _read_header(self) -> None:
        self._at_end()
        words = self._content[self._position :].partition("\n")[0]
        if words.strip() not in (HEADER, OLD_HEADER):
            problem = f"expected {HEADER!r} or {OLD_HEADER!r}: no registry file"
            raise self._error(problem, self._line_number())
        self._old = words.strip() == OLD_HEADER
        self._position += len(words)

    def _read_value(self, line: int) -> RegistryValue | None:
        value: RegistryValue | None
        if found := self._take(_TEXT):
            value = text(self._unescaped(found[1], line))
        elif found := self._take(_DWORD):
            value = number(int(found[1], 16))
        elif found := self._take(_HEX):
            value = self._read_octets(int(found[1] or "3", 16), line)
        elif self._content.startswith("-", self._position):
            self._position += 1
            value = None
        else:
            raise self._error('expected "text", dword:, hex: or - after the name', line)
        if not self._take(_NOTHING):
            raise self._error("something stands behind the value", line)
        return value

    def _read_octets(self, kind: int, line: int) -> RegistryValue:
        listed = self._take(_OCTETS)
        joined = _CONTINUED.sub("", listed[0]) if listed else ""
        given = [each.strip() for each in joined.split(",")]
        if not given[-1]:
            given.pop()
        if not all(map(_OCTET.fullmatch, given)):
            raise self._error("expected octets such as 0f,a0 after hex:", line)
        encoding = self._code_page if self._old else "utf-16-le"
        return read_octets(kind, bytes(int(each, 16) for each in given), encoding)

    def _unescaped(self, quoted: str, line: int) -> str:
        if any(escaped[1] not in '\\"' for escaped in _ESCAPED.finditer(quoted)):
            raise self._error('a \\ in quotes must stand before another or a "', line)
        return _ESCAPED.sub(r"\1", quoted)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._content, self._position)
        if found:
            self._position = found.end()
        return found

    def _at_end(self) -> bool:
        """Leave out empty lines and comments; whether nothing else follows."""
        while self._position < len(self._content) and self._take(_NOTHING):
            pass
        return self._position == len(self._content)

    def _line_number(self) -> int:
        self._line += self._content.count("\n", self._counted, self._position)
        self._counted = self._position
        return self._line

    def _error(self, problem: str, line: int) -> SettingsError:
        return SettingsError(problem, where=self._where, key=f"line {line}")
