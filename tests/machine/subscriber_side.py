"""A subscription on the bench: the test is the notifier."""

from __future__ import annotations

from bench import PROXY, Bench, make_request

from siptapi_core.machine.flows import Flows
from siptapi_core.machine.phone_leg import Located
from siptapi_core.machine.subscription import SubscriberState, Subscription
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.message import Request, Response
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

ACCOUNT = SipUri(host="example.com", user="201")
CREDENTIALS = Credentials("200", "secret")


def make_plan(**changes: object) -> SubscriptionPlan:
    plan = SubscriptionPlan(
        target=ACCOUNT,
        from_=NameAddr(SipUri(host="example.com", user="200")),
        next_hop=SipUri(host="example.com"),
    )
    return plan.evolve(**changes)


class Subscriber(Bench):
    """A subscription, its owner, its resolver and its clock."""

    def __init__(self, *, addresses: tuple[Address, ...] = (PROXY,), **changes: object) -> None:
        super().__init__()
        self.plan = make_plan(**changes)
        self.flows = Flows(self.agent.transactions)
        self.bodies: list[bytes] = []
        self.told: list[tuple[str, str]] = []
        self.wants_full_state = False
        self.asked: list[str] = []
        self.found: tuple[Address, ...] = (PROXY,)
        self.look_ups: list[Located] = []
        self.answers_look_ups = True
        self.cseq = 0
        self.subscription = Subscription(
            self.plan,
            agent=self.agent,
            flows=self.flows,
            credentials=CREDENTIALS,
            locate=self.locate,
            owner=self,
            addresses=addresses,
        )

    def start(self) -> None:
        self.subscription.start(self.now)
        self.collect()

    def stop(self) -> None:
        self.subscription.stop(self.now)
        self.collect()

    @property
    def state(self) -> SubscriberState:
        return self.subscription.state

    @property
    def subscribe(self) -> Request:
        """The latest SUBSCRIBE."""
        return self.last("SUBSCRIBE")

    @property
    def attempts(self) -> list[str]:
        """The Call-IDs of the SUBSCRIBEs, each once."""
        return list(dict.fromkeys(request.call_id for request in self.requests("SUBSCRIBE")))

    # --- its owner and its resolver ---

    def on_notify(self, body: bytes, content_type: str | None, now: float) -> bool:
        self.bodies.append(body)
        return self.wants_full_state

    def on_state(self, state: SubscriberState, reason: str, now: float) -> None:
        self.told.append((state.name.lower(), reason))

    def locate(self, uri: SipUri, then: Located) -> None:
        self.asked.append(str(uri))
        self.look_ups.append(then)
        if self.answers_look_ups:
            then(self.found, self.now)

    # --- the notifier ---

    def accept(self, expires: int | None = 3600, **changes: object) -> None:
        """Answer the latest SUBSCRIBE with 200."""
        headers = () if expires is None else (("Expires", str(expires)),)
        more = changes.pop("headers", ())
        contact = ("Contact", "<sip:notifier@192.0.2.1>")
        options = {"to_tag": "notifier", "headers": (contact, *headers, *more)} | changes
        self.answer(self.subscribe, 200, **options)

    def refuse(self, status: int, *headers: tuple[str, str]) -> None:
        """Answer the latest SUBSCRIBE with ``status``."""
        self.answer(self.subscribe, status, to_tag="notifier", headers=headers)

    def notify(
        self,
        state: str | None = "active;expires=3600",
        *,
        body: bytes = b"news",
        tag: str = "notifier",
        cseq: int | None = None,
        event: str | None = "dialog",
        method: str = "NOTIFY",
        headers: tuple[tuple[str, str], ...] = (("Contact", "<sip:notifier@192.0.2.1>"),),
        of: Request | None = None,
    ) -> Response:
        """Send a NOTIFY of the latest SUBSCRIBE's dialog, or that of ``of``; its answer."""
        subscribe = of or self.subscribe
        self.cseq += 1
        parts = [("Event", event), ("Subscription-State", state)]
        given = tuple((name, value) for name, value in parts if value is not None)
        request = make_request(
            method,
            via=f"SIP/2.0/UDP 192.0.2.1:5060;branch={self.branch()};rport",
            from_=f"<{ACCOUNT}>;tag={tag}",
            to=str(subscribe.from_),
            call_id=subscribe.call_id,
            cseq=f"{cseq or self.cseq} {method}",
            headers=(*given, *headers),
            body=body,
        )
        self.receive(request)
        return self.responses(method)[-1]

    def set_up(self, expires: int = 3600) -> None:
        """Start, accept, notify: active."""
        self.start()
        self.accept(expires)
        self.notify(f"active;expires={expires}")
