"""Sphinx: ``nox -s docs`` builds the site into build/docs, with warnings as errors."""

from __future__ import annotations

from siptapi_core.version import VERSION

project = "SIPTAPI"
author = "the SIPTAPI developers"
version = release = VERSION
extensions = ["myst_parser"]
exclude_patterns = ["*.py"]
myst_heading_anchors = 4
html_theme = "furo"
html_title = "SIPTAPI"
html_static_path: list[str] = []
