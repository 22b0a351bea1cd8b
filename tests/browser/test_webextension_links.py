"""What becomes of a page whose numbers are links, whatever its own scripts do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.interop

CONTENT = Path(__file__).parents[2] / "frontends" / "webextension" / "content"


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        for name in ("find_numbers.js", "links.js"):
            tab.add_script_tag(path=CONTENT / name)
        tab.add_style_tag(path=CONTENT / "links.css")
        tab.evaluate("window.numbers = new NumberLinks(() => {})")
        yield tab


@pytest.fixture
def page(tab: Page) -> Page:
    tab.evaluate("""() => {
        numbers.switchOff();
        document.body.replaceChildren();
        window.found = 0;
        window.numbers = new NumberLinks(() => { found += 1 });
    }""")
    return tab


def linked(page: Page, html: str) -> str:
    """The page's body when its numbers have become links."""
    page.evaluate("(html) => { document.body.innerHTML = html; numbers.switchOn() }", html)
    settle(page)
    return body(page)


def settle(page: Page) -> None:
    """Wait until nothing is waiting to be looked through."""
    page.evaluate(
        """async () => {
            for (let i = 0; i < 3; i += 1) await new Promise((done) => requestIdleCallback(done));
        }"""
    )


def body(page: Page) -> str:
    """The page's body; what is ours is written short."""
    return page.evaluate(r"""() => document.body.innerHTML
        .replace(/<siptapi-number[^>]*>/g, "[").replaceAll("</siptapi-number>", "]")
        .replaceAll("<siptapi-text>", "{").replaceAll("</siptapi-text>", "}")""")


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>Tel. 301!</p>", "<p>Tel. {[301]!}</p>"),
        ("<p>01 505641, that is it</p>", "<p>{[01 505641]}, that is it</p>"),
        ("<td>01 505641</td>", "{[01 505641]}"),
        ("01 505641", "{[01 505641]}"),
        ("<p>a 01 505641 b 01 505642 c</p>", "<p>a {[01 505641] b [01 505642] c}</p>"),
        ("<b>Tel:</b> <i>505641</i>", "<b>Tel:</b> <i>{[505641]}</i>"),
        ('<p style="display:flex">Tel. 301!</p>', '<p style="display:flex">{Tel. [301]!}</p>'),
        ("<pre>Tel. 301</pre>", "<pre>Tel. {[301]}</pre>"),
    ],
)
def test_the_number_is_the_link_and_nothing_else(page: Page, html: str, shown: str) -> None:
    assert linked(page, html) == shown
    page.evaluate("numbers.switchOff()")
    assert body(page) == html.replace("<td>", "").replace("</td>", "")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="#">01 505641</a>',
        '<a href="#"><b>01 505641</b></a>',
        "<button>01 505641</button>",
        "<textarea>01 505641</textarea>",
        "<select><option>01 505641</option></select>",
        '<p contenteditable="">01 <b>01 505641</b></p>',
        '<p contenteditable="plaintext-only">01 505641</p>',
        '<p role="textbox">01 505641</p>',
        "<code>01 505641</code>",
        "<kbd>01 505641</kbd>",
        "<script>01 505641</script>",
        "<style>01 505641</style>",
        "<template>01 505641</template>",
        "<svg><text>01 505641</text></svg>",
        '<input value="01 505641">',
        "<p>" + "x" * 20_000 + " 01 505641</p>",
    ],
)
def test_there_it_stays_as_it_is(page: Page, html: str) -> None:
    assert linked(page, html) == html


def test_what_the_page_adds_later_is_looked_through_too(page: Page) -> None:
    linked(page, "<div></div><p>Tel. 301</p>")
    page.evaluate("""() => {
        document.querySelector("div").innerHTML = "<p>New: <b>Tel. 302</b></p>";
        document.body.append("Tel. 303");
    }""")
    expect(page.locator("siptapi-number")).to_have_count(3)
    page.evaluate("numbers.switchOff()")
    page.evaluate("document.body.append('Tel. 304')")
    settle(page)
    assert body(page) == "<div><p>New: <b>Tel. 302</b></p></div><p>Tel. 301</p>Tel. 303Tel. 304"


def test_frameworks_may_write_to_their_text_as_if_nothing_were(page: Page) -> None:
    linked(page, "<p>Tel. 301 or so</p>")
    page.evaluate("""() => {
        window.text = document.querySelector("p").firstChild;
        text.data = "Tel. 302 now";
    }""")
    settle(page)
    assert body(page) == "<p>Tel. {[302] now}</p>"
    page.evaluate("() => { text.data = 'Tel. ' }")  # as it stands there
    settle(page)
    assert body(page) == "<p>Tel. </p>"


def test_and_take_it_away_put_it_elsewhere_and_bring_it_back(page: Page) -> None:
    linked(page, "<p>Tel. 301</p><div></div>")
    page.evaluate("""() => {
        window.text = document.querySelector("p").firstChild;
        document.querySelector("p").removeChild(text);
    }""")
    settle(page)
    assert body(page) == "<p></p><div></div>"
    page.evaluate("() => document.querySelector('div').append(text)")
    settle(page)
    assert body(page) == "<p></p><div>Tel. {[301]}</div>"
    page.evaluate("() => document.querySelector('p').append(text)")
    settle(page)
    assert body(page) == "<p>Tel. {[301]}</p><div></div>"


def test_text_that_is_tidied_up_is_not_lost(page: Page) -> None:
    linked(page, "<p>01 505641</p><p>Tel. 301</p>")
    page.evaluate("document.body.normalize()")
    settle(page)
    assert page.locator("body").inner_text() == "01 505641\n\nTel. 301"


def test_a_copy_is_text_and_becomes_a_link_of_its_own(page: Page) -> None:
    linked(page, "<p>Tel. 301</p>")
    page.evaluate("document.body.append(document.querySelector('p').cloneNode(true))")
    expect(page.locator("siptapi-number")).to_have_count(2)
    numbers = """[...document.querySelectorAll("siptapi-number")].map((e) => numbers.numberOf(e))"""
    page.wait_for_function(f"{numbers}.every((each) => each === '301')")
    page.evaluate("() => { document.body.innerHTML += '<p>and more</p>' }")
    page.wait_for_function(f"{numbers}.join() === '301,301'")


def test_what_is_taken_away_under_our_feet_stops_nothing(page: Page) -> None:
    page.evaluate("""async () => {
        document.body.innerHTML = "<p></p>".repeat(20_000) + "<p>Tel. 301</p>";
        numbers.switchOn();
        for (let turn = 0; turn < 7; turn += 1) {
            await new Promise((done) => requestIdleCallback(done));
            for (let i = 0; i < 2800; i += 1) document.body.firstChild.remove();
        }
    }""")
    page.wait_for_function("document.querySelectorAll('siptapi-number').length === 1")


def test_nothing_is_changed_before_somebody_says_that_it_may_be(page: Page) -> None:
    page.evaluate("""() => {
        document.body.innerHTML = "<p>no number</p>";
        numbers.watch();
    }""")
    settle(page)
    assert page.evaluate("found") == 0
    page.evaluate("document.querySelector('p').append(', but Tel. 301')")
    settle(page)
    assert page.evaluate("found") == 1
    assert body(page) == "<p>no number, but Tel. 301</p>"
    page.evaluate("numbers.switchOn()")
    settle(page)
    assert body(page) == "<p>no number, but Tel. {[301]}</p>"


def test_fields_may_have_any_name(page: Page) -> None:
    fields = '<input name="matches"><input name="closest"><input name="nodeType">'
    assert "{[301]}" in linked(page, f"<form>{fields}</form><p>Tel. 301</p>")


def test_links_that_are_telephone_links_already_are_found(page: Page) -> None:
    linked(page, '<p><a href="TEL:301">ring</a> <a href="/x">x</a></p>')
    assert page.evaluate("found") == 1
    page.evaluate("() => { document.querySelector('p').innerHTML += '<a href=callto:1>y</a>' }")
    settle(page)
    assert page.evaluate("found") == 3  # both are new


def test_a_page_that_never_rests_has_most_of_the_time_for_itself(page: Page) -> None:
    linked(page, "<ul></ul>")
    longest = page.evaluate("""async () => {
        const list = document.querySelector("ul");
        let longest = 0;
        let before = performance.now();
        for (let turn = 0; turn < 30; turn += 1) {
            for (let i = 0; i < 60; i += 1) {
                list.append(Object.assign(document.createElement("li"),
                    { textContent: `Tel. 0664 1234${turn}${i}` }));
            }
            await new Promise((done) => setTimeout(done));
            longest = Math.max(longest, performance.now() - before);
            before = performance.now();
        }
        return longest;
    }""")
    assert longest < 1000  # milliseconds; on a busy machine, too
    page.wait_for_function("document.querySelectorAll('siptapi-number').length === 1800")


def test_it_looks_like_the_text_that_it_is(page: Page) -> None:
    style = "* { padding: 9px; display: block } p { color: rgb(1, 2, 3); font: 20px serif }"
    linked(page, f"<style>{style}</style><p>Tel. 301</p>")
    link = page.locator("siptapi-number")
    for name, value in {
        "display": "inline",
        "padding": "0px",
        "color": "rgb(1, 2, 3)",
        "font-size": "20px",
        "cursor": "pointer",
    }.items():
        expect(link).to_have_css(name, value)
    expect(link).to_have_attribute("title", "Dial 301 with SIPTAPI")
    link.focus()
    page.keyboard.press("Shift")
    expect(page.get_by_role("link", name="301")).to_be_focused()
