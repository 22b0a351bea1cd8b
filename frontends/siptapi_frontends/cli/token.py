"""``siptapi token``: who may use the HTTP API."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.contracts import CliSession
from siptapi_core.errors import UsageError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside

_HEADINGS = ("NAME", "SCOPES", "LINES", "MADE", "EXPIRES")
_SCOPES = ("read", "dial", "admin")
_ONE_LOGIN_SECONDS = 600.0
_DAY = 86400.0


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|remove")
    add = actions.add_parser("add", help="make a token, and show it once")
    add.add_argument("name", metavar="NAME", help="what it is for: crm, page, phonebook")
    add.add_argument(
        "--scope",
        action="append",
        choices=_SCOPES,
        help="what it may be used for, once or more (default: read and dial)",
    )
    add.add_argument(
        "--line", action="append", help="a line it may be used for, once or more (default: all)"
    )
    add.add_argument("--days", type=float, metavar="N", help="how long it is good (default: ever)")
    add.add_argument(
        "--one-login",
        action="store_true",
        help="let it open the page once, within ten minutes, and nothing else",
    )
    listing = actions.add_parser("list", help="every token, not the secret in it")
    listing.add_argument("--json", action="store_true", help="print a JSON array")
    remove = actions.add_parser("remove", help="let a token be good for nothing from now on")
    remove.add_argument("name", metavar="NAME", help="as siptapi token list shows it")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    {"add": _add, "list": _list, "remove": _remove}[arguments.action](arguments, session)
    return ExitCode.SUCCESS


def _add(arguments: Namespace, _session: CliSession) -> None:
    import time  # noqa: PLC0415  # for this command

    from siptapi_frontends.http.tokens import Scope, TokenFile, tokens_file  # noqa: PLC0415

    scopes = frozenset(map(Scope, arguments.scope or ("read", "dial")))
    lines = frozenset(arguments.line) if arguments.line else None
    if lines is not None and Scope.ADMIN in scopes:
        raise UsageError("--scope admin: only a token for every line can have it; leave --line out")
    if arguments.days is not None and not arguments.days > 0:
        raise UsageError(f"--days: expected more than 0, given {arguments.days:g}")
    now = time.time()
    seconds = _ONE_LOGIN_SECONDS if arguments.one_login else (arguments.days or 0) * _DAY
    token = TokenFile(tokens_file()).add(
        arguments.name,
        scopes=scopes,
        lines=lines,
        created=now,
        expires=now + seconds if seconds else None,
        one_login=arguments.one_login,
    )
    say_aside("siptapi: keep it well, it is not shown again:")
    say(token)


def _list(arguments: Namespace, _session: CliSession) -> None:
    from siptapi_frontends.http.tokens import Token, TokenFile, tokens_file  # noqa: PLC0415

    tokens = tuple(TokenFile(tokens_file()).tokens().values())
    if arguments.json:
        import json  # noqa: PLC0415  # only then

        from siptapi_core.value_encoding import ValueEncoding  # noqa: PLC0415

        shown = [ValueEncoding().encode_fields(token) for token in tokens]
        for each in shown:
            del each["digest"]
        say(json.dumps(shown))
        return
    from siptapi_frontends.cli.moment import show_moment  # noqa: PLC0415
    from siptapi_frontends.cli.table import table  # noqa: PLC0415

    def row(token: Token) -> tuple[str, ...]:
        lines = "all" if token.lines is None else ", ".join(sorted(token.lines))
        expires = "never" if token.expires is None else show_moment(token.expires)
        scopes = ", ".join(sorted(token.scopes))
        return token.name, scopes, lines, show_moment(token.created), expires

    say(*table(_HEADINGS, *map(row, tokens)))


def _remove(arguments: Namespace, _session: CliSession) -> None:
    from siptapi_frontends.http.tokens import TokenFile, tokens_file  # noqa: PLC0415

    TokenFile(tokens_file()).remove(arguments.name)
    say(f"The token {arguments.name!r} is good for nothing any more.")
