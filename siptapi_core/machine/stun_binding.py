"""Ask STUN servers how a NAT shows our socket to others, and keep asking (RFC 8489 section 6).

::

            ask              the servers agree
    IDLE ─────────▶ ASKING ────────────────────▶ KNOWN ──▶ on_known
     ▲ ▲             │   ▲                        │  │
     │ └─on_failure──┘   └──still wanted: refresh─┘  │     (another address: on_change as well)
     └───────────────────not wanted any more─────────┘

The answers are to be had on the socket that SIP uses: a NAT maps each socket for itself. Two
servers that see different addresses mean a mapping that depends on the destination (RFC 4787
section 4.1, "symmetric"): then no address that a server could tell is any use to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define

from siptapi_core.errors import MessageError
from siptapi_core.machine.timers import Timer, TimerQueue
from siptapi_core.sip.stun import StunClass, StunMessage
from siptapi_core.targets import Address

FIRST_INTERVAL = 0.5
"""Seconds from the first request to the second; each further one doubles it."""
REQUESTS = 4
"""How often a server is asked. RFC 8489 has 7, 39.5 s in all; but a person waits for this."""
LAST_WAIT = 2.0
LATE_SECONDS = 2.0
"""Once one server has answered, the others are given this long: three requests."""


@define
class _Question:
    """What one server is asked, and what came of it."""

    server: Address
    request: bytes
    transaction_id: bytes
    mapped: Address | None = None
    problem: str = ""

    @property
    def is_open(self) -> bool:
        return self.mapped is None and not self.problem


class StunBinding:
    """One socket as the NAT shows it; a `siptapi_core.machine.endpoint.Endpoint`.

    ``servers`` are of one address family, not empty. ``new_transaction_id()`` gives 12 random
    bytes. After ``refresh`` seconds the servers are asked again where ``wanted()``, which keeps the
    mapping open too, and else what was learned is forgotten; with 0 it is so at once.
    """

    def __init__(
        self,
        servers: tuple[Address, ...],
        *,
        refresh: float,
        new_transaction_id: Callable[[], bytes],
        wanted: Callable[[], bool],
        on_known: Callable[[Address], None],
        on_change: Callable[[Address, Address], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self.mapped: Address | None = None
        """What the servers see, while that is known."""
        self._servers = servers
        self._refresh = refresh
        self._new_transaction_id = new_transaction_id
        self._wanted = wanted
        self._on_known = on_known
        self._on_change = on_change
        self._on_failure = on_failure
        self._queue = TimerQueue()
        self._outbox: list[tuple[bytes, Address]] = []
        self._questions: dict[bytes, _Question] = {}
        self._late: Timer | None = None

    def ask(self, now: float) -> None:
        """Ask all servers, unless they are being asked already."""
        if self._questions:
            return
        for server in self._servers:
            transaction_id = self._new_transaction_id()
            request = StunMessage.binding_request(transaction_id).encode()
            question = _Question(server, request, transaction_id)
            self._questions[transaction_id] = question
            self._send(question, 1, now)

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """A STUN message came; what answers none of our questions is dropped."""
        try:
            message = StunMessage.parse(data)
        except MessageError:
            return
        question = self._questions.get(message.transaction_id)
        if question is None or question.server != source or not question.is_open:
            return
        if message.message_class in (StunClass.REQUEST, StunClass.INDICATION):
            return
        try:
            question.mapped = Address(*message.mapped_address())
        except MessageError as error:
            question.problem = str(error)
        else:
            if self._late is None:
                self._late = self._queue.schedule(now + LATE_SECONDS, self._conclude)
        self._conclude_if_clear(now)

    def refused(self, address: Address, now: float) -> None:
        """The network says that nobody is at ``address``."""
        for question in self._questions.values():
            if question.server == address and question.is_open:
                question.problem = "nobody is there"
        self._conclude_if_clear(now)

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        self._queue.run_due(now)

    def next_timer(self) -> float | None:
        """When to call `handle_timer`; None: not needed."""
        return self._queue.next_deadline()

    def datagrams(self) -> list[tuple[bytes, Address]]:
        """Take what is to be sent."""
        taken, self._outbox = self._outbox, []
        return taken

    def _send(self, question: _Question, count: int, now: float) -> None:
        self._outbox.append((question.request, question.server))

        def on_silence(now: float) -> None:
            if self._questions.get(question.transaction_id) is not question or not question.is_open:
                return
            if count < REQUESTS:
                self._send(question, count + 1, now)
            else:
                question.problem = "no answer"
                self._conclude_if_clear(now)

        wait = LAST_WAIT if count == REQUESTS else FIRST_INTERVAL * 2 ** (count - 1)
        self._queue.schedule(now + wait, on_silence)

    def _conclude_if_clear(self, now: float) -> None:
        questions = self._questions.values()
        mapped = {question.mapped for question in questions if question.mapped is not None}
        if questions and (len(mapped) > 1 or not any(question.is_open for question in questions)):
            self._conclude(now)

    def _conclude(self, now: float) -> None:
        questions = tuple(self._questions.values())
        self._questions.clear()
        self._queue.cancel(self._late)
        self._late = None
        seen = {question.mapped: question.server for question in questions if question.mapped}
        before, self.mapped = self.mapped, None
        if not seen:
            problems = "; ".join(f"{each.server}: {each.problem}" for each in questions)
            self._on_failure(f"no STUN server says how the NAT shows us ({problems})")
        elif len(seen) > 1:
            views = ", ".join(f"{server} sees {mapped}" for mapped, server in seen.items())
            self._on_failure(
                f"the NAT shows us to each destination at another address, a symmetric one "
                f"({views}), so that nobody can be told where to reach us"
            )
        else:
            (mapped,) = seen
            if self._refresh:
                self.mapped = mapped
                self._queue.schedule(now + self._refresh, self._on_refresh)
            if before is not None and before != mapped:
                self._on_change(before, mapped)
            self._on_known(mapped)

    def _on_refresh(self, now: float) -> None:
        if self._wanted():
            self.ask(now)
        else:
            self.mapped = None
