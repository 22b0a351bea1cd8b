"""Reading the settings again while calls go on: what is another now, and what must wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from siptapi_core.commands import Reloaded
from siptapi_core.settings import LineSettings, Settings, load

_AT_START: tuple[tuple[str, Callable[[Settings], Any]], ...] = (
    ("local_addresses", lambda settings: settings.local_addresses),
    ("local_ports", lambda settings: settings.local_ports),
    ("log_level", lambda settings: settings.log_level),
    ("[dns]", lambda settings: settings.dns),
    ("[plugins]", lambda settings: settings.plugins),
    ("[control]", lambda settings: settings.control),
    ("[history]", lambda settings: settings.history),
    ("[frontends]", lambda settings: _sections(settings, "frontends")),
    ("[observers]", lambda settings: _sections(settings, "observers")),
)
"""What is read once, when the process starts."""
_TLS = ("tls_verify", "tls_ca_file", "tls_certificate", "tls_key", "tls_allow_wildcard")
"""What is read of a line once, when one of its connections is opened."""


def read_at_start(settings: Settings) -> Mapping[str, Any]:
    """What of ``settings`` only a restart changes, by its key."""
    return {key: value(settings) for key, value in _AT_START}


def read_again(old: Settings, at_start: Mapping[str, Any]) -> tuple[Settings, Reloaded]:
    """The settings as their file has them now, and what that means; of many lines it takes a while.

    ``at_start`` is what the process began with (`read_at_start`). A line that is as it was is the
    same object as before: nothing keeps two of it.

    Raises:
        SettingsError: the file cannot be read, or has mistakes.
    """
    new = load(Path(old.where))
    changes = difference(old, new, at_start)
    others = {*changes.added, *changes.changed}
    lines = {name: line if name in others else old.lines[name] for name, line in new.lines.items()}
    return evolve(new, lines=lines), changes


def difference(old: Settings, new: Settings, at_start: Mapping[str, Any]) -> Reloaded:
    """What a change from ``old`` to ``new`` means: lines by name, and what only a restart does.

    A line is changed, too, where a strategy or resolver that it names has other settings.
    """
    common = [name for name in new.lines if name in old.lines]
    sections = _changed_sections(old, new)
    others = [(old.lines[name], new.lines[name]) for name in common]
    tls = [key for key in _TLS if any(getattr(a, key) != getattr(b, key) for a, b in others)]
    return Reloaded(
        added=tuple(name for name in new.lines if name not in old.lines),
        changed=tuple(
            name
            for name in common
            if old.lines[name] != new.lines[name] or _names(new.lines[name]) & sections
        ),
        removed=tuple(name for name in old.lines if name not in new.lines),
        warnings=(
            *(
                f"{key} is read at start only: restart for its new value"
                for key, value in read_at_start(new).items()
                if value != at_start[key]
            ),
            *(
                f"{key} is for new connections; those that are open stay: restart to end them"
                for key in tls
            ),
        ),
    )


def _names(line: LineSettings) -> set[tuple[str, str]]:
    """The sections that a line depends on."""
    return {
        *(("strategies", name) for name in line.strategies),
        *(("resolvers", name) for name in (*line.resolvers, *line.callee_resolvers)),
    }


def _changed_sections(old: Settings, new: Settings) -> set[tuple[str, str]]:
    return {
        (kind, name)
        for kind in ("strategies", "resolvers")
        for name in {*old.sections.names(kind), *new.sections.names(kind)}
        if old.section(kind, name) != new.section(kind, name)
    }


def _sections(settings: Settings, kind: str) -> Mapping[str, Mapping[str, object]]:
    return {name: settings.section(kind, name) for name in settings.sections.names(kind)}
