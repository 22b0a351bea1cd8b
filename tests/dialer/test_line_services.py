"""Lines that register and are watched, at a PBX on loopback."""

from __future__ import annotations

import asyncio

import pytest
from fake_pbx import Office, office, run

from siptapi_core.commands import LineStatus
from siptapi_core.dialer import line_services
from siptapi_core.events import (
    CallEnded,
    CallPlaced,
    ConversationEnded,
    Outcome,
    PhoneAnswered,
    RegistrationChanged,
    RegistrationState,
    Stage,
    WatchChanged,
)
from siptapi_core.targets import Address

(UNREGISTERED, REGISTERING, REGISTERED, FAILED, UNREGISTERING) = RegistrationState
DEFAULTS = """
[defaults]
domain = "pbx.example"
resolvers = ["hosts"]
"""
REGISTERS = (
    DEFAULTS
    + """
register = true
[lines.a]
user = "201"
"""
)
WATCHED = REGISTERS.replace("register =", "watch =")


def status(here: Office, name: str = "a") -> LineStatus:
    plain = LineStatus(name=name, account="", phone="", strategies=())
    return here.services.status(plain)


def states(here: Office, name: str = "a") -> list[RegistrationState]:
    return [change.state for change in here.happened(name, RegistrationChanged)]


async def registered(here: Office, *names: str) -> None:
    await here.until(lambda: all(status(here, name).registration is REGISTERED for name in names))


# --- registering ---------------------------------------------------------------------------------


def test_active_lines_that_want_it_register():
    async def main():
        text = REGISTERS + '[lines.b]\nuser = "202"\nregister = false\n'
        async with office(text + '[lines.c]\nuser = "203"\nactive = false\n') as here:
            assert status(here).registration is UNREGISTERED
            await here.update()
            await registered(here, "a")
            assert [request.to.uri.user for request in here.pbx.sent("REGISTER")] == ["201"]
            assert here.services.registered == 1
            assert len(here.incoming.lines) == 1
            assert states(here) == [REGISTERING, REGISTERED]
            assert status(here, "b").registration is UNREGISTERED
            [line] = [line for line in here.logger.lines if line[1] == "registration_changed"][1:]
            assert (line[0], line[2]["line"], line[2]["state"]) == ("info", "a", "registered")

    run(main)


def test_it_is_registered_with_its_account_and_password():
    async def main():
        changes = (
            'user = "201"\nauth_user = "sip-201"\npassword = "pw"\nregistration_expires = 90.4'
        )
        async with office(REGISTERS.replace('user = "201"', changes)) as here:
            here.pbx.password = "pw"
            await here.update()
            await registered(here, "a")
            register = here.pbx.sent("REGISTER")[-1]
            assert str(register.to.uri) == "sip:201@pbx.example"
            assert str(register.uri) == "sip:pbx.example"
            assert register.expires == 90
            assert 'username="sip-201"' in register.headers.get("Authorization")
            assert "Route" not in register.headers

    run(main)


@pytest.mark.parametrize(
    ("setting", "uri", "asked", "route"),
    [
        ('domain = "pbx.example:5070"', "sip:pbx.example:5070", "sip:pbx.example:5070", None),
        (
            'outbound_proxy = "sip:edge.example;transport=tcp"',
            "sip:pbx.example",
            "sip:edge.example;transport=tcp;lr",
            "<sip:edge.example;transport=tcp;lr>",
        ),
    ],
)
def test_by_which_way_it_registers(setting, uri, asked, route):
    async def main():
        async with office(REGISTERS + setting + "\n") as here:
            await here.update()
            await registered(here, "a")
            [register] = here.pbx.sent("REGISTER")
            assert (str(register.uri), str(here.pbx.asked)) == (uri, asked)
            assert register.headers.get("Route") == route

    run(main)


def test_each_line_has_a_token_of_its_own():
    async def main():
        async with office(REGISTERS + '[lines.b]\nuser = "201"\n') as here:
            await here.update()
            await registered(here, "a", "b")
            tokens = {
                register.contacts[0].uri.parameter("line") for register in here.pbx.sent("REGISTER")
            }
            assert len(tokens) == 2
            for name in ("a", "b"):
                line = here.incoming.lines._lines[name]
                assert line.token in tokens

    run(main)


def test_a_service_route_is_taken_by_the_line_s_calls():
    async def main():
        async with office(REGISTERS) as here:
            here.pbx.service_route = "<sip:edge.example;lr>"
            assert here.lines["a"].identity("301").service_route == ()
            await here.update()
            await registered(here, "a")
            [route] = here.lines["a"].identity("301").service_route
            assert str(route) == "<sip:edge.example;lr>"

    run(main)


def test_a_failure_is_told_and_shown():
    async def main():
        async with office(REGISTERS) as here:
            here.pbx.statuses["REGISTER"] = 403
            await here.update()
            await here.until(lambda: states(here) == [REGISTERING, FAILED])
            assert here.services.registered == 0
            assert status(here).problem == "Forbidden"
            assert here.logger.lines[-1][0] == "warning"
            assert len(here.incoming.lines) == 1, "the registrar may have it of before"

    run(main)


# --- other settings ------------------------------------------------------------------------------


def test_what_has_nothing_to_do_with_it_leaves_the_registration_alone():
    async def main():
        async with office(REGISTERS) as here:
            await here.update()
            await registered(here, "a")
            before = here.incoming.lines._lines["a"]
            assert before.send_180
            await here.update(REGISTERS + 'send_180 = false\ndisplay_name = "x"\n')
            after = here.incoming.lines._lines["a"]
            assert (after.send_180, after.token) == (False, before.token)
            assert states(here) == [REGISTERING, REGISTERED]
            await here.services.close(1.0)
            assert len(here.pbx.sent("REGISTER")) == 2

    run(main)


@pytest.mark.parametrize(
    "setting", ['password = "other"', "registration_expires = 90", 'outbound_proxy = "edge"']
)
def test_what_changes_it_registers_anew(setting):
    async def main():
        async with office(REGISTERS) as here:
            await here.update()
            await registered(here, "a")
            before = here.incoming.lines._lines["a"]
            await here.update(REGISTERS + setting + "\n")
            assert here.incoming.lines._lines["a"].token != before.token
            again = [REGISTERING, REGISTERED]
            await here.until(lambda: states(here) == [*again, UNREGISTERING, UNREGISTERED, *again])
            _, gone, _ = here.pbx.sent("REGISTER")
            assert gone.expires == 0
            assert gone.contacts[0].uri.parameter("line") == before.token

    run(main)


@pytest.mark.parametrize(
    "text",
    [
        REGISTERS.replace("lines.a", "lines.b").replace("register = true", ""),
        REGISTERS + "active = false",
        REGISTERS + "register = false",
    ],
)
def test_a_line_that_goes_is_taken_off(text):
    async def main():
        async with office(REGISTERS) as here:
            await here.update()
            await registered(here, "a")
            await here.update(text)
            assert len(here.incoming.lines) == 0
            await here.until(lambda: states(here)[-1] is UNREGISTERED)
            assert here.pbx.sent("REGISTER")[-1].expires == 0
            assert here.services.registered == 0

    run(main)


def test_the_resolvers_of_new_settings_are_asked():
    async def main():
        async with office(REGISTERS) as here:
            await here.update()
            await registered(here, "a")
            before = here.lines.resolver("hosts")
            del here.pbx.asked
            here.lines._created.clear()  # as a reload does
            await here.services.close(1.0)
            assert here.pbx.asked
            assert here.lines.resolver("hosts") is before, "this PBX is all that there is"

    run(main)


def test_many_lines_do_not_keep_calls_waiting(monkeypatch):
    monkeypatch.setattr(line_services, "AT_A_TIME", 2)

    async def main():
        lines = "".join(f'[lines.l{n}]\nuser = "{n}"\nregister = true\n' for n in range(9))
        async with office(DEFAULTS + lines) as here:
            await here.update()
            assert here.pbx.requests != [], "some were heard of before the last was begun"
            await registered(here, *(f"l{n}" for n in range(9)))

    run(main)


# --- watching ------------------------------------------------------------------------------------

CALLED = (
    '<dialog id="d" call-id="x" direction="initiator"><state>{}</state>'
    "<remote><identity>sip:301@pbx.example</identity></remote></dialog>"
)


def test_a_line_that_wants_it_is_watched_and_its_conversations_are_told():
    async def main():
        async with office(WATCHED + 'phone = "209"\nkeepalive = 5\n') as here:
            await here.update()
            await here.until(lambda: here.happened("a", WatchChanged))
            assert here.happened("a", WatchChanged) == [WatchChanged(watching=True)]
            [subscribe] = here.pbx.sent("SUBSCRIBE")
            assert str(subscribe.uri) == str(subscribe.to.uri) == "sip:209@pbx.example"
            assert str(subscribe.from_.uri) == "sip:201@pbx.example"
            assert here.services.counters() == {"watches": 1, "followed calls": 0}
            assert here.network.agent.counters()["timers"] >= 2, "the way is kept open"

            for happening in (CallPlaced("301", "sip:301@pbx.example", "test"), PhoneAnswered()):
                here.events.tell_of_call("c", "a", happening)
            assert here.services.counters()["followed calls"] == 1
            for state in ("early", "confirmed"):
                here.pbx.notify("sip:209@pbx.example", CALLED.format(state))
            here.events.tell_of_call("c", "a", CallEnded(Outcome.ANSWERED, Stage.CALLEE))
            here.pbx.notify("sip:209@pbx.example", CALLED.format("terminated"))
            await here.until(lambda: here.happened("a", ConversationEnded))
            assert here.services.counters()["followed calls"] == 0

    run(main)


def test_where_watching_is_refused_that_is_said_and_shown():
    async def main():
        async with office(WATCHED) as here:
            here.pbx.statuses["SUBSCRIBE"] = 489
            await here.update()
            await here.until(lambda: here.happened("a", WatchChanged))
            why = "refused: 489 Bad Event"
            assert here.happened("a", WatchChanged) == [WatchChanged(watching=False, reason=why)]
            assert status(here).problem == why
            assert not status(here).watching
            words = {"line": "a", "watching": False, "reason": why}
            assert here.logger.lines[-1] == ("warning", "watch changed", words)
            await here.update(WATCHED.replace("watch = true", ""))
            assert status(here).problem == ""

    run(main)


def test_a_line_that_is_watched_no_more():
    async def main():
        async with office(WATCHED) as here:
            await here.update()
            await here.until(lambda: here.happened("a", WatchChanged))
            here.events.tell_of_call("c", "a", CallPlaced("301", "sip:301@pbx.example", "test"))
            await here.update(WATCHED + 'display_name = "x"\n')
            assert len(here.pbx.sent("SUBSCRIBE")) == 1, "left as it was"
            assert status(here).watching
            await here.update(WATCHED + "active = false\n")
            assert not status(here).watching
            assert here.services.counters() == {"watches": 0, "followed calls": 0}
            await here.until(lambda: here.pbx.sent("SUBSCRIBE")[-1].expires == 0)

    run(main)


def test_another_phone_is_another_watch():
    async def main():
        async with office(WATCHED) as here:
            await here.update()
            await here.until(lambda: here.happened("a", WatchChanged))
            await here.update(WATCHED + 'phone = "209"\n')
            await here.until(lambda: len(here.happened("a", WatchChanged)) == 2)
            subscribed = {str(each.to.uri): each.expires for each in here.pbx.sent("SUBSCRIBE")}
            assert subscribed == {"sip:201@pbx.example": 0, "sip:209@pbx.example": 3600}

    run(main)


def test_closing_ends_all_of_it():
    async def main():
        async with office(WATCHED + "register = true\n") as here:
            await here.update()
            await registered(here, "a")
            await here.until(lambda: here.happened("a", WatchChanged))
            await here.services.close(1.0)
            assert here.pbx.sent("SUBSCRIBE")[-1].expires == 0
            assert here.pbx.sent("REGISTER")[-1].expires == 0
            assert status(here).registration is UNREGISTERED

    run(main)


# --- a way to us that is none any more -----------------------------------------------------------


def test_a_computer_that_slept_or_moved_registers_anew(monkeypatch):
    async def main():
        async with office(REGISTERS) as here:
            await here.update()
            await registered(here, "a")
            at_once = lambda low, _high: low  # noqa: E731
            monkeypatch.setattr(here.network.agent.identifiers, "jitter", at_once, raising=False)
            here.services.renew()
            await here.until(lambda: len(here.pbx.sent("REGISTER")) == 2)
            for _ in range(1000):
                if here.services._registrations.flows.ways():  # the answer is there as well
                    break
                await asyncio.sleep(0.001)
            assert not here.services.renew_where_we_moved()  # the first look
            assert not here.services.renew_where_we_moved()
            elsewhere = Address("127.0.0.9", 5070)
            monkeypatch.setattr(here.services, "_local_address", lambda _towards: elsewhere)
            assert here.services.renew_where_we_moved()
            await here.until(lambda: len(here.pbx.sent("REGISTER")) == 3)

    run(main)
