"""Many calls at once through a bad network, each with what the phones saw of it.

SIPTAPI's own dialer and sockets, in real time; behind a `Relay` the demo's proxy and phones, in
whose own network nothing is lost. Every number is called once::

    dialer ──▶ relay ──▶ proxy ──▶ phone, which is told to call ──▶ one of the callees
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from lab.addresses import Addresses
from lab.relay import Relay, Weather
from lab.tcp_door import TcpDoor

from siptapi_core.commands import Caller, Dial
from siptapi_core.demo.phone import Behaviour, PhoneAccount, SimulatedPhone
from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.demo.running import running
from siptapi_core.dialer import open_dialer
from siptapi_core.dialer.local_dialer import LocalDialer
from siptapi_core.events import CallEnded, CallEvent, CallPlaced, Event, Outcome, Stage
from siptapi_core.machine.endpoint import Endpoint
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import parse
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address
from siptapi_core.values import Value

E = TypeVar("E", bound=Endpoint)

CALLER = Caller(frontend="test")
DOMAIN = "town.test"
FIRST_NUMBER = 500_000
MOST_CALLS = 10_000
_CALL_ID = re.compile(rb"^Call-ID: (\S+)", re.MULTILINE)
_CSEQ = re.compile(rb"^CSeq: (\S+)", re.MULTILINE)
_CALLER = re.compile(rb'^From: "([0-9]+)"', re.MULTILINE)

_SETTINGS = f"""
[lines.office]
domain = "{DOMAIN}"
user = "200"
password = "secret"
phone = "201"
display_name = "{{{{number}}}}"
outbound_proxy = "{{proxy}}"
learn_address = true
ring_timeout = {{patience}}
callee_timeout = {{patience}}
notify_timeout = {{silence}}
failure_linger = 0.0
[history]
enabled = false
"""
ANSWERS = CallEnded(Outcome.ANSWERED, Stage.CALLEE)
CALLEES: tuple[tuple[Behaviour, CallEnded], ...] = (
    *((Behaviour(), ANSWERS),) * 7,
    (Behaviour(reject_with=486), CallEnded(Outcome.BUSY, Stage.CALLEE)),
    (Behaviour(reject_with=603), CallEnded(Outcome.REJECTED, Stage.CALLEE)),
    (
        Behaviour(answer_after=None, gives_up_after=1.0),
        CallEnded(Outcome.NO_ANSWER, Stage.CALLEE),
    ),
)
"""How the callee behaves whose number ends with this digit, and what its caller is to be told."""


class Sight(Value, kw_only=True):
    """What the phone saw of one number: how often it rang, and what it heard from the callee.

    ``callee`` begins with 0, the phone's own INVITE; a second 0 is a second call.
    """

    rang: int
    picked_up: bool
    callee: tuple[int, ...]


CLAIMS: dict[str, Callable[[Sight], bool]] = {
    "phone_ringing": lambda sight: sight.rang > 0,
    "phone_answered": lambda sight: sight.picked_up,
    "refer_accepted": lambda sight: bool(sight.callee),
    "callee_ringing": lambda sight: 180 in sight.callee,
    "callee_answered": lambda sight: 200 in sight.callee,
}
"""What the phone must have seen where SIPTAPI told so."""


NOBODY = Sight(rang=0, picked_up=False, callee=())
FAILED = CallEnded(Outcome.FAILED, Stage.PROXY)
UNKNOWNS = frozenset(CallEnded(Outcome.UNKNOWN, stage) for stage in Stage)


class Told(Value, kw_only=True):
    """What SIPTAPI told of one number; ``seconds`` from the dial, at ``begun``, to the end."""

    names: tuple[str, ...]
    ended: CallEnded
    begun: float
    seconds: float


def expected_of(number: str) -> CallEnded:
    """How a call ends in which nothing is lost."""
    return CALLEES[int(number) % 10][1]


def check_truth(told: Mapping[str, Told], seen: Mapping[str, Sight]) -> None:
    """No call is made twice, and nothing is claimed that the phone did not see."""
    for number, each in told.items():
        sight, expected = seen.get(number, NOBODY), expected_of(number)
        assert sight.rang <= 1, (number, "rang twice", each, sight)
        assert sight.callee.count(0) <= 1, (number, "dialled twice", each, sight)
        for name, is_seen in CLAIMS.items():
            assert name not in each.names or is_seen(sight), (number, name, each, sight)
        if each.ended.stage is Stage.CALLEE and each.ended.outcome is not Outcome.UNKNOWN:
            assert each.ended == expected, (number, each, sight)
        if each.ended != expected:
            assert each.ended in {FAILED, *UNKNOWNS}, (number, each, sight)


class Phone(SimulatedPhone):
    """Notes what each callee answered, by number."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type]
        self.heard: dict[str, list[int]] = {}

    def call(self, target: SipUri, report: Callable[[int, str, float], None], now: float) -> None:
        heard = self.heard.setdefault(target.user_text, [])
        heard.append(0)

        def note(status: int, reason: str, now: float) -> None:
            heard.append(status)
            report(status, reason, now)

        super().call(target, note, now)


class EdgeProxy(DemoProxy):
    """The demo's proxy behind ``public``: outside, its own address reads so."""

    public = Address("127.0.0.1", 5060)
    inside: frozenset[Address] = frozenset()
    door: TcpDoor | None = None
    """By which outside is reached over TCP; None: over UDP."""

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Read the public address as its own."""
        super().receive(data.replace(_written(self.public), _written(self.address)), source, now)

    def datagrams(self) -> Iterable[tuple[bytes, Address]]:
        """Write its own as the public one, except to the phones."""
        for data, to in super().datagrams():
            outside = data.replace(_written(self.address), _written(self.public))
            if to in self.inside:
                yield data, to
            elif self.door is None:
                yield outside, to
            else:
                me = _written(self.public)
                self.door.send(outside.replace(me + b";lr", me + b";transport=tcp;lr"), to)


def _written(address: Address) -> bytes:
    return f"{address.host}:{address.port}".encode()


class Town:
    """See the module; `call` makes calls, and returns what was told of each by its number."""

    def __init__(self, dialer: LocalDialer, phone: Phone, relay: Relay) -> None:
        self.relay = relay
        self._dialer = dialer
        self._phone = phone

    async def call(self, count: int, *, rate: float) -> dict[str, Told]:
        """``count`` calls, of which ``rate`` a second begin; returns when the last has ended."""
        listening = asyncio.create_task(_listen(self._dialer.events(CALLER), count))
        first = time.monotonic()
        for index in range(count):
            await asyncio.sleep(max(0.0, first + index / rate - time.monotonic()))
            await self._dialer.execute(Dial(number=str(FIRST_NUMBER + index)), CALLER)
        return await listening

    def calls_in_progress(self) -> int:
        """As the dialer counts them."""
        return self._dialer.counters()["calls"]

    def seen(self) -> dict[str, Sight]:
        """What the phone saw, by number."""
        rang: Counter[str] = Counter()
        picked_up: set[str] = set()
        for call in self._phone.incoming:
            number = call.invite.from_.display_name
            rang[number] += 1
            if call.dialog is not None:
                picked_up.add(number)
        return {
            number: Sight(
                rang=rang[number],
                picked_up=number in picked_up,
                callee=tuple(self._phone.heard.get(number, ())),
            )
            for number in rang.keys() | self._phone.heard.keys()
        }

    def unlucky(self, survived: int) -> frozenset[str]:
        """The numbers in whose calls an exchange lost more than retransmissions make good.

        That is more than ``survived``, or so many as there were copies of its request or answer:
        on a machine that is busy there are fewer than timers allow.
        """
        lost = Counter(filter(None, map(_exchange, self.relay.lost)))
        copies = Counter(
            (exchange, data.startswith(b"SIP/2.0"))
            for data in self.relay.came
            if (exchange := _exchange(data)) in lost
        )
        numbers = {
            call.invite.call_id: call.invite.from_.display_name for call in self._phone.incoming
        }
        for data in self.relay.came:
            exchange, caller = _exchange(data), _CALLER.search(data)
            if exchange is not None and caller is not None:
                numbers[exchange[0].decode()] = caller[1].decode()
        return frozenset(
            numbers.get(exchange[0].decode(), "")
            for exchange, losses in lost.items()
            if losses > survived or losses >= max(copies[exchange, False], copies[exchange, True])
        )


def _exchange(data: bytes) -> tuple[bytes, bytes] | None:
    """Call-ID and number of a request, or of an answer to it."""
    call_id, cseq = _CALL_ID.search(data), _CSEQ.search(data)
    return (call_id[1], cseq[1]) if call_id and cseq else None


class FarEnd(Value):
    """A proxy, the user's phone behind it, and one callee for each of `CALLEES`."""

    proxy: EdgeProxy
    phone: Phone
    callees: tuple[SimulatedPhone, ...]


@asynccontextmanager
async def open_far_end(*, tcp: bool = False) -> AsyncIterator[FarEnd]:
    """The demo's proxy and phones on sockets of their own; each number is a callee's.

    With ``tcp`` the proxy is reached over TCP.
    """
    identifiers = SystemIdentifiers()
    async with AsyncExitStack() as stack:

        async def start(make: Callable[[Address], E]) -> E:
            endpoint, _ = await stack.enter_async_context(running(make))
            return endpoint

        proxy, driver = await stack.enter_async_context(
            running(
                lambda at: EdgeProxy(
                    at, DOMAIN, passwords={"200": "secret"}, phones={}, secret=identifiers.tag()
                )
            )
        )
        if tcp:
            proxy.door = TcpDoor(proxy, driver)
            await stack.enter_async_context(proxy.door.opened(proxy.address))

        def account(user: str) -> PhoneAccount:
            credentials = Credentials("200", "secret")
            return PhoneAccount(
                user=user, domain=DOMAIN, proxy=proxy.address, credentials=credentials
            )

        phone = await start(lambda at: Phone(account("201"), at, identifiers=identifiers))
        callees = [
            await start(
                lambda at, behaviour=behaviour: SimulatedPhone(  # type: ignore[misc]
                    account("300"), at, identifiers=identifiers, behaviour=behaviour
                )
            )
            for behaviour, _ in CALLEES
        ]
        proxy.phones = {"201": phone.address} | {
            str(number): callees[number % 10].address
            for number in range(FIRST_NUMBER, FIRST_NUMBER + MOST_CALLS)
        }
        proxy.inside = frozenset(proxy.phones.values())
        proxy.public = proxy.address
        yield FarEnd(proxy, phone, tuple(callees))


@asynccontextmanager
async def open_town(
    weather: Weather,
    *,
    seed: int,
    tcp: bool = False,
    patience: float = 180.0,
    silence: float = 32.0,
) -> AsyncIterator[Town]:
    """A town whose relay has that weather.

    A phone may ring for ``patience`` seconds, and report nothing for ``silence``.
    """
    async with AsyncExitStack() as stack:
        addresses = Addresses()
        stack.callback(addresses.close)
        far_end = await stack.enter_async_context(open_far_end(tcp=tcp))
        inside = far_end.proxy.address
        relay = stack.enter_context(
            Relay(addresses.next_host(), (inside.host, inside.port), weather=weather, seed=seed)
        )
        far_end.proxy.public = Address(*relay.place)
        place = f"{relay.place[0]}:{relay.place[1]}"
        proxy = f"sip:{place};transport=tcp" if tcp else place
        settings = parse(_SETTINGS.format(proxy=proxy, patience=patience, silence=silence))
        dialer = await stack.enter_async_context(open_dialer(settings, load_plugins()))
        yield Town(dialer, far_end.phone, relay)


async def _listen(events: AsyncIterator[Event], count: int) -> dict[str, Told]:
    """What is told of ``count`` calls, until the last of them has ended, by number."""
    names: dict[str, list[str]] = {}
    numbers: dict[str, str] = {}
    begun: dict[str, float] = {}
    told: dict[str, Told] = {}
    async for event in events:
        if not isinstance(event, CallEvent):
            continue
        call, happening = event.call, event.happening
        names.setdefault(call, []).append(happening.name)
        if isinstance(happening, CallPlaced):
            numbers[call], begun[call] = happening.number, event.time
        if isinstance(happening, CallEnded):
            number = numbers[call]
            assert number not in told, "it ends once"
            told[number] = Told(
                names=tuple(names[call]),
                ended=happening,
                begun=begun[call],
                seconds=event.time - begun[call],
            )
            if len(told) == count:
                return told
    raise AssertionError("the dialer went")
