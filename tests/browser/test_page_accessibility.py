"""axe-core finds nothing to complain of, in either colours, in every state of the page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from desk import CALL_ANNA, Desk
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.interop

AXE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
VIOLATIONS = "rules => axe.run(document, {resultTypes: ['violations'], ...rules})"


def violations(page: Page) -> list[str]:
    """What axe finds, in its words, with the elements; in the dark only contrast is another."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(VIOLATIONS, {})["violations"]
    page.emulate_media(color_scheme="dark")
    found += page.evaluate(VIOLATIONS, {"runOnly": ["color-contrast"]})["violations"]
    page.emulate_media(color_scheme="light")
    return [f"{each['id']}: {each['help']}: {elements(each)}" for each in found]


def elements(violation: dict[str, Any]) -> list[str]:
    return [node["html"][:120] for node in violation["nodes"]]


def test_nothing_stands_in_the_way_of_anybody(desk: Desk) -> None:
    desk.page.locator("#number").fill("0049 30 1234")
    expect(desk.page.locator("#explanation")).to_contain_text("Germany")
    assert violations(desk.page) == []
    desk.dial("301")
    desk.press("Anna", "Pick up")
    expect(desk.now).to_contain_text("Rings there")
    desk.rows.first.click()
    assert violations(desk.page) == []
    desk.press("Bruno", "Reject")
    expect(desk.headline).to_contain_text("rejected")
    desk.press("Bruno", CALL_ANNA)
    expect(desk.page.locator(".incoming")).to_be_visible()
    desk.history("301").first.locator("summary").click()
    assert violations(desk.page) == []
    desk.page.get_by_role("button", name="Settings and state").click()
    expect(desk.page.get_by_role("dialog")).to_contain_text("registered lines")
    assert violations(desk.page) == []


def test_nor_of_who_logs_in(browser: Browser, window: Desk) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(window.address)
        expect(page.get_by_label("Token")).to_be_visible()
        assert violations(page) == []
