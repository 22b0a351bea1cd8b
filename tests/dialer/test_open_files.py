from __future__ import annotations

import pytest

from siptapi_core.dialer import open_files
from siptapi_core.dialer.open_files import ENOUGH, allow_open_files

resource = pytest.importorskip("resource")
UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ((1024, 524_288), (ENOUGH, 524_288), ENOUGH),
        ((256, UNLIMITED), (ENOUGH, UNLIMITED), ENOUGH),
        ((1024, 4096), (4096, 4096), 4096),
        ((1024, 1024), (1024, 1024), 1024),
        ((20_000, 20_000), (20_000, 20_000), 20_000),
        ((UNLIMITED, UNLIMITED), (UNLIMITED, UNLIMITED), ENOUGH),
    ],
)
def test_as_many_as_we_may_have(
    before: tuple[int, int],
    after: tuple[int, int],
    allowed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = before

    def set_limits(_kind: int, new: tuple[int, int]) -> None:
        nonlocal limits
        limits = new

    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _kind: limits)
    monkeypatch.setattr(open_files.resource, "setrlimit", set_limits)
    assert allow_open_files() == allowed
    assert limits == after


def test_where_the_system_will_not_it_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_kind: int, _new: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _kind: (256, UNLIMITED))
    monkeypatch.setattr(open_files.resource, "setrlimit", refuse)
    assert allow_open_files() == 256


def test_where_nobody_may_ask_they_are_as_many_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_kind: int) -> None:
        raise PermissionError

    monkeypatch.setattr(open_files.resource, "getrlimit", refuse)
    assert allow_open_files() == 1024
