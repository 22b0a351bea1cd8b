"""The command ``siptapi discover``: finds phones on networks that the user names.

::

    targets ─▶ announcement ─ yes ─▶ scan (svmap: OPTIONS, so many a second) ─▶ answers
                                      answers ─▶ maker, model (makers.toml) ─▶ settings to paste

Nothing is sent before a person, or ``--yes``, agrees to what the announcement says.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from siptapi_core import CliCommand, CliSession, hookimpl


def _configure(parser: ArgumentParser) -> None:
    from siptapi_plugins.discover import command  # noqa: PLC0415  # every dial imports this module

    command.configure(parser)


def _run(arguments: Namespace, _session: CliSession) -> int:
    from siptapi_plugins.discover import command  # noqa: PLC0415  # as above

    return command.run(arguments)


@hookimpl
def siptapi_commands() -> Iterable[CliCommand]:
    """The command."""
    yield CliCommand(
        name="discover",
        summary="find the phones on networks that you name",
        configure=_configure,
        run=_run,
    )
