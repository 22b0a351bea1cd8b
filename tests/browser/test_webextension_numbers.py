"""Which texts of a page hold numbers that one can dial, and which only look a little like it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.interop

SOURCE = Path(__file__).parents[2] / "frontends" / "webextension" / "content" / "find_numbers.js"

NUMBERS = {
    # the world's
    "Call +43 1 505641 now": ["+43 1 505641"],
    "+431505641": ["+431505641"],
    "+43 (0)1 505641-12": ["+43 (0)1 505641-12"],
    "(+43 1) 505641": ["(+43 1) 505641"],
    "(+43 1 505641)": ["+43 1 505641"],
    "+43/1/505641": ["+43/1/505641"],
    "+49 (89) 12 34 56": ["+49 (89) 12 34 56"],
    "+44\u00a020\u00a07946\u00a00958": ["+44\u00a020\u00a07946\u00a00958"],
    "+44 20\u20117946\u20110958": ["+44 20\u20117946\u20110958"],
    "+1.4805058800": ["+1.4805058800"],
    "+1 (212) 555-0123": ["+1 (212) 555-0123"],
    "+1 212 555 0123x12": ["+1 212 555 0123"],
    "Tel.:+4315056410.": ["+4315056410"],
    "+33 6 12 34 56 78": ["+33 6 12 34 56 78"],
    "+7 495 123-45-67": ["+7 495 123-45-67"],
    "0043 1 505641": ["0043 1 505641"],
    "0049-30-123456": ["0049-30-123456"],
    # national
    "01/505641": ["01/505641"],
    "01/505641.": ["01/505641"],
    "(01) 505641": ["(01) 505641"],
    "(01 505641)": ["01 505641"],
    "0664 1234567": ["0664 1234567"],
    "0664/123 45 67": ["0664/123 45 67"],
    "089 / 12 34 56": ["089 / 12 34 56"],
    "089 - 123456": ["089 - 123456"],
    "020 7946 0958": ["020 7946 0958"],
    "06 12 34 56 78": ["06 12 34 56 78"],
    "06.12.34.56.78": ["06.12.34.56.78"],
    "03-1234-5678": ["03-1234-5678"],
    "Milano 02 1234567": ["02 1234567"],
    "(212) 555-0123": ["(212) 555-0123"],
    "212-555-0123": ["212-555-0123"],
    "212.555.0123": ["212.555.0123"],
    "1-800-555-0199": ["1-800-555-0199"],
    # a word says so
    "Telefon: 06641234567": ["06641234567"],
    "Tel 505641": ["505641"],
    "Tel. 301": ["301"],
    "Tel.-Nr.: 505641": ["505641"],
    "Phone number: 5551234": ["5551234"],
    "Durchwahl 42-17": ["42-17"],
    "ext. 4217": ["4217"],
    "T\u00e9l\u00e9phone : 91 123 45 67": ["91 123 45 67"],
    "\u260e 505641": ["505641"],
    "\U0001f4de 12 34 56 78": ["12 34 56 78"],
    "\u96fb\u8a7103-1234-5678": ["03-1234-5678"],
    # more than one
    "0664 1234567 / 01 505641": ["0664 1234567", "01 505641"],
    "0664 1234567 - 0699 7654321": ["0664 1234567", "0699 7654321"],
    "01 505641, 01 505642": ["01 505641", "01 505642"],
    "01 505641 / 42": ["01 505641"],
    "Room 12, +43 1 505641; 2026": ["+43 1 505641"],
}
NONE = [
    # dates, times, years
    "2026-11-23",
    "23.11.2026",
    "01.02.2026",
    "01/02/2026",
    "01-02-26",
    "01.02.2026 10:20",
    "01.02.2026-05.03.2026",
    "01.02.2026 - 05.03.2026",
    "2026-11-23T10:20:30+01:00",
    "2026-11-23 10:20:30 +0100",
    "2026 11 23",
    "11/2026",
    "2026/27",
    "Tel. 2026-11-23",
    "10:20:30",
    "08.00-12.00 13.30-18.00",
    "08-12 09-13",
    "Mo 08:00-12:00",
    # amounts
    "$1,234,567.89",
    "\u20ac 1.234.567",
    "1 234 567 \u20ac",
    "+23.456.789",
    "+1 000 000",
    "EUR 0123 456 789 EUR",
    "12345678",
    "+12 %",
    "0,123456789",
    # things with a number of their own
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111111111111111",
    "0123 4567 8901 2345",
    "DE89 0370 0440 0532 0130 00",
    "AT61 1904 3002 3457 3201",
    "ISBN 978-3-16-148410-0",
    "ISBN 0306406152",
    "ISSN 0317-8471",
    "0317-8471",
    "Order no. 0123 456 789",
    "Kundennummer: 0123 456 789",
    "ID 0123-456-789",
    "#0123-456-789",
    "SKU-0123-456-789",
    "0000123456",
    "00123456789",
    "0123456789",
    "123-45-6789",
    "1234567890123",
    "001 002 003 004",
    "03 07 12 25 33 41",
    "IMEI 01 234567 890123 4",
    # addresses and versions
    "192.168.1.1",
    "Tel 10.0.0.1",
    "127.0.0.1:5088",
    "version 01.23.4567",
    "v1.2.3",
    "1.2.3.4567.8",
    "https://example.com/0664/1234567",
    "https://example.com/?q=0664-1234567",
    "bob+431505641@example.com",
    "0664-1234567@example.com",
    "file_0664-1234567.txt",
    "550e8400-e29b-41d4-a716-446655440000",
    "+48.208174, 16.373819",
    "48.208174",
    "640x480 800 600 1024",
    "250 300 4000",
    "+100",
    "C++ 2011 0",
    "a+4315056412",
    "1 2 3 4 5 6 7 8",
    "",
]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.add_script_tag(path=SOURCE)
        yield page


def find(page: Page, *texts: str) -> list[str]:
    """What is found in a text, and before it where that is given."""
    numbers = page.evaluate("(texts) => findNumbers(...texts)", list(texts))
    text = texts[0].encode("utf-16-le")  # as JavaScript counts
    for each in numbers:
        assert text[2 * each["start"] : 2 * each["end"]].decode("utf-16-le") == each["text"]
    return [each["text"] for each in numbers]


def test_numbers_as_people_write_them_are_found(page: Page) -> None:
    assert {text: find(page, text) for text in NUMBERS} == NUMBERS


def test_what_only_has_digits_is_none(page: Page) -> None:
    assert {text: found for text in NONE if (found := find(page, text))} == {}


def test_the_word_may_stand_in_the_element_before(page: Page) -> None:
    assert find(page, "06641234567", "Telefon") == ["06641234567"]
    assert find(page, "301", "Ext.:") == ["301"]
    assert find(page, "01 505641", "7") == ["01 505641"]  # another cell of a table
    assert find(page, "0123 456 789", "Order number") == []
    assert find(page, "301", "Room") == []


@pytest.mark.parametrize("piece", ["0 ", "((((", "+(", "1-", "0664 1234567 / ", "12:", "a" * 10])
def test_a_long_text_is_gone_through_in_no_time(page: Page, piece: str) -> None:
    milliseconds = page.evaluate(
        """(text) => {
            const began = performance.now();
            findNumbers(text);
            return performance.now() - began;
        }""",
        piece * (20_000 // len(piece)),
    )
    assert milliseconds < 500
