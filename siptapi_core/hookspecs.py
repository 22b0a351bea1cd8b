"""The hooks: each returns offers, and may take no argument at all.

Every implementation is called by itself, and what it raises is reported under its plugin's name,
so one broken plugin never takes another with it. The order of registration decides nothing: the
settings name what is used, in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from siptapi_core.contracts import Check, CliCommand, Frontend, Observer, Offer, Resolver, Strategy

PROJECT = "siptapi"
DAEMON_GROUP = "siptapi.daemon"
"""The entry point group of plugins that offer nothing but front ends and observers: it is read only
where these run, because every dial would pay for their import."""
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def siptapi_strategies() -> Iterable[Offer[Any, Strategy]]:  # type: ignore[empty-body]
    """Ways of making the user's phone call someone; ``strategies`` of a line names them."""


@hookspec
def siptapi_resolvers() -> Iterable[Offer[Any, Resolver]]:  # type: ignore[empty-body]
    """Steps on the way to an address or a URI; ``resolvers`` of a line names them."""


@hookspec
def siptapi_frontends() -> Iterable[Offer[Any, Frontend]]:  # type: ignore[empty-body]
    """Ways in for people and programs; ``frontends`` in the settings names them."""


@hookspec
def siptapi_observers() -> Iterable[Offer[Any, Observer]]:  # type: ignore[empty-body]
    """Listeners to what happens; ``observers`` in the settings names them."""


@hookspec
def siptapi_commands() -> Iterable[CliCommand]:  # type: ignore[empty-body]
    """Commands for ``siptapi`` on the command line."""


@hookspec
def siptapi_checks() -> Iterable[Check]:  # type: ignore[empty-body]
    """What ``siptapi doctor`` looks at, besides what it looks at anyway."""
