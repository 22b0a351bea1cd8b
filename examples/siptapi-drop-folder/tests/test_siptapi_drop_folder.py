"""A file in the folder makes the phone ring; a number that cannot be is logged."""

from __future__ import annotations

import asyncio
from pathlib import Path

from siptapi_core import CallEnded, Caller, CallEvent, CallPlaced
from siptapi_core.logs import logger
from siptapi_core.testing.demo_dialer import demo_dialer

from siptapi_drop_folder import DropFolderFrontend, DropFolderFrontendSettings


def test_a_file_is_dialled(tmp_path: Path) -> None:
    settings = DropFolderFrontendSettings(folder=str(tmp_path), every=0.01)

    async def call() -> list[object]:
        async with demo_dialer() as (dialer, number):
            events = dialer.events(Caller(frontend="test"))
            ready = asyncio.Event()
            frontend = DropFolderFrontend(settings, logger("test"))
            serving = asyncio.create_task(frontend.serve(dialer, ready.set))
            await asyncio.wait_for(ready.wait(), 5)
            (tmp_path / "1.txt").write_text("no number at all", encoding="utf-8")
            (tmp_path / "2.txt").write_text(f"{number}\n", encoding="utf-8")
            happened: list[object] = []
            async for event in events:
                if isinstance(event, CallEvent):
                    happened.append(event.happening)
                    if isinstance(event.happening, CallEnded):
                        break
            serving.cancel()
            return happened

    happened = asyncio.run(asyncio.wait_for(call(), 30))
    assert [each.frontend for each in happened if isinstance(each, CallPlaced)] == ["drop-folder"]
    assert list(tmp_path.iterdir()) == []
