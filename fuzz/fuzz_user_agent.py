"""Datagrams to a user agent: nothing is raised, none is answered twice or by more than came."""

from __future__ import annotations

from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

STRANGER, OWN = Address("192.0.2.66", 5060), Address("192.0.2.9", 5060)


def read(data: bytes) -> None:
    agent = UserAgent(identifiers=CountingIdentifiers(), local_address=lambda _towards: OWN)
    agent.receive(data, STRANGER, 0.0)
    sent = agent.datagrams()
    assert len(sent) <= 1
    for datagram, destination in sent:
        assert destination.host == STRANGER.host
        assert len(datagram) <= len(data)
        # What a faulty request lacks, its refusal lacks too: it need not be readable.
        assert datagram.startswith(b"SIP/2.0 ")
        assert datagram.count(b"\r\n\r\n") == 1
    while (deadline := agent.next_timer()) is not None:
        agent.handle_timer(deadline)
        agent.datagrams()
    assert len(agent) == 0
