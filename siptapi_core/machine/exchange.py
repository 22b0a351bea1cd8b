"""One request from its sender's point of view: challenges answered, standby addresses tried.

A transaction is one copy of the request, sent to one address with a branch of its own; an exchange
is what the sender meant. It sends another copy when a challenge is answered (RFC 3261 22.2: same
Call-ID, From tag, next CSeq), or when an address fails before anything but a 100 was heard (RFC
3263 4.3: same CSeq, new branch)::

    start ─▶ WAITING ─┬─ refused, no connection, 503, 64*T1 of silence ──▶ the next address ─┐
                ▲     ├─ the connection broke, and the next one too ─────▶ the next address ─┤
                │     ├─ silence, and a standby lives (`StandbyProbe`) ──▶ that standby ─────┤
                │     ├─ 482: an earlier copy has arrived ───────────────▶ that one again ───┤
                └─────│──────────────────────────────────────────────────────────────────────┘
                      ├─ 101-299, of whichever copy is first ──▶ DECIDED, and told
                      └─ 300-699, and nobody is left to ask ───▶ DECIDED, and told

A copy that was left in silence may have arrived all the same, or still arrive. A phone must not
ring for two copies, and none may be left ringing. So what an earlier copy says still counts:

- Nobody has decided: a 101-299 decides for it, and the copy in use is left in its turn; a refusal
  is kept, for the copy in use may fare better.
- It is decided: a 1xx of another copy gets its CANCEL; a 2xx, which crossed that, is told as any
  fork's is, and the sender acknowledges it and says BYE.
- The copy in use is refused with 482 (RFC 3261 8.2.2.2, merged request): who was asked last has met
  the copy of another way, so the request lives there: each that is still silent is sent again
  (its server knows its branch, and repeats what it said), and no further address is tried.

A connection that breaks before an answer may have carried the request to the end, or not. It is
sent over the next one (`ClientTransaction`), and if that comes to nothing as well,
`may_have_arrived` tells: nothing that the request asks for may be asked for in another way. By
whom it was sent on it may have been forgotten, though, as when another machine takes over:

- A challenge to an INVITE that had credentials is not answered. An INVITE with the next CSeq would
  be a new call to a phone that the first one has reached. One without had not been sent on.

A REFER that may have arrived is sent to no further address, not after mere silence either: in a
dialog no 482 keeps a phone from calling twice.

Which addresses failed is remembered by the whole user agent (`DeadAddresses`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from siptapi_core.errors import NetworkError
from siptapi_core.machine.authentication import Authentication
from siptapi_core.machine.client_transaction import ClientState, ClientTransaction
from siptapi_core.machine.own_address import OwnAddress
from siptapi_core.machine.transaction_layer import TransactionLayer
from siptapi_core.sip.message import Request, Response
from siptapi_core.targets import Address

if TYPE_CHECKING:
    from siptapi_core.machine.standby_probe import StandbyProbe

_CHALLENGES = frozenset((401, 407))
_CREDENTIALS = ("Authorization", "Proxy-Authorization")
_MERGED = 482
_SERVICE_UNAVAILABLE = 503
_OF_THE_WAY = _CHALLENGES | {_MERGED, _SERVICE_UNAVAILABLE}
"""Refusals that say something of one way only; another copy's may say more."""

ResponseHandler = Callable[[Response, float], None]
FailureHandler = Callable[[str, float], None]
Prepare = Callable[[Request, Address, Address], Request]


class Exchange:
    """A request, sent until it is answered or every address failed.

    ``on_response`` gets every response but the challenges that were answered and what does not
    count any more; ``on_failure`` is told, in words that name each address, that none answered;
    ``next_cseq`` numbers the request anew when a challenge is answered; ``prepare`` fits the
    request to the address that it is sent to, and to our own on that way; ``own_address`` is what
    we say of ourselves, and hears what is said of us.
    """

    __slots__ = (
        "_addresses",
        "_any_size",
        "_authentication",
        "_copies",
        "_current",
        "_heard",
        "_is_decided",
        "_is_last_try",
        "_layer",
        "_next_cseq",
        "_own_address",
        "_prepare",
        "_probe",
        "_problems",
        "_tell",
        "_tell_failure",
        "has_arrived",
        "is_cancelled",
        "request",
    )

    def __init__(
        self,
        layer: TransactionLayer,
        request: Request,
        addresses: tuple[Address, ...],
        *,
        authentication: Authentication,
        next_cseq: Callable[[], int],
        on_response: ResponseHandler,
        on_failure: FailureHandler,
        prepare: Prepare = lambda request, _to, _own: request,
        own_address: OwnAddress | None = None,
    ) -> None:
        self.request = request
        self.is_cancelled = False
        self.has_arrived = False
        """Whether somebody has it, though nobody may have said so to us: a 482 gave it away."""
        self._layer = layer
        self._addresses = addresses  # that in use, then those that were not tried yet
        self._authentication = authentication
        self._next_cseq = next_cseq
        self._tell = on_response
        self._tell_failure = on_failure
        self._prepare = prepare
        self._own_address = own_address
        self._any_size = False
        self._copies: tuple[ClientTransaction, ...] = ()
        self._current: ClientTransaction | None = None
        self._probe: StandbyProbe | None = None
        self._problems: tuple[str, ...] = ()
        self._heard = False  # anything, from the address in use
        self._is_decided = False
        self._is_last_try = False

    @property
    def destination(self) -> Address:
        """The address in use now."""
        return self._addresses[0]

    @property
    def can_cancel(self) -> bool:
        """Whether a provisional response came and no final one (RFC 3261 9.1)."""
        return any(copy.is_proceeding for copy in self._copies)

    @property
    def may_have_arrived(self) -> bool:
        """Whether somebody may have it of whom nothing was heard: a connection broke."""
        return any(copy.may_have_arrived for copy in self._copies)

    @property
    def is_over(self) -> bool:
        """Whether nothing can come any more, not even from a fork."""
        return all(copy.state is ClientState.TERMINATED for copy in self._copies)

    @property
    def problem(self) -> str:
        """Each address that failed, or said nothing so far, and why, in words."""
        problems = [*self._problems]
        if not self._is_decided and self._current is not None and self._current.is_open:
            problems.append(f"no answer from {self.destination}")
        if self._probe is not None:
            known = self._probe.problems
            problems += [known[each] for each in self._addresses[1:] if each in known]
        if self.may_have_arrived:
            problems.append(self._doubt)
        return _sentence(problems)

    @property
    def _doubt(self) -> str:
        return f"the connection that carried the {self.request.method} broke: it may have arrived"

    def reason(self, response: Response) -> str:
        """The words of a final response; where all addresses failed, what became of each."""
        problems: Iterable[str] = (response.reason,)
        if response.status in (_MERGED, _SERVICE_UNAVAILABLE) and len(self._problems) > 1:
            problems = self._problems
        if response.status in _OF_THE_WAY and self.may_have_arrived:
            problems = (*problems, self._doubt)
        return _sentence(problems)

    def origin(self, response: Response) -> tuple[Request, Address]:
        """What ``response`` answers, and where that was sent; every copy has a branch of its own.

        It is one that ``on_response`` is told.
        """
        branch = response.via.branch
        copy = next(copy for copy in self._copies if copy.key[0] == branch)
        return copy.request, copy.address

    def start(self, now: float) -> None:
        """Send the request to the first address, one that is not known as dead if there is any."""
        self._addresses = self._layer.dead_addresses.last(self._addresses, now)
        self._send(now)

    def stop_trying(self, now: float) -> None:
        """Answer no challenge and try no other address any more: what comes now is the end."""
        self._is_last_try = True
        if self._probe is not None:
            self._probe.stop(now)

    def cancel(self, now: float) -> None:
        """Send a CANCEL; the INVITE's final response comes to ``on_response`` as ever."""
        self.is_cancelled = True
        proceeding = [copy for copy in self._copies if copy.is_proceeding]
        if self._current not in proceeding:
            self._adopt(proceeding[-1], now)
        for copy in proceeding:
            copy.cancel(now)

    def abandon(self, now: float) -> None:
        """Stop: nothing is sent any more and nobody is told."""
        self.stop_trying(now)
        for copy in self._copies:
            copy.abandon(now)

    # --- what a copy says --------------------------------------------------------------------

    def on_response(
        self, copy: ClientTransaction, response: Response, source: Address, now: float
    ) -> None:
        """A response to ``copy``."""
        if self._own_address is not None:
            self._own_address.hear(response, source)
        self._layer.dead_addresses.discard(copy.address)
        if copy is self._current:
            self._heard = True
            if self._probe is not None:
                self._stop_probe(now)
        status = response.status
        if status >= 300:  # noqa: PLR2004
            self._on_refusal(copy, response, source, now)
        elif status < 200 and self._is_decided and copy is not self._current:  # noqa: PLR2004
            copy.retire(now)
        else:
            if status > 100 and not (self._is_decided and copy is self._current):  # noqa: PLR2004
                self._decide_for(copy, now)
            if self.is_cancelled and copy.is_proceeding:
                copy.cancel(now)
            self._tell(response, now)

    def on_timeout(self, copy: ClientTransaction, now: float) -> None:
        """Nobody answered ``copy``."""
        if copy is self._current:
            if not self._heard:
                self._layer.dead_addresses.add(copy.address, now)
            if not copy.is_harmless_twice:
                self.stop_trying(now)
            copy.leave(now)
            self._fail(f"no answer from {copy.address}", now)

    def on_transport_error(self, copy: ClientTransaction, problem: str, now: float) -> None:
        """Nobody is there for ``copy``, or not over TCP, where a big request goes first."""
        if copy is not self._current:
            return
        if not copy.is_harmless_twice and (copy.may_have_arrived or copy.was_repeated):
            self.stop_trying(now)
        is_big = copy.destination != copy.address
        if is_big and not self._is_last_try:
            self._any_size = True
            self._send(now)
            return
        if not is_big:
            self._layer.dead_addresses.add(copy.address, now)
        self._fail(problem, now)

    def _on_refusal(
        self, copy: ClientTransaction, response: Response, source: Address, now: float
    ) -> None:
        status = response.status
        if status == _SERVICE_UNAVAILABLE:
            self._keep_away(copy.address, response, now)
        if copy is not self._current:
            copy.refusal = response
            return
        if self._answer_challenge(copy, response, source, now):
            return
        copy.refusal = response
        self._problems += (f"{copy.address} says {status} {response.reason}",)
        if self._take_up_other(now, silent_too=status == _MERGED):
            return
        is_of_the_way = status == _SERVICE_UNAVAILABLE and not self._is_decided
        if not (is_of_the_way and self._move_on(now)):
            self._conclude(now)

    def _answer_challenge(
        self, copy: ClientTransaction, response: Response, source: Address, now: float
    ) -> bool:
        challenged = response.status in _CHALLENGES and source.host == self.destination.host
        if not challenged or self._is_last_try:
            return False
        if copy.may_have_arrived and copy.is_invite and _has_credentials(self.request):
            return False
        again = self._authentication.answer(self.request, response, self._next_cseq)
        if again is None:
            return False
        copy.may_have_arrived = False
        self.request = again
        self._send(now)
        return True

    def _keep_away(self, address: Address, response: Response, now: float) -> None:
        """Remember a Retry-After; without it a 503 says nothing of the next request (21.5.4)."""
        from siptapi_core.sip.retry_after import retry_after  # noqa: PLC0415  # seldom needed

        if seconds := retry_after(response):
            self._layer.dead_addresses.add(address, now, seconds)

    # --- going on ----------------------------------------------------------------------------

    def _send(self, now: float) -> None:
        to = self._addresses[0]
        try:
            own = self._layer.own_address(to, self._own_address)
            self.request = self._prepare(self.request, to, own)
            copy = self._layer.request(
                self.request, to, self, now, any_size=self._any_size, own=own
            )
        except NetworkError as error:
            self._fail(str(error), now)
            return
        self._copies += (copy,)
        self._current = copy
        is_next_used = copy.is_harmless_twice and not (self._heard or self._is_last_try)
        if is_next_used and len(self._addresses) > 1:
            self._probe_standbys(copy, now)

    def _probe_standbys(self, copy: ClientTransaction, now: float) -> None:
        from siptapi_core.machine.standby_probe import StandbyProbe  # noqa: PLC0415  # few have any

        self._stop_probe(now)
        self._probe = StandbyProbe(
            self._layer,
            self.request,
            self._addresses,
            own_address=self._own_address,
            on_found=partial(self._on_standby, copy),
            now=now,
        )

    def _on_standby(self, silent: ClientTransaction, standby: Address, now: float) -> None:
        first, *others = self._addresses
        self._addresses = (first, *sorted(others, key=lambda each: each != standby))
        self.on_timeout(silent, now)

    def _fail(self, problem: str, now: float) -> None:
        """The copy in use, or that to be sent, came to nothing."""
        self._problems += (problem,)
        if self._take_up_other(now) or (not self._heard and self._move_on(now)):
            return
        self._conclude(now)

    def _move_on(self, now: float) -> bool:
        """Try the next address, if there is one; it asks for credentials itself if it wants any."""
        if self._is_last_try or len(self._addresses) == 1:
            return False
        self._stop_probe(now)
        self._addresses = self._addresses[1:]
        self._heard = self._any_size = False
        headers = self.request.headers
        for name in _CREDENTIALS:
            headers = headers.without(name)
        self.request = self.request.with_headers(headers)
        self._send(now)
        return True

    def _take_up_other(self, now: float, *, silent_too: bool = False) -> bool:
        """Wait for an earlier copy that has answered or, with ``silent_too``, has arrived."""
        if self._is_decided:
            return False
        others = [copy for copy in self._copies if copy is not self._current]
        left = [copy for copy in others if copy.is_open and not copy.is_cancelled]
        found = [copy for copy in left if copy.is_proceeding or silent_too]
        if not found:
            return False
        self._heard = self.has_arrived = True
        for copy in found:
            if not (copy.is_invite and copy.is_proceeding):  # that waits by itself
                copy.take_up(now)
        self._adopt(found[-1], now)
        return True

    def _adopt(self, copy: ClientTransaction, now: float) -> None:
        """From now on it is ``copy`` that counts."""
        previous, self._current = self._current, copy
        self._stop_probe(now)
        self.request = copy.request
        self._addresses = (copy.address, *self._addresses[1:])
        if previous is not None:
            previous.retire(now)

    # --- the end -----------------------------------------------------------------------------

    def _decide_for(self, copy: ClientTransaction, now: float) -> None:
        """``copy`` was taken by somebody, with a 101-299: the others are not wanted any more."""
        current = self._current
        is_taken = current is not None and current.state is ClientState.ACCEPTED
        if copy is not current and not is_taken:
            self._adopt(copy, now)
        if not self._is_decided:
            self._is_decided = True
            self._retire_all_but(copy, now)

    def _conclude(self, now: float) -> None:
        """No copy is under way any more: tell the refusal that says most, else the failure."""
        self._is_decided = True
        problem = self.problem
        self._stop_probe(now)
        current = self._current
        others = [copy for copy in self._copies if copy is not current and not copy.is_cancelled]
        refusals = [copy.refusal for copy in others if copy.refusal is not None]
        refusals = [refusal for refusal in refusals if refusal.status not in _OF_THE_WAY]
        if current is not None and current.refusal is not None:
            refusals.insert(0, current.refusal)
        if refusals:
            self._tell(min(refusals, key=lambda refusal: refusal.status in _OF_THE_WAY), now)
        else:
            self._current = None
            self._retire_all_but(None, now)
            self._tell_failure(problem, now)

    def _retire_all_but(self, wanted: ClientTransaction | None, now: float) -> None:
        for copy in self._copies:
            if copy is not wanted:
                copy.retire(now)

    def _stop_probe(self, now: float) -> None:
        if self._probe is not None:
            self._probe.stop(now)
            self._probe = None


def _has_credentials(request: Request) -> bool:
    return any(request.headers.lines(name) for name in _CREDENTIALS)


def _sentence(problems: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(problems))
