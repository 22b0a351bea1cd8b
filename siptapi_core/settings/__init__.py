"""The settings: one TOML file, checked as a whole, as frozen attrs values.

::

    settings = load(find_config(arguments.config))      # SettingsError: all that is wrong
    line = settings.line(name or settings.default_line)
    identity = line.identity(name, "+43 1 505641")      # what a strategy may know
    credentials = line.credentials()                    # reads the secret

What plugins offer has sections (``[strategies.NAME]``, ``[resolvers.NAME]``,
``[frontends.NAME]``) that are read when the offer is at hand::

    structure(settings.section("strategies", name), offer.settings,
              where=settings.where, key=f"strategies.{name}")

``settings.initial`` and ``settings.reference`` write a first file and the documentation; both
are made from the ``help`` in the attributes' metadata, as a plugin's own may be.
"""

from siptapi_core.settings.control import ControlSettings
from siptapi_core.settings.dns import DnsSettings
from siptapi_core.settings.finding import find_config
from siptapi_core.settings.history import HistorySettings
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.loading import load, parse
from siptapi_core.settings.secret import Secret
from siptapi_core.settings.settings import PluginSettings, Sections, Settings
from siptapi_core.settings.structure import structure

__all__ = [
    "ControlSettings",
    "DnsSettings",
    "HistorySettings",
    "LineSettings",
    "PluginSettings",
    "Secret",
    "Sections",
    "Settings",
    "find_config",
    "load",
    "parse",
    "structure",
]
