"""``siptapi config``: write a first settings file, check the one there is."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from siptapi_core.contracts import CliSession
from siptapi_core.errors import SettingsError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside

if TYPE_CHECKING:
    from siptapi_core.settings import Settings
    from siptapi_frontends.cli.session import Session


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    actions = parser.add_subparsers(required=True, metavar="init|check")
    init = actions.add_parser("init", help="write a settings file with comments, to be filled in")
    init.set_defaults(act=_init)
    check = actions.add_parser("check", help="say whether the settings can be used")
    check.set_defaults(act=_check)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    return cast("int", arguments.act(session))


def _init(session: CliSession) -> ExitCode:
    from siptapi_core.settings.finding import VARIABLE, user_config  # noqa: PLC0415  # only here
    from siptapi_core.settings.initial import write_initial_config  # noqa: PLC0415

    named = os.environ.get(VARIABLE)
    path = session.config or (Path(named) if named else user_config())
    write_initial_config(path)
    say(
        f"Wrote {path.absolute()}.",
        "Fill in domain, user and password of your SIP account, then try: siptapi config check",
    )
    return ExitCode.SUCCESS


def _check(session: CliSession) -> ExitCode:
    own = cast("Session", session)  # settings and catalog are ours, no business of plugins
    try:
        settings = own.settings
        _check_in_full(settings, own)
    except SettingsError as error:
        say_aside(*(f"siptapi: {problem}" for problem in error.problems))
        return ExitCode.USAGE
    say_aside(*(f"siptapi: {warning}" for warning in settings.warnings()))
    say(f"{settings.where} can be used.")
    for name, line in settings.lines.items():
        identity = line.identity(name, "")
        phone = identity.phone_address or identity.phone
        accepts = f", accepts calls from {line.accept_from}" if line.register else ""
        say(f"  line {name}: {identity.address_of_record}, rings {phone}{accepts}")
    return ExitCode.SUCCESS


def _check_in_full(settings: Settings, session: Session) -> None:
    """Check what reading alone does not: the plugins' sections, and the secrets."""
    from siptapi_core.settings.checking import check_sections  # noqa: PLC0415  # only here

    check_sections(settings, session.full_catalog)
    for line in settings.lines.values():
        line.credentials()
