"""The page as a person sees it: what to click, and what to look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import APIResponse, Browser, BrowserContext, Locator, Page, expect

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "page"
CALL_ANNA, CALL_BRUNO = ("Call Anna\u2019s line", "Call Bruno\u2019s line")
"""Buttons of each other's phones."""
PATIENCE = 10_000
"""Milliseconds until something must have happened; a busy machine is no defect of ours."""

NO_CONTENT = 204

expect.set_options(timeout=PATIENCE)


class Desk:
    """The demo's page in a window, and the demo's phones."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address.partition("#")[0]
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)

    @classmethod
    @contextmanager
    def opened(cls, browser: Browser, address: str) -> Iterator[Desk]:
        """Open the address, whose token is good for one browser."""
        with browser.new_context(locale="en-GB") as context:
            context.set_default_timeout(PATIENCE)
            desk = cls(context, address)
            desk.page.goto(address)
            desk.is_live()
            assert "token" not in desk.page.url  # not for those who look over a shoulder
            yield desk

    @contextmanager
    def another(self, prepare: Callable[[Page], object]) -> Iterator[Desk]:
        """A window beside this one, where something is otherwise before the page is loaded."""
        context = self.page.context
        desk = Desk(context, self.address)
        prepare(desk.page)
        desk.begin_again()
        yield desk
        assert desk.errors == []
        desk.page.close()

    def begin_again(self, prepare: Callable[[Page], object] = lambda _page: None) -> None:
        """As if the page had just been opened for the first time, with every phone on the hook.

        ``prepare`` is for what shall be otherwise then. Nothing moves unless that is asked for:
        drawing frames costs more than all the rest.
        """
        assert self.errors == []
        self.clear()
        self.page.unroute_all()
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.set_viewport_size({"width": 1280, "height": 1000})
        prepare(self.page)
        if self.page.url.startswith("http"):
            self.page.evaluate("localStorage.clear()")
            self.page.reload()
        else:
            self.page.goto(self.address)
        self.is_live()

    def is_live(self) -> None:
        """The page knows how things are, and is told what happens."""
        expect(self.page.locator("#connection")).to_have_text("live")

    def _on_console(self, message: Any) -> None:
        # That the API refused something is told as an error too, and is none of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the API answers this browser, beside the page."""
        answer = self._ask(method, path, body)
        return answer.json() if answer.ok and answer.status != NO_CONTENT else None

    def handle(self, phone: str, act: str) -> None:
        """Do that on a phone of the demo behind the page's back, as soon as it can be done."""
        for _ in range(PATIENCE // 50):
            if self._ask("POST", f"demo/phones/{phone}/{act}").ok:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{phone}: {act} was never possible")

    def clear(self) -> None:
        """End what an earlier test left behind, and see that it has ended."""
        for _ in range(PATIENCE // 50):
            busy = self.ask("GET", "calls")["calls"]
            for call in busy:
                self.ask("POST", f"calls/{call['call']}/hangup")
            for phone in self.ask("GET", "demo")["phones"]:
                if phone["state"] != "idle":
                    busy.append(phone)
                    act = "reject" if phone["state"] == "ringing" else "hang_up"
                    self.ask("POST", f"demo/phones/{phone['name']}/{act}")
            if not busy:
                return
            time.sleep(0.05)
        raise AssertionError(f"what an earlier test began does not end: {busy}")

    # --- what to do --------------------------------------------------------------------------

    def dial(self, number: str) -> Locator:
        """Dial with the keyboard; the card of the call."""
        field = self.page.locator("#number")
        field.fill(number)
        field.press("Enter")
        expect(self.call).to_be_visible()
        return self.call

    def press(self, name: str, button: str) -> None:
        """Press a button of somebody's phone, once it is there."""
        self.phone(name).get_by_role("button", name=button).click()

    def shoot(self, name: str, *, whole: bool = False) -> None:
        """Keep what is to be seen."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=whole)

    # --- what to look at ---------------------------------------------------------------------

    @property
    def call(self) -> Locator:
        """The card of the latest call."""
        return self.page.locator(".call").first

    @property
    def headline(self) -> Locator:
        """What is said of it."""
        return self.call.locator(".headline")

    @property
    def now(self) -> Locator:
        """The step where it is."""
        return self.call.locator("[aria-current=step]")

    @property
    def rows(self) -> Locator:
        """The messages in its ladder."""
        return self.call.get_by_role("option")

    def phone(self, name: str) -> Locator:
        """A phone of the demo."""
        return self.page.locator(f".phone[aria-label^={name}]")

    def history(self, text: str = "") -> Locator:
        """The calls in the history in which that stands."""
        return self.page.locator("#history > li").filter(has_text=text)

    def _ask(self, method: str, path: str, body: object = None) -> APIResponse:
        request, api = self.page.context.request, f"{self.address}api/v1/"
        headers = {}
        if method != "GET":
            headers["X-CSRF-Token"] = request.get(f"{api}session").json()["csrf"]
        return request.fetch(f"{api}{path}", method=method, headers=headers, data=body)
