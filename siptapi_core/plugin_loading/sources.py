"""Where plugins come from: entry points of installed distributions, and single files."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType

from siptapi_core.errors import UsageError
from siptapi_core.hookspecs import DAEMON_GROUP, PROJECT
from siptapi_core.plugin_loading.installed import EntryPoint, installed_entry_points
from siptapi_core.values import Value


class Source(Value, kw_only=True):
    """A plugin that was found but not imported; ``load`` imports it and may raise anything.

    ``third_party``: neither SIPTAPI's own nor a file that the user named.
    """

    name: str
    distribution: str
    version: str
    third_party: bool
    load: Callable[[], object]

    def __str__(self) -> str:
        """``plugin 'sbc' (siptapi-sbc)``."""
        return f"plugin {self.name!r} ({self.distribution})"


def find_sources(files: Iterable[Path], *, daemon: bool = True) -> list[Source]:
    """All plugins, in the order in which they get their names: an order that no path decides.

    Ours first, then the files that the user named, then other distributions by name. Without
    ``daemon`` those are left out that only a daemon runs (`DAEMON_GROUP`).

    Raises:
        UsageError: one of ``files`` is missing or is no Python.
    """
    groups = (PROJECT, DAEMON_GROUP) if daemon else (PROJECT,)
    installed = sorted(
        (_from_entry_point(entry) for group in groups for entry in installed_entry_points(group)),
        key=lambda source: (source.distribution, source.name),
    )
    own = [source for source in installed if not source.third_party]
    others = [source for source in installed if source.third_party]
    return [*own, *map(_from_file, files), *others]


def _from_entry_point(entry: EntryPoint) -> Source:
    def load() -> object:
        module, _, attribute = entry.value.partition(":")
        names = filter(None, attribute.split("."))
        return functools.reduce(getattr, names, importlib.import_module(module))

    return Source(
        name=entry.name,
        distribution=entry.distribution,
        version=entry.version,
        third_party=entry.distribution != PROJECT,
        load=load,
    )


def _from_file(file: Path) -> Source:
    try:
        code = compile(file.read_bytes(), file, "exec", dont_inherit=True)
    except OSError as error:
        raise UsageError(f"the plugin {file} cannot be read: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"the plugin {file} is no Python: {error}") from error
    name = f"siptapi_plugin_file_{file.stem}"  # so that json.py hides no json
    module = ModuleType(name)
    module.__file__ = str(file)
    # Python 3.15 warns of a module without one while it shows the lines of a traceback.
    module.__spec__ = ModuleSpec(name, SourceFileLoader(name, module.__file__))

    def load() -> object:
        sys.modules[module.__name__] = module  # attrs looks there for the types of a class
        exec(code, module.__dict__)  # noqa: S102  # what the user asked for
        return module

    return Source(name=file.stem, distribution=str(file), version="", third_party=False, load=load)
