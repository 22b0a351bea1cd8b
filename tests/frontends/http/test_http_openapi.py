"""What the API says of itself, held against what it does."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
import schemathesis
from attrs import evolve
from http_lab import run, serving, serving_demo
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from siptapi_core.demo import Ending
from siptapi_frontends.http import access
from siptapi_frontends.http.api import Api
from siptapi_frontends.http.openapi import describe
from siptapi_frontends.http.settings import HttpSettings

PATIENT = evolve(HttpSettings(), requests_per_minute=10**6, calls_per_minute=10**6)
EXAMPLES = 30
"""Of each operation: enough to find what is wrong, few enough for every day."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
    ignored_auth,
]
DESCRIPTION = describe()

api = schemathesis.openapi.from_dict(DESCRIPTION)


@contextmanager
def in_a_thread(folder: Path) -> Iterator[tuple[str, str]]:
    """The front end for simulated phones, in an event loop of its own; its address, and a token."""
    started: list[tuple[str, str]] = []
    is_up, loop, stop = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        try:
            async with serving_demo(folder, Ending.PHONE_BUSY, PATIENT) as lab:
                started.append((lab.address, lab.token()))
                is_up.set()
                await stop.wait()
        finally:
            is_up.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    is_up.wait(20)
    try:
        yield started[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "FAILURES_PER_MINUTE", 10**6)
        with in_a_thread(tmp_path_factory.mktemp("openapi")) as found:
            yield found


@api.exclude(path="/events").parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_asked_is_answered_as_described(case, served):
    address, token = served
    shown = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=f"{address}/api/v1", headers=shown, checks=CHECKS)


def test_every_route_is_described_and_everything_described_is_there():
    api = Api.__new__(Api)
    routes = {
        (route.path, method)
        for route in api.routes()
        for method in route.methods or ()
        if method != "HEAD" and not route.path.startswith(("/openapi", "/docs"))
    }
    described = {
        (path, method.upper())
        for path, methods in DESCRIPTION["paths"].items()
        for method in methods
    }
    assert routes == described


def references(part):
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_schema_is_used_and_there():
    named = set(references(DESCRIPTION))
    assert all(name.startswith("#/components/") for name in named)
    for kind in ("schemas", "responses"):
        used = {name.rsplit("/", 1)[1] for name in named if f"/{kind}/" in name}
        assert used == set(DESCRIPTION["components"][kind])


def test_operations_have_names_of_their_own():
    operations = [each for path in DESCRIPTION["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(each["summary"] for each in operations)


def test_an_event_of_the_description_is_one_that_is_sent():
    event = DESCRIPTION["components"]["schemas"]["CallEnded"]
    assert event["properties"]["event"] == {"const": "call_ended"}
    assert set(event["required"]) == {
        "id",
        "call",
        "line",
        "time",
        "event",
        "outcome",
        "stage",
        "reported_by",
    }
    fallen_back = DESCRIPTION["components"]["schemas"]["StrategyFellBack"]
    assert "from" in fallen_back["properties"]


class Links(HTMLParser):
    """What a page refers to, and the anchors that it has; every tag must be closed."""

    EMPTY = frozenset({"meta", "link", "br"})

    def __init__(self):
        super().__init__()
        self.links, self.anchors, self.open = [], set(), []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors.add(values.get("id"))
        self.links += [values[name] for name in ("href", "src") if name in values]
        assert tag not in {"script", "style"}
        assert "style" not in values
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_shows_all_of_it_and_needs_nobody_else(tmp_path: Path):
    async def main():
        async with serving(tmp_path) as lab, lab.client() as client:
            document = (await client.get("/api/v1/openapi.json")).json()
            assert document == json.loads(json.dumps(DESCRIPTION))
            page = (await client.get("/api/v1/docs")).text
            assert (
                (await client.get("/api/v1/docs.css"))
                .headers["content-type"]
                .startswith("text/css")
            )
        found = Links()
        found.feed(page)
        assert found.open == []
        for link in found.links:
            assert link in {"docs.css", "openapi.json"} or link.removeprefix("#") in found.anchors
        for path in DESCRIPTION["paths"]:
            assert f"/api/v1{path}</code>" in page
        assert "``" not in re.sub(r"<[^>]+>", "", page)

    run(main())
