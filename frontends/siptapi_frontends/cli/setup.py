"""``siptapi setup``: from an account to settings that were tried."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from siptapi_core.contracts import CliSession, Finding
from siptapi_core.errors import UsageError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import is_terminal, say

if TYPE_CHECKING:
    from siptapi_frontends.cli.calling import PlannedCall
    from siptapi_frontends.cli.session import Session
    from siptapi_frontends.setup.dialogue import Given, Prepared

_KEYS = ("domain", "user", "auth_user", "phone", "outbound_proxy")


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("--profile", help="the PBX or provider (see docs/setup.md)")
    parser.add_argument("--line", help="name of the line (default: office)")
    parser.add_argument("--domain", help="the account's domain")
    parser.add_argument("--user", help="the account's user")
    parser.add_argument("--auth-user", help="the user name for authentication, where it is another")
    password = parser.add_mutually_exclusive_group()
    password.add_argument("--password-file", type=Path, metavar="FILE", help="it has the password")
    password.add_argument("--password-env", metavar="NAME", help="the variable that has it")
    parser.add_argument("--phone", help="the phone to ring, where it is not the account's own")
    parser.add_argument("--outbound-proxy", help="the server, where it is not the domain")
    parser.add_argument("--call", metavar="NUMBER", help="make a test call to it")
    parser.add_argument("--yes", action="store_true", help="ask nothing; a problem ends it")
    parser.add_argument("--no-try", action="store_true", help="with --yes: write it untried")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    from siptapi_core.settings import parse  # noqa: PLC0415  # for this command
    from siptapi_core.settings.finding import VARIABLE, user_config  # noqa: PLC0415
    from siptapi_frontends.setup.writing import existing_text, write  # noqa: PLC0415

    own = cast("Session", session)  # settings and catalog are ours, no business of plugins
    named = os.environ.get(VARIABLE)
    path = (session.config or (Path(named) if named else user_config())).absolute()
    existing = existing_text(path)
    taken = tuple(parse(existing, where=str(path)).lines) if existing.strip() else ()
    given = _given(arguments)
    if arguments.yes:
        prepared = _without_asking(arguments, own, given, path, existing, taken)
    elif is_terminal(sys.stdin, sys.stdout):
        prepared = _by_asking(own, given, path, existing, taken)
    else:
        raise UsageError("nobody can be asked here: give --domain, --user, ... and --yes")
    if not _test_call(arguments, own, prepared):
        return ExitCode.NOT_PLACED
    write(
        path,
        prepared.account,
        existing=existing,
        password=prepared.password,
        secret=prepared.secret,
    )
    added = "Added a line to" if existing else "Wrote"
    line = prepared.account.name
    say(f"{added} {path}.", f"Try: siptapi dial --line {line} NUMBER, or siptapi doctor")
    return ExitCode.SUCCESS


def _given(arguments: Namespace) -> Given:
    from siptapi_frontends.setup.dialogue import Given  # noqa: PLC0415  # for this command

    password: object = None
    if arguments.password_file:
        password = {"file": str(arguments.password_file.absolute())}
    elif arguments.password_env:
        password = {"env": arguments.password_env}
    keys = {key: getattr(arguments, key) for key in _KEYS}
    return Given(
        keys={key: value for key, value in keys.items() if value},
        profile=arguments.profile or "",
        line=arguments.line or "",
        password=password,
    )


def _by_asking(
    session: Session, given: Given, path: Path, existing: str, taken: tuple[str, ...]
) -> Prepared:
    from siptapi_frontends.setup.asker import TerminalAsker  # noqa: PLC0415  # as above
    from siptapi_frontends.setup.dialogue import Dialogue  # noqa: PLC0415
    from siptapi_frontends.setup.trying import trier  # noqa: PLC0415

    attempt = trier(session.catalog)
    dialogue = Dialogue(TerminalAsker(), attempt, _show, path=path, existing=existing, taken=taken)
    return dialogue.hold(given)


def _without_asking(
    arguments: Namespace,
    session: Session,
    given: Given,
    path: Path,
    existing: str,
    taken: tuple[str, ...],
) -> Prepared:
    from siptapi_frontends.setup.dialogue import prepare  # noqa: PLC0415  # as above
    from siptapi_frontends.setup.trying import trier  # noqa: PLC0415

    attempt = None if arguments.no_try else trier(session.catalog)
    return prepare(given, attempt, _show, path=path, existing=existing, taken=taken)


def _show(findings: tuple[Finding, ...]) -> None:
    from siptapi_frontends.cli.doctor import lines_of  # noqa: PLC0415  # for this command

    say(*lines_of(findings))


def _test_call(arguments: Namespace, session: Session, prepared: Prepared) -> bool:
    """Make one where it is wanted; returns whether to go on and write."""
    from siptapi_core.commands import Dial  # noqa: PLC0415  # for this command
    from siptapi_frontends.cli.calling import PlannedCall, place_call  # noqa: PLC0415
    from siptapi_frontends.cli.view import choose_view  # noqa: PLC0415
    from siptapi_frontends.setup.asker import TerminalAsker  # noqa: PLC0415

    number = arguments.call or ""
    if not (number or arguments.yes):
        number = TerminalAsker().text("A number for a test call (Enter: none)")
    if not number:
        return True

    @asynccontextmanager
    async def connect() -> AsyncIterator[PlannedCall]:
        async with session.connect_to(prepared.settings) as dialer:
            yield PlannedCall(dialer, Dial(number=number, line=prepared.account.name))

    code = place_call(connect, choose_view(Namespace(**vars(arguments) | {"json": False})))
    if code is ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code is ExitCode.SUCCESS or arguments.yes:
        return code is ExitCode.SUCCESS
    question = "The test call did not get through. Write the settings all the same"
    return TerminalAsker().choice(question, ("yes", "no"), default="yes") == "yes"
