"""What a registered line that waits for calls is made of: a process has ten thousand of them."""

from __future__ import annotations

import gc
import sys
from types import FunctionType

from bench import PROXY, SIPTAPI

from siptapi_core.machine.flows import Flows
from siptapi_core.machine.registration import Registration, RegistrationPhase
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import parse_message
from siptapi_core.sip.uri import SipUri

MOST = 2800
"""Bytes, with the plan and its addresses."""
CHALLENGE = 'Digest realm="pbx.example.com", nonce="{}", qop="auth", algorithm=MD5'


class Town:
    """Lines by the dozen, and their registrar; every message comes at once."""

    def __init__(self):
        self.identifiers = SystemIdentifiers()
        self.agent = UserAgent(identifiers=self.identifiers, local_address=lambda _: SIPTAPI)
        self.flows = Flows(self.agent.transactions)
        self.next_hop = SipUri("example.com")
        self.made = 0

    def register_one(self):
        self.made += 1
        owner = Owner(str(1_000_000 + self.made))
        plan = RegistrationPlan(
            account=SipUri("example.com", user=owner.user),
            next_hop=self.next_hop,
            token=self.identifiers.tag(),
            keepalive=25.0,
        )
        owner.registration = Registration(plan, agent=self.agent, flows=self.flows, owner=owner)
        owner.registration.start(0.0)
        nonce = self.identifiers.call_id()
        self.answer(401, lambda _: [("WWW-Authenticate", CHALLENGE.format(nonce))])
        self.answer(200, lambda register: [("Contact", register.headers.get("Contact"))])
        assert owner.registration.phase is RegistrationPhase.REGISTERED
        return owner

    def answer(self, status, headers):
        [(data, _)] = self.agent.datagrams()
        register = parse_message(data)
        response = register.response(status, to_tag="registrar", headers=headers(register))
        self.agent.receive(response.encode(), PROXY, 0.0)


class Owner:
    __slots__ = ("registration", "user")

    def __init__(self, user):
        self.user = user

    def prepare(self, now):
        self.registration.proceed((PROXY,), Credentials(self.user, "secret"), now)

    def on_changed(self, now):
        pass


def parts(registration, shared):
    """Every object that ``registration`` is made of, by id; what all lines share left out."""
    found = {}
    pending = [registration]
    while pending:
        each = pending.pop()
        if id(each) in found or id(each) in shared or isinstance(each, (type, FunctionType)):
            continue
        found[id(each)] = each
        pending.extend(gc.get_referents(each))
    return found


def test_an_idle_line_is_small_and_leaves_nothing_when_it_is_gone():
    town = Town()
    lines = [town.register_one(), town.register_one()]
    assert len(town.agent) == 0
    assert len(town.agent.queue) == 2 + 1  # their refreshes, and one packet for both
    common = {id(each) for each in (town.agent, town.flows, *lines)}
    first, second = (parts(line.registration, common) for line in lines)
    own = [each for key, each in first.items() if key not in second]
    assert 1000 < sum(map(sys.getsizeof, own)) < MOST, own
    for line in lines:
        line.registration.give_up(1.0)
    assert len(town.agent.queue) == 0
    assert len(town.flows) == 0
