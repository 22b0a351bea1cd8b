"""Links on Linux and other desktops that follow freedesktop.org: two files of the user's.

No program is run: nothing else is needed, and what is done can be undone as exactly.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from siptapi_core.errors import RefusedError
from siptapi_frontends.handler.desktop_entry import desktop_entry, scheme_type
from siptapi_frontends.handler.mime_apps import leave, listed, put_first

ENTRY = "siptapi.desktop"


def install(command: Iterable[str], schemes: Iterable[str]) -> tuple[Path, ...]:
    """Let ``command`` be the default for links of ``schemes``; return the files that say so.

    A default that a file for one desktop (``gnome-mimeapps.list``) has goes before the others, so
    it is changed there as well.

    Raises:
        UsageError: the program cannot be started from a desktop entry.
        RefusedError: a file cannot be read or written.
    """
    schemes = tuple(schemes)
    types = frozenset(map(scheme_type, schemes))
    entry = _entry_file()
    _write(entry, desktop_entry(command, schemes))
    general = _config_folder() / "mimeapps.list"
    changed = _rewrite(general, lambda text: put_first(text, sorted(types), ENTRY))
    for each in _lists_of_desktops():
        changed += _rewrite(each, lambda text: put_first(text, types & listed(text), ENTRY))
    return (entry, *changed)


def remove() -> tuple[Path, ...]:
    """Undo `install`; return the files that were changed or removed.

    Raises:
        RefusedError: as `install`.
    """
    changed: list[Path] = []
    for each in (_config_folder() / "mimeapps.list", *_lists_of_desktops()):
        changed += _rewrite(each, lambda text: leave(text, ENTRY))
    entry = _entry_file()
    try:
        entry.unlink()
    except FileNotFoundError:
        return tuple(changed)
    except OSError as error:
        raise RefusedError(f"{entry} cannot be removed: {error.strerror}") from None
    return (*changed, entry)


def _entry_file() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415  # where it is needed

    return user_data_path() / "applications" / ENTRY


def _config_folder() -> Path:
    from platformdirs import user_config_path  # noqa: PLC0415  # where it is needed

    return user_config_path()


def _lists_of_desktops() -> list[Path]:
    return sorted(_config_folder().glob("*-mimeapps.list"))


def _rewrite(path: Path, change: Callable[[str], str]) -> list[Path]:
    """Give the file the text that ``change`` makes of its own; the path in a list if it differs."""
    try:
        before = path.read_bytes().decode(errors="surrogateescape")
    except FileNotFoundError:
        before = ""
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}") from None
    after = change(before)
    if after == before:
        return []
    _write(path, after)
    return [path]


def _write(path: Path, text: str) -> None:
    """Write it so that whoever reads it meanwhile sees the old one; a link to it stays one."""
    target = path.resolve()
    new = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.write_bytes(text.encode(errors="surrogateescape"))
        if target.exists():
            new.chmod(target.stat().st_mode)
        new.replace(target)
    except OSError as error:
        raise RefusedError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        new.unlink(missing_ok=True)
