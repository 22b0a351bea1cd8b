"""Profiles: what is special about a PBX or provider, as data with its sources."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

from siptapi_core.errors import UnknownNameError
from siptapi_core.values import Value

OTHER = "other"


class Profile(Value, kw_only=True):
    """A PBX or provider. ``line`` are keys of a line's table; ``asks`` keys that it often needs.

    ``source`` are the addresses of what ``special`` is taken from.
    """

    name: str
    title: str
    source: tuple[str, ...]
    special: str
    asks: tuple[str, ...]
    line: Mapping[str, object]


def profiles() -> dict[str, Profile]:
    """All of them by name, that for any other PBX last."""
    folder = files("siptapi_frontends.setup") / "profiles"
    found = {}
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            name = file.name.removesuffix(".toml")
            found[name] = _read(name, file.read_text(encoding="utf-8"))
    return dict(sorted(found.items(), key=lambda each: (each[0] == OTHER, each[0])))


def profile_of(name: str) -> Profile:
    """The profile of that name; raises UnknownNameError."""
    known = profiles()
    if name not in known:
        raise UnknownNameError("profile", name, known=tuple(known))
    return known[name]


def _read(name: str, text: str) -> Profile:
    data = tomllib.loads(text)
    return Profile(
        name=name,
        title=data["title"],
        source=tuple(data["source"]),
        special=data["special"],
        asks=tuple(data["asks"]),
        line=data["line"],
    )
