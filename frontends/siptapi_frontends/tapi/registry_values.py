"""Values of the Windows registry, typed as Microsoft's winnt.h numbers them."""

from __future__ import annotations

import enum

from siptapi_core.values import Value


class Kind(enum.IntEnum):
    """The types that are told apart here; there are others, and any number may occur."""

    TEXT = 1
    """REG_SZ."""
    EXPANDED_TEXT = 2
    """REG_EXPAND_SZ: ``%NAME%`` in it means a variable of the environment."""
    BINARY = 3
    """REG_BINARY."""
    DWORD = 4
    """REG_DWORD: 32 bits, without sign."""
    TEXTS = 7
    """REG_MULTI_SZ."""


TEXTUAL = (Kind.TEXT, Kind.EXPANDED_TEXT)

Data = str | int | tuple[str, ...] | bytes


class RegistryValue(Value):
    """A value: ``kind`` is its type, a `Kind` or another number.

    ``data`` is text for the two kinds of text, a number for a DWORD, several texts for `Kind.TEXTS`
    and octets for every other kind, and for one of these that holds what it should not.
    """

    kind: int
    data: Data


def text(content: str) -> RegistryValue:
    """A REG_SZ."""
    return RegistryValue(Kind.TEXT, content)


def number(content: int) -> RegistryValue:
    """A REG_DWORD."""
    return RegistryValue(Kind.DWORD, content)


def read_octets(kind: int, octets: bytes, encoding: str = "utf-16-le") -> RegistryValue:
    """The value of that type that the registry keeps as ``octets``, its text in ``encoding``."""
    try:
        if kind in TEXTUAL:
            return RegistryValue(kind, octets.decode(encoding).partition("\0")[0])
        if kind == Kind.TEXTS:
            joined = octets.decode(encoding).rstrip("\0")
            return RegistryValue(kind, tuple(joined.split("\0")) if joined else ())
    except UnicodeDecodeError:
        return RegistryValue(kind, octets)
    if kind == Kind.DWORD and len(octets) == 4:  # noqa: PLR2004  # of 8 bits
        return RegistryValue(kind, int.from_bytes(octets, "little"))
    return RegistryValue(kind, octets)


def write_octets(value: RegistryValue) -> bytes:
    """What the registry keeps for ``value``."""
    match value.data:
        case bytes():
            return value.data
        case int():
            return value.data.to_bytes(4, "little")
        case str():
            return f"{value.data}\0".encode("utf-16-le")
        case texts:
            return "".join(f"{each}\0" for each in (*texts, "")).encode("utf-16-le")
