"""The commands of the command line, offered through the hook like anyone's.

The modules named here are light to import: each command imports what it works with when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.contracts import CliCommand
from siptapi_core.hookspecs import hookimpl
from siptapi_frontends.cli.calls import CALLS_COMMAND
from siptapi_frontends.cli.config import CONFIG_COMMAND
from siptapi_frontends.cli.demo import DEMO_COMMAND
from siptapi_frontends.cli.dial import DIAL_COMMAND
from siptapi_frontends.cli.handler import HANDLER_COMMAND
from siptapi_frontends.cli.hangup import HANGUP_COMMAND
from siptapi_frontends.cli.history import HISTORY_COMMAND
from siptapi_frontends.cli.lines import LINES_COMMAND
from siptapi_frontends.cli.number import NUMBER_COMMAND
from siptapi_frontends.cli.plugins import PLUGINS_COMMAND
from siptapi_frontends.cli.redial import REDIAL_COMMAND
from siptapi_frontends.cli.reload import RELOAD_COMMAND
from siptapi_frontends.cli.resolve import RESOLVE_COMMAND
from siptapi_frontends.cli.serve import SERVE_COMMAND
from siptapi_frontends.cli.status import STATUS_COMMAND
from siptapi_frontends.cli.tapi import TAPI_COMMAND
from siptapi_frontends.cli.token import TOKEN_COMMAND
from siptapi_frontends.cli.trace import TRACE_COMMAND
from siptapi_frontends.cli.transfer import TRANSFER_COMMAND


@hookimpl
def siptapi_commands() -> Iterable[CliCommand]:
    """The commands that every installation has."""
    return (
        DEMO_COMMAND,
        DIAL_COMMAND,
        REDIAL_COMMAND,
        HISTORY_COMMAND,
        TRACE_COMMAND,
        SERVE_COMMAND,
        STATUS_COMMAND,
        LINES_COMMAND,
        CALLS_COMMAND,
        HANGUP_COMMAND,
        TRANSFER_COMMAND,
        TOKEN_COMMAND,
        TAPI_COMMAND,
        HANDLER_COMMAND,
        RELOAD_COMMAND,
        NUMBER_COMMAND,
        RESOLVE_COMMAND,
        CONFIG_COMMAND,
        PLUGINS_COMMAND,
    )
