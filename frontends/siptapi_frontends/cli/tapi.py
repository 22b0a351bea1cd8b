"""``siptapi tapi``: make Windows' TAPI use SIPTAPI, and take it away again."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from siptapi_core.contracts import CliSession
from siptapi_core.errors import NoSettingsError, RefusedError, SettingsError, UsageError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session
    from siptapi_frontends.tapi.status import TapiStatus
    from siptapi_frontends.tapi.windows import Windows


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    actions = parser.add_subparsers(
        required=True, metavar="install|uninstall|status|import-registry"
    )
    install = actions.add_parser(
        "install", help="let the programs of this computer dial through SIPTAPI"
    )
    install.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="change nothing here: write the files and steps to do it on another computer",
    )
    install.set_defaults(act=_install)
    uninstall = actions.add_parser("uninstall", help="take that away again")
    uninstall.add_argument(
        "--with-settings",
        action="store_true",
        help="remove the settings of the service too, and its history",
    )
    uninstall.set_defaults(act=_uninstall)
    status = actions.add_parser("status", help="show what is installed, and whether it works")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.set_defaults(act=_status)
    importing = actions.add_parser(
        "import-registry", help="turn a registry export of SIPTAPI 0.3 into settings"
    )
    importing.add_argument("file", type=Path, metavar="FILE.reg")
    importing.add_argument(
        "--force", action="store_true", help="replace the settings that are there"
    )
    importing.set_defaults(act=_import_registry)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    return cast("int", arguments.act(arguments, session))


def _install(arguments: Namespace, session: CliSession) -> ExitCode:
    own = cast("Session", session)  # settings and catalog are ours, no business of plugins
    if arguments.into is not None:
        return _hand_over(arguments.into, own)
    from siptapi_core.settings import load  # noqa: PLC0415  # for this command
    from siptapi_core.settings.checking import check_sections  # noqa: PLC0415
    from siptapi_frontends.tapi import installation  # noqa: PLC0415
    from siptapi_frontends.tapi.carrying_out import carry_out  # noqa: PLC0415
    from siptapi_frontends.tapi.provider_files import provider_files  # noqa: PLC0415

    windows = _elevated_windows()
    file = installation.settings_file(windows.computer())
    if windows.read_file(file) is None:
        raise SettingsError(
            f"there is no such file: `siptapi --config {file} tapi import-registry OLD.reg` or "
            f"`siptapi --config {file} config init` writes it",
            where=file,
        )
    settings = load(Path(file))
    check_sections(settings, own.full_catalog)
    python = Path(sys.executable)
    wanted = installation.Wanted(
        address=installation.service_address(settings),
        page=installation.settings_page(settings, file),
        token=installation.token_of(windows),
        files=provider_files(),
        python=str(python.with_name("pythonw.exe")),
        code=(sys.base_prefix, __file__),
    )
    installation.check(windows, wanted)
    changed = carry_out(installation.install_steps(windows, wanted), windows)
    say(*(f"Done: {step}." for step in changed))
    say("Programs that use TAPI see the lines now; `siptapi tapi status` shows them.")
    return ExitCode.SUCCESS


def _hand_over(folder: Path, session: Session) -> ExitCode:
    from siptapi_frontends.tapi import handover, installation, places  # noqa: PLC0415
    from siptapi_frontends.tapi.provider_files import HOW_TO_GET, provider_files  # noqa: PLC0415

    address, page = places.DEFAULT_ADDRESS, rf"{handover.SETTINGS_FOLDER}\{places.SETTINGS}"
    try:
        settings = session.settings
    except NoSettingsError:
        pass
    else:
        page = installation.settings_page(settings, page)
        if settings.control.listen:
            address = installation.service_address(settings)
    files = provider_files()
    written = handover.write_handover(folder, address=address, page=page, files=files)
    say(f"Wrote {folder.absolute()}; STEPS.txt says what to do with it:")
    say(*(f"  {path.relative_to(folder)}" for path in written))
    if not files:
        say_aside(f"siptapi: {places.PROVIDER} is not among them: {HOW_TO_GET}")
    return ExitCode.SUCCESS


def _uninstall(arguments: Namespace, _session: CliSession) -> ExitCode:
    from siptapi_frontends.tapi import installation  # noqa: PLC0415  # for this command
    from siptapi_frontends.tapi.carrying_out import carry_out  # noqa: PLC0415

    windows = _elevated_windows()
    steps = installation.uninstall_steps(windows, with_settings=arguments.with_settings)
    changed = carry_out(steps, windows)
    say(*(f"Done: {step}." for step in changed))
    if not changed:
        say("There was nothing to take away.")
    folder = windows.computer().settings
    if windows.is_folder(folder):
        say(f"{folder} is left as it is.")
    return ExitCode.SUCCESS


def _status(arguments: Namespace, _session: CliSession) -> ExitCode:
    from siptapi_frontends.cli.table import table  # noqa: PLC0415  # for this command
    from siptapi_frontends.tapi.provider_files import provider_files  # noqa: PLC0415
    from siptapi_frontends.tapi.status import look  # noqa: PLC0415

    try:
        status = look(_windows(), provider_files())
    except PermissionError as error:
        words = f"{error.strerror}: an administrator can look; run this as one"
        raise RefusedError(words) from None
    if arguments.json:
        import json  # noqa: PLC0415  # only then

        from siptapi_core.value_encoding import ValueEncoding  # noqa: PLC0415

        say(json.dumps(ValueEncoding().encode_fields(status)))
    else:
        say(*table(*_rows(status)))
    return ExitCode.NOT_PLACED if status.problems else ExitCode.SUCCESS


def _rows(status: TapiStatus) -> Iterator[tuple[str, str]]:
    yield "installed by", f"SIPTAPI {status.version}" if status.version else "nobody"
    for path, state in status.files.items():
        yield "provider", f"{path}: {state}"
    yield "listed by TAPI", "yes" if status.provider_is_listed else "no"
    yield "scheduled task", "yes" if status.task_is_there else "no"
    yield "service", status.address
    for line in status.lines:
        yield "line", f"{line.name}: {line.registration if line.active else 'inactive'}"
    for problem in status.problems:
        yield "problem", problem


def _windows() -> Windows:
    from siptapi_frontends.tapi.native_windows import native_windows  # noqa: PLC0415  # Windows'

    return native_windows()


def _elevated_windows() -> Windows:
    windows = _windows()
    if not windows.is_elevated():
        raise UsageError(
            "only an administrator can change what belongs to all users: start the command prompt "
            "with 'Run as administrator'"
        )
    return windows


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
    imported = import_settings(
        keys_of(read_reg(data, where=where, code_page=code_page)), where=where
    )
    named = os.environ.get(VARIABLE)
    path = session.config or (Path(named) if named else user_config())
    folder = write_import(imported, path, source=arguments.file.name, replace=arguments.force)
    lines = len(imported.lines)
    active = sum("active" not in line.keys for line in imported.lines)
    say(
        f"Wrote {path.absolute()}: {lines} line{'s' if lines != 1 else ''}, {active} active.",
        f"Their passwords are in {folder.absolute()}.",
        *(f"  {note}" for note in imported.notes),
    )
    say_aside(*(f"siptapi: {warning}" for warning in load(path).warnings()))
    say("Try: siptapi config check")
    return ExitCode.SUCCESS
