"""Calls that a real proxy forks to a phone and to us: what its CANCELs say, and what we tell.

What Kamailio's tm (5.6.3) writes into the CANCEL to us, seen here:

- another phone answered: ``Reason: SIP;cause=200;text="Call completed elsewhere"``
- it declined for all: ``Reason: SIP;cause=603``, or 600
- the caller gave up: no Reason
- one of the first two, but before our 180 came: the CANCEL waits for that, and then has
  ``SIP;cause=200`` without a text, or after a 6xx none at all

A phone that says 486 ends nothing as long as we ring.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from lab.addresses import PORT
from lab.baresip import Baresip
from lab.kamailio import DOMAIN, Kamailio
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until

from siptapi_core.events import (
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    Reporter,
    TracedMessage,
)
from siptapi_core.logs import logger
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.exchange import Exchange
from siptapi_core.machine.incoming_call import IncomingCall, IncomingHappening
from siptapi_core.machine.incoming_calls import IncomingCalls
from siptapi_core.machine.line_of_request import IncomingLine
from siptapi_core.net.clock import SystemClock
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.message import Headers, Request, Response
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

pytestmark = pytest.mark.interop
T = TypeVar("T")

RINGING = IncomingRinging(caller="2002", called="sip:alice@office.test")


class Desk:
    """SIPTAPI's user agent beside the phone of alice, in a thread; ``told`` is what it reports."""

    def __init__(self, host: str, proxy: Kamailio) -> None:
        self.told: list[IncomingHappening] = []
        self.calls: list[IncomingCall] = []
        self.messages: list[TracedMessage] = []
        self._host = host
        self._proxy = Address(proxy.host, PORT)
        self._registered: set[str] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._network = self._in_loop(self._open())
        self.register(self.contact)

    @property
    def contact(self) -> str:
        return f"sip:alice@{self._host}:{PORT};line=token"

    def register(self, contact: str) -> None:
        """A binding of alice's, for whomever."""
        account = SipUri(host=DOMAIN, user="alice")
        identifiers = self._network.agent.identifiers
        headers = [
            ("Max-Forwards", "70"),
            ("From", f"<{account}>;tag={identifiers.tag()}"),
            ("To", f"<{account}>"),
            ("Call-ID", identifiers.call_id()),
            ("CSeq", "1 REGISTER"),
            ("Contact", f"<{contact}>;expires=600"),
        ]

        def on_response(response: Response, _now: float) -> None:
            assert response.status == 200
            self._registered.add(contact)

        def on_failure(problem: str, _now: float) -> None:
            raise AssertionError(problem)

        exchange = Exchange(
            self._network.agent.transactions,
            Request("REGISTER", SipUri(host=DOMAIN), Headers(headers)),
            (self._proxy,),
            authentication=Authentication(Credentials("alice", PASSWORDS["alice"]), identifiers),
            next_cseq=lambda: 2,
            on_response=on_response,
            on_failure=on_failure,
        )
        self.do(exchange.start)
        wait_until(lambda: contact in self._registered, seconds=5, what=f"{contact} registered")

    def do(self, act: Callable[[float], None]) -> None:
        """Let ``act(now)`` happen in the loop."""
        self._loop.call_soon_threadsafe(self._network.drive, act)

    def await_told(self, count: int) -> None:
        """Wait until so much has been told."""
        wait_until(lambda: len(self.told) >= count, seconds=10, what=f"{count}, but {self.told}")

    @property
    def reasons(self) -> list[str | None]:
        """The Reason of each CANCEL that came."""
        cancels = (m.text for m in self.messages if m.first_line.startswith("CANCEL"))
        found = (re.search(r"(?m)^Reason: (.*?)\r?$", text) for text in cancels)
        return [reason and reason[1] for reason in found]

    def close(self) -> None:
        self._in_loop(self._network.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> SipNetwork:
        network = await SipNetwork.open(
            clock=SystemClock(),
            identifiers=SystemIdentifiers(),
            logger=logger(__name__),
            hosts=(self._host,),
            ports=(PORT,),
        )
        network.tracers.append(self.messages.append)
        next_hop = SipUri(self._proxy.host)
        network.expect_calls(next_hop, (self._proxy,))
        calls = IncomingCalls(network.agent, report=self._report)
        account = SipUri(host=DOMAIN, user="alice")
        line = IncomingLine(
            name="office",
            account=account,
            next_hop=next_hop,
            token="token",
            sends_reason=True,
        )
        calls.lines.put(line)
        return network

    def _report(self, call: IncomingCall, happening: IncomingHappening) -> None:
        self.told.append(happening)
        if isinstance(happening, IncomingRinging):
            self.calls.append(call)

    def _in_loop(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(10)


@pytest.fixture
def proxy(lab: Lab) -> Kamailio:
    return lab.kamailio()


@pytest.fixture
def desk(lab: Lab, proxy: Kamailio) -> Iterator[Desk]:
    made = Desk(lab.host(), proxy)
    yield made
    made.close()
    print(*(f"{m.peer} {m.text}" for m in made.messages), sep="\n")


def call_alice(caller: Baresip) -> None:
    caller.command("dial", f"sip:alice@{DOMAIN}")


def hung_up_by_itself(caller: Baresip) -> None:
    wait_until(lambda: caller.calls == 0, seconds=10, what="the caller's call ending")


def test_twenty_of_twenty_calls_are_answered_elsewhere(
    lab: Lab, proxy: Kamailio, desk: Desk
) -> None:
    phone, caller = lab.baresip("alice", proxy), lab.baresip("2002", proxy)
    for number in range(1, 21):
        call_alice(caller)
        desk.await_told(2 * number)
        wait_until(lambda: phone.calls == 1, seconds=5, what="the phone talking")
        caller.hang_up_all()
        phone.hang_up_all()
    assert desk.told == [RINGING, IncomingAnsweredElsewhere()] * 20
    assert set(desk.reasons) <= {"SIP;cause=200", 'SIP;cause=200;text="Call completed elsewhere"'}


def test_the_caller_gives_up(lab: Lab, proxy: Kamailio, desk: Desk) -> None:
    phone = lab.baresip("alice", proxy, answer="manual")
    caller = lab.baresip("2002", proxy)
    call_alice(caller)
    phone.await_event("CALL_INCOMING")
    desk.await_told(1)
    time.sleep(0.6)  # a CANCEL within T1 may have waited for our 180: then nobody knows
    caller.hang_up_all()
    desk.await_told(2)
    assert desk.told == [RINGING, IncomingEnded(IncomingOutcome.MISSED)]
    assert desk.reasons == [None]


def test_a_busy_phone_leaves_the_caller_to_us(lab: Lab, proxy: Kamailio, desk: Desk) -> None:
    phone = lab.baresip("alice", proxy, answer="manual")
    caller = lab.baresip("2002", proxy)
    call_alice(caller)
    phone.await_event("CALL_INCOMING")
    desk.await_told(1)
    phone.command("hangup")  # a ringing baresip says 486 with it
    wait_until(lambda: phone.calls == 0, seconds=5, what="the phone silent")
    assert caller.calls == 1
    assert desk.told == [RINGING]
    desk.do(desk.calls[0].give_up)
    hung_up_by_itself(caller)
    ended = IncomingEnded(IncomingOutcome.NOT_ANSWERED, 480, Reporter.SIPTAPI)
    assert desk.told == [RINGING, ended]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("603 Decline", IncomingOutcome.REJECTED), ("600 Busy Everywhere", IncomingOutcome.BUSY)],
)
def test_the_phone_declines_for_all(
    lab: Lab, proxy: Kamailio, desk: Desk, status: str, outcome: IncomingOutcome
) -> None:
    phone = lab.sipp("turned_away_after_ringing", status=status)
    desk.register(f"sip:alice@{phone.place}")
    caller = lab.baresip("2002", proxy)
    call_alice(caller)
    desk.await_told(2)
    assert desk.told == [RINGING, IncomingEnded(outcome, int(status[:3]))]
    assert desk.reasons == [f"SIP;cause={status[:3]}"]
    hung_up_by_itself(caller)
    phone.assert_followed()


def test_we_reject_for_all(lab: Lab, proxy: Kamailio, desk: Desk) -> None:
    phone = lab.baresip("alice", proxy, answer="manual")
    caller = lab.baresip("2002", proxy)
    call_alice(caller)
    phone.await_event("CALL_INCOMING")
    desk.await_told(1)
    desk.do(desk.calls[0].reject)
    hung_up_by_itself(caller)
    wait_until(lambda: phone.calls == 0, seconds=5, what="the phone silent")
    assert desk.told == [RINGING, IncomingEnded(IncomingOutcome.REJECTED, 603, Reporter.SIPTAPI)]


def test_what_we_redirect_goes_on_once_the_phone_is_silent(
    lab: Lab, proxy: Kamailio, desk: Desk
) -> None:
    phone = lab.baresip("alice", proxy, answer="manual")
    caller = lab.baresip("2002", proxy)
    call_alice(caller)
    phone.await_event("CALL_INCOMING")
    desk.await_told(1)
    target = SipUri(host=DOMAIN, user="2002")
    desk.do(lambda now: desk.calls[0].redirect(target, now))
    desk.await_told(2)
    ended = IncomingEnded(IncomingOutcome.REDIRECTED, 302, Reporter.SIPTAPI)
    assert desk.told == [RINGING, ended]
    assert phone.calls == 1
    to_caller = f"{proxy.host}:{PORT} -> {caller.host}:{PORT}\nSIP/2.0 302"
    assert to_caller not in caller.trace()
    phone.command("hangup")
    wait_until(lambda: to_caller in caller.trace(), seconds=5, what="302 at the caller")
