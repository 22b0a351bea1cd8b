"""What a command is given: the settings, the plugins, a dialer; each read when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from siptapi_core.contracts import Dialer, PluginRecord, PluginState
from siptapi_core.errors import SettingsError
from siptapi_frontends.cli.output import say_aside

if TYPE_CHECKING:
    from siptapi_core.events import TracedMessage
    from siptapi_core.plugin_loading import PluginCatalog
    from siptapi_core.settings import Settings


class Session:
    """A `siptapi_core.contracts.CliSession`, made from the options that every command has.

    ``plugin_files`` are loaded beside the installed plugins, of which those of other
    distributions only with ``third_party``. With ``trace``, SIP messages go to standard error.
    """

    def __init__(
        self,
        *,
        config: Path | None,
        plugin_files: Collection[Path],
        third_party: bool,
        trace: bool,
    ) -> None:
        self._config = config
        self._plugin_files = plugin_files
        self._third_party = third_party
        self._trace = trace

    @property
    def config(self) -> Path | None:
        """The ``--config`` that the user gave, if any."""
        return self._config

    @cached_property
    def settings(self) -> Settings:
        """The user's settings.

        Raises:
            SettingsError: there are none, or they are wrong.
        """
        from siptapi_core.settings import find_config, load  # noqa: PLC0415  # when asked for

        return load(find_config(self._config))

    @cached_property
    def catalog(self) -> PluginCatalog:
        """What the plugins offer; those that failed are reported on standard error.

        Settings that cannot be read may block some: then those of other distributions are left
        alone, and it is said where there are any.
        """
        from siptapi_core.plugin_loading import load_plugins  # noqa: PLC0415  # when asked for

        blocked: Collection[str] = ()
        unreadable = False
        try:
            blocked = self.settings.plugins.blocked
        except SettingsError as error:
            unreadable = bool(error.where) and Path(error.where).exists()
        third_party = self._third_party and not unreadable
        catalog = load_plugins(blocked=blocked, files=self._plugin_files, third_party=third_party)
        left_out = [each.name for each in catalog.records if each.state is PluginState.BLOCKED]
        if self._third_party and unreadable and left_out:
            names = ", ".join(left_out)
            say_aside(f"siptapi: not loaded, as the settings may block some of them: {names}")
        for record in catalog.records:
            if record.state is PluginState.FAILED:
                say_aside(f"siptapi: the plugin {record.name!r} was not loaded: {record.why}")
        return catalog

    @property
    def log_level(self) -> str:
        """The level in the settings; without settings, the usual one."""
        try:
            return self.settings.log_level
        except SettingsError:
            return "warning"

    def plugins(self) -> tuple[PluginRecord, ...]:
        """Every plugin found, loaded or not."""
        return self.catalog.records

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Dialer]:
        """A dialer for the user's settings.

        Raises:
            SettingsError: on entering, where the settings cannot be read.
        """
        for warning in self.settings.warnings():
            say_aside(f"siptapi: {warning}")
        async with self.connect_to(self.settings) as dialer:
            yield dialer

    @asynccontextmanager
    async def connect_to(self, settings: Settings) -> AsyncIterator[Dialer]:
        """A dialer for any ``settings``."""
        import asyncio  # noqa: PLC0415  # few commands need it

        from siptapi_core.dialer import open_dialer  # noqa: PLC0415

        async with open_dialer(settings, self.catalog) as dialer:
            if self._trace:
                printing = asyncio.create_task(_print(dialer.traced()))
            yield dialer
        if self._trace:
            await printing  # the dialer is closed: it ends with the last message


async def _print(traced: AsyncIterator[TracedMessage]) -> None:
    from siptapi_core.logs import print_message  # noqa: PLC0415  # only with --trace

    async for message in traced:
        print_message(message, sys.stderr)
