"""axe-core finds nothing to complain of, in either colours, in every state of the page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from desk import CALL_ANNA, Desk
from playwright.sync_api import expect

pytestmark = pytest.mark.interop

AXE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(desk: Desk, rules: dict[str, Any]) -> list[str]:
    """What axe finds, in its words, with the elements."""
    desk.page.evaluate(AXE)
    found: dict[str, Any] = desk.page.evaluate("rules => axe.run(document, rules)", rules)
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes']]}"
        for each in found["violations"]
    ]


ALL: dict[str, Any] = {}
CONTRAST: dict[str, Any] = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize(("colours", "rules"), [("light", ALL), ("dark", CONTRAST)])
def test_nothing_stands_in_the_way_of_anybody(
    demo: Desk, colours: Any, rules: dict[str, Any]
) -> None:
    with demo.visited(color_scheme=colours) as desk:
        desk.page.locator("#number").fill("0049 30 1234")
        expect(desk.page.locator("#explanation")).to_contain_text("Germany")
        assert violations(desk, rules) == []
        desk.dial("301")
        desk.press("Anna", "Pick up")
        expect(desk.now).to_contain_text("Rings there")
        desk.rows.first.click()
        assert violations(desk, rules) == []
        desk.press("Bruno", "Reject")
        expect(desk.headline).to_contain_text("rejected")
        desk.press("Bruno", CALL_ANNA)
        expect(desk.page.locator(".incoming")).to_be_visible()
        desk.history("301").first.locator("summary").click()
        assert violations(desk, rules) == []
        desk.page.get_by_role("button", name="Settings and state").click()
        expect(desk.page.get_by_role("dialog")).to_contain_text("registered lines")
        assert violations(desk, rules) == []


def test_nor_of_who_logs_in(demo: Desk) -> None:
    with demo.browser.new_context() as context:
        page = context.new_page()
        page.goto(demo.address)
        expect(page.get_by_label("Token")).to_be_visible()
        login = Desk(demo.browser, demo.address, None)
        login.page = page
        assert violations(login, ALL) == []
