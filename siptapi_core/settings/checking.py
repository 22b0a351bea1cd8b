"""What can be checked of the settings only when it is known what the plugins offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from siptapi_core.contracts import LineIdentity, Offer, PluginRecord
from siptapi_core.errors import PluginError, SettingsError, UnknownNameError, UsageError
from siptapi_core.settings.loading import SECTIONS
from siptapi_core.settings.problems import Problems
from siptapi_core.settings.settings import Settings
from siptapi_core.settings.structure import structure
from siptapi_core.settings.wording import dotted

Offers = Mapping[str, Offer[Any, Any]]


class Catalog(Protocol):
    """What the plugins offer, by kind and name; a name that is not there is UnknownNameError."""

    @property
    def strategies(self) -> Offers:
        """Ways of making calls."""
        ...

    @property
    def resolvers(self) -> Offers:
        """Steps on the way to an address."""
        ...

    @property
    def frontends(self) -> Offers:
        """Ways in."""
        ...

    @property
    def records(self) -> Sequence[PluginRecord]:
        """Every plugin found, loaded or not."""
        ...


def check_sections(settings: Settings, catalog: Catalog) -> None:
    """Check every section of a plugin against what is offered, and every name that is used.

    A line must have what the offers that it names need.

    Raises:
        SettingsError: ``problems`` are all: a name that nobody has, a wrong or missing value.
        PluginError: the `Offer.check` of a plugin broke.
    """
    problems = Problems()
    plugins = [record.name for record in catalog.records]
    for name in settings.plugins.blocked:
        if name not in plugins:
            unknown = UnknownNameError("plugin", name, known=plugins)
            problems.add(SettingsError(str(unknown), where=settings.where, key="plugins.blocked"))
    for kind in SECTIONS:
        offers: Offers = getattr(catalog, kind)
        for name in settings.sections.names(kind):
            key = dotted(kind, name)
            with problems.collected():
                offer = _offered(offers, name, settings.where, key)
                structure(
                    settings.section(kind, name), offer.settings, where=settings.where, key=key
                )
    for name, line in settings.lines.items():
        identity = line.identity(name, "")
        for kind, offers, names in (
            ("strategies", catalog.strategies, line.strategies),
            ("resolvers", catalog.resolvers, line.resolvers),
            ("callee_resolvers", catalog.resolvers, line.callee_resolvers),
        ):
            for each in names:
                with problems.collected():
                    key = f"{dotted('lines', name)}.{kind}"
                    offer = _offered(offers, each, settings.where, key)
                    _check_line(offer, identity, settings.where, key)
    problems.check()


def _offered(offers: Offers, name: str, where: str, key: str) -> Offer[Any, Any]:
    try:
        return offers[name]
    except UnknownNameError as error:
        raise SettingsError(str(error), where=where, key=key) from None


def _check_line(offer: Offer[Any, Any], identity: LineIdentity, where: str, key: str) -> None:
    if offer.check is None:
        return
    try:
        offer.check(identity)
    except SettingsError as error:
        raise SettingsError(error.problem, where=where, key=error.key or key) from None
    except UsageError as error:
        raise SettingsError(str(error), where=where, key=key) from None
    except Exception as error:
        raise PluginError(f"{offer.name!r} cannot check a line: {error!r}") from error
