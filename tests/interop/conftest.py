"""The ``lab`` fixture: real parts for one test, and their traces where it fails; and a Windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.laboratory import Lab
from lab.tapi_host import TapiHost, Wine


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path) as made:
        yield made
    print(made.traces())  # pytest shows it where the test failed


@pytest.fixture(scope="module")
def wine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Wine]:
    """With the provider as it is released, or strict, as the module's ``STRICT`` says."""
    made = Wine(tmp_path_factory.mktemp("wine"), strict=request.module.STRICT)
    yield made
    made.close()


@pytest.fixture
def hosts(wine: Wine) -> Iterator[list[TapiHost]]:
    """Those that are ended with the test."""
    started: list[TapiHost] = []
    yield started
    for host in started:
        host.kill()
