"""The lines of a `siptapi serve` whose address and token the registry has."""

from __future__ import annotations

import asyncio
import socket
import time

from siptapi_core.commands import Lines, LineStatus, ListLines
from siptapi_core.control.remote_dialer import open_remote_dialer
from siptapi_core.errors import SiptapiError
from siptapi_frontends.cli.asking import CALLER, execute

_AGAIN = 0.2
"""Seconds until a service that does not answer is asked once more."""


def lines_of_service(address: str, token: str, patience: float) -> tuple[LineStatus, ...]:
    """Ask for the lines, again and again for ``patience`` seconds.

    Raises:
        OSError: it does not answer, or refuses; the words say what it said last.
    """
    end = time.monotonic() + patience
    while True:
        try:
            return asyncio.run(_ask(address, token))
        except (OSError, ValueError, SiptapiError) as error:
            if time.monotonic() >= end:
                raise OSError(f"the service at {address} does not answer: {error}") from None
        time.sleep(_AGAIN)


async def _ask(address: str, token: str) -> tuple[LineStatus, ...]:
    host, _, port = address.rpartition(":")
    connected = socket.create_connection((host, int(port)), timeout=1.0)
    async with open_remote_dialer(connected, CALLER, token=token) as dialer:
        return (await execute(dialer, ListLines(), Lines)).lines
