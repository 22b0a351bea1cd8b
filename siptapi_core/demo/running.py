"""Endpoints of the demo on UDP sockets of their own, on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from siptapi_core.logs import logger
from siptapi_core.machine.endpoint import Endpoint
from siptapi_core.net.driver import Driver
from siptapi_core.net.udp import UdpTransport
from siptapi_core.targets import Address

E = TypeVar("E", bound=Endpoint)

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def running(make: Callable[[Address], E]) -> AsyncIterator[tuple[E, Driver]]:
    """What ``make`` makes for a free port, and what drives it while this lasts.

    Raises:
        NetworkError: no socket could be opened on loopback.
    """
    transport = await UdpTransport.open(
        host=LOOPBACK,
        receive=lambda data, source: driver.drive(endpoint.receive, data, source),
        refused=lambda *_refusal: None,  # a phone that is gone is found out by its silence
        logger=logger("siptapi.demo"),
    )
    try:
        endpoint = make(transport.local_address(Address(LOOPBACK, 1)))
        driver = Driver(endpoint, transport.send)
        try:
            yield endpoint, driver
        finally:
            driver.close()
    finally:
        await transport.close()
