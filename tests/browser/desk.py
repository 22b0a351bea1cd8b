"""The page as a person sees it: what to click, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "page"
CALL_ANNA, CALL_BRUNO = ("Call Anna\u2019s line", "Call Bruno\u2019s line")
"""Buttons of each other's phones."""
PATIENCE = 10_000
"""Milliseconds until something must have happened; a busy machine is no defect of ours."""

expect.set_options(timeout=PATIENCE)


class Desk:
    """The demo's page, and its phones."""

    def __init__(self, browser: Browser, address: str, state: Any) -> None:
        self.address = address
        self.browser = browser
        self._state = state
        self.errors: list[str] = []
        self.page: Page

    @classmethod
    def logged_in(cls, browser: Browser, address: str) -> Desk:
        """Open the address, whose token is good for one browser."""
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(address)
            expect(page.locator("#desk")).to_be_visible()
            assert "token" not in page.url  # not for those who look over a shoulder
            return cls(browser, address.partition("#")[0], context.storage_state())

    def another(self) -> Desk:
        """For a window beside this one."""
        return Desk(self.browser, self.address, self._state)

    @contextmanager
    def visited(self, **how: Any) -> Iterator[Desk]:
        """Open the page in a window of its own, with every phone on the hook.

        Nothing moves on it unless that is asked for: drawing frames costs more than all the rest.
        """
        usual = {"viewport": {"width": 1280, "height": 1000}, "reduced_motion": "reduce"}
        options = {"locale": "en-GB"} | usual | how
        with self.browser.new_context(storage_state=self._state, **options) as context:
            context.set_default_timeout(PATIENCE)
            self.page = context.new_page()
            self.page.on("pageerror", lambda error: self.errors.append(str(error)))
            self.page.on("console", self._on_console)
            self.page.goto(self.address)
            self.begin_again()
            yield self
            assert self.errors == []

    def begin_again(self) -> None:
        """As if the page had just been opened for the first time."""
        assert self.errors == []
        self.clear(self.page.context)
        self.page.evaluate("localStorage.clear()")
        self.page.goto("about:blank")
        self.page.goto(self.address)
        expect(self.page.locator("#connection")).to_have_text("live")

    def _on_console(self, message: Any) -> None:
        # That the API refused something is told as an error too, and is none of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def clear(self, context: BrowserContext) -> None:
        """End what an earlier test left behind."""
        api = f"{self.address}api/v1"
        csrf = context.request.get(f"{api}/session").json()["csrf"]
        headers = {"X-CSRF-Token": csrf}
        for call in context.request.get(f"{api}/calls").json()["calls"]:
            context.request.post(f"{api}/calls/{call['call']}/hangup", headers=headers)
        for phone in context.request.get(f"{api}/demo").json()["phones"]:
            act = {"idle": None, "ringing": "reject"}.get(phone["state"], "hang_up")
            if act:
                place = f"{api}/demo/phones/{phone['name']}/{act}"
                context.request.post(place, headers=headers)

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
