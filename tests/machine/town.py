"""A small town in memory: SIPTAPI, a proxy, the user's phone and a callee on a lossy link."""

from __future__ import annotations

from typing import Any

from siptapi_core.demo.phone import Behaviour, PhoneAccount, SimulatedPhone
from siptapi_core.demo.phone_calls import CallPhase
from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.events import CallEnded, Happening
from siptapi_core.machine.refer_call import ReferCall
from siptapi_core.machine.refer_plan import ByePolicy, CallTimers, ReferPlan
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers
from siptapi_core.testing.lossy_link import AT_ONCE, Decide, LossyLink

DOMAIN = "example.com"
PROXY, PHONE, CALLEE, STANDBY, SIPTAPI = (Address(f"192.0.2.{n}", 5060) for n in (1, 2, 3, 5, 9))
CREDENTIALS = Credentials("200", "secret")


def at_once(_data: bytes, _source: Address, _destination: Address) -> tuple[float, ...]:
    return AT_ONCE


class TrustingProxy(DemoProxy):
    """Asks nobody for a password: even the first copy of an INVITE goes through."""

    def _knows(self, request: Request) -> bool:
        return True


class Town:
    """Everybody, joined; `call` is SIPTAPI's, ``told`` what it reported.

    ``changes`` are to its plan.
    """

    def __init__(
        self,
        *,
        fate: Decide = at_once,
        phone: Behaviour | None = None,
        callee: Behaviour | None = None,
        direct: bool = False,
        standby: bool = False,
        trusting: bool = False,
        password: str = "secret",
        callee_user: str = "301",
        bye: ByePolicy = ByePolicy.ON_ANSWER,
        timers: CallTimers | None = None,
        **changes: Any,
    ) -> None:
        identifiers = CountingIdentifiers()
        self.proxy, self.standby = (
            (TrustingProxy if trusting else DemoProxy)(
                address,
                DOMAIN,
                passwords={"200": "secret"},
                phones={"201": PHONE, "301": CALLEE},
                secret=str(address),
            )
            for address in (PROXY, STANDBY)
        )

        def account(user: str) -> PhoneAccount:
            proxy = STANDBY if standby else PROXY
            return PhoneAccount(user=user, domain=DOMAIN, proxy=proxy, credentials=CREDENTIALS)

        self.phone = SimulatedPhone(
            account("201"), PHONE, identifiers=identifiers, behaviour=phone or Behaviour()
        )
        self.callee = SimulatedPhone(
            account("301"), CALLEE, identifiers=identifiers, behaviour=callee or Behaviour()
        )
        self.agent = UserAgent(identifiers=identifiers, local_address=lambda _to: SIPTAPI)
        self.link = LossyLink(fate=fate)
        for endpoint, address in (
            (self.proxy, PROXY),
            (self.standby, STANDBY),
            (self.phone, PHONE),
            (self.callee, CALLEE),
            (self.agent, SIPTAPI),
        ):
            self.link.join(endpoint, address)
        self.told: list[Happening] = []
        account_uri = SipUri(host=DOMAIN, user="200")
        target = SipUri(host=PHONE.host, port=PHONE.port, user="201")
        plan = ReferPlan(
            strategy="refer-to-phone" if direct else "refer-via-proxy",
            target=target if direct else SipUri(host=DOMAIN, user="201"),
            from_=NameAddr(account_uri),
            refer_to=SipUri(host=DOMAIN, user=callee_user),
            referred_by=account_uri,
            next_hop=target if direct else SipUri(host=DOMAIN),
            direct=direct,
            bye=bye,
            timers=timers or CallTimers(),
        ).evolve(**changes)
        self.call = ReferCall(
            plan,
            agent=self.agent,
            addresses=(PHONE if direct else PROXY, *([STANDBY] if standby else [])),
            credentials=Credentials("200", password),
            locate=lambda uri, then: then((Address(uri.host, uri.port or 5060),), self.now),
            report=self.told.append,
        )

    @property
    def now(self) -> float:
        return self.link.clock.monotonic()

    @property
    def ended(self) -> CallEnded:
        last = self.told[-1]
        assert isinstance(last, CallEnded), self.told
        return last

    @property
    def names(self) -> list[str]:
        return [happening.name for happening in self.told]

    def dial(self) -> None:
        self.call.start(self.now)

    def transfer_at(self, moment: float, user: str) -> None:
        to = SipUri(host=DOMAIN, user=user)
        self.agent.queue.schedule(moment, lambda now: self.call.transfer(to, now))

    def hang_up_at(self, moment: float) -> None:
        self.agent.queue.schedule(moment, self.call.hang_up)

    def put_down_at(self, moment: float) -> None:
        """The user puts the phone down."""
        self.phone.agent.queue.schedule(moment, self.phone.hang_up)

    def run(self) -> None:
        self.link.run()

    def phone_is_free(self) -> bool:
        """Whether the phone has no call with us any more."""
        return all(call.phase is CallPhase.OVER for call in self.phone.incoming)

    def sent(self, source: Address, start: str) -> list[str]:
        """First lines of what ``source`` sent that begin with ``start``."""
        return [
            line
            for packet in self.link.packets
            if packet.source == source
            and (line := packet.data.split(b"\r\n", 1)[0].decode()).startswith(start)
        ]
