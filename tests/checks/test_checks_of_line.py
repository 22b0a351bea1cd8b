from __future__ import annotations

import asyncio
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from examined import PROXY, FakeLine, answer, failure, found, one

from siptapi_core.checks.clock import check_clock
from siptapi_core.checks.credentials import check_credentials, check_secrets
from siptapi_core.checks.dns_chain import check_dns
from siptapi_core.checks.examined_line import Way
from siptapi_core.checks.findings import AnsweredOurselvesError, UnexaminedError
from siptapi_core.checks.notify import check_notify
from siptapi_core.checks.phone import check_registration
from siptapi_core.checks.reachability import check_reachability
from siptapi_core.checks.refer import check_refer
from siptapi_core.checks.tls_handshake import check_tls
from siptapi_core.commands import CallDirection, CallRecord, History
from siptapi_core.errors import RefusedError, SettingsError
from siptapi_core.resolution import ResolutionStep, StepOutcome
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport

CREDENTIALS = Credentials("201", "secret")
CHALLENGE = 'Digest realm="voip", nonce="n"'


@pytest.mark.parametrize(
    ("reply", "credentials", "verdict", "words"),
    [
        (answer(), CREDENTIALS, "ok", "accepts '201' for sip:201@example.com"),
        (answer(), None, "note", "without a password"),
        (failure(), CREDENTIALS, "note", "refuses our packets"),
        (answer(401, WWW_Authenticate=CHALLENGE), None, "problem", "wants a password"),
        (answer(401, WWW_Authenticate=CHALLENGE), CREDENTIALS, "problem", "with this password"),
        (answer(401), CREDENTIALS, "problem", "no authentication that is known"),
        (
            answer(407, Proxy_Authenticate=CHALLENGE),
            Credentials("201", "secret", "other"),
            "problem",
            "realm is 'voip', that of the line 'other'",
        ),
        (answer(404, "Not Found"), CREDENTIALS, "problem", "404 Not Found of sip:201@"),
        (answer(405, "No"), CREDENTIALS, "note", "405 No to REGISTER"),
        (answer(403, "Forbidden"), CREDENTIALS, "problem", "403 Forbidden"),
        (answer(500, "Oh"), CREDENTIALS, "note", "500 Oh"),
    ],
)
def test_what_the_registrar_says_of_the_account(reply, credentials, verdict, words) -> None:
    line = FakeLine()
    line.answers |= {"bindings": reply, "credentials": credentials}
    said, seen = one(check_credentials, line)
    assert said == verdict
    assert words in seen


@pytest.mark.parametrize(
    ("password", "verdict"),
    [(None, "note"), (CREDENTIALS, "ok"), (SettingsError("it is gone"), "problem")],
)
def test_whether_the_password_can_be_read(password, verdict) -> None:
    line = FakeLine()
    line.answers["credentials"] = password
    assert one(check_secrets, line)[0] == verdict


ALL, FEW = "INVITE, REFER", "INVITE, BYE"
HERE = "<sip:201@192.0.2.9>;expires=60"


@pytest.mark.parametrize(
    ("bindings", "phone", "verdict", "words"),
    [
        (answer(Contact=HERE), answer(), "ok", "registered: sip:201@192.0.2.9"),
        (answer(), answer(486, "Busy"), "ok", "486 Busy; registered: nothing"),
        (answer(Contact=HERE), failure(), "note", "answers OPTIONS with it refuses"),
        (answer(), answer(404, "Not Found"), "problem", "404 Not Found; registered: nothing"),
        (answer(405), answer(480, "Away"), "problem", "480 Away"),
        (answer(405), answer(501, "No"), "note", "501 No"),
        (failure(), answer(501, "No"), "note", "501 No"),
    ],
)
def test_whether_the_phone_is_there(bindings, phone, verdict, words) -> None:
    line = FakeLine()
    line.answers |= {"bindings": bindings, "phone_options": phone}
    said, seen = one(check_registration, line)
    assert said == verdict
    assert words in seen


def test_another_account_s_registrations_are_not_asked_for() -> None:
    line = FakeLine(phone="202")
    line.answers |= {"bindings": UnexaminedError("it was asked"), "phone_options": answer(200)}
    assert one(check_registration, line) == (
        "ok",
        "sip:202@example.com answers OPTIONS with 200 OK.",
    )


def test_a_pbx_that_answers_for_everybody() -> None:
    line = FakeLine()
    line.answers |= {"phone_options": answer(Allow=ALL), "proxy_answers_for_phone": True}
    assert one(check_registration, line)[0] == "problem"
    assert one(check_refer, line) == (
        "ok",
        "The proxy allows REFER; what the phone allows is not known.",
    )
    line.answers["bindings"] = answer(Contact=HERE)
    assert one(check_registration, line)[0] == "ok"


OURS = "<sip:201@192.0.2.8;line=token>;expires=60"


@pytest.mark.parametrize(
    ("bindings", "verdict", "words"),
    [
        (answer(Contact=f"{OURS}, {HERE}"), "ok", "example.com: sip:201@192.0.2.9; we did."),
        (answer(Contact=OURS), "problem", "No phone is registered"),
    ],
)
def test_a_phone_beside_which_we_are_registered(bindings, verdict, words) -> None:
    line = FakeLine()
    line.answers |= {"bindings": bindings, "phone_options": AnsweredOurselvesError("we did")}
    said, seen = one(check_registration, line)
    assert said == verdict
    assert words in seen
    line.answers["bindings"] = answer(405)
    with pytest.raises(UnexaminedError, match="we did"):
        found(check_registration, line)


def test_nothing_is_said_of_a_phone_whose_account_is_refused() -> None:
    line = FakeLine()
    line.answers["bindings"] = answer(403)
    with pytest.raises(UnexaminedError, match="does not accept the account"):
        found(check_registration, line)


@pytest.mark.parametrize(("reply", "verdict"), [(answer(), "ok"), (failure(), "problem")])
def test_a_phone_that_is_called_directly(reply, verdict) -> None:
    line = FakeLine(phone="201@192.0.2.9")
    line.answers["phone_options"] = reply
    assert one(check_registration, line)[0] == verdict


@pytest.mark.parametrize(
    ("phone", "proxy", "verdict", "words"),
    [
        (answer(Allow=ALL), answer(), "ok", "The phone allows REFER."),
        (answer(Allow=ALL), answer(Allow=FEW), "note", "the proxy itself allows BYE, INVITE"),
        (answer(Allow=FEW), answer(Allow=ALL), "problem", "The phone allows BYE, INVITE"),
        (answer(404, Allow=FEW), answer(Allow=ALL), "ok", "what the phone allows is not known"),
        (answer(), answer(Allow=FEW), "problem", "The proxy allows BYE, INVITE, and no REFER"),
        (answer(), answer(), "note", "Neither"),
        (UnexaminedError("no"), failure(), "note", "Neither"),
    ],
)
def test_what_is_allowed(phone, proxy, verdict, words) -> None:
    line = FakeLine()
    line.answers |= {"phone_options": phone, "options": (proxy,)}
    said, seen = one(check_refer, line)
    assert said == verdict
    assert words in seen


def test_a_phone_that_cannot_be_asked_directly() -> None:
    line = FakeLine(phone="201@192.0.2.9")
    line.answers["phone_options"] = UnexaminedError("no address")
    with pytest.raises(UnexaminedError):
        found(check_refer, line)


@pytest.mark.parametrize(
    ("date", "verdict"),
    [
        ("Sun, 09 Sep 2001 01:46:40 GMT", "ok"),
        ("Sun, 09 Sep 2001 01:40:00 GMT", "problem"),
        ("Sun, 09 Sep 2001 02:40:00 GMT", "problem"),
        ("yesterday", "note"),
    ],
)
def test_clocks(date, verdict) -> None:
    line = FakeLine()
    line.answers["heard"] = (answer(Date=date),)
    assert one(check_clock, line)[0] == verdict


def test_no_clock_without_an_answer() -> None:
    line = FakeLine()
    line.answers["heard"] = ()
    with pytest.raises(UnexaminedError):
        found(check_clock, line)


class FakeHistory:
    def __init__(self, *outcomes: str, error: RefusedError | None = None) -> None:
        self._calls = tuple(
            CallRecord(
                call=str(number),
                line="office",
                direction=CallDirection.OUTGOING,
                number="1",
                started=0.0,
                outcome=outcome,
            )
            for number, outcome in enumerate(outcomes)
        )
        self._error = error

    async def list_calls(self, command, lines):
        assert (command.line, lines) == ("office", None)
        if self._error:
            raise self._error
        return History(calls=self._calls)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((), "note"),
        (("", ""), "note"),
        (("answered", "busy"), "ok"),
        (("unknown", "answered"), "note"),
        (("unknown", "unknown"), "note"),
        (("unknown", "unknown", "unknown"), "problem"),
    ],
)
def test_how_calls_ended(outcomes, verdict) -> None:
    line = FakeLine(installation=SimpleNamespace(history=FakeHistory(*outcomes)))
    assert one(check_notify, line)[0] == verdict


@pytest.mark.parametrize("history", [None, FakeHistory(error=RefusedError("it is broken"))])
def test_nothing_is_known_without_a_history(history) -> None:
    with pytest.raises(UnexaminedError):
        found(check_notify, FakeLine(installation=SimpleNamespace(history=history)))


def step(outcome: StepOutcome, *targets: Address) -> ResolutionStep:
    return ResolutionStep(
        target=SipUri("example.com"),
        outcome=outcome,
        why="it says so",
        resolver="srv",
        targets=targets,
    )


def test_a_way_with_a_branch_that_fails() -> None:
    line = FakeLine()
    steps = (step(StepOutcome.FAILED), step(StepOutcome.RESOLVED, PROXY))
    line.answers["way"] = Way(target=SipUri("example.com"), steps=steps, addresses=(PROXY,))
    fine, note = found(check_dns, line)
    assert fine.seen == (
        "sip:example.com leads to udp:192.0.2.1:5060 (srv: sip:example.com → failed; "
        "srv: sip:example.com → udp:192.0.2.1:5060)."
    )
    assert note.verdict == "note"


@pytest.mark.parametrize(
    ("temporary", "words"), [(True, "DNS servers work"), (False, "Check `outbound_proxy`")]
)
def test_a_way_that_leads_nowhere(temporary, words) -> None:
    line = FakeLine(outbound_proxy="pbx.example")
    line.answers["way"] = Way(
        target=SipUri("pbx.example"), steps=(), problem="there is none", temporary=temporary
    )
    [finding] = found(check_dns, line)
    assert finding.verdict == "problem"
    assert words in finding.do
    with pytest.raises(UnexaminedError):
        found(check_tls, line)


def test_a_dead_address_beside_one_that_lives_is_no_problem() -> None:
    line = FakeLine()
    line.answers["options"] = (failure(), answer(address=Address("192.0.2.2", 5060)))
    dead, lives = found(check_reachability, line)
    assert (dead.verdict, lives.verdict) == ("note", "ok")
    assert "Another address answers" in dead.means


@contextmanager
def connections():
    """A host and port that take connections."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def test_what_takes_connections_and_says_nothing() -> None:
    with connections() as (host, port):
        for transport, words in (
            (Transport.UDP, "transport=tcp"),
            (Transport.TCP, "Something listens"),
        ):
            line = FakeLine()
            silent = failure("no answer", silent=True)
            line.answers["options"] = (silent.evolve(address=Address(host, port, transport)),)
            [finding] = found(check_reachability, line)
            assert finding.verdict == "problem"
            assert words in finding.means + finding.do
        line.answers["options"] = (silent.evolve(address=Address(host, port, Transport.TLS)),)
        assert one(check_reachability, line) == ("note", f"tls:{host}:{port} takes connections.")


def test_a_way_without_tls() -> None:
    assert one(check_tls, FakeLine())[0] == "note"


def test_the_fake_line_knows_no_other_question() -> None:
    with pytest.raises(AttributeError):
        asyncio.run(FakeLine().anything())
