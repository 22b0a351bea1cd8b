"""Entry points of what is installed, without the price of importlib.metadata.

Importing `importlib.metadata` brings zipfile, csv and the whole of email: 27 ms, half of what
`asyncio` costs, before anybody's phone can ring. What is needed of it is one small text file in
each ``*.dist-info`` folder, which takes 1 ms to find and read. Formats: the entry points
specification and the recording of installed projects (PEP 376, PEP 427) at packaging.python.org.

Not looked into, because no installer has written them for years: eggs and zip files.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from siptapi_core.values import Value

_FOLDER = ".dist-info"


class EntryPoint(Value):
    """One line of a distribution's ``entry_points.txt``: ``value`` is ``module[:attribute]``."""

    name: str
    value: str
    distribution: str
    version: str


def installed_entry_points(group: str, path: Iterable[str] | None = None) -> list[EntryPoint]:
    """All entry points of ``group`` on ``path`` (default: ``sys.path``), in the path's order.

    Of two distributions of one name, only the first on the path counts, as for an import.
    """
    found: list[EntryPoint] = []
    seen: set[str] = set()
    for folder in (each or "." for each in (sys.path if path is None else path)):
        for entry in _listed(folder):
            if not entry.endswith(_FOLDER):
                continue
            written, _, version = entry.removesuffix(_FOLDER).partition("-")
            distribution = written.replace("_", "-").replace(".", "-").lower()  # PEP 503
            if distribution not in seen:
                seen.add(distribution)
                found.extend(
                    EntryPoint(name, value, distribution, version)
                    for name, value in _group(f"{folder}/{entry}/entry_points.txt", group)
                )
    return found


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  # names are all that is needed; 5x faster
    except OSError:  # on the path, but missing, forbidden or a zip file
        return []


def _group(file: str, group: str) -> Iterator[tuple[str, str]]:
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:  # noqa: PTH123  # as above
            text = stream.read()
    except OSError:  # most distributions have none
        return
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()
