"""Chromium with the extension, a site of somebody's, and the demo's daemon and phones."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from playwright.sync_api import Browser, BrowserContext, Page, Worker, expect
from served_demo import served_demo

from siptapi_frontends.cli import serve_demo
from siptapi_frontends.http.tokens import Scope, TokenFile

EXTENSION = Path(__file__).parents[2] / "frontends" / "webextension"
ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "webextension"
PATIENCE = 10_000
"""Milliseconds until something must have happened; a busy machine is no defect of ours."""
SCOPES = {
    "browser": frozenset({Scope.READ, Scope.DIAL}),
    "dialler": frozenset({Scope.DIAL}),
    "reader": frozenset({Scope.READ}),
}


@contextmanager
def demo_with_tokens() -> Iterator[tuple[str, Mapping[str, str]]]:
    """The demo's address, and a token for each of `SCOPES`."""
    tokens: dict[str, str] = {}
    add_one_login = serve_demo._add_token

    def add(folder: Path) -> str:
        file = TokenFile(folder / "tokens.json")
        for name, scopes in SCOPES.items():
            tokens[name] = file.add(name, scopes=scopes, lines=None, created=time.time())
        return add_one_login(folder)

    with patch.object(serve_demo, "_add_token", add), served_demo(rings=20.0) as address:
        yield address.partition("/#")[0], tokens


@contextmanager
def site(pages: Mapping[str, str]) -> Iterator[str]:
    """A web site on loopback with these pages, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path in pages
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages.get(self.path, "").encode())

        def log_message(self, *arguments: Any) -> None:
            """Nobody wants to read it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Extended:
    """A browser with the extension, its service worker, and the phones of the demo."""

    def __init__(
        self, context: BrowserContext, site: str, demo: str, tokens: Mapping[str, str]
    ) -> None:
        self.context = context
        self.site = site
        self.demo = demo
        self.tokens = tokens
        workers = context.service_workers
        self.worker: Worker = workers[0] if workers else context.wait_for_event("serviceworker")
        self._last = context.new_page()  # without any a browser ends
        self._home = self.worker.url.rpartition("/")[0]

    # --- the extension's own pages -----------------------------------------------------------

    def open(self, name: str) -> Page:
        """One of its pages, in a tab."""
        page = self.context.new_page()
        page.goto(f"{self._home}/{name}")
        return page

    def opened(self, name: str) -> Page:
        """The page of its own that it has opened, maybe in a tab that was empty."""
        end = time.monotonic() + PATIENCE / 1000
        while True:
            for page in self.context.pages:
                if page.url == f"{self._home}/{name}":
                    return page
            assert time.monotonic() < end, [page.url for page in self.context.pages]
            self._last.wait_for_timeout(50)

    def set_up(self, **other: Any) -> None:
        """As somebody has set it up who dials at once, besides ``other``."""
        usual = {"address": self.demo, "token": self.tokens["browser"], "line": "anna"}
        self.worker.evaluate(
            """async (settings) => {
                await chrome.storage.local.clear();
                await chrome.storage.session.clear();
                await chrome.storage.local.set(settings);
            }""",
            usual | {"confirm": False, "off": []} | other,
        )

    def told(self) -> list[dict[str, str]]:
        """The notifications since the last time that somebody looked."""
        told: list[dict[str, str]] = self.worker.evaluate("globalThis.told.splice(0)")
        return told

    def until(self, expression: str) -> None:
        """Wait until that is so in the service worker."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.worker.evaluate(expression):
            assert time.monotonic() < end, f"it never came: {expression}"
            time.sleep(0.05)

    # --- other pages -------------------------------------------------------------------------

    def visit(self, path: str = "/") -> Page:
        """A page of the site, its numbers being links."""
        page = self.context.new_page()
        page.goto(self.site + path)
        expect(page.locator("siptapi-number").first).to_be_visible()
        return page

    # --- the phones --------------------------------------------------------------------------

    def _api(self, method: str, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens['browser']}"}
        answer = self.context.request.fetch(
            f"{self.demo}/api/v1/{path}", method=method, headers=headers
        )
        return answer.json() if answer.body() else None

    def phones(self) -> dict[str, str]:
        """The state of each phone."""
        return {each["name"]: each["state"] for each in self._api("GET", "demo")["phones"]}

    def wait_for_phone(self, name: str, state: str) -> None:
        """Wait until that phone is so."""
        end = time.monotonic() + PATIENCE / 1000
        while self.phones()[name] != state:
            assert time.monotonic() < end, self.phones()
            time.sleep(0.05)

    def act(self, name: str, act: str) -> None:
        """Do that with a phone."""
        self._api("POST", f"demo/phones/{name}/{act}")

    def calls(self) -> list[dict[str, Any]]:
        """Those in progress."""
        calls: list[dict[str, Any]] = self._api("GET", "calls")["calls"]
        return calls

    def placed(self) -> list[str]:
        """The numbers of all calls of this test, the latest first."""
        since = f"history?since={self._began}"
        return [call["number"] for call in self._api("GET", since)["calls"]]

    def begin_again(self) -> None:
        """End what an earlier test left behind."""
        for call in self.calls():
            self._api("POST", f"calls/{call['call']}/hangup")
        for name, state in self.phones().items():
            if state != "idle":
                self.act(name, "reject" if state == "ringing" else "hang_up")
        self.set_up()
        self.worker.evaluate("""() => {
            globalThis.told = [];
            chrome.notifications.create = async (id, what) => told.push(what);
        }""")
        for page in self.context.pages:
            if page != self._last:
                page.close()
        self._last.goto("about:blank")
        self._began = time.time()


@contextmanager
def extended(browser: Browser, pages: Mapping[str, str]) -> Iterator[Extended]:
    """All of it: a Chromium of its own, because extensions need a profile on disk."""
    flags = [
        "--headless=new",  # the old one knows no extensions
        "--no-sandbox",
        "--disable-gpu",
        f"--disable-extensions-except={EXTENSION}",
        f"--load-extension={EXTENSION}",
    ]
    with (
        demo_with_tokens() as (demo, tokens),
        site(pages) as address,
        TemporaryDirectory(prefix="siptapi-browser-", ignore_cleanup_errors=True) as profile,
    ):
        context = browser.browser_type.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            headless=False,
            args=flags,
            locale="en-GB",
            reduced_motion="reduce",
            viewport={"width": 1000, "height": 760},
        )
        context.set_default_timeout(PATIENCE)
        try:
            yield Extended(context, address, demo, tokens)
        finally:
            context.close()


def shoot(page: Page, name: str) -> None:
    """Keep what is to be seen."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
