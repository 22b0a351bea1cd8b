"""``siptapi plugins``: what was found and why it was not loaded; new ones; in and out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import cast

from siptapi_core.contracts import CliSession, PluginRecord
from siptapi_core.errors import UsageError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

_HEADINGS = ("NAME", "STATE", "FROM", "OFFERS, OR WHY IT DOES NOT")


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    from siptapi_frontends.new_plugin.writing import Kind  # noqa: PLC0415  # for this command

    actions = parser.add_subparsers(required=True, metavar="list|new|install|uninstall")
    listing = actions.add_parser("list", help="every plugin found, loaded or not")
    listing.add_argument("--json", action="store_true", help="print a JSON array")
    listing.set_defaults(act=_list)
    new = actions.add_parser("new", help="write a package to begin with, whose tests pass")
    new.add_argument("name", metavar="NAME", help="lower-case letters, digits, hyphens: my-pbx")
    new.add_argument(
        "--kind", choices=[kind.value for kind in Kind], required=True, help="what it shall offer"
    )
    new.add_argument(
        "--into", type=Path, metavar="FOLDER", default=Path(), help="where to (default: here)"
    )
    new.set_defaults(act=_new)
    install = actions.add_parser("install", help="install a package where SIPTAPI runs")
    install.add_argument("name", metavar="NAME", help="on the package index, or a folder, or a URL")
    install.set_defaults(act=_install)
    uninstall = actions.add_parser("uninstall", help="remove a package again")
    uninstall.add_argument("name", metavar="NAME", help="of the package: siptapi-my-pbx")
    uninstall.set_defaults(act=_uninstall)


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    return cast("int", arguments.act(arguments, session))


def _list(arguments: Namespace, session: CliSession) -> int:
    if arguments.json:
        import json  # noqa: PLC0415  # only then

        say(json.dumps([_encode(record) for record in session.plugins()]))
    else:
        from siptapi_frontends.cli.table import table  # noqa: PLC0415  # for this command

        say(*table(_HEADINGS, *map(_row, session.plugins())))
    return ExitCode.SUCCESS


def _new(arguments: Namespace, _session: CliSession) -> int:
    from siptapi_frontends.new_plugin.writing import Kind, write_plugin  # noqa: PLC0415  # as above

    folder, *files = write_plugin(arguments.name, Kind(arguments.kind), arguments.into)
    say(
        *(f"Wrote {file}." for file in files),
        "",
        f"Its tests:   cd {folder} && python -m pytest   (where SIPTAPI and pytest are installed)",
        f"To use it:   siptapi plugins install {folder}",
    )
    return ExitCode.SUCCESS


def _install(arguments: Namespace, _session: CliSession) -> int:
    from siptapi_frontends.cli.plugin_packages import install  # noqa: PLC0415  # as above

    new = install(arguments.name)
    if not new:
        say("It was installed, and brings no plugin of SIPTAPI that was not there before.")
    for name, plugins in new.items():
        say(f"{name}: {'; '.join(plugins)}")
    return ExitCode.SUCCESS


def _uninstall(arguments: Namespace, session: CliSession) -> int:
    from siptapi_frontends.cli.plugin_packages import uninstall  # noqa: PLC0415  # as above

    known = {each.distribution for each in session.plugins()} - {"siptapi"}
    if arguments.name not in known:
        there_are = ", ".join(sorted(known)) or "none"
        raise UsageError(f"no package {arguments.name!r} has a plugin here; there is {there_are}")
    uninstall(arguments.name)
    say(f"{arguments.name} is removed.")
    return ExitCode.SUCCESS


def _row(record: PluginRecord) -> tuple[str, ...]:
    origin = f"{record.distribution} {record.version}".rstrip()
    offers = (f"{kind} {', '.join(names)}" for kind, names in _by_kind(record).items())
    return record.name, record.state, origin, "; ".join(offers) or record.why


def _encode(record: PluginRecord) -> dict[str, object]:
    """``kind`` is what it offers, ``offers`` the names by kind; ``why`` it was not loaded."""
    offers = _by_kind(record)
    return {
        "name": record.name,
        "kind": ", ".join(offers),
        "distribution": record.distribution,
        "version": record.version,
        "state": record.state.value,
        "why": record.why,
        "offers": offers,
    }


def _by_kind(record: PluginRecord) -> dict[str, list[str]]:
    """What `PluginRecord.offers` has, as ``{"strategy": ["refer-via-proxy"]}``."""
    offers: dict[str, list[str]] = {}
    for offer in record.offers:
        kind, _, name = offer.partition(" ")
        offers.setdefault(kind, []).append(name)
    return offers
