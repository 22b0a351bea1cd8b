"""Read the options, load the plugins, run the command that one of them offers.

Importing this module must stay cheap: every dial pays for it before its first packet.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from siptapi_core.errors import SiptapiError, UsageError
from siptapi_core.logs import LEVELS, configure, printable
from siptapi_core.version import VERSION
from siptapi_frontends.cli.exit_codes import ExitCode, of_error
from siptapi_frontends.cli.output import detach, prepare, say, say_aside

if TYPE_CHECKING:
    from siptapi_core.plugin_loading import PluginCatalog
    from siptapi_frontends.cli.quick_dial import HandedOver
    from siptapi_frontends.cli.session import Session

_WELCOME = """\
SIPTAPI makes your own SIP phone place a call.

  siptapi demo           see it work: a whole call on simulated phones, no settings needed
  siptapi setup          your SIP account: asked for, tried, and written to the settings
  siptapi dial NUMBER    your phone rings, you pick up, it calls the number
  siptapi doctor         where it does not: what is wrong, and what to do

siptapi --help lists every command."""


_HELP = partial(RawDescriptionHelpFormatter, width=78)
"""To find the terminal's width, argparse would import six modules before every command."""


class Parser(ArgumentParser):
    """An argparse parser whose complaint is one sentence, said by `run` like any other."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError instead of exiting."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def run(arguments: Sequence[str] | None = None, *, handed_over: HandedOver | None = None) -> int:
    """Run ``siptapi`` with ``arguments`` (those of the process); return its exit code.

    ``handed_over`` is the daemon that was asked already for what they ask for.

    Raises:
        KeyboardInterrupt: Ctrl-C, where a command leaves it to the caller.
    """
    prepare()
    given = Namespace(json=False, log_level=None)
    try:
        asked = list(sys.argv[1:] if arguments is None else arguments)
        return _run(asked, given, handed_over)
    except SiptapiError as error:
        _report(error.code, str(error), given)
        return of_error(error)
    except BrokenPipeError:  # a plugin's command printed, and nobody reads any more (``| head``)
        detach(1)
        return ExitCode.SUCCESS
    except Exception as error:  # noqa: BLE001  # whatever it is, the user gets words
        words = f"something unexpected happened: {type(error).__name__}: {error}"
        if given.log_level == "debug":
            import traceback  # noqa: PLC0415  # for developers

            say_aside(*traceback.format_exc().splitlines())
        else:
            words += "; --log-level debug shows where"
        _report("unexpected", words, given)
        return ExitCode.UNEXPECTED


def _run(arguments: list[str], given: Namespace, handed_over: HandedOver | None) -> int:
    options = global_options()
    # Nothing behind "--" is an option, of ours or of the command.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = options.parse_known_args(arguments[:end], given)[1] + arguments[end:]
    if given.version:
        say(f"siptapi {VERSION}")
        return ExitCode.SUCCESS
    if not words:
        say(*_WELCOME.splitlines())
        return ExitCode.SUCCESS
    from siptapi_frontends.cli.session import Session  # noqa: PLC0415  # a command will run

    session = Session(
        config=given.config,
        plugin_files=given.plugin,
        third_party=not given.no_plugins,
        trace=given.trace,
        daemon=not given.no_daemon,
        handed_over=handed_over,
    )
    given.log_level = given.log_level or session.log_level
    configure(given.log_level)
    if words[0] == "help" and words[1:]:
        return _run_command([words[1], "--help"], given, session)
    if words[0] in ("-h", "--help", "help"):
        options.epilog = _command_table(session.full_catalog)
        options.print_help()
        return ExitCode.SUCCESS
    if words[0].startswith("-"):
        options.error(f"there is no option {words[0]} before the command")
    return _run_command(words, given, session)


def _run_command(words: list[str], given: Namespace, session: Session) -> int:
    command = session.catalog.commands[words[0]]
    parser = Parser(
        prog=f"siptapi {command.name}",
        description=command.summary,
        epilog="siptapi --help lists the options that every command has.",
        allow_abbrev=False,
        formatter_class=_HELP,
    )
    command.configure(parser)
    parser.parse_args(words[1:], given)
    return command.run(given, session)


def global_options() -> ArgumentParser:
    """Options that every command has; they may stand before or after its name."""
    parser = Parser(
        prog="siptapi",
        usage="siptapi [OPTIONS] COMMAND ...",
        add_help=False,
        allow_abbrev=False,
        formatter_class=_HELP,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="read these settings")
    parser.add_argument(
        "--plugin",
        type=Path,
        metavar="FILE.py",
        action="append",
        default=[],
        help="load this plugin too; may be repeated",
    )
    parser.add_argument(
        "--no-plugins", action="store_true", help="load no plugin of other distributions"
    )
    parser.add_argument(
        "--no-daemon", action="store_true", help="do it here, though a daemon may be running"
    )
    parser.add_argument("--log-level", choices=tuple(LEVELS), help="log to standard error")
    parser.add_argument(
        "--trace", action="store_true", help="print every SIP message to standard error"
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def _command_table(catalog: PluginCatalog) -> str:
    width = max(map(len, catalog.commands), default=0)
    rows = (
        f"  {printable(command.name):{width}}  {printable(command.summary)}"
        for command in sorted(catalog.commands.values(), key=lambda command: command.name)
    )
    return "\n".join(("commands:", *rows, "", "siptapi COMMAND --help tells more."))


def _report(code: str, words: str, given: Namespace) -> None:
    if given.json:
        import json  # noqa: PLC0415  # only then

        say(json.dumps({"event": "error", "code": code, "message": words}))
    say_aside(f"siptapi: {words}")
