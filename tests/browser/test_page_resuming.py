"""Nothing that happens is lost on the page, or told twice, whatever comes before what.

The page opens the stream, then reads how things are, and is told after that what came meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from desk import PATIENCE, Desk
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.interop

HEARD = """
    window.heard = [];
    window.EventSource = class extends EventSource {
        constructor(url) { super(url); window.source = this; }
        addEventListener(name, tell) {
            super.addEventListener(name, (event) => { window.heard.push(name); tell(event); });
        }
    };
"""
"""Notes what reaches the page, whether it is shown or not."""
BREAK = "source.close(); source.onerror()"


class Held:
    """Answers that the server has given, and the page has not got so far."""

    def __init__(self, page: Page, path: str) -> None:
        self._page = page
        self._answers: list[tuple[Route, Any]] = []
        page.route(f"**/api/v1/{path}", lambda route: self._answers.append((route, route.fetch())))

    def wait_for(self, number: int) -> None:
        for _ in range(PATIENCE // 20):
            if len(self._answers) >= number:
                return
            self._page.wait_for_timeout(20)
        raise AssertionError(f"{len(self._answers)} answers came, not {number}")

    def release(self) -> None:
        """Hand them over."""
        for route, answer in self._answers:
            route.fulfill(response=answer)
        self._page.unroute_all()


@pytest.fixture
def listening(window: Desk) -> Iterator[Desk]:
    """A window that notes what it hears."""
    with window.another(lambda page: page.add_init_script(HEARD)) as desk:
        yield desk


def hears(desk: Desk, event: str) -> None:
    desk.page.wait_for_function("event => window.heard.includes(event)", arg=event)


def told(desk: Desk) -> list[str]:
    """What is said step by step."""
    return desk.call.locator(".told li").all_text_contents()


def test_a_phone_rings_while_the_page_reads_that_it_does_not(listening: Desk) -> None:
    held = Held(listening.page, "demo")
    listening.page.reload()
    held.wait_for(1)
    listening.ask("POST", "calls", {"number": "301"})
    hears(listening, "phone_ringing")
    hears(listening, "demo_phone")
    held.release()
    listening.press("Anna", "Pick up")
    expect(listening.now).to_contain_text("Rings there")


def test_a_call_goes_on_while_the_page_reads_how_far_it_is(listening: Desk) -> None:
    listening.dial("301")
    listening.press("Anna", "Pick up")
    expect(listening.now).to_contain_text("Rings there")
    held = Held(listening.page, "calls/*")
    listening.page.reload()
    held.wait_for(1)
    listening.handle("Bruno", "pick_up")
    hears(listening, "call_ended")
    held.release()
    expect(listening.headline).to_have_text("Answered. The phones have the call now.")
    expect(listening.call.locator(".step.done")).to_have_count(6)
    call = listening.ask("GET", "history?limit=1")["calls"][0]["call"]
    assert len(told(listening)) == len(listening.ask("GET", f"calls/{call}")["events"])


def test_a_call_is_made_before_the_stream_is_open(listening: Desk) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    listening.page.route("**/api/v1/events*", hold)
    with listening.page.expect_request("**/api/v1/events*"):
        listening.page.reload()
    listening.ask("POST", "calls", {"number": "301"})
    listening.handle("Anna", "pick_up")
    waiting[0].continue_()
    expect(listening.now).to_contain_text("Rings there")
    expect(listening.call.locator(".step.done")).to_have_count(3)


def test_the_stream_breaks_off_while_the_page_reads(listening: Desk) -> None:
    listening.dial("301")
    expect(listening.now).to_contain_text("Your phone rings")
    held = Held(listening.page, "calls/*")
    listening.page.reload()
    held.wait_for(1)
    listening.handle("Anna", "pick_up")
    hears(listening, "callee_ringing")
    listening.page.evaluate(BREAK)
    held.wait_for(2)
    held.release()
    expect(listening.now).to_contain_text("Rings there")
    assert len(told(listening)) == len(set(told(listening))) == 7


def test_events_are_taken_up_again_where_they_broke_off(listening: Desk) -> None:
    page = listening.page
    listening.dial("301")
    expect(listening.now).to_contain_text("Your phone rings")
    page.route("**/api/v1/events*", lambda route: route.abort())
    page.evaluate(BREAK)
    expect(page.locator("#connection")).to_contain_text("connection lost")
    listening.press("Anna", "Reject")
    expect(listening.headline).to_have_text("Your phone is ringing: pick it up.")  # not heard yet
    with page.expect_request(re.compile(r"/api/v1/events\?after=\d+")):
        page.unroute("**/api/v1/events*")
    expect(listening.headline).to_have_text("The call was rejected on your phone.")
    listening.is_live()


def test_who_was_let_go_reads_again_what_became_of_the_calls(listening: Desk) -> None:
    page = listening.page
    listening.dial("301")
    expect(listening.now).to_contain_text("Your phone rings")
    page.route("**/api/v1/events*", lambda route: route.abort())
    page.evaluate("source.dispatchEvent(new MessageEvent('goodbye')); " + BREAK)
    listening.handle("Anna", "reject")
    while listening.ask("GET", "calls")["calls"]:
        page.wait_for_timeout(20)
    with page.expect_request(re.compile(r"/api/v1/events\?$")):
        page.unroute("**/api/v1/events*")
    expect(listening.headline).to_have_text("The call was rejected on your phone.")
