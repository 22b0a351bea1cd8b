from __future__ import annotations

from types import SimpleNamespace

import pytest
from examined import PROXY, FakeLine, answer, failure, found, one

from siptapi_core.checks import nat
from siptapi_core.checks.asking import Answer
from siptapi_core.checks.findings import UnexaminedError
from siptapi_core.checks.nat import check_nat
from siptapi_core.targets import Address, Transport

OURS = Address("192.0.2.7", 5070)


def seen_at(via: str) -> Answer:
    return answer(Via=f"SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKx{via}")


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """What the proxy answers when it is asked a second time."""
    answers: list[Answer] = []

    async def ask(_sockets, request, to) -> Answer:
        assert (request, to) == ("OPTIONS", PROXY)
        return answers[0]

    monkeypatch.setattr(nat, "ask", ask)
    monkeypatch.setattr(nat, "make_request", lambda _sockets, method, *_: method)
    return answers


def line_that_hears(*answers: Answer, **settings) -> FakeLine:
    agent = SimpleNamespace(local_address=lambda _towards: OURS)
    line = FakeLine(installation=SimpleNamespace(sockets=SimpleNamespace(agent=agent)), **settings)
    line.answers["options"] = answers
    return line


@pytest.mark.parametrize(
    ("first", "second", "settings", "verdict", "words"),
    [
        (";rport=5070", ";rport=5070", {}, "ok", "No NAT"),
        (";rport=9;received=203.0.113.1", "", {}, "note", "sees us at udp:203.0.113.1:9"),
        (
            ";rport=9;received=203.0.113.1",
            ";rport=9;received=203.0.113.1",
            {"learn_address": True},
            "ok",
            "which we learn",
        ),
        (";rport=9", ";rport=10", {}, "problem", "udp:192.0.2.7:9 and then at udp:192.0.2.7:10"),
        ("", "", {}, "note", "without rport"),
    ],
)
def test_where_the_proxy_sees_us(again, first, second, settings, verdict, words) -> None:
    again.append(seen_at(second))
    said, seen = one(check_nat, line_that_hears(seen_at(first), **settings))
    assert said == verdict
    assert words in seen


def test_a_proxy_that_says_nothing_the_second_time(again) -> None:
    again.append(failure(silent=True))
    assert one(check_nat, line_that_hears(seen_at(";rport=5070")))[0] == "ok"


def test_a_connection_of_ours_needs_no_mapping() -> None:
    over_tcp = answer(address=Address("192.0.2.1", 5060, Transport.TCP))
    assert one(check_nat, line_that_hears(failure(), over_tcp))[0] == "ok"


def test_nothing_is_seen_where_nobody_answers() -> None:
    with pytest.raises(UnexaminedError):
        found(check_nat, line_that_hears(failure()))
