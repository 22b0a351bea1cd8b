"""Calls that come in: shown on the page and outside it, rejected, redirected, or let alone."""

from __future__ import annotations

import pytest
from desk import CALL_ANNA, Desk
from playwright.sync_api import expect

pytestmark = pytest.mark.interop


def test_it_pops_up_and_can_be_rejected(desk: Desk) -> None:
    desk.press("Bruno", CALL_ANNA)
    card = desk.page.locator(".incoming")
    expect(card).to_contain_text("Bruno 301 calls anna.")
    desk.shoot("incoming")
    card.get_by_role("button", name="Reject").click()
    expect(card).to_have_text("It rings no more: rejected.")
    expect(desk.phone("Bruno")).to_contain_text("On the hook")
    expect(desk.history("Bruno").first).to_contain_text("rejected")


def test_it_can_be_redirected_to_a_phone(desk: Desk) -> None:
    desk.press("Bruno", CALL_ANNA)
    desk.page.get_by_role("button", name="Redirect…").click()
    desk.page.get_by_label("Number", exact=True).fill("201")
    desk.page.keyboard.press("Enter")
    expect(desk.phone("Anna")).to_contain_text("Ringing: Bruno")
    desk.press("Anna", "Pick up")
    expect(desk.phone("Bruno")).to_contain_text("Talking with 201")


def test_escape_takes_the_card_away_and_lets_it_ring(desk: Desk) -> None:
    desk.press("Bruno", CALL_ANNA)
    expect(desk.page.locator(".incoming")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".incoming")).to_have_count(0)
    expect(desk.phone("Bruno")).to_contain_text("Calling 200")
    desk.press("Bruno", "Hang up")
    expect(desk.history("Bruno").first).to_contain_text("not answered here")


def test_the_browser_tells_of_it_where_it_may(desk: Desk) -> None:
    told = """
        window.told = [];
        window.Notification = class {
            static permission = "granted";
            constructor(title, options) { window.told.push(`${title}|${options.body}`); }
            close() { window.told.push("closed"); }
        };
        null
    """
    desk.page.evaluate(told)
    desk.press("Bruno", CALL_ANNA)
    expect(desk.page.locator(".incoming")).to_be_visible()
    desk.page.wait_for_function("window.told.length")
    assert desk.page.evaluate("window.told") == ["Bruno calls anna|301"]
    desk.page.locator(".incoming").get_by_role("button", name="Reject").click()
    expect(desk.page.locator(".incoming")).to_have_text("It rings no more: rejected.")
    assert desk.page.evaluate("window.told.at(-1)") == "closed"


def test_permission_is_asked_for_only_on_request(window: Desk) -> None:
    asked = """
        window.asked = 0;
        window.Notification = class {
            static permission = "default";
            static async requestPermission() { window.asked += 1; this.permission = "granted"; }
        };
    """
    with window.another(lambda page: page.add_init_script(asked)) as desk:
        button = desk.page.get_by_role("button", name="Tell of incoming calls")
        expect(button).to_be_visible()
        assert desk.page.evaluate("window.asked") == 0
        button.click()
        expect(button).to_be_hidden()
        assert desk.page.evaluate("window.asked") == 1


def test_the_name_of_a_stranger_is_text(desk: Desk) -> None:
    name = '<img src=x onerror="document.title=1"><b>Bruno</b>'
    event = {
        "id": 2**50,
        "event": "incoming_ringing",
        "call": "stranger",
        "line": "anna",
        "time": 1700000000.0,
        "caller": "<i>30123</i>",
        "called": "200",
        "caller_name": name,
        "diverted_by": "",
        "reported_by": "proxy",
    }
    desk.page.evaluate(
        """async (event) => {
            const { Incoming } = await import("/incoming.js");
            const { CallModel } = await import("/call_model.js");
            const { Numbers } = await import("/numbers.js");
            const api = { get: async () => ({ formatted: event.caller }) };
            const model = new CallModel(event.call, event.line);
            model.take(event);
            new Incoming(api, new Numbers(api), () => {}).take(model);
        }""",
        event,
    )
    expect(desk.page.locator(".incoming strong")).to_have_text(name)
    expect(desk.page.locator(".incoming .number")).to_have_text(event["caller"])
    expect(desk.page.locator(".incoming img")).to_have_count(0)
    assert desk.page.title() == "SIPTAPI"
