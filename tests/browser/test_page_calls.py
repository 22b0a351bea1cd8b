"""Calls from the page against the demo's phones, through every ending."""

from __future__ import annotations

import pytest
from desk import CALL_BRUNO, Desk
from playwright.sync_api import expect

pytestmark = pytest.mark.interop


def test_a_call_is_followed_from_the_phone_to_the_hand_over(desk: Desk) -> None:
    desk.dial("301")
    expect(desk.phone("Anna")).to_contain_text("Ringing: 301")
    expect(desk.now).to_contain_text("Your phone rings")
    expect(desk.headline).to_have_text("Your phone is ringing: pick it up.")
    desk.shoot("call-phone-rings")
    desk.press("Anna", "Pick up")
    expect(desk.now).to_contain_text("Rings there")
    expect(desk.headline).to_have_text("It rings there.")
    expect(desk.phone("Bruno")).to_contain_text("Ringing: Anna")
    desk.shoot("call-rings-there")
    desk.press("Bruno", "Pick up")
    expect(desk.headline).to_have_text("Answered. The phones have the call now.")
    expect(desk.call.locator(".step.done")).to_have_count(6)
    expect(desk.call.get_by_role("button", name="Hang up")).to_have_count(0)  # not ours any more
    expect(desk.phone("Anna")).to_contain_text("Talking with 301")
    expect(desk.history("301").first).to_contain_text("answered")
    desk.shoot("call-answered", whole=True)
    desk.press("Bruno", "Hang up")
    expect(desk.phone("Anna")).to_contain_text("On the hook")


def test_a_callee_who_rejects(desk: Desk) -> None:
    desk.dial("301")
    desk.press("Anna", "Pick up")
    desk.press("Bruno", "Reject")
    expect(desk.headline).to_have_text("The call was rejected there.")
    expect(desk.call.locator(".step.done")).to_have_count(4)


def test_a_callee_who_is_busy(desk: Desk) -> None:
    desk.dial("302")
    desk.press("Anna", "Pick up")
    expect(desk.headline).to_have_text("Busy.")
    expect(desk.call.get_by_text("Connected")).not_to_have_class("done")
    desk.shoot("call-busy")


def test_a_number_that_nobody_has(desk: Desk) -> None:
    desk.dial("399")
    desk.press("Anna", "Pick up")
    expect(desk.headline).to_have_text("Nobody can be reached under this number.")


def test_a_callee_who_lets_it_ring(impatient_desk: Desk) -> None:
    desk = impatient_desk
    desk.dial("301")
    desk.press("Anna", "Pick up")
    expect(desk.headline).to_have_text("Nobody answered.")


def test_a_phone_of_ours_that_nobody_picks_up(impatient_desk: Desk) -> None:
    desk = impatient_desk
    desk.dial("301")
    expect(desk.headline).to_have_text("Your phone was not picked up.")
    expect(desk.call.locator(".advice")).to_contain_text("ring_timeout")


def test_a_call_rejected_on_our_own_phone(desk: Desk) -> None:
    desk.dial("301")
    desk.press("Anna", "Reject")
    expect(desk.headline).to_have_text("The call was rejected on your phone.")


def test_a_phone_of_ours_that_is_busy(desk: Desk) -> None:
    desk.press("Anna", CALL_BRUNO)
    expect(desk.phone("Anna")).to_contain_text("Calling 300")
    desk.dial("301")
    expect(desk.headline).to_have_text("Your own phone is busy.")


def test_hanging_up_while_the_phone_rings_cancels(desk: Desk) -> None:
    desk.dial("301")
    expect(desk.phone("Anna")).to_contain_text("Ringing")
    desk.call.get_by_role("button", name="Hang up").click()
    expect(desk.headline).to_have_text("Cancelled.")
    expect(desk.phone("Anna")).to_contain_text("On the hook")


def test_after_a_hang_up_in_the_middle_nothing_is_claimed(desk: Desk) -> None:
    desk.dial("301")
    desk.press("Anna", "Pick up")
    expect(desk.now).to_contain_text("Rings there")
    desk.call.get_by_role("button", name="Hang up").click()
    expect(desk.headline).to_have_text(
        "We were told nothing: the call may or may not have gone through."
    )


def test_a_transfer_while_the_phone_rings_calls_somebody_else(desk: Desk) -> None:
    desk.dial("301")
    expect(desk.phone("Anna")).to_contain_text("Ringing")
    desk.call.get_by_role("button", name="Transfer…").click()
    desk.page.get_by_label("Number", exact=True).fill("302")
    desk.page.get_by_role("button", name="Transfer", exact=True).click()
    expect(desk.headline).to_contain_text("To be transferred to sip:302@")
    desk.press("Anna", "Pick up")
    expect(desk.headline).to_have_text("Busy.")


def test_the_other_line_calls_with_the_other_phone_and_is_remembered(desk: Desk) -> None:
    desk.page.locator("#line").select_option("bruno")
    desk.dial("201")
    expect(desk.phone("Bruno")).to_contain_text("Ringing: 201")
    desk.press("Bruno", "Reject")
    desk.page.reload()
    expect(desk.page.locator("#line")).to_have_value("bruno")


def test_a_page_that_is_opened_in_the_middle_of_a_call_shows_how_far_it_is(desk: Desk) -> None:
    desk.dial("301")
    desk.press("Anna", "Pick up")
    expect(desk.now).to_contain_text("Rings there")
    desk.page.reload()
    expect(desk.now).to_contain_text("Rings there")
    expect(desk.call.locator(".step.done")).to_have_count(3)
    desk.press("Bruno", "Pick up")
    expect(desk.headline).to_have_text("Answered. The phones have the call now.")
