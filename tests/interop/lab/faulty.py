"""A plugin in which everything goes wrong that can: for `siptapi --plugin`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from siptapi_core import Offer, hookimpl
from siptapi_core.contracts import Capability
from siptapi_core.events import AttemptHappening, CallEnded, Outcome, PhoneCalling, Stage

LEAKED = 60
"""Tasks a call."""
FOR_EVER = 3600.0


class Attempt:
    """Tells what its ``fault`` leaves of a call."""

    capabilities = frozenset({Capability.HANG_UP})

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.leaks: list[asyncio.Task[None]] = []

    async def events(self) -> AsyncIterator[AttemptHappening]:
        yield PhoneCalling()
        if self.fault == "breaks":
            raise LookupError("no such thing")
        if self.fault == "never":
            await asyncio.sleep(FOR_EVER)
        if self.fault == "leaks":
            KEPT.extend(asyncio.create_task(leak()) for _ in range(LEAKED))
        if self.fault == "blocks":
            time.sleep(FOR_EVER)  # noqa: ASYNC251  # that is the fault
        if self.fault == "ends":
            return
        yield CallEnded(Outcome.FAILED, Stage.PROXY)

    async def hang_up(self) -> None:
        if self.fault == "never":
            await asyncio.sleep(FOR_EVER)
        raise LookupError("nor that")


KEPT: list[asyncio.Task[None]] = []


async def leak() -> None:
    await asyncio.sleep(FOR_EVER)


class Strategy:
    def __init__(self, fault: str) -> None:
        self.fault = fault

    def start(self, _request: object, _network: object) -> Attempt:
        if self.fault == "raises":
            raise LookupError("nothing here")
        return Attempt(self.fault)


class Observer:
    def __init__(self, fault: str) -> None:
        self.fault = fault

    def observe(self, _event: object) -> None:
        if self.fault == "hangs":
            time.sleep(FOR_EVER)
        raise LookupError("not listening")

    def close(self) -> None:
        """It has nothing to close."""


STRATEGIES = ("raises", "breaks", "never", "leaks", "ends", "blocks")


@hookimpl
def siptapi_strategies():
    for fault in STRATEGIES:
        yield Offer(name=fault, summary=fault, create=lambda *_, fault=fault: Strategy(fault))


@hookimpl
def siptapi_observers():
    for fault in ("hangs", "complains"):
        yield Offer(name=fault, summary=fault, create=lambda *_, fault=fault: Observer(fault))
