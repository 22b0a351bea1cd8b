"""SIPTAPI behind a real NAT; the proxy, the phones and the STUN servers on its other side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab.laboratory import Lab
from lab.nat import INSIDE, PUBLIC, PUBLIC_PORT, Nat, nat_lab
from lab.programs import wait_until

pytestmark = pytest.mark.interop

ANSWERED = ("answered", "callee", 0)
LINE = {"resolvers": ["a"], "notify_timeout": 3}
CONES = [Nat.CONE, Nat.MASQUERADE]


def stun_table(lab: Lab) -> dict[str, dict[str, Any]]:
    servers = [lab.coturn().server, lab.coturn().server]
    return {"strategies.refer-via-stun": {"servers": servers}}


def test_where_there_is_no_nat_stun_finds_our_own_address(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    call = lab.dial_via(proxy, strategies=["refer-via-stun"], tables=stun_table(lab), **LINE)
    assert call.finish().ending == ANSWERED


@pytest.mark.parametrize("record_routes", [True, False])
@pytest.mark.parametrize("nat", CONES)
def test_with_stun_past_a_proxy_that_does_not_help(
    tmp_path: Path, nat: Nat, *, record_routes: bool
) -> None:
    """Without Record-Route the phone itself sends to the address that STUN found."""
    with nat_lab(tmp_path, nat) as lab:
        proxy = lab.kamailio(record_routes=record_routes)
        phone = lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        tables = stun_table(lab)
        call = lab.dial_via(proxy, strategies=["refer-via-stun"], tables=tables, **LINE)
        assert call.finish().ending == ANSWERED
        assert f"Contact: <sip:alice@{PUBLIC}:" in call.trace()
        assert INSIDE not in call.trace()
        assert (f"received from udp:{phone.host}:" in call.trace()) is not record_routes
        if nat is Nat.CONE:
            assert f"Contact: <sip:alice@{PUBLIC}:{PUBLIC_PORT}>" in call.trace()


def test_the_one_who_cannot_says_why_and_the_other_one_calls(tmp_path: Path) -> None:
    with nat_lab(tmp_path, Nat.SYMMETRIC) as lab:
        proxy = lab.kamailio(handles_nat=True)
        phone = lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        tables = stun_table(lab)
        both = ["refer-via-stun", "refer-via-proxy"]
        alone = lab.dial_via(proxy, strategies=both[:1], tables=tables, **LINE).finish()
        assert alone.ending == ("failed", "proxy", 3)
        assert "symmetric" in alone.failure["reason"]
        assert "refer-via-proxy" in alone.failure["reason"]
        assert phone.incoming() == []
        together = lab.dial_via(proxy, strategies=both, tables=tables, **LINE).finish()
        assert together.ending == ANSWERED
        assert "strategy_fell_back" in together.names
        assert len(phone.incoming()) == 1


@pytest.mark.parametrize(
    ("nat", "verdict", "words"),
    [
        (Nat.MASQUERADE, "ok", f"STUN servers see us at udp:{PUBLIC}:"),
        (Nat.SYMMETRIC, "problem", "symmetric"),
    ],
)
def test_the_doctor_asks_stun_servers(tmp_path: Path, nat: Nat, verdict: str, words: str) -> None:
    with nat_lab(tmp_path, nat) as lab:
        proxy = lab.kamailio()
        line = LINE | {"strategies": ["refer-via-stun"], "outbound_proxy": proxy.uri}
        findings = lab.doctor(tables=stun_table(lab), **line)
        (found,) = (each for each in findings if each["seen"].startswith("STUN"))
        assert (found["check"], found["line"], found["verdict"]) == ("nat", "office", verdict)
        assert words in found["seen"]


def test_a_mapping_that_changes_during_a_call_is_told(tmp_path: Path) -> None:
    with nat_lab(tmp_path, Nat.CONE, mapping_seconds=1) as lab:
        proxy = lab.kamailio()
        lab.baresip("alice", proxy)
        callee = lab.baresip("2002", proxy, answer="manual")
        line = LINE | {"strategies": ["refer-via-stun"], "keepalive": 4}
        call = lab.dial_via(proxy, tables=stun_table(lab), **line)
        callee.await_event("CALL_INCOMING")
        lab.move(PUBLIC_PORT + 1)
        warning = "the NAT has changed our address"
        wait_until(lambda: warning in call.trace(), seconds=15, what=warning)
        assert f"udp:{PUBLIC}:{PUBLIC_PORT + 1}" in call.trace()
        call.interrupt()
        call.finish()


def test_no_stun_server_answers(tmp_path: Path) -> None:
    with nat_lab(tmp_path, Nat.CONE) as lab:
        proxy = lab.kamailio()
        silent = {"strategies.refer-via-stun": {"servers": [f"{lab.host()}:3478"]}}
        call = lab.dial_via(proxy, strategies=["refer-via-stun"], tables=silent, **LINE)
        result = call.finish(20)
        assert result.ending == ("failed", "proxy", 3)
        assert "no STUN server" in result.failure["reason"]


@pytest.mark.parametrize("nat", Nat)
def test_a_proxy_that_handles_nat_needs_no_help(tmp_path: Path, nat: Nat) -> None:
    with nat_lab(tmp_path, nat) as lab:
        proxy = lab.kamailio(handles_nat=True)
        lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        assert lab.dial_via(proxy, **LINE).finish().ending == ANSWERED


@pytest.mark.parametrize("nat", Nat)
def test_a_learned_address_past_a_proxy_that_does_not_help(tmp_path: Path, nat: Nat) -> None:
    with nat_lab(tmp_path, nat) as lab:
        proxy = lab.kamailio()
        lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        assert lab.dial_via(proxy, learn_address=True, **LINE).finish().ending == ANSWERED


@pytest.mark.parametrize("nat", Nat)
def test_a_phone_called_at_its_own_address(tmp_path: Path, nat: Nat) -> None:
    """It is told where we are by a re-INVITE, for nobody was there to say so before."""
    with nat_lab(tmp_path, nat) as lab:
        proxy = lab.kamailio()
        phone = lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        call = lab.dial_to(phone, learn_address=True, **LINE)
        assert call.finish().ending == ANSWERED
        assert phone.incoming() != []


def test_without_any_help_it_is_not_known_how_the_call_went(tmp_path: Path) -> None:
    with nat_lab(tmp_path, Nat.CONE) as lab:
        proxy = lab.kamailio()
        lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        result = lab.dial_via(proxy, **LINE).finish()
        assert result.ending[:2] == ("unknown", "callee")


@pytest.mark.parametrize("strategy", ["refer-via-stun", "refer-via-proxy"])
def test_the_bye_of_the_phone_comes_in(tmp_path: Path, strategy: str) -> None:
    with nat_lab(tmp_path, Nat.CONE) as lab:
        proxy = lab.kamailio(handles_nat=strategy == "refer-via-proxy")
        phone = lab.baresip("alice", proxy)
        callee = lab.baresip("2002", proxy)
        tables = stun_table(lab)
        call = lab.dial_via(proxy, strategies=[strategy], tables=tables, bye="never", **LINE)
        callee.await_event("CALL_ESTABLISHED")
        call.await_event("callee_answered")
        phone.hang_up_all()
        assert call.finish(10).ending == ANSWERED
        assert "BYE sip:alice@" in call.trace()


@pytest.mark.parametrize(("keepalive", "outcome"), [(1, "answered"), (0, "unknown")])
def test_a_callee_who_takes_long_outlives_the_mapping(
    tmp_path: Path, keepalive: int, outcome: str
) -> None:
    """baresip reports nothing between 100 and the answer; the NAT forgets us after 3 seconds."""
    with nat_lab(tmp_path, Nat.CONE, mapping_seconds=3) as lab:
        proxy = lab.kamailio()
        lab.baresip("alice", proxy)
        callee = lab.baresip("2002", proxy, answer="manual")
        line = LINE | {"keepalive": keepalive, "callee_timeout": 12}
        call = lab.dial_via(proxy, strategies=["refer-via-stun"], tables=stun_table(lab), **line)
        callee.await_event("CALL_INCOMING")
        lab.outlast_mappings()
        callee.command("accept")
        assert call.finish(30).ending[0] == outcome
