"""The SIP messages of a call, drawn as they pass."""

from __future__ import annotations

import re

import pytest
from desk import Desk
from playwright.sync_api import expect

pytestmark = pytest.mark.interop


def test_every_hop_is_drawn_and_can_be_read_by_keyboard(desk: Desk) -> None:
    desk.dial("301")
    expect(desk.rows.filter(has_text="180 Ringing")).to_have_count(2)  # to the proxy, and to us
    expect(desk.rows.first).to_have_attribute(
        "aria-label", re.compile(r"SIPTAPI to Proxy: INVITE sip:201@demo.invalid, after 0.000 s")
    )
    desk.rows.first.focus()
    desk.page.keyboard.press("ArrowDown")
    text = desk.call.get_by_label("The message in full")
    expect(text).to_contain_text("SIP/2.0 407 Proxy Authentication Required")
    desk.page.keyboard.press("End")
    expect(text).to_contain_text("SIP/2.0 180 Ringing")
    desk.page.keyboard.press("Home")
    desk.page.keyboard.press("Enter")
    expect(text).to_be_hidden()
    desk.press("Anna", "Pick up")
    desk.press("Bruno", "Pick up")
    expect(desk.rows.filter(has_text="BYE")).to_have_count(2)
    expect(desk.rows.filter(has_text="REFER")).to_have_count(2)


def test_its_credentials_are_masked(desk: Desk) -> None:
    desk.dial("301")
    expect(desk.rows.filter(has_text="180")).to_have_count(2)
    desk.rows.nth(3).click()  # the INVITE with a password
    text = desk.call.get_by_label("The message in full")
    expect(text).to_contain_text("Proxy-Authorization:")
    assert not re.search(r'response="?[0-9a-f]{32}', text.inner_text())


def test_messages_travel_between_the_phones(desk: Desk) -> None:
    desk.page.emulate_media(reduced_motion="no-preference")
    desk.dial("301")
    expect(desk.page.locator(".token").first).to_be_attached()
    expect(desk.page.locator(".last")).to_contain_text("SIPTAPI: 180 Ringing")
    expect(desk.phone("Anna").locator(".handset")).to_have_css("animation-name", "shake")
    desk.shoot("messages-travel")


def test_a_past_call_has_its_messages_too(desk: Desk) -> None:
    desk.dial("301")
    desk.press("Anna", "Reject")
    expect(desk.headline).to_contain_text("rejected")
    row = desk.history("301").first
    expect(row).to_contain_text("rejected")
    row.locator("summary").click()
    expect(row.get_by_text("Your phone is ringing: pick it up.")).to_be_visible()
    expect(row.get_by_role("option").filter(has_text="INVITE").first).to_be_attached()


def test_without_the_demo_the_messages_of_siptapi_unfold_and_go_on(window: Desk) -> None:
    window.begin_again(
        lambda page: page.route("**/api/v1/demo", lambda route: route.fulfill(status=404, json={}))
    )
    expect(window.page.locator("#stage")).to_be_hidden()
    window.dial("301")
    expect(window.now).to_contain_text("Your phone rings")
    expect(window.rows).to_have_count(0)
    with window.page.expect_request("**/api/v1/events?*trace=1*"):
        window.call.locator("summary", has_text="SIP messages").click()
    expect(window.rows.filter(has_text="180 Ringing")).to_have_count(1)
    window.handle("Anna", "pick_up")
    expect(window.headline).to_have_text("It rings there.")
    window.handle("Bruno", "pick_up")
    expect(window.headline).to_have_text("Answered. The phones have the call now.")
    expect(window.rows.filter(has_text="NOTIFY")).not_to_have_count(0)
    expect(window.rows.last).to_contain_text("200 OK")
    window.shoot("without-demo", whole=True)
