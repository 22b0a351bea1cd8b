"""The built providers, where there are any: in a release's wheel, or beside the sources."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from siptapi_frontends.tapi.places import PROVIDER

ARCHITECTURES = ("x86_64", "aarch64", "x86")
FOLDERS = (Path(__file__).parent / "built", Path(__file__).parents[3] / "build" / "tsp")
"""Of a wheel; where ``nox -s tsp`` builds them. In each, a folder for each architecture."""

HOW_TO_GET = (
    "the wheels of a release have it; from the sources `nox -s tsp` builds it, without a compiler"
)


def provider_files() -> Mapping[str, bytes]:
    """What is there of the provider, by architecture, all from one folder."""
    for folder in FOLDERS:
        files = {name: folder / name / PROVIDER for name in ARCHITECTURES}
        found = {name: file.read_bytes() for name, file in files.items() if file.is_file()}
        if found:
            return found
    return {}
