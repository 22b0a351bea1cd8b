"""Calls that come to a registered line, as front ends see them, from a PBX on loopback."""

from __future__ import annotations

import pytest
from fake_pbx import Office, office, run

from siptapi_core.commands import CallDirection, CallState
from siptapi_core.events import (
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    Reporter,
)
from siptapi_core.sip.uri import parse_uri

LINE = """
[lines.a]
domain = "pbx.example"
user = "201"
resolvers = ["hosts"]
register = true
"""
ACCOUNT = parse_uri("sip:201@pbx.example")
CALLEE = parse_uri("sip:301@pbx.example")
HAPPENINGS = (IncomingRinging, IncomingAnsweredElsewhere, IncomingEnded)


async def registered(here: Office) -> None:
    await here.update()
    await here.until(lambda: here.services.registered)


async def rings(here: Office, *headers: tuple[str, str]):
    """A call comes; returns its INVITE and its id."""
    invite = here.pbx.invite("201", *headers)
    await here.until(lambda: len(here.incoming))
    [status] = here.incoming.statuses()
    return invite, status.call


async def ended(here: Office):
    await here.until(lambda: not len(here.incoming))
    return here.happened("a", HAPPENINGS)[-1]


def test_a_call_that_rings_has_an_id_and_a_status():
    async def main():
        async with office(LINE) as here:
            await registered(here)
            asserted = ("P-Asserted-Identity", '"Jörg" <sip:+431505641@pbx.example>')
            invite, call = await rings(here, asserted)
            status = here.incoming.status(call)
            assert here.incoming.statuses() == [status]
            assert (status.line, status.number, status.name) == ("a", "+431505641", "Jörg")
            assert (status.state, status.direction) == (CallState.RINGING, CallDirection.INCOMING)
            assert abs(status.started - here.network.clock.time()) < 10
            assert here.network.call_with(invite.call_id) == call
            [ringing] = here.happened("a", HAPPENINGS)
            assert ringing == IncomingRinging("+431505641", "201", "Jörg")
            level, event, values = here.logger.story[-1]
            assert (level, event, values["caller"]) == ("info", "incoming_ringing", "+431505641")

            here.pbx.cancel(invite, "SIP;cause=200")
            assert await ended(here) == IncomingAnsweredElsewhere()
            assert here.incoming.status(call) is None
            assert here.incoming.statuses() == []
            assert here.logger.story[-1][2]["call"] == call

    run(main)


def test_each_call_has_an_id_of_its_own():
    async def main():
        async with office(LINE) as here:
            await registered(here)
            for _ in range(2):
                here.pbx.invite("201")
            await here.until(lambda: len(here.incoming) == 2)
            assert len({status.call for status in here.incoming.statuses()}) == 2
            here.incoming.close()

    run(main)


def test_it_is_rejected_on_request():
    async def main():
        async with office(LINE) as here:
            await registered(here)
            _, call = await rings(here)
            here.incoming.reject(call)
            rejected = IncomingEnded(IncomingOutcome.REJECTED, 603, Reporter.SIPTAPI)
            assert await ended(here) == rejected
            await here.until(lambda: 603 in here.pbx.statuses_of("INVITE"))
            with pytest.raises(KeyError):
                here.incoming.reject(call)

    run(main)


def test_it_is_sent_elsewhere_on_request():
    async def main():
        async with office(LINE) as here:
            await registered(here)
            _, call = await rings(here)
            here.incoming.redirect(call, CALLEE)
            redirected = IncomingEnded(IncomingOutcome.REDIRECTED, 302, Reporter.SIPTAPI)
            assert await ended(here) == redirected
            await here.until(lambda: 302 in here.pbx.statuses_of("INVITE"))
            assert str(here.pbx.responses[-1].contacts[0].uri) == str(CALLEE)
            with pytest.raises(KeyError):
                here.incoming.redirect(call, CALLEE)

    run(main)


def test_closing_steps_aside():
    async def main():
        async with office(LINE) as here:
            await registered(here)
            await rings(here)
            here.incoming.close()
            aside = IncomingEnded(IncomingOutcome.NOT_ANSWERED, 480, Reporter.SIPTAPI)
            assert await ended(here) == aside
            await here.until(lambda: 480 in here.pbx.statuses_of("INVITE"))

    run(main)


@pytest.mark.parametrize(("caller", "user"), [(ACCOUNT, "201"), (CALLEE, "301")])
def test_our_own_call_that_comes_back_is_not_shown(caller, user):
    async def main():
        async with office(LINE) as here:
            await registered(here)
            here.incoming.expect(ACCOUNT, caller)
            here.incoming.expect_no_more(ACCOUNT, caller)  # a moment ago still counts
            here.pbx.invite("201", caller=user)
            await here.until(lambda: here.pbx.statuses_of("INVITE") == [480])
            assert here.happened("a", HAPPENINGS) == []
            assert (len(here.incoming), here.incoming.statuses()) == (0, [])
            here.pbx.invite("201", caller="302")
            await here.until(lambda: len(here.incoming))
            here.incoming.close()

    run(main)
