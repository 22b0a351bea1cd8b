"""A registry file as ``regedit`` writes it: UTF-16 with a byte order mark, lines ended by CR LF."""

from __future__ import annotations

import codecs
from collections.abc import Mapping

from siptapi_frontends.tapi.reg_reader import HEADER
from siptapi_frontends.tapi.registry_values import Kind, RegistryValue, write_octets


def write_reg(keys: Mapping[str, Mapping[str, RegistryValue | None] | None]) -> bytes:
    """A file that makes ``keys``, each with its values by name ("" is the default).

    A key or value that is None is removed.
    """
    lines = [HEADER, ""]
    for key, values in keys.items():
        if values is None:
            lines += [f"[-{key}]", ""]
        else:
            lines += [f"[{key}]", *map(_line, values, values.values()), ""]
    return codecs.BOM_UTF16_LE + "".join(f"{line}\r\n" for line in lines).encode("utf-16-le")


def _line(name: str, value: RegistryValue | None) -> str:
    return f"{_quoted(name) if name else '@'}={'-' if value is None else _written(value)}"


def _written(value: RegistryValue) -> str:
    if value.kind == Kind.TEXT and isinstance(value.data, str):
        return _quoted(value.data)
    if value.kind == Kind.DWORD and isinstance(value.data, int):
        return f"dword:{value.data:08x}"
    kind = "" if value.kind == Kind.BINARY else f"({value.kind:x})"
    return f"hex{kind}:{write_octets(value).hex(',')}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
