"""A notifier in memory: a phone that tells of its dialogs as RFC 4235 wants it."""

from __future__ import annotations

from dialog_documents import dialog, document

from siptapi_core.machine.client_transaction import ClientTransaction
from siptapi_core.machine.dialog import Dialog
from siptapi_core.machine.server_transaction import ServerTransaction
from siptapi_core.machine.timers import Timer
from siptapi_core.machine.user_agent import UserAgent
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

GRANTED = 600


class Notifier:
    """The phone and its subscribers. ``partial``: NOTIFYs about changes tell of these only.

    ``history`` is what each dialog did, with the moments.
    """

    def __init__(self, address: Address, *, partial: bool, notify_first: bool) -> None:
        self.agent = UserAgent(
            identifiers=CountingIdentifiers("notifier"),
            local_address=lambda _towards: address,
            on_stranger=self.on_stranger,
        )
        self.contact = ("Contact", f"<sip:phone@{address.host}:{address.port}>")
        self.partial = partial
        self.notify_first = notify_first
        self.refuses = 0
        self.dialogs: dict[str, str] = {}
        self.history: dict[str, list[tuple[str, float]]] = {}
        self.subscribed = 0
        self.subscribers: list[Subscriber] = []

    # --- what happens to it ---

    def change(self, name: str, state: str, now: float) -> None:
        """A dialog begins, goes on or ends."""
        self.history.setdefault(name, []).append((state, now))
        if state == "terminated":
            self.dialogs.pop(name, None)
        else:
            self.dialogs[name] = state
        for subscriber in tuple(self.subscribers):
            subscriber.notify(now, (name, state))

    def end_all(self, reason: str, now: float) -> None:
        """Every subscription ends."""
        for subscriber in tuple(self.subscribers):
            subscriber.end(now, f"terminated;reason={reason}")

    def restart(self) -> None:
        """It forgets who has subscribed."""
        for subscriber in tuple(self.subscribers):
            subscriber.forget()

    def on_stranger(
        self, request: Request, transaction: ServerTransaction, source: Address, now: float
    ) -> None:
        if self.refuses or request.method != "SUBSCRIBE":
            self.agent.respond(transaction, self.refuses or 481, now)
            return
        self.subscribed += 1
        Subscriber(self, request).take(request, transaction, now)

    # --- as an endpoint ---

    def receive(self, data: bytes, source: Address, now: float) -> None:
        self.agent.receive(data, source, now)

    def handle_timer(self, now: float) -> None:
        self.agent.handle_timer(now)

    def next_timer(self) -> float | None:
        return self.agent.next_timer()

    def datagrams(self) -> list[tuple[bytes, Address]]:
        return self.agent.datagrams()


class Subscriber:
    """One subscription, as the notifier sees it."""

    def __init__(self, notifier: Notifier, subscribe: Request) -> None:
        self.notifier = notifier
        self.agent = notifier.agent
        self.tag = self.agent.identifiers.tag()
        self.dialog = Dialog.from_request(subscribe, self.tag)
        self.version = -1
        self.expires_at = 0.0
        self.timer: Timer | None = None
        self.agent.register(subscribe.call_id, self.tag, self)
        notifier.subscribers.append(self)

    def on_request(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        if not self.dialog.take(request):
            self.agent.respond(transaction, 500, now)
        elif request.method == "SUBSCRIBE":
            self.dialog.refresh_target(request)
            self.take(request, transaction, now)
        else:
            self.agent.respond(transaction, 405, now)

    def on_acknowledged(self, request: Request, now: float) -> None:
        raise AssertionError("no INVITE, no ACK")

    def take(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A SUBSCRIBE, first or later: answer it, and tell the full state."""
        granted = min(request.expires or 0, GRANTED)
        headers = (("Expires", str(granted)), self.notifier.contact)
        response = request.response(200, to_tag=self.tag, headers=headers)
        self.agent.queue.cancel(self.timer)
        self.expires_at = now + granted
        if self.notifier.notify_first:
            self.notify(now)
            transaction.respond(response, now)
        else:
            transaction.respond(response, now)
            self.notify(now)
        if granted == 0:
            self.end(now, "terminated;reason=timeout")
        else:
            self.timer = self.agent.queue.schedule(
                self.expires_at, lambda now: self.end(now, "terminated;reason=timeout")
            )

    def notify(self, now: float, *changes: tuple[str, str]) -> None:
        """Tell the changes, or all."""
        full = not (changes and self.notifier.partial)
        told = {**self.notifier.dialogs, **dict(changes)} if full else dict(changes)
        self.version += 1
        body = document(self.version, *(dialog(n, s) for n, s in told.items()), full=full)
        self.send(f"active;expires={round(self.expires_at - now)}", body, now)

    def end(self, now: float, state: str) -> None:
        self.send(state, b"", now)
        self.forget()

    def send(self, state: str, body: bytes, now: float) -> None:
        headers = [
            ("Event", "dialog"),
            ("Subscription-State", state),
            self.notifier.contact,
            ("Content-Type", "application/dialog-info+xml"),
        ]
        target = self.dialog.remote_target
        request = self.dialog.create_request("NOTIFY", headers=headers, body=body)
        to = Address(target.host, target.port or 5060)
        self.agent.transactions.request(request, to, self, now)

    def forget(self) -> None:
        if self in self.notifier.subscribers:
            self.notifier.subscribers.remove(self)
        self.agent.unregister(self.dialog.call_id, self.tag)
        self.agent.queue.cancel(self.timer)

    # --- what becomes of a NOTIFY (RFC 6665 section 4.2.2) ---

    def on_response(
        self, transaction: ClientTransaction, response: Response, source: Address, now: float
    ) -> None:
        if response.status == 481:
            self.forget()

    def on_timeout(self, transaction: ClientTransaction, now: float) -> None:
        self.forget()

    def on_transport_error(self, transaction: ClientTransaction, problem: str, now: float) -> None:
        self.forget()
