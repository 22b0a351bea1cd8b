"""``docs/settings.md``: every key of the settings, from the attrs classes that read them.

The meaning of a key is the ``help`` in its attribute's metadata, said once and only there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from siptapi_core.numbers import NumberRules, Rewrite
from siptapi_core.settings.control import ControlSettings
from siptapi_core.settings.dns import DnsSettings
from siptapi_core.settings.history import HistorySettings
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.settings import PluginSettings, Settings
from siptapi_core.settings.structure import attributes_of
from siptapi_core.settings.toml_text import default_of
from siptapi_core.settings.wording import describe

_INTRODUCTION = """\
# Settings

<!-- Made by siptapi_core.settings.reference from the code: a change belongs there. -->

One TOML file has all settings. SIPTAPI takes the first of these that is named or there:

1. the file that `--config` names,
2. the file that the environment variable `SIPTAPI_CONFIG` names,
3. `siptapi.toml` in the user's config folder: `~/.config/siptapi` on Linux,
   `~/Library/Application Support/siptapi` on macOS, `%LOCALAPPDATA%\\siptapi` on Windows,
4. `siptapi.toml` in the system's: `/etc/xdg/siptapi` on Linux,
   `/Library/Application Support/siptapi` on macOS, `%PROGRAMDATA%\\siptapi` on Windows.

The current folder is never looked into by itself. `siptapi config init` writes a first file with
comments, and `siptapi config check` names every mistake in a file. Times are in seconds.

A file that works may be as short as this:

```toml
[lines.office]
domain = "pbx.example"
user = "201"
password = "..."
```
"""

_TABLES = (
    (
        "At the top of the file",
        "Before the first `[table]`, because TOML would take them for keys of that.",
        Settings,
    ),
    ("[plugins]", "", PluginSettings),
    ("[dns]", "What `resolvers` ask DNS with.", DnsSettings),
    ("[history]", "Which calls are remembered: [history](history.md).", HistorySettings),
    (
        "[control]",
        "How other programs reach `siptapi serve`: [control](control.md).",
        ControlSettings,
    ),
    (
        "[lines.NAME]",
        "One table a line: an account, and the phone that it rings. NAME is what `--line` takes.",
        LineSettings,
    ),
    (
        "[numbers] and [lines.NAME.numbers]",
        "How numbers are read and dialled. A line's own table goes before `[numbers]`, key by key.",
        NumberRules,
    ),
    ("[[numbers.rewrites]]", "One table a rewrite.", Rewrite),
)

_REST = """
## [defaults]

Any key of a line but `numbers` and `template`, for all lines that do not have it themselves.

## [templates.NAME]

Any key of a line but `template`, for the lines that name it, so that many lines are not many
copies. A line goes before its templates, the last template before the others, and all of them
before `[defaults]` and `[numbers]`, key by key.

```toml
[templates.vienna]
domain = "pbx.example"
outbound_proxy = "192.0.2.1"
numbers = { region = "AT", area_code = "1" }

[lines.anna]
template = "vienna"
user = "201"

[lines.bert]
template = "vienna"
user = "202"
```

## [strategies.NAME], [resolvers.NAME], [frontends.NAME], [observers.NAME]

The settings of what plugins offer, by its name. A strategy or resolver is used where a line names
it, with a section or without; a front end or an observer runs in `siptapi serve` when it has a
section, be it empty.

## Secrets

A secret, such as a line's `password`, is text or a table that says where it is kept. It is read
when it is needed, and never shown in a log, an error or `--json`.

```toml
password = "in the open"                          # let nobody else read this file
password = { env = "NAME" }                       # an environment variable
password = { file = "sip-password" }              # a file, relative to this one; ~ is your home
password = { command = ["pass", "show", "sip"] }  # what a program prints; no shell is involved
password = { credential = "sip-password" }        # systemd's LoadCredential=
```

One line break at the end of a file, or of what a command prints, is not part of the secret. Where
every user of the computer can read a file with a secret in it, `siptapi config check` says so.
"""


def settings_reference() -> str:
    """Every key, its type, default and meaning, in Markdown."""
    parts = [_INTRODUCTION]
    for heading, text, cls in _TABLES:
        parts.append("\n".join(_section(heading, text, cls)))
    return "\n".join([*parts, _REST.lstrip("\n")])


def _section(heading: str, text: str, cls: type[Any]) -> Iterator[str]:
    yield f"## {heading}\n"
    if text:
        yield f"{text}\n"
    yield "| key | value | left out | meaning |"
    yield "|---|---|---|---|"
    for name, attribute in attributes_of(cls).items():
        if "help" in attribute.metadata:
            default = default_of(attribute)
            required = attribute.default is attrs.NOTHING
            left_out = "an error" if required else f"`{default}`" if default else ""
            yield _row(f"`{name}`", describe(attribute.type), left_out, attribute.metadata["help"])
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
