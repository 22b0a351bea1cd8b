"""What the plugins offer, by kind and name, and what became of each plugin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from siptapi_core.contracts import (
    Check,
    CliCommand,
    Context,
    Frontend,
    Observer,
    Offer,
    PluginRecord,
    Resolver,
    Strategy,
)
from siptapi_core.errors import PluginError, SiptapiError, UnknownNameError
from siptapi_core.hookspecs import PROJECT
from siptapi_core.plugin_loading.blame import blame
from siptapi_core.values import Value

S = TypeVar("S")
T = TypeVar("T")


class Offers(dict[str, T]):
    """The offers of one kind by name; ``offers[name]`` raises UnknownNameError, which lists them.

    ``failed`` are the plugins that might have offered it, had they been loaded.
    """

    def __init__(self, kind: str, offers: Mapping[str, T], failed: Iterable[str] = ()) -> None:
        super().__init__(offers)
        self.kind = kind
        self.failed = tuple(failed)

    def __missing__(self, name: str) -> T:
        """Raise UnknownNameError."""
        raise UnknownNameError(self.kind, name, known=tuple(self), failed=self.failed)


class PluginCatalog(Value, kw_only=True):
    """All that was found. Nothing in it is created before somebody names it."""

    strategies: Offers[Offer[Any, Strategy]]
    resolvers: Offers[Offer[Any, Resolver]]
    frontends: Offers[Offer[Any, Frontend]]
    observers: Offers[Offer[Any, Observer]]
    commands: Offers[CliCommand]
    checks: Offers[Check] = Offers("check", {})
    records: tuple[PluginRecord, ...]

    def modules(self) -> dict[str, str]:
        """The plugin by the module or package that has its code, as far as its offers tell.

        Another distribution's package is its plugin's as a whole, unless it has several.
        """
        kinds: dict[str, Mapping[str, Offer[Any, Any]]] = {
            "strategy": self.strategies,
            "resolver": self.resolvers,
            "frontend": self.frontends,
            "observer": self.observers,
        }
        offered = {
            f"{kind} {name}": offer.create
            for kind, offers in kinds.items()
            for name, offer in offers.items()
        }
        owners: dict[str, set[str]] = {}
        for record in self.records:
            for create_ in (offered[each] for each in record.offers if each in offered):
                module = str(getattr(create_, "__module__", ""))
                top = module if record.distribution == PROJECT else module.partition(".")[0]
                for name in {module, top}:
                    owners.setdefault(name, set()).add(record.name)
        return {module: min(names) for module, names in owners.items() if len(names) == 1}


def owner_of(module: str, plugins: Mapping[str, str]) -> str:
    """Which of ``plugins`` (`PluginCatalog.modules`) the code of ``module`` belongs to, else ""."""
    while module and module not in plugins:
        module = module.rpartition(".")[0]
    return plugins.get(module, "")


def create(offer: Offer[S, T], settings: S, context: Context) -> T:
    """Create what ``offer`` promises; ``settings`` is an instance of ``offer.settings``.

    Raises:
        SiptapiError: what the plugin itself raised of ours, a SettingsError mostly.
        PluginError: it raised anything else.
    """
    try:
        return offer.create(settings, context)
    except SiptapiError:
        raise
    except Exception as error:
        raise PluginError(f"{offer.name!r} cannot be created: {blame(error)}") from error
