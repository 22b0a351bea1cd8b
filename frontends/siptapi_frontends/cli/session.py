"""What a command is given: the settings, the plugins, a dialer; each read when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from siptapi_core.contracts import Dialer, PluginRecord, PluginState
from siptapi_core.errors import NetworkError, RefusedError, SettingsError, SiptapiError
from siptapi_frontends.cli.output import say_aside

if TYPE_CHECKING:
    from siptapi_core.events import TracedMessage
    from siptapi_core.plugin_loading import PluginCatalog
    from siptapi_core.settings import Settings
    from siptapi_frontends.cli.quick_dial import HandedOver


class Session:
    """A `siptapi_core.contracts.CliSession`, made from the options that every command has.

    ``plugin_files`` are loaded beside the installed plugins, of which those of other
    distributions only with ``third_party``. With ``trace``, SIP messages go to standard error.
    With ``daemon``, the daemon of this user does the work, if it has the same settings and no other
    plugins are meant; ``handed_over`` is one that was asked already.
    """

    def __init__(
        self,
        *,
        config: Path | None,
        plugin_files: Collection[Path],
        third_party: bool,
        trace: bool,
        daemon: bool = True,
        handed_over: HandedOver | None = None,
    ) -> None:
        self._config = config
        self._plugin_files = plugin_files
        self._third_party = third_party
        self._trace = trace
        self._full: PluginCatalog | None = None
        self._reported: set[str] = set()
        self._daemon = daemon and third_party and not plugin_files
        self._handed_over = handed_over

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

    @property
    def catalog(self) -> PluginCatalog:
        """What a single command needs of `full_catalog`: not what only a daemon runs."""
        return self._full or self._catalog

    @property
    def full_catalog(self) -> PluginCatalog:
        """What the plugins offer."""
        if self._full is None:
            self._full = self._load(daemon=True)
        return self._full

    @cached_property
    def _catalog(self) -> PluginCatalog:
        return self._load(daemon=False)

    def _load(self, *, daemon: bool) -> PluginCatalog:
        """Load the plugins; those that failed are reported on standard error, once.

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
        catalog = load_plugins(
            blocked=blocked, files=self._plugin_files, third_party=third_party, daemon=daemon
        )
        left_out = [each.name for each in catalog.records if each.state is PluginState.BLOCKED]
        if self._third_party and unreadable and left_out:
            names = ", ".join(left_out)
            self._report(f"not loaded, as the settings may block some of them: {names}")
        for record in catalog.records:
            if record.state is PluginState.FAILED:
                self._report(f"the plugin {record.name!r} was not loaded: {record.why}")
        return catalog

    def _report(self, words: str) -> None:
        if words not in self._reported:
            self._reported.add(words)
            say_aside(f"siptapi: {words}")

    @property
    def log_level(self) -> str:
        """The level in the settings; without settings, the usual one."""
        try:
            return self.settings.log_level
        except SettingsError:
            return "warning"

    def plugins(self) -> tuple[PluginRecord, ...]:
        """Every plugin found, loaded or not."""
        return self.full_catalog.records

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Dialer]:
        """The daemon's dialer, where there is one for these settings, else one of our own.

        Raises:
            SettingsError: on entering, where the settings cannot be read.
            NetworkError: on entering: the daemon was asked already and is not heard of.
        """
        async with AsyncExitStack() as stack:
            dialer = await self._daemons_dialer(stack) if self._daemon else None
            if dialer is None:
                for warning in self.settings.warnings():
                    say_aside(f"siptapi: {warning}")
                dialer = await stack.enter_async_context(self.connect_to(self.settings))
            yield dialer

    def connect_to(self, settings: Settings) -> AbstractAsyncContextManager[Dialer]:
        """A dialer of our own for any ``settings``."""
        from siptapi_core.dialer import open_dialer  # noqa: PLC0415  # few commands need it

        return self._traced(open_dialer(settings, self.catalog))

    @asynccontextmanager
    async def connect_to_daemon(self) -> AsyncIterator[Dialer]:
        """The dialer of the daemon.

        Raises:
            RefusedError: on entering: there is none, or it has other settings.
            NetworkError: on entering: it does not answer.
        """
        opening = self._daemon_line()
        if opening is None:
            raise RefusedError("there is no daemon: `siptapi serve` starts one")
        async with opening as dialer:
            yield dialer

    async def _daemons_dialer(self, stack: AsyncExitStack) -> Dialer | None:
        from siptapi_frontends.cli.quick_dial import held_signals  # noqa: PLC0415

        opening = self._daemon_line()
        if opening is None:
            return None
        try:
            return await stack.enter_async_context(opening)
        except RefusedError:  # it has other settings
            pass
        except SiptapiError as error:
            if self._handed_over is not None and isinstance(error, NetworkError):
                words = f"{error}, which was asked to dial: the call may or may not be made"
                raise NetworkError(words) from None
            say_aside(f"siptapi: the daemon is left alone: {error}")
        held_signals.release()  # nothing was done there
        return None

    def _daemon_line(self) -> AbstractAsyncContextManager[Dialer] | None:
        from siptapi_core.control.finding import find_daemon  # noqa: PLC0415  # few commands need it
        from siptapi_frontends.cli.quick_dial import wanted_settings  # noqa: PLC0415

        settings = wanted_settings(str(self._config or ""))
        if self._handed_over is not None:
            connected, token, sent = self._handed_over.connected, "", self._handed_over.sent
        else:
            found = find_daemon()
            if found is None:
                return None
            (connected, token), sent = found, b""
        from siptapi_core.control.remote_dialer import open_remote_dialer  # noqa: PLC0415  # as above
        from siptapi_frontends.cli.asking import CALLER  # noqa: PLC0415

        return self._traced(
            open_remote_dialer(connected, CALLER, token=token, settings=settings, sent=sent)
        )

    @asynccontextmanager
    async def _traced(self, opening: AbstractAsyncContextManager[Dialer]) -> AsyncIterator[Dialer]:
        import asyncio  # noqa: PLC0415  # few commands need it

        async with opening as dialer:
            if self._trace:
                printing = asyncio.create_task(_print(dialer.traced()))
            yield dialer
        if self._trace:
            await printing  # the dialer is closed: it ends with the last message


async def _print(traced: AsyncIterator[TracedMessage]) -> None:
    from siptapi_core.logs import print_message  # noqa: PLC0415  # only with --trace

    with suppress(SiptapiError):  # of a daemon; who asked it for something is told too
        async for message in traced:
            print_message(message, sys.stderr)
