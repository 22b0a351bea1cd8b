"""The settings are read again while two hundred calls are under way."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from lab.daemon import CALLER, Heard
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab

from siptapi_core.commands import Dial, Dialling, ListCalls, ListLines
from siptapi_core.contracts import Dialer
from siptapi_core.errors import UnknownNameError
from siptapi_core.events import CallEvent

pytestmark = pytest.mark.interop

CALLS = 200


async def dial(dialer: Dialer, line: str) -> str:
    reply = await dialer.execute(Dial(number="2002", line=line), CALLER)
    assert isinstance(reply, Dialling)
    return reply.call


async def ringing(dialer: Dialer) -> int:
    """How many calls have a callee that rings."""
    calls = (await dialer.execute(ListCalls(), CALLER)).calls  # type: ignore[union-attr]
    return sum(call.state == "callee_ringing" for call in calls)


def test_a_reload_under_two_hundred_calls_loses_none(lab: Lab) -> None:
    registrar = lab.registrar(passwords=PASSWORDS | {"bob": "secret-of-bob"})
    phone = lab.sipp("callee_rings_for_long", milliseconds="6000", calls=CALLS + 2)
    account = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}
    calling = account | {"strategies": ["refer-to-phone"], "phone": phone.address}
    registering = account | {"register": True, "outbound_proxy": registrar.uri}

    def lines(*names: str, **changes: Any) -> dict[str, dict[str, Any]]:
        return {f"lines.{name}": calling | changes for name in names}

    kept, changed = lines("office", "kept"), lines("changed1", "changed2")
    removed, added = lines("removed1", "removed2"), lines("added1", "added2")
    bob = {"user": "bob", "password": "secret-of-bob"}
    before = {"lines.stays": registering, "lines.goes": registering | bob}
    after = {"lines.stays": registering, "lines.comes": registering}
    daemon = lab.daemon(tables=kept | changed | removed | before)
    names = ["office", "kept", "changed1", "changed2", "removed1", "removed2"]

    async def use(dialer: Dialer, heard: Heard) -> None:
        for line in ("stays", "goes"):
            await registered(dialer, heard, line)
        [stayed] = registrar.bindings("alice")
        placed = [await dial(dialer, names[number % len(names)]) for number in range(CALLS)]
        for _ in placed:
            await heard.until("callee_ringing")
        assert await ringing(dialer) == CALLS
        shown = {"display_name": "changed"}
        daemon.write_settings(kept | lines("changed1", "changed2", **shown) | added | after)
        daemon.signal(signal.SIGHUP)
        await heard.until("line_added", line="comes")
        assert await ringing(dialer) == CALLS, "all of this came about while they rang"
        for line in ("removed1", "removed2", "goes"):
            with pytest.raises(UnknownNameError, match=f"no line is named '{line}'"):
                await dial(dialer, line)
        placed += [await dial(dialer, line) for line in ("added1", "changed2")]

        await registered(dialer, heard, "comes")
        for _ in placed:
            await heard.until("call_ended")
        assert heard.endings() == dict.fromkeys(placed, "answered")
        assert registrar.bindings("bob") == []
        contacts = {bound.address: bound.cseq for bound in registrar.bindings("alice")}
        assert contacts.pop(stayed.address) == stayed.cseq, "left as it was"
        assert len(contacts) == 1

    heard = daemon.run(use)
    phone.assert_followed()
    names = [(e.line, e.happening.name) for e in heard.events if not isinstance(e, CallEvent)]
    of_lines = {each for each in names if each[1].startswith("line_")}
    assert of_lines == {
        *(("added1", "line_added"), ("added2", "line_added"), ("comes", "line_added")),
        *(("changed1", "line_changed"), ("changed2", "line_changed")),
        *(("removed1", "line_removed"), ("removed2", "line_removed"), ("goes", "line_removed")),
    }
    asked = [text for text in phone.trace().split("UDP message ") if "INVITE sip:phone@" in text]
    assert sum('From: "changed"' in text for text in asked) == 1


async def registered(dialer: Dialer, heard: Heard, name: str) -> None:
    while True:
        lines = (await dialer.execute(ListLines(), CALLER)).lines  # type: ignore[union-attr]
        if any((line.name, line.registration) == (name, "registered") for line in lines):
            return
        await heard.until("registration_changed")
