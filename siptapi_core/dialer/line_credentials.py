"""What a line answers challenges with: read when its first call needs it, and not before.

Most commands need no password, most calls that of one line only, and one that a program gives may
take as long as a person needs to type a passphrase.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from siptapi_core.settings import LineSettings
from siptapi_core.sip.credentials import Credentials


class LineCredentials:
    """Call it for the credentials of ``line``; raises SettingsError where they cannot be read.

    What takes time is read once for all who ask meanwhile, and again only where it failed.
    """

    def __init__(self, line: LineSettings) -> None:
        self._line = line
        self._reading: asyncio.Future[Credentials | None] | None = None

    @property
    def is_at_hand(self) -> bool:
        """Whether they are read at once: no file and no program is asked."""
        return self._line.password is None or self._line.password.is_at_hand

    async def __call__(self) -> Credentials | None:
        """The credentials; None where the line has no password."""
        if self.is_at_hand:
            return self._line.credentials()
        if self._reading is None or (self._reading.done() and self._reading.exception()):
            self._reading = self._read()
        return await asyncio.shield(self._reading)  # who hangs up leaves it to the others

    def _read(self) -> asyncio.Future[Credentials | None]:
        """Read in a thread that nobody waits for at the end, as asyncio.run does for its pool."""
        loop = asyncio.get_running_loop()
        reading: asyncio.Future[Credentials | None] = loop.create_future()

        def work() -> None:
            credentials, failure = None, None
            try:
                credentials = self._line.credentials()
            except Exception as error:  # noqa: BLE001  # raised again where it is awaited
                failure = error
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(settle, credentials, failure)

        def settle(credentials: Credentials | None, failure: Exception | None) -> None:
            if failure is None:
                reading.set_result(credentials)
            else:
                reading.set_exception(failure)

        threading.Thread(target=work, name="read a password", daemon=True).start()
        return reading
