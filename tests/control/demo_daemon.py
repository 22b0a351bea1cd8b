"""Run as a program: a daemon whose lines call simulated phones, for the settings file it is told.

Arguments: the settings file, how calls end, and ``listen`` of the settings where TCP is wanted.
It says ``ready`` when clients can come, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys

from attrs import evolve

from siptapi_core.control.server import ControlServer
from siptapi_core.demo import Ending, open_demo
from siptapi_core.dialer import open_dialer
from siptapi_core.logs import configure, logger
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import ControlSettings, Settings


def patient(settings: Settings) -> Settings:
    """A phone may ring for as long as a test on a busy machine takes."""
    lines = {name: evolve(line, ring_timeout=300.0) for name, line in settings.lines.items()}
    return evolve(settings, lines=lines)


async def main(settings_file: str, ending: str, listen: str = "") -> None:
    configure("error")
    async with (
        open_demo(Ending(ending)) as demo,
        open_dialer(patient(demo.settings), load_plugins(files=(), third_party=False)) as dialer,
        ControlServer(
            dialer,
            settings_file=settings_file,
            settings=ControlSettings(listen=listen),
            logger=logger("test"),
        ),
    ):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await dialer.close()


asyncio.run(main(*sys.argv[1:]))
