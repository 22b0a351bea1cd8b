from __future__ import annotations

import pytest

from siptapi_core.events import Disturbed, Outcome, Stage
from siptapi_core.machine.call_ending import disturbed_by_invite, outcome_of, stage_of_invite


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (199, Outcome.FAILED),
        (200, Outcome.ANSWERED),
        (299, Outcome.ANSWERED),
        (300, Outcome.FAILED),
        (302, Outcome.FAILED),
        (400, Outcome.FAILED),
        (401, Outcome.FAILED),
        (403, Outcome.REJECTED),
        (404, Outcome.NOT_FOUND),
        (407, Outcome.FAILED),
        (408, Outcome.NO_ANSWER),
        (480, Outcome.NO_ANSWER),
        (481, Outcome.FAILED),
        (484, Outcome.NOT_FOUND),
        (486, Outcome.BUSY),
        (487, Outcome.CANCELLED),
        (488, Outcome.FAILED),
        (500, Outcome.FAILED),
        (503, Outcome.FAILED),
        (600, Outcome.BUSY),
        (603, Outcome.REJECTED),
        (604, Outcome.NOT_FOUND),
        (606, Outcome.FAILED),
    ],
)
def test_the_outcome_of_a_status_is_that_of_the_table(status, outcome):
    assert outcome_of(status) is outcome


@pytest.mark.parametrize("status", [408, 480, 486, 487, 488, 600, 603, 606])
def test_what_a_phone_says_is_the_phone_s_even_before_it_rang(status):
    assert stage_of_invite(status, rang=False, direct=False) is Stage.PHONE


@pytest.mark.parametrize("status", [None, 302, 400, 401, 403, 404, 407, 484, 500, 503, 604])
def test_anything_else_is_the_proxy_s_unless_the_phone_rang_or_was_asked_directly(status):
    assert stage_of_invite(status, rang=False, direct=False) is Stage.PROXY
    assert stage_of_invite(status, rang=True, direct=False) is Stage.PHONE
    assert stage_of_invite(status, rang=False, direct=True) is Stage.PHONE


@pytest.mark.parametrize("provisional", [False, True])
@pytest.mark.parametrize("status", [486, 600, 603])
def test_somebody_made_up_their_mind(status, provisional):
    assert disturbed_by_invite(status, rang=False, provisional=provisional) is Disturbed.YES


@pytest.mark.parametrize("status", [None, 404, 408, 480, 503])
def test_a_phone_that_rang_disturbed_somebody(status):
    assert disturbed_by_invite(status, rang=True, provisional=True) is Disturbed.YES


@pytest.mark.parametrize("status", [302, 401, 403, 404, 480, 487, 488, 500, 503, 606])
def test_a_refusal_before_anything_rang_disturbed_nobody(status):
    assert disturbed_by_invite(status, rang=False, provisional=True) is Disturbed.NO


@pytest.mark.parametrize("status", [None, 408, 504])
def test_trap_14_a_time_out_after_a_100_may_have_disturbed_somebody(status):
    assert disturbed_by_invite(status, rang=False, provisional=True) is Disturbed.MAYBE
    assert disturbed_by_invite(status, rang=False, provisional=False) is Disturbed.NO


@pytest.mark.parametrize("status", [None, 404, 407, 480, 482, 503])
def test_while_a_copy_was_lost_no_refusal_says_that_nobody_was_disturbed(status):
    maybe = disturbed_by_invite(status, rang=False, provisional=False, lost=True)
    assert maybe is Disturbed.MAYBE


def test_a_person_s_word_counts_whatever_was_lost():
    assert disturbed_by_invite(486, rang=False, provisional=False, lost=True) is Disturbed.YES
