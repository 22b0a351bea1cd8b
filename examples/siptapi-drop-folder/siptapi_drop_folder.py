"""The front end ``drop-folder``: dials the number in each file that is put into a folder.

For programs that can write a file and no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen

from siptapi_core import (
    Caller,
    Context,
    Dial,
    Dialer,
    Frontend,
    Logger,
    Offer,
    SiptapiError,
    hookimpl,
)


@frozen
class DropFolderFrontendSettings:
    """What stands in ``[frontends.drop-folder]``."""

    folder: str = field(metadata={"help": "the folder that is looked into"})
    every: float = field(default=0.5, metadata={"help": "seconds between two looks"})


class DropFolderFrontend:
    """Looks into the folder until it is cancelled."""

    def __init__(self, settings: DropFolderFrontendSettings, logger: Logger) -> None:
        self._folder = Path(settings.folder)
        self._every = settings.every
        self._logger = logger

    async def serve(self, dialer: Dialer, ready: Callable[[], None]) -> None:
        """Dial what is found; `ready` says that callers can come."""
        self._folder.mkdir(parents=True, exist_ok=True)
        ready()
        while True:
            for file in sorted(self._folder.glob("*.txt")):
                await self._dial(dialer, file)
            await asyncio.sleep(self._every)

    async def _dial(self, dialer: Dialer, file: Path) -> None:
        number = file.read_text(encoding="utf-8", errors="replace").strip()
        file.unlink()
        try:
            await dialer.execute(Dial(number=number), Caller(frontend="drop-folder"))
        except SiptapiError as error:
            self._logger.warning("not dialled", number=number, why=str(error))


def _create(settings: DropFolderFrontendSettings, context: Context) -> Frontend:
    return DropFolderFrontend(settings, context.logger)


@hookimpl
def siptapi_frontends() -> list[Offer[DropFolderFrontendSettings, Frontend]]:
    """Offer it; ``siptapi serve`` runs it where there is a section of its name."""
    return [
        Offer(
            name="drop-folder",
            summary="dial the number in each file that is put into a folder",
            settings=DropFolderFrontendSettings,
            create=_create,
        )
    ]
