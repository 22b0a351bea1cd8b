"""Find plugins, load each by itself, and say what became of it.

A plugin is a module (or any object with hook implementations) that an installed distribution
names in the entry point group ``siptapi``, or a single file. One that fails - at import, by a
misspelled hook, by a hook that raises or returns something else than offers, by a name that is
taken - is reported with the reason and skipped as a whole; the others never notice.

Every plugin has a pluggy manager of its own: in a shared one, an implementation that raises ends
the call for all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from siptapi_core.contracts import PluginRecord, PluginState
from siptapi_core.errors import PluginError
from siptapi_core.plugin_loading.blame import blame
from siptapi_core.plugin_loading.catalog import Offers, PluginCatalog, create
from siptapi_core.plugin_loading.collecting import Key, collect_offers
from siptapi_core.plugin_loading.sources import Source, find_sources

__all__ = ["Offers", "PluginCatalog", "create", "load_plugins"]


def load_plugins(
    *,
    blocked: Collection[str] = (),
    files: Iterable[Path] = (),
    third_party: bool = True,
    daemon: bool = True,
) -> PluginCatalog:
    """Load every plugin whose name is not in ``blocked``, and the plugin ``files``.

    Without ``daemon`` those are left alone that only a daemon runs; without ``third_party`` only
    SIPTAPI's own and ``files`` are loaded. A name belongs to whom comes first: SIPTAPI's own, then
    files, then other distributions in the order of their names; whoever comes later fails, and the
    reason names both.

    Raises:
        UsageError: one of ``files`` is missing or is no Python. Nothing else is fatal.
    """
    offers: dict[Key, Any] = {}
    owners: dict[Key, Source] = {}
    records: list[PluginRecord] = []
    for source in find_sources(files, daemon=daemon):
        state, why, offered = PluginState.BLOCKED, "", {}
        if source.name in blocked:
            why = "the settings block it"
        elif source.third_party and not third_party:
            why = "third-party plugins are switched off"
        else:
            try:
                offered = _load(source, owners)
                state = PluginState.LOADED
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001  # a plugin may even call sys.exit
                state = PluginState.FAILED
                why = str(error) if isinstance(error, PluginError) else blame(error)
        offers |= offered
        records.append(
            PluginRecord(
                name=source.name,
                distribution=source.distribution,
                version=source.version,
                state=state,
                offers=tuple(f"{kind} {name}" for kind, name in offered),
                why=why,
            )
        )
    return _catalog(offers, records)


def _load(source: Source, owners: dict[Key, Source]) -> dict[Key, Any]:
    own_name = ("plugin", source.name)
    _check_free(own_name, owners)
    offered = collect_offers(source.load(), source.name)
    for key in offered:
        _check_free(key, owners)
    owners.update(dict.fromkeys((own_name, *offered), source))
    return offered


def _check_free(key: Key, owners: dict[Key, Source]) -> None:
    if key in owners:
        kind, name = key
        raise PluginError(f"the {kind} name {name!r} is taken by {owners[key]}")


def _catalog(offers: dict[Key, Any], records: list[PluginRecord]) -> PluginCatalog:
    failed = [
        f"{record.name} ({record.why})" if record.state is PluginState.BLOCKED else record.name
        for record in records
        if record.state is not PluginState.LOADED
    ]

    def of(kind: str) -> Offers[Any]:
        return Offers(
            kind, {name: offer for (k, name), offer in offers.items() if k == kind}, failed
        )

    return PluginCatalog(
        strategies=of("strategy"),
        resolvers=of("resolver"),
        frontends=of("frontend"),
        observers=of("observer"),
        commands=of("command"),
        checks=of("check"),
        records=tuple(records),
    )
