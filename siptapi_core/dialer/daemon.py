"""What runs for as long as ``siptapi serve`` does: front ends, observers, and reloads.

::

    start ─▶ every front end is ready ─▶ serving ─stop─▶ draining: no new calls ─▶ ended
      ├─ one cannot begin: its error ends the daemon          └─ hurry: calls are hung up
      └─ stop ──────────────────────────────────────────────────────────────────▶ ended
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from siptapi_core.commands import LineStatus, Plugins, Reloaded, ShownSettings, Status
from siptapi_core.contracts import Clock, Frontend, Logger
from siptapi_core.dialer.admission import Admission
from siptapi_core.dialer.event_bus import EventBus
from siptapi_core.dialer.incoming_indication import IncomingIndication
from siptapi_core.dialer.line_factory import LineFactory
from siptapi_core.dialer.line_services import LineServices
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.dialer.loop_monitor import LoopMonitor
from siptapi_core.dialer.observing import ObserverThread
from siptapi_core.dialer.process_figures import leaking_plugins, process_figures
from siptapi_core.dialer.reloading import read_again, read_at_start
from siptapi_core.errors import PluginError, RefusedError, SiptapiError
from siptapi_core.events import LineAdded, LineChanged, LineHappening, LineRemoved
from siptapi_core.plugin_loading import PluginCatalog
from siptapi_core.plugin_loading.blame import blame
from siptapi_core.settings import Settings
from siptapi_core.version import VERSION

DRAIN_SECONDS = 20.0
"""How long calls that are being set up may go on after the daemon was told to stop."""
UNREGISTER_SECONDS, UNREGISTER_SECONDS_A_LINE = 4.0, 0.001
"""How long registrars may take, all together, to let our lines go: ten thousand take some ten."""
LOOK_EVERY = 10.0
"""Seconds between two looks whether this computer has another address than it had."""
OBSERVERS_SECONDS = 5.0
"""How long observers may take, all together, to finish what they began."""


class Daemon:
    """A dialer in its daemon. ``counters`` says what is alive in the network, by name."""

    def __init__(
        self,
        dialer: LocalDialer,
        *,
        lines: LineFactory,
        catalog: PluginCatalog,
        events: EventBus,
        incoming: IncomingIndication,
        line_services: LineServices,
        counters: Callable[[], Mapping[str, int]],
        clock: Clock,
        logger: Logger,
    ) -> None:
        self.dialer = dialer
        self.incoming = incoming
        self.on_reloaded: Callable[[], None] = lambda: None
        """Called when the settings were read again."""
        self._line_services = line_services
        self._lines = lines
        self._at_start = read_at_start(lines.settings)
        self._catalog = catalog
        self._events = events
        self._counters = counters
        self._logger = logger
        self._started = clock.time()
        self._plugins = catalog.modules()
        self._monitor = LoopMonitor(plugins=self._plugins, on_slept=self._on_slept, logger=logger)
        self._admission = Admission(lambda: self.settings.max_calls, lambda: self._monitor.lag)
        dialer.outgoing.admit = self._admission.check
        self._observers: list[ObserverThread] = []
        self._created: Mapping[str, Frontend] = {}
        self._frontends: dict[str, asyncio.Task[None]] = {}
        self._reloading = asyncio.Lock()

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._lines.settings

    async def serve(
        self,
        ready: Callable[[], None],
        stop: asyncio.Event,
        hurry: asyncio.Event | None = None,
    ) -> None:
        """Run every front end and observer of the settings until ``stop`` is set, then drain.

        ``ready`` is called once, when every front end can be reached. Once ``hurry`` is set, calls
        that are being set up are hung up instead of waited for.

        Raises:
            SiptapiError: one of them cannot begin; the words name it.
        """
        frontends = self._created = self._lines.create_all("frontends", self._catalog.frontends)
        self._start_observers()
        self._monitor.start()
        asyncio.get_running_loop().set_exception_handler(self._on_unhandled)
        try:
            if await _done_before(stop, self._start(frontends)):
                await self._line_services.update(self.settings.lines)
                ready()
                await _done_before(stop, self._look_for_moves())
            self._logger.info("stopping")
            drained = self.dialer.outgoing.drain(DRAIN_SECONDS)
            await _done_before(hurry or asyncio.Event(), drained)
        finally:
            self.incoming.close()
            lines = len(self.settings.lines)
            await self._line_services.close(UNREGISTER_SECONDS + UNREGISTER_SECONDS_A_LINE * lines)
            await self.dialer.close()
            await self._stop_frontends()
            await asyncio.to_thread(self._stop_observers)
            self._monitor.stop()

    def frontends(self) -> dict[str, str]:
        """Those of the settings, and where each is reached, where it says so (`Frontend.serve`)."""
        return {name: str(getattr(each, "where", "")) for name, each in self._created.items()}

    def line_status(self, line: LineStatus) -> LineStatus:
        """Fill in how the line's registration is."""
        return self._line_services.status(line)

    async def reload(self) -> Reloaded:
        """Read the settings file again; calls in progress go on as they began.

        Raises:
            SettingsError: it cannot be read, or has mistakes; nothing is changed.
        """
        if not self.settings.where:
            raise RefusedError("these settings are from no file: there is nothing to read again")
        async with self._reloading:
            settings, changes = await asyncio.to_thread(read_again, self.settings, self._at_start)
            self._lines.change(settings)
            self.dialer.default_line = settings.default_line
            told: tuple[tuple[tuple[str, ...], LineHappening], ...] = (
                (changes.removed, LineRemoved()),
                (changes.changed, LineChanged()),
                (changes.added, LineAdded()),
            )
            for names, happening in told:
                for name in names:
                    self._events.tell_of_line(name, happening)
                await self._line_services.update(names)
            self._logger.info(
                "settings read again",
                added=len(changes.added),
                changed=len(changes.changed),
                removed=len(changes.removed),
            )
            self.on_reloaded()
            return changes

    def status(self) -> Status:
        """How the process is."""
        return Status(
            version=VERSION,
            started=self._started,
            settings_file=self.settings.where,
            counters={
                **self.dialer.counters(),
                **self._line_services.counters(),
                "incoming calls": len(self.incoming),
                **self._counters(),
                "waiting events": sum(map(len, self._observers)),
                "refused as busy": self._admission.refused,
                "loop stalls": self._monitor.stalls,
                **process_figures(),
            },
            registered=self._line_services.registered,
            lines=len(self.settings.lines),
            warnings=tuple(
                filter(
                    None,
                    (
                        self.dialer.problem,
                        *leaking_plugins(self._plugins),
                        *self.settings.warnings(),
                    ),
                )
            ),
        )

    def plugins(self) -> Plugins:
        """Every plugin that was found."""
        return Plugins(self._catalog.records)

    def shown_settings(self) -> ShownSettings:
        """The settings in force, without a secret."""
        from siptapi_core.settings.showing import show  # noqa: PLC0415  # rarely asked for

        return ShownSettings(file=self.settings.where, settings=show(self.settings, self._catalog))

    # --- front ends --------------------------------------------------------------------------

    async def _start(self, frontends: Mapping[str, Frontend]) -> None:
        """Return when all are ready; raise what the first of them raised before it was."""
        loop = asyncio.get_running_loop()
        readiness = {name: loop.create_future() for name in frontends}
        for name, frontend in frontends.items():
            serving = frontend.serve(self.dialer, partial(_settle, readiness[name]))
            task = self._frontends[name] = loop.create_task(serving, name=f"front end {name}")
            task.add_done_callback(partial(self._on_frontend_ended, name, readiness[name]))
        for ready in readiness.values():
            await ready

    def _on_frontend_ended(
        self, name: str, ready: asyncio.Future[None], task: asyncio.Task[None]
    ) -> None:
        if task.cancelled():
            ready.cancel()
            return
        error = task.exception()
        if isinstance(error, SiptapiError):
            words = str(error)
        else:
            words = "it ended by itself" if error is None else blame(error)
        if not ready.done():
            known = error if isinstance(error, SiptapiError) else None
            ready.set_exception(known or PluginError(f"the front end {name!r} broke: {words}"))
        elif self._frontends.pop(name, None) is not None:
            self._logger.error("front end broke", frontend=name, why=words)

    async def _stop_frontends(self) -> None:
        tasks = tuple(self._frontends.values())
        self._frontends.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- observers ---------------------------------------------------------------------------

    def _start_observers(self) -> None:
        created = self._lines.create_all("observers", self._catalog.observers)
        self._observers = [
            ObserverThread(name, each, self._logger) for name, each in created.items()
        ]
        self._events.sinks += [observer.tell for observer in self._observers]

    def _stop_observers(self) -> None:
        for observer in self._observers:
            observer.close()
        for observer in self._observers:
            if not observer.join(OBSERVERS_SECONDS / len(self._observers)):
                self._logger.error("observer does not end", observer=observer.name)

    def _on_unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What a callback raised, a plugin's task, or asyncio has to say: no files left to open."""
        error = context.get("exception")
        why = "" if error is None else blame(error)
        self._logger.error(str(context.get("message")).partition("\n")[0], why=why)

    async def _look_for_moves(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if self._line_services.renew_where_we_moved():
                self._logger.warning("this computer has another address: lines register anew")

    def _on_slept(self, seconds: float) -> None:
        self._logger.warning("this computer slept: lines register anew", seconds=round(seconds))
        self._line_services.renew()


async def _done_before(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do ``work``, or leave it when ``event`` is set; returns whether it was done."""
    tasks = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
        return tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
