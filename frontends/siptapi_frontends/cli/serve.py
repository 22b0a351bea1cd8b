"""``siptapi serve``: the daemon, until SIGTERM or Ctrl-C.

SIGHUP reads the settings again; where there is no such signal, `siptapi reload` does the same.
"""

from __future__ import annotations

import gc
import signal
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from siptapi_core.contracts import CliSession
from siptapi_core.errors import SiptapiError, UsageError
from siptapi_frontends.cli.exit_codes import ExitCode
from siptapi_frontends.cli.output import say, say_aside

if TYPE_CHECKING:
    import asyncio
    from types import FrameType

    from siptapi_core.dialer.daemon import Daemon
    from siptapi_core.settings import Settings
    from siptapi_frontends.cli.service_manager import ServiceManager
    from siptapi_frontends.cli.session import Session

STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")
RELOAD_SIGNAL = "SIGHUP"
COLLECTED = (10_000, 4, 4)
"""When Python looks for garbage in a daemon: more often than at its start. What there is comes from
exceptions, reloads and plugins; a call leaves none."""


def configure(parser: ArgumentParser) -> None:
    """Say what it takes."""
    parser.description = (
        "Run every line and every front end of the settings until SIGTERM or Ctrl-C.\nSIGHUP, "
        "or siptapi reload, reads the settings again."
    )
    parser.add_argument(
        "--demo",
        action="store_true",
        help="serve a demonstration instead: two lines and two simulated phones, on a web page",
    )


def run(arguments: Namespace, session: CliSession) -> int:
    """Carry it out; returns the exit code."""
    import asyncio  # noqa: PLC0415  # not before the command is known

    from siptapi_frontends.cli.serve_demo import serve_demo  # noqa: PLC0415  # as above

    serve = serve_demo if arguments.demo else _serve
    asyncio.run(serve(cast("Session", session)))
    return ExitCode.SUCCESS


async def _serve(session: Session) -> None:
    from siptapi_core.control.only_one import only_one  # noqa: PLC0415  # as above
    from siptapi_core.control.place import lock_file  # noqa: PLC0415

    settings = session.settings
    with only_one(Path(lock_file())):  # of another daemon nothing is touched
        await _serve_lines(settings, session)


async def _serve_lines(settings: Settings, session: Session) -> None:
    import asyncio  # noqa: PLC0415  # as above

    from siptapi_core.control.server import ControlServer  # noqa: PLC0415
    from siptapi_core.dialer import open_daemon  # noqa: PLC0415
    from siptapi_core.dialer.open_files import allow_open_files  # noqa: PLC0415
    from siptapi_core.logs import logger  # noqa: PLC0415
    from siptapi_frontends.cli.service_manager import ServiceManager  # noqa: PLC0415

    for warning in settings.warnings():
        say_aside(f"siptapi: {warning}")
    allow_open_files()
    manager = ServiceManager()
    stop, hurry, reload = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def on_stop() -> None:
        (hurry if stop.is_set() else stop).set()

    def on_ready() -> None:
        gc.freeze()  # what is there now stays: nobody looks at it again
        gc.set_threshold(*COLLECTED)
        say(*_report(daemon))
        tell_ready()

    def tell_ready() -> None:
        _tell(manager.ready, _report(daemon)[0])

    handlers: dict[str, Callable[[], None]] = dict.fromkeys(STOP_SIGNALS, on_stop)
    handlers[RELOAD_SIGNAL] = reload.set
    with handled(handlers, asyncio.get_running_loop()):
        async with (
            open_daemon(settings, session.full_catalog) as daemon,
            ControlServer(
                daemon.dialer,
                settings_file=settings.where,
                settings=settings.control,
                logger=logger("control"),
            ),
        ):
            daemon.on_reloaded = tell_ready
            chores = (
                asyncio.create_task(_reload_when_asked(daemon, reload, manager)),
                asyncio.create_task(_tell_alive(manager)),
                asyncio.create_task(_tell_stopping(manager, stop)),
            )
            try:
                await daemon.serve(on_ready, stop, hurry)
            finally:
                for chore in chores:
                    chore.cancel()
                await asyncio.gather(*chores, return_exceptions=True)


async def _reload_when_asked(daemon: Daemon, asked: asyncio.Event, manager: ServiceManager) -> None:
    from siptapi_core.plugin_loading.blame import blame  # noqa: PLC0415  # as above

    while True:
        await asked.wait()
        asked.clear()
        _tell(manager.reloading)
        try:
            changes = await daemon.reload()
        except SiptapiError as error:
            say_aside(f"siptapi: not reloaded, nothing is changed: {error}")
            daemon.on_reloaded()
        except Exception as error:  # noqa: BLE001  # the next one shall be heard all the same
            say_aside(f"siptapi: not reloaded: {blame(error)}")
            daemon.on_reloaded()
        else:
            say(f"Reloaded: {changes.summary}.")
            for warning in changes.warnings:
                say_aside(f"siptapi: {warning}")


async def _tell_alive(manager: ServiceManager) -> None:
    import asyncio  # noqa: PLC0415  # as above

    while manager.watchdog_interval is not None:
        _tell(manager.alive)
        await asyncio.sleep(manager.watchdog_interval)


async def _tell_stopping(manager: ServiceManager, stop: asyncio.Event) -> None:
    await stop.wait()
    _tell(manager.stopping)
    say("Stopping: calls that are being set up may end. Once more hangs them up.")


def _tell(tell: Callable[..., None], *words: str) -> None:
    """Tell a service manager something; where it does not listen, calls are made all the same."""
    try:
        tell(*words)
    except UsageError as error:
        say_aside(f"siptapi: {error}")


def _report(daemon: Daemon) -> list[str]:
    """What runs, in lines; the first by itself is for a service manager."""
    settings = daemon.settings
    lines = len(settings.lines)
    active = sum(line.active for line in settings.lines.values())
    counted = f"{lines} line{'s' if lines != 1 else ''}"
    first = f"SIPTAPI serves {counted}" + (f", {active} active" if active != lines else "")
    return [
        first,
        f"  settings    {settings.where}",
        *(f"  {kind:11} {', '.join(names)}" for kind, names in _named(daemon).items() if names),
    ]


def _named(daemon: Daemon) -> Mapping[str, tuple[str, ...]]:
    places = daemon.frontends()
    frontends = (f"{name} {where}".rstrip() for name, where in places.items())
    return {"front ends": tuple(frontends), "observers": daemon.settings.observers}


@contextmanager
def handled(
    handlers: Mapping[str, Callable[[], None]], loop: asyncio.AbstractEventLoop
) -> Iterator[None]:
    """Call a handler in ``loop`` when the signal of its name comes, if there is such a signal.

    Plain `signal.signal`, because event loops on Windows have no ``add_signal_handler``; there the
    loop wakes up for it because Python's own wake-up descriptor is set by asyncio.
    """
    there = {getattr(signal, name): do for name, do in handlers.items() if hasattr(signal, name)}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(there[signal.Signals(number)])

    previous = {number: signal.signal(number, on_signal) for number in there}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
