from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest

from siptapi_core.commands import Caller, Resolve
from siptapi_core.resolution import Resolution, ResolutionStep, StepOutcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, HostPort, Number, Transport
from siptapi_frontends.cli import resolve as resolve_command
from siptapi_frontends.cli.application import Parser

HOST = HostPort("pbx.example", 5060, Transport.UDP, "example.com")
FOUND = Resolution(
    target="+431505641",
    line="office",
    steps=(
        ResolutionStep(
            target=Number("+431505641"),
            outcome=StepOutcome.UNCLAIMED,
            why="no resolver",
        ),
        ResolutionStep(
            target=SipUri("example.com"),
            outcome=StepOutcome.PASSED_ON,
            why="no NAPTR\x1b[2J",
            resolver="naptr",
            ttl=60.0,
        ),
        ResolutionStep(
            target=SipUri("example.com"),
            outcome=StepOutcome.RESOLVED,
            why="SRV of _sip._udp.example.com",
            resolver="srv",
            targets=(HOST,),
            ttl=300.0,
        ),
    ),
    addresses=(Address("192.0.2.1", 5060), Address("::1", 5061, Transport.TLS, "example.com")),
    callee=SipUri.parse("sip:+431505641@example.com"),
)
NOT_FOUND = Resolution(target="no.example", line="office", steps=(), problem="there is none")


class FakeSession:
    """Its dialer replies ``resolution``; ``executed`` are the commands."""

    def __init__(self, resolution: Resolution) -> None:
        self.resolution = resolution
        self.executed: list[Resolve] = []

    @asynccontextmanager
    async def connect(self):
        yield self

    async def execute(self, command: Resolve, caller: Caller) -> Resolution:
        assert caller == Caller(frontend="cli")
        self.executed.append(command)
        return self.resolution


def resolve(*arguments: str, resolution: Resolution = FOUND) -> tuple[int, list[Resolve]]:
    parser = Parser()
    resolve_command.configure(parser)
    session = FakeSession(resolution)
    code = resolve_command.run(parser.parse_args(arguments), session)  # type: ignore[arg-type]
    return code, session.executed


def test_every_step_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, executed = resolve("+431505641", "--line", "office")
    assert code == 0
    assert executed == [Resolve(target="+431505641", line="office")]
    assert capsys.readouterr().out.splitlines() == [
        "-       +431505641: unclaimed",
        "        no resolver",
        "naptr   sip:example.com: passed on",
        "        no NAPTR\\x1b[2J (for 60 s)",
        "srv     sip:example.com: resolved",
        "        SRV of _sip._udp.example.com (for 300 s)",
        "          -> udp:pbx.example:5060",
        "the phone is asked to call sip:+431505641@example.com",
        "1. udp:192.0.2.1:5060",
        "2. tls:[::1]:5061",
    ]


def test_a_plugin_s_longer_name_stands_apart_too(capsys: pytest.CaptureFixture[str]) -> None:
    step = FOUND.steps[1].evolve(resolver="phone-book", ttl=None, why="it is in it")
    resolve("305", resolution=FOUND.evolve(steps=(step, FOUND.steps[2])))
    assert capsys.readouterr().out.splitlines()[:3] == [
        "phone-book sip:example.com: passed on",
        "           it is in it",
        "srv        sip:example.com: resolved",
    ]


def test_without_an_address_the_reason_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, executed = resolve("no.example", resolution=NOT_FOUND)
    assert code == 3
    assert executed == [Resolve(target="no.example")]
    assert capsys.readouterr().out == "no address: there is none\n"


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert resolve("+431505641", "--json")[0] == 0
    assert json.loads(capsys.readouterr().out) == FOUND.to_json()
    assert resolve("no.example", "--json", resolution=NOT_FOUND)[0] == 3
    assert json.loads(capsys.readouterr().out)["addresses"] == []


def test_a_callee_without_a_way_from_here_is_the_phones_business(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Resolution(
        target="305",
        line="office",
        steps=(),
        callee=SipUri("example.com", "lab"),
        problem="example.com has no address",
    )
    code, _ = resolve("305", resolution=found)
    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        "the phone is asked to call sip:lab@example.com",
        "from here there is no way to it (example.com has no address); the phone may know one",
    ]
