"""What surrounds a call: the dial field, the history, the lines, logging in, looks, keys."""

from __future__ import annotations

import re

import pytest
from desk import Desk
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.interop


def begin_and_reject(desk: Desk, number: str) -> None:
    """A call that is over at once, for the history."""
    desk.dial(number)
    desk.press("Anna", "Reject")
    expect(desk.headline).to_contain_text("rejected")


# --- dial ------------------------------------------------------------------------------------


def test_a_number_is_explained_while_it_is_typed(desk: Desk) -> None:
    desk.page.locator("#number").press_sequentially("01/505641")
    explanation = desk.page.locator("#explanation")
    expect(explanation).to_contain_text("+43 1 505641")
    expect(explanation).to_contain_text("national number · Austria")
    expect(explanation).to_contain_text("Dialled as sip:+431505641@demo.invalid")
    desk.page.locator("#number").fill("nonsense!")
    expect(explanation).to_contain_text("nonsense!")  # the API's own words
    desk.page.keyboard.press("Escape")
    expect(explanation).to_be_empty()


def test_a_number_that_wants_a_yes_is_asked_about(desk: Desk) -> None:
    number = desk.page.locator("#number")
    number.fill("0049 30 1234")
    expect(desk.page.locator("#explanation")).to_contain_text("You are asked before")
    desk.shoot("number-to-confirm")
    number.press("Enter")
    dialog = desk.page.get_by_role("dialog", name="Call +49 30 1234?")
    expect(dialog).to_contain_text("confirm international")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(desk.page.locator(".call")).to_have_count(0)
    number.press("Enter")
    desk.page.get_by_role("button", name="Call", exact=True).click()
    expect(desk.call.get_by_role("heading")).to_have_text("+49 30 1234")
    desk.press("Anna", "Reject")


def test_before_it_is_explained_the_api_says_that_it_wants_a_yes(desk: Desk) -> None:
    desk.page.locator("#number").fill("0049 30 1234")
    desk.page.locator("#number").press("Enter")  # at once
    dialog = desk.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Call", exact=True).click()
    expect(desk.call.get_by_role("heading")).to_have_text("+49 30 1234")
    desk.press("Anna", "Reject")


def test_a_call_whose_answer_is_lost_is_made_once(desk: Desk) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    desk.page.route("**/api/v1/calls", lose, times=1)
    desk.dial("301")
    desk.press("Anna", "Pick up")
    expect(desk.now).to_contain_text("Rings there")
    expect(desk.page.locator(".call")).to_have_count(1)
    expect(desk.page.locator("#number")).to_have_value("")
    assert len(desk.ask("GET", "calls")["calls"]) == 1


def test_dialling_again_leaves_alone_what_is_being_typed(desk: Desk) -> None:
    begin_and_reject(desk, "302")
    desk.page.locator("#number").fill("30")
    desk.call.get_by_role("button", name="Dial again").click()
    expect(desk.phone("Anna")).to_contain_text("Ringing: 302")
    expect(desk.page.locator("#number")).to_have_value("30")


def test_a_denied_number_is_not_dialled(desk: Desk) -> None:
    desk.page.locator("#number").fill("0900 123456")
    expect(desk.page.locator("#explanation")).to_contain_text("Not dialled on this line")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator(".toast")).to_contain_text("premium")
    expect(desk.page.locator(".call")).to_have_count(0)


@pytest.mark.parametrize("link", ["tel%3A%2B43-1-505641", "tel:+43-1-505641"])
def test_a_link_fills_the_field_and_waits(desk: Desk, link: str) -> None:
    desk.page.goto("about:blank")
    desk.page.goto(f"{desk.address}#dial={link}")
    expect(desk.page.locator("#number")).to_have_value("tel:+43-1-505641")
    expect(desk.page.locator("#explanation")).to_contain_text("+43 1 505641")
    desk.is_live()
    expect(desk.page.locator(".call")).to_have_count(0)


# --- history, lines, settings ----------------------------------------------------------------


def test_the_history_is_searched_filtered_and_redialled(desk: Desk) -> None:
    begin_and_reject(desk, "399")
    begin_and_reject(desk, "302")
    expect(desk.history("302").first).to_contain_text("rejected")
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("s")  # the shortcut does not reach a field: the dial field has focus
    desk.page.locator("#number").fill("")
    desk.page.locator("h1").click()
    desk.page.keyboard.press("s")
    expect(desk.page.locator("#search")).to_be_focused()
    desk.page.keyboard.type("399")
    expect(desk.history("302")).to_have_count(0)
    expect(desk.history("399").first).to_be_visible()
    desk.page.locator("#direction").select_option("incoming")
    expect(desk.page.locator("#history-words")).to_have_text("No call is found.")
    desk.page.locator("#direction").select_option("outgoing")
    desk.page.locator("#period").select_option("1")
    desk.page.locator("#history-line").select_option("anna")
    row = desk.history("399").first
    expect(row).to_be_visible()
    desk.shoot("history-search", whole=True)
    row.get_by_role("button", name="Dial 399 again").click()
    expect(desk.phone("Anna")).to_contain_text("Ringing: 399")


COPIED = """
    element => {
        getSelection().selectAllChildren(element);
        const data = { clipboardData: new DataTransfer(), bubbles: true, cancelable: true };
        const event = new ClipboardEvent("copy", data);
        element.dispatchEvent(event);
        return event.clipboardData.getData("text/plain");
    }
"""


def test_a_number_is_shown_as_people_read_it_and_dialled_and_copied_as_it_was_told(
    desk: Desk,
) -> None:
    begin_and_reject(desk, "01/505641")
    heading = desk.call.get_by_role("heading")
    expect(heading).to_have_text("+43 1 505641")
    assert heading.evaluate(COPIED) == "+431505641"
    row = desk.history("+43 1 505641").first
    row.locator("summary").click()
    expect(row.locator(".told")).to_contain_text("The call was rejected on your phone.")
    with desk.page.expect_request("**/api/v1/calls") as request:
        row.get_by_role("button", name="Dial +431505641 again").click()
    assert request.value.post_data_json["number"] == "+431505641"
    desk.press("Anna", "Pick up")
    expect(desk.headline).to_contain_text("reached under this number")
    asked = "Picked up. Asking your phone to call +43 1 505641."
    expect(desk.call.locator(".told")).to_contain_text(asked)


def test_who_reads_the_history_is_not_disturbed_by_new_calls(desk: Desk) -> None:
    begin_and_reject(desk, "399")
    row = desk.history("399").first
    expect(row).to_contain_text("rejected")
    row.locator("summary").click()
    expect(row.locator(".told li").last).to_have_text(re.compile("rejected on your phone"))
    button = row.get_by_role("button", name="Dial 399 again")
    button.focus()
    told = row.locator(".told").element_handle()
    desk.ask("POST", "calls", {"number": "302"})
    expect(desk.history().first).to_contain_text("302")
    expect(button).to_be_focused()
    assert told.is_visible()  # the very same


def test_a_long_history_comes_page_by_page(window: Desk) -> None:
    record = {
        "line": "anna", "direction": "outgoing", "name": "", "strategy": "", "answered": None,
        "ended": 1.0, "outcome": "busy", "stage": "callee", "status": 486, "reason": "",
        "duration": None, "unfinished": False, "events": [],
    }  # fmt: skip

    def answer(route, request) -> None:
        first = "before=" not in request.url
        numbers = range(20) if first else range(20, 25)
        calls = [
            record | {"call": f"c{n}", "number": f"+43 1 {n:04}", "started": 1.7e9 - n}
            for n in numbers
        ]
        route.fulfill(json={"calls": calls, "next_page": "20" if first else None})

    window.begin_again(lambda page: page.route("**/api/v1/history*", answer))
    expect(window.history()).to_have_count(20)
    window.page.get_by_role("button", name="Show earlier calls").click()
    expect(window.history()).to_have_count(25)
    expect(window.page.locator("#more")).to_be_hidden()


def test_lines_say_how_they_are(desk: Desk) -> None:
    lines = desk.page.locator("#lines > li")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("registered")
    expect(lines.first).to_contain_text("200@demo.invalid calls 201@demo.invalid")


def test_a_line_that_cannot_register_says_why(window: Desk) -> None:
    line = {
        "name": "office", "account": "sip:1@pbx.example", "phone": "sip:2@pbx.example",
        "strategies": ["refer-via-proxy"], "active": True, "registration": "failed",
        "problem": "403 Forbidden: the registrar refused the password",
    }  # fmt: skip

    def prepare(page: Page) -> None:
        page.route("**/api/v1/lines", lambda route: route.fulfill(json={"lines": [line]}))

    window.begin_again(prepare)
    expect(window.page.locator("#lines")).to_contain_text("registration failed")
    expect(window.page.locator("#lines .notice")).to_have_text(line["problem"])


def test_among_many_lines_those_with_a_problem_come_first_and_others_are_searched(
    window: Desk,
) -> None:
    all_ = [
        {
            "name": f"desk-{n:03}", "account": f"sip:{1000 + n}@pbx.example",
            "phone": f"sip:{3000 + n}@pbx.example", "strategies": ["refer-via-proxy"],
            "active": True, "registration": "registered", "watching": False, "problem": "",
        }
        for n in range(1000)
    ]  # fmt: skip
    all_[417] |= {"registration": "failed", "problem": "403 Forbidden"}

    def prepare(page: Page) -> None:
        page.route("**/api/v1/lines", lambda route: route.fulfill(json={"lines": all_}))
        page.route("**/api/v1/demo", lambda route: route.fulfill(status=404, json={}))

    window.begin_again(prepare)
    rows, words = window.page.locator("#lines > li"), window.page.locator("#lines-words")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("desk-417")
    problem = "1000 lines, 999 registered, 1 with a problem, the first 50 are shown"
    expect(words).to_have_text(problem)
    window.shoot("many-lines")
    window.page.get_by_label("Search in lines").fill("3123@")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("desk-123")
    expect(words).to_have_text("1 of 1000 lines")


def test_the_browser_is_asked_to_open_links_with_the_page(desk: Desk) -> None:
    desk.page.evaluate("navigator.registerProtocolHandler = (...given) => (window.given = given)")
    desk.page.get_by_role("button", name="Settings and state").click()
    for scheme in ("tel", "sip"):
        desk.page.get_by_role("button", name=f"Take {scheme}: links").click()
        assert desk.page.evaluate("window.given") == [scheme, f"{desk.address}#dial=%s"]


def test_settings_and_state_are_shown_without_secrets(desk: Desk) -> None:
    desk.page.get_by_role("button", name="Settings and state").click()
    dialog = desk.page.get_by_role("dialog", name="Settings and state")
    expect(dialog).to_contain_text("registered lines")
    expect(dialog).to_contain_text("refer_via_proxy")
    desk.shoot("settings")
    password = dialog.locator("dt", has_text="anna.password")
    expect(password.locator("+ dd")).not_to_have_text(re.compile(r"[\w-]{16}"))


# --- who may -----------------------------------------------------------------------------------


def test_without_a_session_a_token_is_asked_for(browser: Browser, window: Desk) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(window.address)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        page.get_by_label("Token").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#login-problem")).to_contain_text("no such token is known")
        expect(page.locator("#desk")).to_be_hidden()


# --- looks and keys ----------------------------------------------------------------------------


def ground(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_dark_as_the_system_has_it_or_as_it_is_chosen(window: Desk) -> None:
    window.begin_again(lambda page: page.emulate_media(color_scheme="dark"))
    dark = ground(window.page)
    window.dial("301")
    expect(window.phone("Anna")).to_contain_text("Ringing")
    expect(window.rows).to_have_count(7)
    expect(window.history("301").first).to_be_visible()
    window.shoot("dark", whole=True)
    window.page.get_by_role("button", name="Use light colours").click()
    light = ground(window.page)
    assert light != dark
    window.page.reload()
    expect(window.page.get_by_role("button", name="Use dark colours")).to_be_visible()
    assert ground(window.page) == light


def test_it_fits_a_phone(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 360, "height": 740})
    desk.dial("301")
    desk.press("Anna", "Pick up")
    expect(desk.now).to_contain_text("Rings there")
    desk.shoot("narrow", whole=True)
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 360
    desk.press("Bruno", "Pick up")
    expect(desk.headline).to_contain_text("Answered")


def test_everything_is_done_by_keyboard_alone(desk: Desk) -> None:
    keys = desk.page.keyboard
    expect(desk.page.locator("#number")).to_be_focused()
    keys.press("Escape")
    desk.page.locator("#number").blur()
    keys.press("?")
    shortcuts = desk.page.get_by_role("dialog", name="Keyboard")
    expect(shortcuts).to_contain_text("hang up")
    desk.shoot("shortcuts")
    keys.press("Escape")
    expect(shortcuts).to_be_hidden()
    desk.page.locator("#shortcuts").blur()
    keys.press("/")
    keys.type("301")
    keys.press("Enter")
    expect(desk.now).to_contain_text("Your phone rings")
    focus_on = "document.activeElement.getAttribute('aria-label') || ''"
    pick_up = "Pick up, Anna\u2019s phone"
    expect(desk.page.get_by_role("button", name=pick_up)).to_be_visible()
    for _ in range(120):  # the history is on the way
        if desk.page.evaluate(focus_on) == pick_up:
            break
        keys.press("Tab")
    assert desk.page.evaluate(focus_on) == pick_up
    keys.press("Enter")
    expect(desk.now).to_contain_text("Rings there")
    assert desk.page.evaluate(focus_on) == "Hang up, Anna\u2019s phone"  # who stood there stays
    keys.press("h")
    expect(desk.headline).to_contain_text("may or may not have gone through")
    keys.press("Escape")
    expect(desk.page.locator(".call")).to_have_count(0)


def test_with_reduced_motion_nothing_moves(desk: Desk) -> None:
    desk.dial("301")
    expect(desk.page.locator(".last")).to_contain_text("180 Ringing")
    expect(desk.page.locator(".token")).to_have_count(0)
    handset = desk.phone("Anna").locator(".handset")
    expect(handset).to_have_css("animation-name", "none")
