"""A line's registration on the bench: the test is its registrar, its owner and its clock."""

from __future__ import annotations

from attrs import evolve
from bench import PROXY, SIPTAPI, Bench

from siptapi_core.errors import NetworkError, SiptapiError
from siptapi_core.events import RegistrationChanged
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.keepalive import EMPTY_LINES
from siptapi_core.machine.registration import Registration, RegistrationPhase
from siptapi_core.machine.registration_plan import RegistrationPlan
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Request
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

ACCOUNT = SipUri("example.com", user="200")
CREDENTIALS = Credentials("200", "pw")
CHALLENGE = ("WWW-Authenticate", 'Digest realm="pbx", nonce="n1", qop="auth"')
OURS = "<sip:200@192.0.2.9:5062;line=abc>"
PHONES = "<sip:200@192.0.2.2:5060>;expires=1000"


def make_plan(**changes: object) -> RegistrationPlan:
    plan = {"account": ACCOUNT, "next_hop": SipUri("example.com"), "token": "abc"}
    return RegistrationPlan(**plan | changes)


class RegistrationBench(Bench):
    """``addresses`` are what the next hop leads to, or why it leads nowhere; None: no word yet.

    ``phases`` are those that were entered, with their moments.
    """

    def __init__(
        self,
        *,
        credentials: Credentials | None = CREDENTIALS,
        addresses: tuple[Address, ...] | SiptapiError | None = (PROXY,),
        fractions: tuple[float, ...] = (),
        **plan: object,
    ) -> None:
        super().__init__()
        self.agent.identifiers = self.identifiers = CountingIdentifiers(fractions=fractions)
        self.agent.transactions._identifiers = self.identifiers
        self.agent.transactions._local_address = self.agent.local_address = self.local_address
        self.locals: dict[Address, Address | None] = {}
        self.credentials = credentials
        self.addresses = addresses
        self.phases: list[tuple[RegistrationPhase, float]] = []
        self.prepared = 0
        self.kept_open: list[tuple[float, Address]] = []
        self.flows = Flows(self.agent.transactions)
        self.agent.on_refused.append(self.flows.on_refused)
        self.registration = Registration(
            make_plan(**plan), agent=self.agent, flows=self.flows, owner=self
        )

    def local_address(self, towards: Address) -> Address:
        local = self.locals.get(towards, evolve(SIPTAPI, transport=towards.transport))
        if local is None:
            raise NetworkError(f"there is no way to {towards}")
        return local

    def prepare(self, now: float) -> None:
        self.prepared += 1
        self.go_on(now)

    def go_on(self, now: float) -> None:
        if isinstance(self.addresses, SiptapiError):
            self.registration.cannot_proceed(self.addresses, now)
        elif self.addresses is not None:
            self.registration.proceed(self.addresses, self.credentials, now)

    def on_changed(self, now: float) -> None:
        assert now == self.now
        self.phases.append((self.registration.phase, now))

    def collect(self) -> None:
        outbox = self.agent.transactions.outbox
        self.kept_open += [(self.now, to) for data, to in outbox if data == EMPTY_LINES]
        outbox[:] = [(data, to) for data, to in outbox if data != EMPTY_LINES]
        super().collect()

    # --- what the test does ---

    def start(self) -> RegistrationBench:
        self.registration.start(self.now)
        self.collect()
        return self

    def unregister(self, seconds: float = 5.0) -> None:
        self.registration.unregister(self.now, seconds)
        self.collect()

    def refuse(self, address: Address = PROXY) -> None:
        """The network says that nobody is there."""
        self.agent.refused(address, self.now)
        self.collect()

    def reply(
        self,
        status: int = 200,
        *headers: tuple[str, str],
        contacts: tuple[str, ...] | None = None,
        expires: int = 600,
        source: Address = PROXY,
    ) -> None:
        """Answer the last REGISTER; a 200 lists ``contacts``, by default ours for ``expires``."""
        if status == 200 and contacts is None:
            contacts = (f"{self.contacts[0].partition(';expires=')[0]};expires={expires}",)
        listed = [("Contact", contact) for contact in contacts or ()]
        self.answer(self.last_register, status, headers=(*listed, *headers), source=source)

    def registered(self, *, expires: int = 600) -> RegistrationBench:
        """Start, and be registered."""
        self.start().reply(expires=expires)
        return self

    # --- what there is to see ---

    @property
    def last_register(self) -> Request:
        return self.last("REGISTER")

    @property
    def contacts(self) -> tuple[str, ...]:
        return self.last_register.headers.lines("Contact")

    @property
    def cseqs(self) -> list[int]:
        return [request.cseq.number for request in self.requests("REGISTER")]

    @property
    def phase(self) -> RegistrationPhase:
        return self.registration.phase

    @property
    def status(self) -> RegistrationChanged:
        return self.registration.status(self.now)
