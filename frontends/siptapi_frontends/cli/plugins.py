"""``siptapi plugins list``: what was found, what it offers, and why it was not loaded."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from siptapi_core.contracts import CliSession, PluginRecord
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say

_HEADINGS = ("NAME", "STATE", "FROM", "OFFERS, OR WHY IT DOES NOT")


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    actions = parser.add_subparsers(required=True, metavar="list")
    listing = actions.add_parser("list", help="every plugin found, loaded or not")
    listing.add_argument("--json", action="store_true", help="print a JSON array")


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    if arguments.json:
        import json  # noqa: PLC0415  # only then

        say(json.dumps([_encode(record) for record in session.plugins()]))
    else:
        from siptapi_frontends.cli.table import table  # noqa: PLC0415  # for this command

        say(*table(_HEADINGS, *map(_row, session.plugins())))
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
