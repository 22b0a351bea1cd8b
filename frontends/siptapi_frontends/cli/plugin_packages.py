"""Packages with plugins, into the environment that SIPTAPI runs in and out of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from siptapi_core.errors import RefusedError, UsageError
from siptapi_frontends.cli.environment import Environment
from siptapi_frontends.cli.output import say


def install(name: str) -> dict[str, list[str]]:
    """Install a package by name, folder, archive or URL; returns what it brought, by package.

    Raises:
        UsageError: that is no name.
        RefusedError: it cannot be installed; the program that tried has said why.
    """
    if name.startswith("-"):
        raise UsageError(f"{name!r} is no name of a package")
    before = _plugins()
    path = Path(name)  # a tool may work in another folder
    _carry_out(_environment().install(str(path.absolute()) if path.exists() else name))
    return {package: each for package, each in _plugins().items() if before.get(package) != each}


def uninstall(name: str) -> None:
    """Remove the package ``name``.

    Raises:
        RefusedError: it cannot be removed; the program that tried has said why.
    """
    _carry_out(_environment().uninstall(name))


def _environment() -> Environment:
    return Environment(prefix=Path(sys.prefix), python=sys.executable, find=shutil.which)


def _carry_out(command: list[str]) -> None:
    say(f"$ {' '.join(command)}")
    done = subprocess.run(command, check=False)  # noqa: S603  # what the user asked for
    if done.returncode != 0:
        raise RefusedError(f"that failed, see above (exit code {done.returncode})")


def _plugins() -> dict[str, list[str]]:
    """What each package but ours brings, as a new process sees it; what is broken says so."""
    listing = [sys.executable, "-m", "siptapi_frontends.cli", "plugins", "list", "--json"]
    done = subprocess.run(listing, capture_output=True, check=False)  # noqa: S603  # ourselves
    if done.returncode != 0:
        raise RefusedError(f"siptapi does not run any more: {done.stderr.decode().strip()}")
    found: dict[str, list[str]] = {}
    for record in json.loads(done.stdout):
        if record["distribution"] != "siptapi":
            offers = (f"{kind} {', '.join(names)}" for kind, names in record["offers"].items())
            broken = f"{record['name']} is not loaded: {record['why']}" if record["why"] else ""
            found.setdefault(record["distribution"], []).append(broken or "; ".join(offers))
    return found
