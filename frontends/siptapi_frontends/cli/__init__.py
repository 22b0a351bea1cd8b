"""The command line: ``siptapi`` and its commands, offered through the hook like anyone's.

The modules named here are light to import: each command imports what it works with when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.contracts import CliCommand
from siptapi_core.hookspecs import hookimpl


@hookimpl
def siptapi_commands() -> Iterable[CliCommand]:
    """The commands that every installation has."""
    from siptapi_frontends.cli.config import CONFIG_COMMAND  # noqa: PLC0415  # only when asked
    from siptapi_frontends.cli.demo import DEMO_COMMAND  # noqa: PLC0415
    from siptapi_frontends.cli.dial import DIAL_COMMAND  # noqa: PLC0415
    from siptapi_frontends.cli.plugins import PLUGINS_COMMAND  # noqa: PLC0415

    return (DEMO_COMMAND, DIAL_COMMAND, CONFIG_COMMAND, PLUGINS_COMMAND)
