"""``siptapi handler``: telephone links of other programs become calls."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, cast

from siptapi_core.contracts import CliSession
from siptapi_core.errors import NotSupportedError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    actions = parser.add_subparsers(required=True, metavar="install|remove|open")
    install = actions.add_parser("install", help="take tel:, callto: and sip: links")
    install.set_defaults(act=_install)
    remove = actions.add_parser("remove", help="leave them to whoever had them before")
    remove.set_defaults(act=_remove)
    opening = actions.add_parser("open", help="what a desktop does with a link: ask, then dial")
    opening.add_argument(
        "link", nargs="+", metavar="LINK", help="behind --, so that it may be anything"
    )
    opening.set_defaults(act=_open)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    return cast("int", arguments.act(arguments, session))


def _install(_arguments: Namespace, session: CliSession) -> ExitCode:
    from siptapi_core.control.finding import DEFAULT_SETTINGS  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.quick_dial import wanted_settings  # noqa: PLC0415
    from siptapi_frontends.handler.link_command import SCHEMES, link_command  # noqa: PLC0415

    settings = wanted_settings(str(session.config or ""))
    command = link_command("" if settings == DEFAULT_SETTINGS else settings)
    if sys.platform == "win32":
        from siptapi_frontends.handler import windows  # noqa: PLC0415  # there only

        files = windows.install(command, SCHEMES)
        words = (
            "Windows knows now that SIPTAPI takes telephone links. Choose it for them, which only",
            "you can do: Settings, Apps, Default apps, SIPTAPI.",
        )
    elif sys.platform == "darwin":
        from siptapi_frontends.handler.macos import steps  # noqa: PLC0415  # there only

        say(*steps(command, SCHEMES))
        raise NotSupportedError("nothing was changed: these steps are yours")
    else:
        from siptapi_frontends.handler import freedesktop  # noqa: PLC0415  # there only

        files = freedesktop.install(command, SCHEMES)
        words = ("SIPTAPI takes tel:, callto: and sip: links now.",)
    say(*words, *(f"  {file}" for file in files))
    return ExitCode.SUCCESS


def _remove(_arguments: Namespace, _session: CliSession) -> ExitCode:
    if sys.platform == "win32":
        from siptapi_frontends.handler import windows  # noqa: PLC0415  # there only

        files = windows.remove()
    elif sys.platform == "darwin":
        from siptapi_frontends.handler.macos import APPLICATION  # noqa: PLC0415  # there only

        raise NotSupportedError(f"nothing was changed: move {APPLICATION} to the bin yourself")
    else:
        from siptapi_frontends.handler import freedesktop  # noqa: PLC0415  # there only

        files = freedesktop.remove()
    say("SIPTAPI takes no links any more.", *(f"  {file}" for file in files))
    return ExitCode.SUCCESS


def _open(arguments: Namespace, session: CliSession) -> ExitCode:
    from siptapi_frontends.cli.handler_open import open_link  # noqa: PLC0415  # asyncio
    from siptapi_frontends.handler.dialog import find_dialog  # noqa: PLC0415

    # A desktop gives one argument; of a link with quotes in it Windows makes several.
    return open_link(" ".join(arguments.link), cast("Session", session), find_dialog())
