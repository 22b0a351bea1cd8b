"""From where a registered line takes calls, on real sockets: as its settings say."""

from __future__ import annotations

import asyncio
import socket

import pytest
from fake_pbx import Office, office, run

from siptapi_core.events import IncomingRinging
from siptapi_core.sip.message import Headers, Request, parse_message
from siptapi_core.sip.uri import SipUri

LINE = """
[lines.a]
domain = "pbx.example"
user = "201"
resolvers = ["hosts"]
register = true
"""


def call_from_elsewhere(here: Office, *, by_token: bool) -> bytes:
    """An INVITE as the PBX would send it, but from another address; returns the answer, or b""."""
    contact = here.pbx.sent("REGISTER")[-1].contacts[0].uri
    assert isinstance(contact, SipUri)
    uri = contact if by_token else SipUri(contact.host, user=contact.user, port=contact.port)
    headers = [
        ("Via", "SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK-elsewhere;rport"),
        ("Max-Forwards", "70"),
        ("From", "<sip:301@pbx.example>;tag=1"),
        ("To", "<sip:201@pbx.example>"),
        ("Call-ID", "elsewhere"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:301@127.0.0.2>"),
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.2", 0))
        caller.settimeout(0.3)
        caller.sendto(Request("INVITE", uri, Headers(headers)).encode(), (uri.host, uri.port))
        try:
            return caller.recv(65535)
        except TimeoutError:
            return b""


@pytest.mark.parametrize(
    ("accept_from", "by_token", "status"),
    [
        ("proxy", False, None),
        ("proxy", True, 480),
        ("phone", False, None),
        ("any", False, None),
        ("any", True, 180),
    ],
)
def test_a_call_from_another_address_than_the_proxy_s(accept_from, by_token, status):
    async def main():
        async with office(f'{LINE}accept_from = "{accept_from}"\n') as here:
            await here.update()
            await here.until(lambda: here.services.registered)
            answer = await asyncio.to_thread(call_from_elsewhere, here, by_token=by_token)
            assert (parse_message(answer).status if answer else None) == status
            shown = here.happened("a", IncomingRinging)
            assert len(shown) == (1 if status == 180 else 0)
            here.pbx.invite("201")
            await here.until(lambda: len(here.happened("a", IncomingRinging)) == len(shown) + 1)
            here.incoming.close()

    run(main)


def test_a_line_that_is_changed_accepts_as_it_says_now():
    async def main():
        async with office(f'{LINE}accept_from = "any"\n') as here:
            await here.update()
            await here.until(lambda: here.services.registered)
            registered = len(here.pbx.sent("REGISTER"))
            await here.update(LINE)
            answer = await asyncio.to_thread(call_from_elsewhere, here, by_token=True)
            assert parse_message(answer).status == 480
            assert len(here.pbx.sent("REGISTER")) == registered, "it need not register again"

    run(main)
