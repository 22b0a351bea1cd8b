"""Which call a dialog is: by its Call-ID, or by who is at the other end and when it began."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.dialog_matching import SoughtCall, call_of, same_party
from siptapi_core.machine.dialog_watch import DialogReport
from siptapi_core.sip.dialog_info import (
    DialogDirection,
    DialogState,
    Participant,
    WatchedDialog,
)

INITIATOR, RECIPIENT = DialogDirection.INITIATOR, DialogDirection.RECIPIENT


def report(
    *,
    direction: DialogDirection | None = INITIATOR,
    remote: str = "sip:2002@office.test",
    target: str = "",
    began: float = 101.0,
    call_id: str | None = "of-the-phone",
) -> DialogReport:
    dialog = WatchedDialog(
        id="d",
        state=DialogState.EARLY,
        call_id=call_id,
        direction=direction,
        remote=Participant(remote, target=target),
    )
    return DialogReport(dialog=dialog, began=began)


def outgoing(party: str = "sip:2002@office.test", earliest: float = 100.0) -> SoughtCall:
    """A call whose REFER was sent at ``earliest``."""
    return SoughtCall(
        direction=INITIATOR,
        party=party,
        earliest=earliest,
        latest=earliest + 30,
        not_call_ids=frozenset({"our-leg"}),
    )


def incoming(call_id: str = "of-the-caller") -> SoughtCall:
    """A call whose INVITE came at 100."""
    return SoughtCall(
        direction=RECIPIENT, party="+431505641", earliest=98.0, latest=105.0, call_id=call_id
    )


def test_the_phones_own_call_after_our_refer():
    assert call_of(report(), [outgoing()]) == outgoing()


@pytest.mark.parametrize(
    "other",
    [
        {"direction": RECIPIENT},
        {"direction": None},
        {"remote": "sip:2003@office.test"},
        {"remote": ""},
        {"call_id": "our-leg"},
        {"began": 99.9},
        {"began": 130.1},
    ],
)
def test_what_is_not_that_call(other):
    assert call_of(report(**other), [outgoing()]) is None


def test_a_dialog_need_not_have_a_call_id():
    assert call_of(report(call_id=None), [outgoing()]) == outgoing()
    nameless = incoming().evolve(call_id=None)
    assert call_of(report(call_id=None, direction=RECIPIENT), [nameless]) is None


def test_the_target_may_tell_where_the_identity_does_not():
    shown = report(remote="sip:anonymous@anonymous.invalid", target="sip:2002@192.0.2.3")
    assert call_of(shown, [outgoing()]) == outgoing()


def test_of_two_calls_to_the_same_callee_the_first_that_has_no_dialog_yet():
    first, second = outgoing(earliest=95.0), outgoing(earliest=100.0)
    assert call_of(report(), [second, first]) == first
    assert call_of(report(), [second]) == second
    assert call_of(report(), []) is None


def test_an_incoming_call_by_its_call_id_whatever_else_is_shown():
    shown = report(direction=None, remote="", call_id="of-the-caller", began=500.0)
    assert call_of(shown, [outgoing(), incoming()]) == incoming()


def test_an_incoming_call_by_caller_and_time_where_each_leg_has_its_call_id():
    shown = report(direction=RECIPIENT, remote="sip:01505641@pbx", began=99.0)
    assert call_of(shown, [incoming()]) == incoming()
    assert call_of(report(direction=RECIPIENT, remote="sip:01505642@pbx"), [incoming()]) is None


def test_a_call_id_decides_before_anything_that_only_fits():
    by_name = incoming("of-the-phone").evolve(earliest=0.0, latest=1.0)
    assert call_of(report(), [outgoing(), by_name]) == by_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2002", "sip:2002@office.test"),
        ("sip:2002@office.test", "sip:2002@192.0.2.1:5070;transport=tcp"),
        ("sip:alice@a.example", '"Alice" <sip:Alice@b.example>'),
        ("tel:+43-1-505641", "sip:+431505641@provider.example;user=phone"),
        ("+43 (1) 505641", "sip:01505641@pbx"),
        ("sip:+431505641@a", "sip:0043-1-505641@b"),
        ("+431505641", "sip:901505641@pbx"),
        ("sip:*21%23@a", "*21#"),
        ("sip:2002;phone-context=office.test@a", "2002"),
        ("urn:service:sos", "URN:service:sos"),
    ],
)
def test_the_same_party(one, other):
    assert same_party(one, other)
    assert same_party(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2002", "2003"),
        ("101", "+4312345101"),
        ("sip:alice@a", "sip:bob@a"),
        ("+431505641", "+491505641"),
        ("*1505641", "1505641#"),
        ("alice1505641", "1505641"),
        ("", ""),
        ("sip:example.com", "sip:example.org"),
        ("2002", ""),
        ("505641", "1505641"),
    ],
)
def test_another_party(one, other):
    assert not same_party(one, other)
    assert not same_party(other, one)


texts = st.text(max_size=20) | st.from_regex(r"(sip:|tel:)?\+?[0-9*# -]{0,12}(@[a-z]{1,5})?")


@given(texts, texts)
def test_whatever_is_shown_it_is_the_same_both_ways(one, other):
    assert same_party(one, other) == same_party(other, one)


@given(texts)
def test_everybody_is_like_oneself_but_nobody(text):
    assert same_party(text, text) or not same_party(text, "sip:2002@office.test")
