"""``siptapi tapi``: make Windows' TAPI use SIPTAPI, and take it away again."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import cast

from siptapi_core.contracts import CliCommand, CliSession
from siptapi_core.errors import SettingsError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside


def _configure(parser: ArgumentParser) -> None:
    actions = parser.add_subparsers(
        required=True, metavar="install|uninstall|status|import-registry"
    )
    importing = actions.add_parser(
        "import-registry", help="turn a registry export of SIPTAPI 0.3 into settings"
    )
    importing.add_argument("file", type=Path, metavar="FILE.reg")
    importing.add_argument(
        "--force", action="store_true", help="replace the settings that are there"
    )
    importing.set_defaults(act=_import_registry)


def _run(arguments: Namespace, session: CliSession) -> int:
    return cast("int", arguments.act(arguments, session))


def _import_registry(arguments: Namespace, session: CliSession) -> ExitCode:
    from siptapi_core.settings import load  # noqa: PLC0415  # for this command
    from siptapi_core.settings.finding import VARIABLE, user_config  # noqa: PLC0415
    from siptapi_frontends.tapi.import_files import write_import  # noqa: PLC0415
    from siptapi_frontends.tapi.importing import import_settings  # noqa: PLC0415
    from siptapi_frontends.tapi.reg_reader import keys_of, read_reg  # noqa: PLC0415

    where = str(arguments.file)
    try:
        data = arguments.file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(f"cannot be read: {reason}", where=where) from None
    code_page = "mbcs" if sys.platform == "win32" else "cp1252"
    entries = read_reg(data, where=where, code_page=code_page)
    imported = import_settings(keys_of(entries), where=where)
    named = os.environ.get(VARIABLE)
    path = session.config or (Path(named) if named else user_config())
    folder = write_import(imported, path, source=arguments.file.name, replace=arguments.force)
    active = sum("active" not in line.keys for line in imported.lines)
    say(
        f"Wrote {path.absolute()}: {_counted(len(imported.lines))}, {active} of them active.",
        f"Their passwords are in {folder.absolute()}.",
    )
    for note in imported.notes:
        say(f"  {note}")
    say_aside(*(f"siptapi: {warning}" for warning in load(path).warnings()))
    say("Try: siptapi config check")
    return ExitCode.SUCCESS


def _counted(lines: int) -> str:
    return f"{lines} line{'s' if lines != 1 else ''}"


TAPI_COMMAND = CliCommand(
    name="tapi", summary="make Windows' TAPI use SIPTAPI", configure=_configure, run=_run
)
