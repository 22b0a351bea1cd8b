"""Calls that come to a phone and to SIPTAPI, registered beside it on the same account."""

from __future__ import annotations

import pytest
from lab.daemon import CALLER
from lab.laboratory import Lab

from siptapi_core.commands import ListCalls, ListLines

pytestmark = pytest.mark.interop


def registered(lab: Lab, proxy, **line):
    daemon = lab.daemon(register=True, outbound_proxy=proxy.uri, **line)

    async def use(dialer, heard):
        while True:
            (status,) = (await dialer.execute(ListLines(), CALLER)).lines
            if status.registration == "registered":
                return
            await heard.until("registration_changed")

    daemon.run(use)
    return daemon


def test_answered_on_the_phone_is_answered_elsewhere(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy)
    caller = lab.baresip("2002", proxy)
    daemon = registered(lab, proxy)

    async def use(dialer, heard):
        caller.command("dial", "sip:alice@office.test")
        ringing = await heard.until("incoming_ringing")
        assert (ringing.happening.caller, ringing.happening.called) == (
            "2002",
            "sip:alice@office.test",
        )
        await heard.until("incoming_answered_elsewhere", call=ringing.call)
        assert (await dialer.execute(ListCalls(), CALLER)).calls == ()

    daemon.run(use)
    assert phone.calls == 1
