"""Our own INVITE comes back through a B2BUA: recognised by its caller, while we dial."""

from __future__ import annotations

import pytest
from bench import make_request

from siptapi_core.machine.own_calls import GRACE, OwnCalls
from siptapi_core.sip.uri import SipUri

ACCOUNT = SipUri(host="example.com", user="200")
OTHER = SipUri(host="example.com", user="202")


def is_own(calls: OwnCalls, now: float, *headers: tuple[str, str], from_="<sip:200@pbx>") -> bool:
    invite = make_request(from_=f"{from_};tag=of-the-pbx", headers=headers)
    return calls.may_be(invite, ACCOUNT, now)


def test_an_invite_from_ourselves_while_we_dial_is_ours():
    calls = OwnCalls()
    assert not is_own(calls, 10.0)
    calls.begin(ACCOUNT, ACCOUNT)
    assert is_own(calls, 10.0)
    assert is_own(calls, 100.0)


@pytest.mark.parametrize(
    "from_", ["<sip:200@example.com>", '"Me" <sips:200@192.0.2.1:5080;user=phone>']
)
def test_a_b2bua_puts_another_address_behind_the_user(from_):
    calls = OwnCalls()
    calls.begin(ACCOUNT, ACCOUNT)
    assert is_own(calls, 0.0, from_=from_)


def test_who_the_network_says_that_we_are_counts_too():
    calls = OwnCalls()
    calls.begin(ACCOUNT, ACCOUNT)
    asserted = ("P-Asserted-Identity", "<tel:+43150564200>, <sip:200@pbx>")
    assert is_own(calls, 0.0, asserted, from_="<sip:anonymous@anonymous.invalid>")


@pytest.mark.parametrize("from_", ["<sip:301@example.com>", "<sip:pbx>", "<tel:200>"])
def test_others_may_call_while_we_dial(from_):
    calls = OwnCalls()
    calls.begin(ACCOUNT, ACCOUNT)
    assert not is_own(calls, 0.0, from_=from_)


def test_dialling_on_another_line_hides_nobody():
    calls = OwnCalls()
    calls.begin(OTHER, OTHER)
    assert not is_own(calls, 0.0)


def test_a_moment_after_the_end_it_may_still_come():
    calls = OwnCalls()
    calls.begin(ACCOUNT, ACCOUNT)
    calls.end(ACCOUNT, ACCOUNT, 0.0)
    assert is_own(calls, GRACE)
    assert not is_own(calls, GRACE + 0.001)


def test_several_dials_on_one_account():
    calls = OwnCalls()
    for _ in range(2):
        calls.begin(ACCOUNT, ACCOUNT)
    calls.end(ACCOUNT, ACCOUNT, 0.0)
    assert is_own(calls, 1000.0)
    calls.end(ACCOUNT, ACCOUNT, 1000.0)
    assert is_own(calls, 1000.0 + GRACE)
    assert not is_own(calls, 1001.0 + GRACE)


def test_the_grace_runs_from_the_last_end():
    calls = OwnCalls()
    for end in (0.0, 3.0):
        calls.begin(ACCOUNT, ACCOUNT)
        calls.end(ACCOUNT, ACCOUNT, end)
    assert is_own(calls, 3.0 + GRACE)


def test_another_end_does_not_cut_the_grace_short():
    calls = OwnCalls()
    for account, end in ((ACCOUNT, 0.0), (OTHER, GRACE)):
        calls.begin(account, account)
        calls.end(account, account, end)
    assert is_own(calls, GRACE)


def test_who_dials_again_and_again_keeps_nobody_remembered():
    calls = OwnCalls()
    for account, end in ((ACCOUNT, 0.0), (OTHER, 1.0), (ACCOUNT, 4.0), (ACCOUNT, 8.0)):
        calls.begin(account, account)
        calls.end(account, account, end)
    assert len(calls) == 1


def test_accounts_whose_grace_is_over_are_forgotten():
    calls = OwnCalls()
    for number in range(100):
        account = SipUri(host="example.com", user=str(number))
        calls.begin(account, account)
        calls.end(account, account, float(number))
        assert len(calls) <= GRACE + 1
    calls.begin(OTHER, OTHER)
    calls.end(OTHER, OTHER, 1000.0)
    assert len(calls) == 1


# --- the callee first ----------------------------------------------------------------------------

CALLEE = SipUri(host="example.com", user="+431505641")


@pytest.mark.parametrize(
    "from_", ["<sip:+431505641@gateway>", "<tel:+43-1-505641>", "<sip:01505641@pbx>"]
)
def test_a_callee_who_was_called_first_calls_because_of_us(from_):
    calls = OwnCalls()
    calls.begin(ACCOUNT, ACCOUNT)
    assert not is_own(calls, 0.0, from_=from_)
    calls.begin(ACCOUNT, CALLEE)
    assert is_own(calls, 0.0, from_=from_)
    asserted = ("P-Asserted-Identity", from_)
    assert is_own(calls, 0.0, asserted, from_="<sip:anonymous@anonymous.invalid>")
    assert not is_own(calls, 0.0, from_="<sip:+431505642@gateway>")
    calls.end(ACCOUNT, CALLEE, 1.0)
    assert is_own(calls, 1.0 + GRACE, from_=from_)
    assert not is_own(calls, 1.001 + GRACE, from_=from_)
    assert is_own(calls, 100.0), "the call itself goes on"


def test_whom_we_referred_may_show_any_number():
    calls = OwnCalls()
    referred = ("Referred-By", '"Me" <sip:200@example.com>;cid="x"')
    assert not is_own(calls, 0.0, referred, from_="<sip:301@example.com>")
    calls.begin(ACCOUNT, ACCOUNT)
    assert is_own(calls, 0.0, referred, from_="<sip:301@example.com>")
    others = ("Referred-By", "<sip:202@example.com>, <<>")
    assert not is_own(calls, 0.0, others, from_="<sip:301@example.com>")


def test_one_callee_of_several_calls():
    calls = OwnCalls()
    for _ in range(2):
        calls.begin(ACCOUNT, CALLEE)
    calls.end(ACCOUNT, CALLEE, 0.0)
    assert is_own(calls, 100.0, from_=f"<{CALLEE}>")
    calls.end(ACCOUNT, CALLEE, 100.0)
    assert not is_own(calls, 101.0 + GRACE, from_=f"<{CALLEE}>")
    assert len(calls) == 0
