"""From the templates to a folder on the disk: all of it, or nothing."""

from __future__ import annotations

import enum
import re
import shutil
from importlib.resources import files
from pathlib import Path

from siptapi_core.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")


class Kind(enum.StrEnum):
    """What a plugin offers; the value is the template's name."""

    STRATEGY = "strategy"
    RESOLVER = "resolver"
    FRONTEND = "frontend"
    OBSERVER = "observer"


_GROUPS = {Kind.FRONTEND: "siptapi.daemon", Kind.OBSERVER: "siptapi.daemon"}
"""What only a daemon runs has a group of its own, so that no dial pays for it."""


def write_plugin(name: str, kind: Kind, parent: Path) -> tuple[Path, ...]:
    """Write the package ``siptapi-NAME`` into ``parent``; returns its files, the folder first.

    Raises:
        UsageError: the name cannot be, there is such a folder already, or it cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a plugin's name: expected lower-case letters, digits and hyphens, "
            "a letter first, such as my-pbx"
        )
    folder = parent / f"siptapi-{name}"
    module = f"siptapi_{name.replace('-', '_')}"
    words = {
        "name": name,
        "kind": kind.value,
        "module": module,
        "class": "".join(
            map(str.capitalize, [*name.removesuffix(f"-{kind}").split("-"), kind.value])
        ),
        "group": _GROUPS.get(kind, "siptapi"),
    }
    contents = {
        folder / "pyproject.toml": "pyproject.toml",
        folder / "README.md": f"{kind}.md",
        folder / f"{module}.py": f"{kind}.py",
        folder / "tests" / f"test_{module}.py": f"test_{kind}.py",
    }
    try:
        (folder / "tests").mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error
    try:
        for file, template in contents.items():
            file.write_text(_filled(template, words), encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder)
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    return folder, *contents


def _filled(template: str, words: dict[str, str]) -> str:
    text = files(__package__).joinpath(f"{template}.template").read_text(encoding="utf-8")
    return _PLACEHOLDER.sub(lambda found: words[found[1]], text)
