"""A stranger who sends datagrams to a user agent that only places calls."""

from __future__ import annotations

from siptapi_core.machine.incoming_calls import IncomingCalls
from siptapi_core.machine.line_of_request import IncomingLine
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

STRANGER, OWN = Address("192.0.2.66", 5062), Address("192.0.2.9", 5060)


def answers_to(*datagrams: bytes, line: bool = False) -> list[int]:
    """The status of each answer; all go back to where the requests came from, and nothing stays.

    ``line``: there is one, 201@example.org, that shows calls.
    """
    agent = UserAgent(identifiers=CountingIdentifiers(), local_address=lambda _towards: OWN)
    calls = IncomingCalls(agent, report=lambda _call, _happening: None)
    if line:
        account, proxy = SipUri("example.org", "201"), SipUri("example.org")
        calls.lines.put(IncomingLine(name="office", account=account, next_hop=proxy, token="token"))
    answers = []
    for datagram in datagrams:
        agent.receive(datagram, STRANGER, 0.0)
        for data, destination in agent.datagrams():
            assert destination.host == STRANGER.host
            assert data.startswith(b"SIP/2.0 ")
            answers.append(int(data.split(b" ", 2)[1]))
    calls.give_up(0.0)
    while (deadline := agent.next_timer()) is not None:
        agent.handle_timer(deadline)
    assert len(agent) == 0
    return answers
