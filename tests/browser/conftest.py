"""The page in a real browser, on the real demo. Screenshots go to ``artifacts/``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from desk import Desk
from playwright.sync_api import Browser, sync_playwright
from served_demo import served_demo


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try the browser last: while it is open an event loop runs, and others start their own."""
    items.sort(key=lambda item: "browser" in item.fixturenames)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it the test is skipped, or fails where interop is required."""
    chromium = shutil.which("chromium")
    if chromium is None:
        message = "chromium is not here: install the Debian package chromium"
        if os.environ.get("SIPTAPI_INTEROP") == "required":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    with sync_playwright() as playwright:
        # As root it has no sandbox; what it visits is our own.
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(browser: Browser) -> Iterator[Desk]:
    """The demo in one window for nearly all tests: another costs more than most of them do."""
    with served_demo(rings=20.0) as address, Desk.opened(browser, address) as desk:
        yield desk


@pytest.fixture
def desk(window: Desk) -> Desk:
    """The same, as if nobody had used it before."""
    window.begin_again()
    return window


@pytest.fixture(scope="session")
def impatient_window(browser: Browser) -> Iterator[Desk]:
    """A demo with phones that ring for a moment only."""
    with served_demo(rings=1.5) as address, Desk.opened(browser, address) as desk:
        yield desk


@pytest.fixture
def impatient_desk(impatient_window: Desk) -> Desk:
    """The same, as if nobody had used it before."""
    impatient_window.begin_again()
    return impatient_window
