"""The browser extension in Chromium: from a number on a page to a phone that rings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect
from webextension_lab import Extended, extended, shoot

pytestmark = pytest.mark.interop

AXE = (files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")
PAGE = """<!doctype html><html lang="en"><title>Imprint</title>
<style>
  body { font: 16px/1.6 sans-serif; max-width: 44rem; margin: 2rem auto; color: #222 }
  table { border-collapse: collapse }
  td, th { border: 1px solid #bbb; padding: .3rem .8rem; text-align: left }
  .bar { display: flex; gap: 2rem; justify-content: space-between; background: #eef }
</style>
<h1>Imprint</h1>
<p id="reception">Reception: Tel. 301, on 23.11.2026 from 08:00 to 17:30.</p>
<table><tr><th>Who<th>Telephone<th>Customer no.
<tr><td>Bruno<td>(01) 505641-12<td>#0123-456
<tr><td>Ms Mobile<td>+43 664 1234567<td>4111 1111 1111 1111</table>
<p class="bar"><span>From abroad</span> Call +1 (212) 555-0123 <span>at $1,234.50</span></p>
<p>Server 192.168.10.12, <code>Tel. 301</code>, <a href="#top">01 505641</a>,
  <a id="tel" href="tel:301">ring Bruno</a></p>
<p contenteditable="true">Write to 0664 1234567</p>
<form><input value="01 505641"><textarea>01 505641</textarea></form>
<iframe src="/frame" title="A frame" height="60"></iframe>
<div id="more"></div>
</html>"""
PAGES = {"/": PAGE, "/frame": "<p>In a frame: 0664 7654321</p>", "/plain": "<p>Nothing here</p>"}


@pytest.fixture(scope="module")
def running(browser: Browser) -> Iterator[Extended]:
    with extended(browser, PAGES) as running:
        yield running


@pytest.fixture
def extension(running: Extended) -> Extended:
    running.begin_again()
    return running


BOXES = """[...document.querySelectorAll("body *:not(siptapi-text, siptapi-number)")].map(
    (each) => [each.tagName, ...Object.values(each.getBoundingClientRect().toJSON())])"""


def links(page: Page) -> list[str]:
    return page.locator("siptapi-number").all_text_contents()


def popup_beside(extension: Extended, page: Page) -> Page:
    """The popup, in a window of its own, of the tab that shows `page`."""
    page.bring_to_front()
    with extension.context.expect_page() as opened:
        extension.worker.evaluate(
            "chrome.windows.create({url: 'popup.html', type: 'popup', width: 400, height: 460})"
        )
    opened.value.set_viewport_size({"width": 352, "height": 420})
    return opened.value


def confirmation(extension: Extended, page: Page, number: str) -> Page:
    with extension.context.expect_page() as opened:
        page.get_by_text(number, exact=True).click()
    opened.value.set_viewport_size({"width": 440, "height": 400})
    return opened.value


# --- numbers on pages --------------------------------------------------------------------------


def test_numbers_become_links_and_the_layout_stays(extension: Extended) -> None:
    page = extension.visit()
    expect(page.locator("siptapi-number")).to_have_count(4)
    assert links(page) == ["301", "(01) 505641-12", "+43 664 1234567", "+1 (212) 555-0123"]
    assert page.frame_locator("iframe").locator("siptapi-number").text_content() == "0664 7654321"
    boxes, text = page.evaluate(BOXES), page.locator("body").inner_text()
    shoot(page, "links")
    popup = popup_beside(extension, page)
    popup.get_by_label("Link numbers on 127.0.0.1").uncheck()
    expect(page.locator("siptapi-number")).to_have_count(0)
    assert page.locator("siptapi-text").count() == 0
    assert page.evaluate(BOXES) == boxes
    assert page.locator("body").inner_text() == text
    page.add_init_script("""addEventListener("DOMContentLoaded", () => new MutationObserver(
        () => { window.changed = true }).observe(document, {childList: true, subtree: true}))""")
    page.reload()
    page.wait_for_timeout(300)
    assert not page.evaluate("window.changed")  # not even for a moment
    popup.get_by_label("Link numbers on 127.0.0.1").check()
    expect(page.locator("siptapi-number")).to_have_count(4)


def test_the_page_of_siptapi_itself_is_left_alone(extension: Extended) -> None:
    page = extension.context.new_page()
    page.goto(f"{extension.demo}/api/v1/health")
    page.evaluate("document.body.innerHTML = '<p>Tel. 301</p>'")
    page.wait_for_timeout(300)
    assert links(page) == []


# --- a click -----------------------------------------------------------------------------------


def test_a_click_makes_the_phone_ring_and_tells_how_it_goes(extension: Extended) -> None:
    page = extension.visit()
    page.get_by_text("301", exact=True).click()
    extension.wait_for_phone("Anna", "ringing")
    extension.until("chrome.action.getTitle({}).then((title) => title.includes('pick it up'))")
    assert extension.worker.evaluate("chrome.action.getBadgeText({})") == "\u2026"
    popup = popup_beside(extension, page)
    expect(popup.get_by_role("status")).to_have_text("Your phone is ringing: pick it up.")
    shoot(popup, "popup-rings")
    extension.act("Anna", "pick_up")
    extension.wait_for_phone("Bruno", "ringing")
    expect(popup.get_by_role("status")).to_have_text("It rings there.")
    extension.act("Bruno", "pick_up")
    expect(popup.get_by_role("status")).to_have_text("Answered. The phones have the call now.")
    expect(popup.get_by_role("button", name="Hang up")).to_be_hidden()
    extension.until("chrome.action.getBadgeText({}).then((text) => text === '')")
    assert extension.told() == []  # who talks need not be told


def test_enter_on_a_link_is_a_click(extension: Extended) -> None:
    page = extension.visit()
    page.locator("siptapi-number").first.focus()
    page.keyboard.press("Enter")
    extension.wait_for_phone("Anna", "ringing")


def test_a_telephone_link_of_the_page_dials_too(extension: Extended) -> None:
    page = extension.visit()
    page.locator("#tel").click()
    extension.wait_for_phone("Anna", "ringing")
    assert [call["number"] for call in extension.calls()] == ["301"]


def test_a_call_that_fails_is_told(extension: Extended) -> None:
    page = extension.visit()
    page.evaluate("document.querySelector('#more').textContent = 'Tel. 302'")
    page.get_by_text("302", exact=True).click()
    extension.wait_for_phone("Anna", "ringing")
    extension.act("Anna", "pick_up")
    extension.until("told.length > 0")
    (told,) = extension.told()
    assert (told["title"], told["message"]) == ("302", "Busy.")
    assert extension.worker.evaluate("chrome.action.getBadgeText({})") == "!"


def test_a_number_that_nobody_can_dial_is_told_in_the_words_of_the_api(
    extension: Extended,
) -> None:
    page = extension.visit()
    page.evaluate("document.querySelector('#more').textContent = 'Tel. 0900 123456'")
    page.get_by_text("0900 123456", exact=True).click()
    extension.until("told.length > 0")
    (told,) = extension.told()
    assert told["title"] == "0900 123456 was not dialled"
    assert "premium" in told["message"]
    assert extension.calls() == []


def test_nothing_that_a_page_does_by_itself_dials(extension: Extended) -> None:
    page = extension.visit()
    page.evaluate("""() => {
        for (const link of document.querySelectorAll("siptapi-number, #tel")) {
            link.addEventListener("click", (event) => event.preventDefault());
            link.click();
            const pointer = { bubbles: true, cancelable: true, composed: true, detail: 1 };
            for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
                link.dispatchEvent(new MouseEvent(type, pointer));
            }
            link.focus();
            link.dispatchEvent(new KeyboardEvent("keydown", { ...pointer, key: "Enter" }));
        }
        // One that it made, or changed, is none of ours.
        const made = document.createElement("siptapi-number");
        made.textContent = "Tel. 0900 123456";
        document.body.prepend(made);
        document.querySelector("#reception siptapi-number").firstChild.data = "311";
    }""")
    page.get_by_text("Tel. 0900 123456", exact=True).click()
    page.get_by_text("311", exact=True).click()
    page.add_style_tag(content="#tel { user-select: none }")
    page.locator("#tel").dblclick()
    extension.wait_for_phone("Anna", "ringing")
    page.wait_for_timeout(200)
    assert extension.placed() == ["301"]  # a person's double click, and one of it


def test_to_select_a_number_is_not_to_click_it(extension: Extended) -> None:
    page = extension.visit()
    box = page.get_by_text("+43 664 1234567").bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 5, steps=3)
    page.mouse.up()
    assert page.evaluate("String(getSelection())").startswith("+43")
    page.get_by_text("(01) 505641-12").click()
    extension.wait_for_phone("Anna", "ringing")
    assert extension.placed() == ["+43150564112"]


def test_no_page_reaches_what_is_the_extensions_own(extension: Extended) -> None:
    page = extension.visit()
    home = extension.worker.url.rpartition("/")[0]
    for name in ("confirm.html?number=301", "options.html", "content/links.js", "icons/32.png"):
        refused = page.evaluate(
            "(url) => fetch(url).then(() => 'came', () => 'refused')", f"{home}/{name}"
        )
        assert refused == "refused"
    assert page.evaluate("typeof chrome.storage + typeof chrome.runtime?.sendMessage") == (
        "undefinedundefined"
    )
    # Nor does the script in the page that is ours read the token.
    session = extension.context.new_cdp_session(page)
    contexts: list[Any] = []
    session.on("Runtime.executionContextCreated", lambda event: contexts.append(event["context"]))
    session.send("Runtime.enable")
    (ours,) = [each for each in contexts if each["name"] == "SIPTAPI: click to dial"][:1]

    def in_ours(expression: str) -> str:
        answer = session.send(
            "Runtime.evaluate",
            {"expression": expression, "contextId": ours["id"], "awaitPromise": True},
        )
        return str(answer["result"].get("value"))

    say = "String).catch((error) => error.message)"
    assert "not allowed" in in_ours(f"chrome.storage.local.get().then({say}")
    for asked in ("settings", "save", "place", "dialNow", "check", "explain"):
        message = f"{{to: '{asked}', number: '301', address: 'http://127.0.0.1'}}"
        assert in_ours(f"chrome.runtime.sendMessage({message}).then(JSON.stringify)") == "None"
    assert extension.calls() == []


# --- asking first ------------------------------------------------------------------------------


@contextmanager
def closing(window: Page) -> Iterator[None]:
    """It closes over what is done in it, maybe before the browser has said that this was done."""
    with window.expect_event("close"):
        try:
            yield
        except Error as error:
            if "has been closed" not in error.message:
                raise


def test_whoever_wants_to_be_asked_is(extension: Extended) -> None:
    extension.set_up(confirm=True)
    page = extension.visit()
    window = confirmation(extension, page, "301")
    expect(window.locator("#number")).to_have_text("301")
    expect(window.get_by_role("status")).to_have_text("Read as 301.")
    dial = window.get_by_role("button", name="Dial")
    expect(dial).to_be_enabled()
    shoot(window, "confirm")
    assert extension.calls() == []
    window.get_by_label("with the phone of").select_option("bruno")
    with closing(window):
        dial.click()
    extension.wait_for_phone("Bruno", "ringing")
    window = confirmation(extension, page, "301")
    expect(window.locator("#number")).to_have_text("301")
    with closing(window):
        window.keyboard.down("Escape")
    assert len(extension.calls()) == 1


def test_the_second_click_of_two_does_not_confirm(extension: Extended) -> None:
    window = extension.open("confirm.html?number=301&why=")
    window.clock.install()
    window.reload()
    expect(window.get_by_role("status")).to_have_text("Read as 301.")
    expect(window.locator("#dial")).to_be_disabled()
    window.clock.run_for(1000)
    expect(window.locator("#dial")).to_be_enabled()


def test_what_the_rules_want_confirmed_is_asked_with_their_words(extension: Extended) -> None:
    page = extension.visit()
    window = confirmation(extension, page, "+1 (212) 555-0123")
    expect(window.get_by_role("alert")).to_contain_text("international")
    expect(window.get_by_role("button", name="Dial")).to_be_enabled()
    shoot(window, "confirm-by-rule")
    assert extension.calls() == []
    with closing(window):
        window.get_by_role("button", name="Dial").click()
    extension.wait_for_phone("Anna", "ringing")


# --- context menu and toolbar button -----------------------------------------------------------


def test_the_selection_is_dialled_from_the_context_menu(extension: Extended) -> None:
    # A native menu cannot be clicked here; this is what the browser tells when it is.
    extension.worker.evaluate("""chrome.contextMenus.onClicked.dispatch(
        {menuItemId: "dial-selection", selectionText: " Tel: 301\\n", editable: false}, {id: 1})""")
    extension.wait_for_phone("Anna", "ringing")


def test_the_popup_dials_and_hangs_up(extension: Extended) -> None:
    popup = popup_beside(extension, extension.visit())
    expect(popup.get_by_label("Number to call")).to_be_focused()
    popup.keyboard.type("no number")
    popup.keyboard.press("Enter")
    expect(popup.get_by_role("alert")).to_contain_text("digit")
    popup.get_by_label("Number to call").fill("301")
    popup.keyboard.press("Enter")
    expect(popup.locator("#problem")).to_be_empty()
    extension.wait_for_phone("Anna", "ringing")
    popup.get_by_role("button", name="Hang up").click()
    extension.wait_for_phone("Anna", "idle")
    expect(popup.get_by_role("status")).to_have_text("Cancelled.")


def test_a_token_that_may_only_dial_is_enough(extension: Extended) -> None:
    extension.set_up(token=extension.tokens["dialler"], confirm=True)
    window = confirmation(extension, extension.visit(), "301")
    window.get_by_role("button", name="Dial").click()
    extension.wait_for_phone("Anna", "ringing")
    popup = extension.open("popup.html")
    expect(popup.get_by_role("status")).to_contain_text("lacks the scope read")


# --- options -----------------------------------------------------------------------------------


def test_it_is_set_up_with_a_token_and_tells_what_is_wrong(extension: Extended) -> None:
    extension.worker.evaluate("chrome.storage.local.clear()")
    page = extension.visit()
    page.get_by_text("301", exact=True).click()  # nobody has set it up
    options = extension.opened("options.html")
    said = options.get_by_role("status")
    address, token = options.get_by_label("Address"), options.get_by_label("Token")

    def save() -> None:
        options.get_by_role("button", name="Save and test").click()

    expect(address).to_have_value("http://127.0.0.1:5088")
    for wrong, words in {
        "nonsense": "Expected an address such as",
        "http://phone.example": "https:// only",
        "http://127.0.0.1:1": "A token is needed",
    }.items():
        address.fill(wrong)
        save()
        expect(said).to_contain_text(words)
    token.fill("siptapi_wrong")
    save()
    expect(said).to_contain_text(
        "does not answer at http://127.0.0.1:1: is \u201csiptapi serve\u201d"
    )
    for where, words in {
        extension.site: "Something else than SIPTAPI answers",
        extension.demo: "No such token is known. \u201csiptapi token add browser\u201d",
    }.items():
        address.fill(where)
        token.fill("siptapi_wrong")
        save()
        expect(said).to_contain_text(words)
    shoot(options, "options-wrong-token")
    token.fill(extension.tokens["reader"])
    save()
    expect(said).to_contain_text("lacks the scope dial")
    token.fill(extension.tokens["dialler"])
    save()
    expect(said).to_contain_text("It works. How a call goes is not shown")
    token.fill(f" {extension.tokens['browser']} ")
    save()
    expect(said).to_have_text("It works. Lines: anna, bruno.")
    expect(token).to_have_value("")
    options.get_by_label("Line").select_option("bruno")
    options.get_by_label("Dial at once").check()
    save()
    expect(said).to_have_text("It works. Lines: anna, bruno.")
    shoot(options, "options")
    options.reload()
    expect(options.get_by_label("Line")).to_have_value("bruno")
    expect(options.get_by_label("Dial at once")).to_be_checked()
    assert extension.tokens["browser"] not in options.content()
    page.get_by_text("301", exact=True).click()
    extension.wait_for_phone("Bruno", "ringing")


def test_where_the_browser_keeps_the_answer_that_is_said(extension: Extended) -> None:
    extension.worker.evaluate("""() => {
        globalThis.real = fetch;
        globalThis.fetch = async (url, options) => {
            if (options.mode !== "no-cors") throw new TypeError("Failed to fetch");
            return new Response();
        };
    }""")
    try:
        options = extension.open("options.html")
        expect(options.get_by_role("status")).to_contain_text("(CORS)")
    finally:
        extension.worker.evaluate("() => { globalThis.fetch = globalThis.real }")


def test_a_token_goes_to_no_other_address_than_its_own(extension: Extended) -> None:
    options = extension.open("options.html")
    expect(options.get_by_role("status")).to_contain_text("It works")
    options.get_by_label("Address").fill(extension.site)
    options.get_by_role("button", name="Save and test").click()
    expect(options.get_by_role("status")).to_contain_text("A token is needed")


def test_a_site_is_switched_on_again_in_the_options(extension: Extended) -> None:
    extension.set_up(off=["127.0.0.1", "example.com"])
    options = extension.open("options.html")
    options.get_by_role("button", name="Link numbers on 127.0.0.1 again").click()
    expect(options.get_by_role("listitem")).to_have_count(1)
    extension.visit()


# --- for everybody -----------------------------------------------------------------------------


@pytest.mark.parametrize(("colours", "rules"), [("light", []), ("dark", ["color-contrast"])])
def test_nothing_in_it_stands_in_the_way_of_anybody(
    extension: Extended, colours: Any, rules: list[str]
) -> None:
    extension.set_up(off=["example.com"])
    extension.worker.evaluate("""chrome.storage.session.set({call: {
        id: "1", number: "301", line: "anna", words: "Nobody answered.",
        started: 0, ended: true, failed: true, held: false}})""")
    for name, width, height in (
        ("options.html", 760, 860),
        ("popup.html", 352, 300),
        ("confirm.html?number=%2B43+1+505641&why=a+rule", 440, 400),
    ):
        page = extension.open(name)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=colours)
        expect(page.get_by_role("button", disabled=True)).to_have_count(0)
        assert violations(page, rules=rules) == []
        shoot(page, f"{re.match('[a-z]+', name)[0]}-{colours}")  # type: ignore[index]


def test_nor_do_the_links(extension: Extended) -> None:
    page = extension.visit()
    page.locator("[contenteditable], form").evaluate_all("(all) => all.forEach((e) => e.remove())")
    assert violations(page, "siptapi-number") == []


def violations(page: Page, within: str = "html", rules: Sequence[str] = ()) -> list[str]:
    """What axe finds, in its words, with the elements."""
    session = page.context.new_cdp_session(page)  # past the content security policy
    session.send("Runtime.evaluate", {"expression": AXE})
    options = {"runOnly": list(rules)} if rules else {}
    found = page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
    return [
        f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}"
        for each in found["violations"]
    ]
