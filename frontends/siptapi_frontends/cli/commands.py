"""The commands of the command line, offered through the hook like anyone's.

Each is a module of this package with its name, which says what the command takes (``configure``)
and carries it out (``run``). It is imported when it is asked for: every dial pays for what this
module imports.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from siptapi_core.contracts import Check, CliCommand, CliSession, Examined, Finding
from siptapi_core.hookspecs import hookimpl

_SUMMARIES = {
    "demo": "see a whole call, on simulated phones",
    "dial": "make your phone call a number",
    "redial": "make your phone call the last number again",
    "history": "list past calls, or show one",
    "setup": "set up an account, trying it as you go",
    "doctor": "find out what is wrong, and what to do",
    "trace": "show the SIP messages of a call",
    "serve": "run as a daemon for every line",
    "status": "show how the daemon is",
    "lines": "list the lines",
    "calls": "list the daemon's calls in progress",
    "hangup": "end a call of the daemon",
    "transfer": "send whom a call of the daemon holds to somebody else",
    "reject": "decline a call that comes in, for all phones of the account",
    "redirect": "send whoever calls to somebody else, while it rings",
    "token": "say who may use the HTTP API",
    "tapi": "make Windows' TAPI use SIPTAPI",
    "handler": "let clicks on telephone links dial",
    "reload": "have the daemon read its settings again",
    "number": "say what would be dialled for a number, without dialling",
    "resolve": "show where a call would be sent, and why",
    "config": "write or check the settings",
    "plugins": "list the plugins, write new ones, bring them in",
    "completion": "make your shell complete what you type",
}


@hookimpl
def siptapi_commands() -> Iterable[CliCommand]:
    """The commands that every installation has."""
    return tuple(_command(name, summary) for name, summary in _SUMMARIES.items())


@hookimpl
def siptapi_checks() -> Iterable[Check]:
    """What the doctor looks at, besides what the core knows of."""
    return (
        _check("daemon", "whether it runs, with these settings"),
        _check("tapi", "Windows' telephony, where this is Windows"),
    )


def _check(name: str, summary: str) -> Check:
    async def run(examined: Examined) -> Iterable[Finding]:
        found: Iterable[Finding] = await getattr(_module("own_checks"), f"check_{name}")(examined)
        return found

    return Check(name=name, summary=summary, run=run, of_line=False)


def _command(name: str, summary: str) -> CliCommand:
    def configure(parser: ArgumentParser) -> None:
        _module(name).configure(parser)

    def run(arguments: Namespace, session: CliSession) -> int:
        return int(_module(name).run(arguments, session))

    return CliCommand(name=name, summary=summary, configure=configure, run=run)


def _module(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415  # costs nothing by then

    return import_module(f"siptapi_frontends.cli.{name}")
