"""How packages get into the environment that SIPTAPI itself runs in, whoever made it.

pipx and uv keep a note of what belongs to a tool, and would undo with the next upgrade whatever
came in behind their backs, so they are asked to do it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from siptapi_core.errors import UsageError
from siptapi_core.values import Value

_OWN = "siptapi"
_RECEIPT = "uv-receipt.toml"
_QUIETLY = ("--quiet", "--disable-pip-version-check")
"""Pip names each package that is there already; what goes wrong it says all the same."""


class Environment(Value, kw_only=True):
    """``prefix`` is its folder, ``python`` its interpreter; ``find(program)`` is its path, if any.

    `install` and `uninstall` raise UsageError where the program is not found that looks after it.
    """

    prefix: Path
    python: str
    find: Callable[[str], str | None]

    def install(self, requirement: str) -> list[str]:
        """The command that installs ``requirement``: a name, a folder, an archive or a URL."""
        if self._is_pipx:
            return [self._program("pipx"), "inject", _OWN, requirement]
        if self._is_uv_tool:
            return self._uv_tool([*self._with(), requirement])
        if self._has_pip:
            return [self.python, "-m", "pip", "install", *_QUIETLY, requirement]
        return [self._program("uv"), "pip", "install", "--python", self.python, requirement]

    def uninstall(self, name: str) -> list[str]:
        """The command that removes the distribution ``name``."""
        if self._is_pipx:
            return [self._program("pipx"), "uninject", _OWN, name]
        if self._is_uv_tool:
            return self._uv_tool(self._with(but=name))
        if self._has_pip:
            return [self.python, "-m", "pip", "uninstall", *_QUIETLY, "--yes", name]
        return [self._program("uv"), "pip", "uninstall", "--python", self.python, name]

    @property
    def _is_pipx(self) -> bool:
        return (self.prefix / "pipx_metadata.json").is_file()

    @property
    def _is_uv_tool(self) -> bool:
        return (self.prefix / _RECEIPT).is_file()

    @property
    def _has_pip(self) -> bool:
        places = (
            *self.prefix.glob("lib*/python*/site-packages"),
            self.prefix / "Lib/site-packages",
        )
        return any((place / "pip").is_dir() for place in places)

    def _program(self, name: str) -> str:
        found = self.find(name)
        if found is None:
            raise UsageError(
                f"{name} looks after the environment {self.prefix}, and is not found; add its "
                "folder to PATH"
            )
        return found

    def _uv_tool(self, others: list[str]) -> list[str]:
        """Uv takes what a tool consists of as a whole."""
        own = next(filter(lambda each: each["name"] == _OWN, self._requirements()), {"name": _OWN})
        command = [self._program("uv"), "tool", "install", _as_text(own)]
        return command + [part for other in others for part in ("--with", other)]

    def _with(self, but: str = _OWN) -> list[str]:
        return [_as_text(each) for each in self._requirements() if each["name"] not in {_OWN, but}]

    def _requirements(self) -> list[Mapping[str, Any]]:
        receipt = tomllib.loads((self.prefix / _RECEIPT).read_text(encoding="utf-8"))
        return list(receipt["tool"]["requirements"])


def _as_text(requirement: Mapping[str, Any]) -> str:
    """A requirement of uv's receipt, as it is typed."""
    for place in ("directory", "path", "editable"):
        if place in requirement:
            return str(requirement[place])
    name = str(requirement["name"])
    if "git" in requirement:
        return f"{name} @ git+{requirement['git']}"
    if "url" in requirement:
        return f"{name} @ {requirement['url']}"
    return name + str(requirement.get("specifier", ""))
