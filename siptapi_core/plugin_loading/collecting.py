"""What one plugin offers: its hooks checked, called, and their answers checked."""

from __future__ import annotations

import functools
import inspect
from types import ModuleType
from typing import Any

import pluggy

from siptapi_core import hookspecs
from siptapi_core.contracts import Check, CliCommand, Offer
from siptapi_core.errors import PluginError
from siptapi_core.plugin_loading.blame import blame

Key = tuple[str, str]
"""Kind and name of an offer."""

_MARKER = f"{hookspecs.PROJECT}_impl"
"""The attribute that `pluggy.HookimplMarker` gives to a function."""

HOOKS: dict[str, tuple[str, type[Any]]] = {
    "siptapi_strategies": ("strategy", Offer),
    "siptapi_resolvers": ("resolver", Offer),
    "siptapi_frontends": ("frontend", Offer),
    "siptapi_observers": ("observer", Offer),
    "siptapi_commands": ("command", CliCommand),
    "siptapi_checks": ("check", Check),
}


class _Manager(pluggy.PluginManager):
    """Leaves out names that cannot be hooks: pluggy takes 25 microseconds to look at each."""

    def parse_hookspec_opts(self, module_or_class: Any, name: str) -> Any:
        """See pluggy."""
        return super().parse_hookspec_opts(module_or_class, name) if name in HOOKS else None

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        """See pluggy."""
        if isinstance(plugin, ModuleType) and not hasattr(vars(plugin).get(name), _MARKER):
            return None
        return super().parse_hookimpl_opts(plugin, name)


@functools.cache
def _manager() -> pluggy.PluginManager:
    """One for all plugins, each of which is in it only while it is asked."""
    manager = _Manager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def collect_offers(plugin: object, name: str) -> dict[Key, Any]:
    """All offers of ``plugin``, a module or object with hook implementations.

    Raises:
        PluginError: it has no hook, one that does not exist, or one that breaks its contract.
    """
    manager = _manager()
    try:
        manager.register(plugin, name)
        manager.check_pending()
        return _offers(manager, plugin)
    except pluggy.PluginValidationError as error:
        words = " ".join(str(error).split())
        raise PluginError(f"{words}; the hooks are {', '.join(HOOKS)}") from error
    finally:
        if manager.has_plugin(name):
            manager.unregister(name=name)


def _offers(manager: pluggy.PluginManager, plugin: object) -> dict[Key, Any]:
    if not manager.get_hookcallers(plugin):
        raise PluginError("it implements no hook; is @hookimpl missing?")
    offers: dict[Key, Any] = {}
    for hook, (kind, of) in HOOKS.items():
        for offer in _call(getattr(manager.hook, hook)):
            if not isinstance(offer, of):
                other = type(offer).__name__
                raise PluginError(f"{hook} returned {other} where {of.__name__} was expected")
            if (kind, offer.name) in offers:
                raise PluginError(f"{hook} offers {offer.name!r} twice")
            offers[kind, offer.name] = offer
    return offers


def _call(hook: pluggy.HookCaller) -> list[Any]:
    implementations = hook.get_hookimpls()
    if any(inspect.iscoroutinefunction(each.function) for each in implementations):
        raise PluginError(f"{hook.name} is async; a hook is a plain function")
    try:
        answers = hook()
        offers = [offer for answer in answers for offer in answer]
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(f"{hook.name} raised {blame(error)}") from error
    if len(answers) < len(implementations):  # pluggy leaves out None
        raise PluginError(f"{hook.name} returned None where offers were expected")
    return offers
