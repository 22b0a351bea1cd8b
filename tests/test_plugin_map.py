from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys

import pytest

import siptapi_core


def for_type_checkers() -> dict[str, str]:
    """The names in the TYPE_CHECKING block, with the modules they come from."""
    tree = ast.parse(inspect.getsource(siptapi_core))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {name.name: str(node.module) for node in imports for name in node.names}


def test_type_checkers_and_the_interpreter_see_the_same_names() -> None:
    assert for_type_checkers() == {
        name: f"siptapi_core.{home}" for name, home in siptapi_core._HOME_OF.items()
    }


def test_every_name_is_there_and_comes_from_its_home() -> None:
    for name, home in for_type_checkers().items():
        assert getattr(siptapi_core, name) is getattr(sys.modules[home], name)
        assert name in dir(siptapi_core)


def test_every_name_in_the_docstring_is_on_the_map() -> None:
    named = set(re.findall(r"`(\w+)`", str(siptapi_core.__doc__)))
    assert named <= set(for_type_checkers())


@pytest.mark.parametrize("home", ["commands", "contracts", "errors", "events", "targets"])
def test_every_public_class_of_the_contracts_is_on_the_map(home: str) -> None:
    module = importlib.import_module(f"siptapi_core.{home}")
    classes = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and name[0] != "_"
    }
    assert classes - set(for_type_checkers()) == set()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Strategie'"):
        siptapi_core.Strategie  # noqa: B018  # raising is the point


def test_importing_the_map_imports_nothing_else_of_ours() -> None:
    program = (
        "import sys, siptapi_core;"
        "print(sorted(m for m in sys.modules if m.startswith(('siptapi', 'attr', 'pluggy'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "['siptapi_core']"
