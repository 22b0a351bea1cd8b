from __future__ import annotations

import inspect
from pathlib import Path

import pluggy

from siptapi_core import hookspecs
from siptapi_core.plugin_loading.collecting import HOOKS


def specified() -> dict[str, object]:
    return {
        name: function
        for name, function in vars(hookspecs).items()
        if hasattr(function, f"{hookspecs.PROJECT}_spec")
    }


def test_every_hook_says_what_it_is_for() -> None:
    assert [name for name, hook in specified().items() if not inspect.getdoc(hook)] == []


def test_every_hook_is_called_when_plugins_are_loaded() -> None:
    assert set(HOOKS) == set(specified())


def test_every_hook_is_exercised_by_a_test() -> None:
    tests = Path(__file__).with_name("test_plugin_loading.py").read_text(encoding="utf-8")
    assert [name for name in specified() if f"def {name}(" not in tests] == []


def test_the_hooks_are_plain_functions_without_arguments() -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in specified():
        spec = getattr(manager.hook, name).spec
        assert spec is not None
        assert spec.argnames == ()
        assert not inspect.iscoroutinefunction(spec.function)
