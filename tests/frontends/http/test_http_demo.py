"""The demo's phones over the API: shown, picked up, and told of to whoever listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from http_lab import Lab, events_of, run, serving

from siptapi_core.dialer.event_bus import Bus
from siptapi_core.errors import RefusedError, UnknownNameError
from siptapi_core.events import PhoneRinging
from siptapi_frontends.http import listener
from siptapi_frontends.http.tokens import Scope

ANNA = {"name": "Anna", "number": "201", "state": "ringing", "caller": "301"}


class Change(NamedTuple):
    name: str
    data: Mapping[str, object]


class Phones:
    """One phone, that only says what is done with it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.bus: Bus[Change] = Bus()

    def phones(self) -> list[Mapping[str, object]]:
        return [ANNA]

    def _act(self, name: str, what: str) -> None:
        if name != "Anna":
            raise UnknownNameError("phone", name, known=("Anna",))
        if what in self.done:
            raise RefusedError(f"Anna's phone cannot {what} just now")
        self.done.append(what)

    def pick_up(self, name: str) -> None:
        self._act(name, "pick_up")

    def reject(self, name: str) -> None:
        self._act(name, "reject")

    def hang_up(self, name: str) -> None:
        self._act(name, "hang_up")

    def call(self, name: str) -> None:
        self._act(name, "call")

    def changes(self) -> AsyncIterator[Change]:
        return self.bus.subscribe()


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[tuple[Lab, Phones]]:
    phones = Phones()
    async with serving(folder, demo=phones) as lab:
        yield lab, phones


@pytest.mark.parametrize("act", ["pick_up", "reject", "hang_up", "call"])
def test_a_phone_is_used_by_who_may_dial(act: str, tmp_path: Path) -> None:
    async def main():
        async with demo(tmp_path) as (lab, phones), lab.client(lab.token()) as client:
            place = f"/api/v1/demo/phones/Anna/{act}"
            assert (await client.get("/api/v1/demo")).json() == {"phones": [ANNA]}
            assert (await client.post(place)).status_code == 204
            assert phones.done == [act]
            again = await client.post(place)
            assert (again.status_code, again.json()["code"]) == (409, "refused")
            unknown = await client.post(f"/api/v1/demo/phones/Eve/{act}")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown-name")
            nobody_can = await client.post("/api/v1/demo/phones/Anna/sing")
            assert nobody_can.status_code == 404
            assert "there is pick_up, reject, hang_up, call" in nobody_can.json()["detail"]
            async with lab.client(lab.token("reader", Scope.READ)) as reader:
                assert (await reader.post(place)).status_code == 403
                assert (await reader.get("/api/v1/demo")).status_code == 200
            assert phones.done == [act]

    run(main())


def test_what_phones_do_is_told_without_an_id(tmp_path: Path) -> None:
    async def main():
        async with (
            demo(tmp_path) as (lab, phones),
            lab.client(lab.token()) as client,
            client.stream("GET", "/api/v1/events") as response,
        ):
            events = events_of(response)
            await anext(events)  # the beginning
            phones.bus.publish(Change("demo_phone", ANNA))
            told = await anext(events)
            assert (told["event"], json.loads(told["data"])) == ("demo_phone", ANNA)
            assert "id" not in told
            lab.dialer.tells.tell_of_call("c1", "office", PhoneRinging())
            assert (await anext(events))["id"] == "1"

    run(main())


def test_who_does_not_read_what_phones_do_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "MOST_WAITING", 100_000)

    async def main():
        async with (
            demo(tmp_path) as (lab, phones),
            lab.client(lab.token()) as client,
            client.stream("GET", "/api/v1/events") as response,
        ):
            events = events_of(response)
            await anext(events)
            for _ in range(400):
                phones.bus.publish(Change("demo_message", {"text": "x" * 20_000}))
                await asyncio.sleep(0)
            while (told := await anext(events))["event"] != "goodbye":
                pass
            assert "reads too slowly" in told["data"]

    run(main())
