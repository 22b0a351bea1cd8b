"""``siptapi completion``: what makes a shell complete commands, options, lines and strategies.

argcomplete does it: the shell runs ``siptapi`` with ``_ARGCOMPLETE`` set, and it says what fits.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.contracts import CliSession
from siptapi_core.errors import SiptapiError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

_SHELLS = ("bash", "zsh", "fish", "powershell")
_DESCRIPTION = """\
Print a script that makes your shell complete commands, options, lines and
strategies. Type the line of your shell once; new shells then have it:

    echo 'eval "$(siptapi completion bash)"' >> ~/.bashrc
    echo 'eval "$(siptapi completion zsh)"' >> ~/.zshrc
    siptapi completion fish > ~/.config/fish/completions/siptapi.fish
    siptapi completion powershell >> $PROFILE"""


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.description = _DESCRIPTION
    parser.add_argument("shell", choices=_SHELLS, help="what you type commands into")


def run(arguments: Namespace, _session: CliSession) -> int:
    """Print the script that the shell is to read when it starts."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415  # for this command

    say(*shellcode(["siptapi"], shell=arguments.shell).splitlines())
    return ExitCode.SUCCESS


def complete() -> None:
    """Answer the shell that asks, and end the process."""
    import argcomplete  # noqa: PLC0415  # only then

    argcomplete.autocomplete(_whole_parser())


def _whole_parser() -> ArgumentParser:
    """Everything at once: otherwise a command's options are read when its name is known."""
    from siptapi_core.plugin_loading import load_plugins  # noqa: PLC0415  # only then
    from siptapi_frontends.cli.application import global_options  # noqa: PLC0415

    catalog = load_plugins()
    options = global_options()
    whole = ArgumentParser(prog="siptapi", parents=[options], add_help=False)
    commands = whole.add_subparsers()
    for command in catalog.commands.values():
        parser = commands.add_parser(command.name, help=command.summary)
        command.configure(parser)
        for action in parser._actions:  # noqa: SLF001  # where argcomplete looks for it
            if action.dest == "line":
                action.completer = _lines  # type: ignore[attr-defined]
            elif action.dest == "strategy":
                action.completer = lambda **_: catalog.strategies  # type: ignore[attr-defined]
    return whole


def _lines(parsed_args: Namespace, **_: object) -> list[str]:
    from siptapi_core.settings import find_config, load  # noqa: PLC0415  # only then

    try:
        return list(load(find_config(parsed_args.config)).lines)
    except SiptapiError:
        return []  # nothing fits; whoever runs the command is told what is wrong
