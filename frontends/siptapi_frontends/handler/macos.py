"""Links on macOS, which hands them to application bundles only: what the user does for one.

The bundle is made by the user, on that Mac, with what comes with it: nothing has to be signed by
anybody, and no part of it is ours to keep up to date.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

APPLICATION = "SIPTAPI Links"


def steps(command: Sequence[str], schemes: Sequence[str]) -> tuple[str, ...]:
    """Lines for a person; each link goes to ``command`` as its last argument."""
    start = _applescript_text(shlex.join(command))
    application = f'"$HOME/Applications/{APPLICATION}.app'
    taken = f'({{CFBundleURLName="Telephone link";CFBundleURLSchemes=({",".join(schemes)});}})'
    return (
        "macOS hands links to applications only. Make one, once:",
        "",
        "1. In Script Editor, make a new document with these lines:",
        "",
        "   on open location link",
        f'     do shell script {start} & " " & quoted form of link & " >/dev/null 2>&1 &"',
        "   end open location",
        "",
        f'2. Export it as {APPLICATION}, file format "Application", into the folder Applications',
        "   of your home.",
        "",
        "3. In Terminal, say which links it takes:",
        "",
        f"   defaults write {application}/Contents/Info\" CFBundleURLTypes '{taken}'",
        f'   codesign --force --sign - {application}"',
        "",
        "4. Open it once. Then choose it in FaceTime: Settings, Default for calls.",
    )


def _applescript_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
