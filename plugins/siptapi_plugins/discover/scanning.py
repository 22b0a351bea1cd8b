"""Asks addresses by OPTIONS, through sipvicious's svmap, and hands on what they answer.

svmap is used as a library, not as a child process: it prints no more than one header of an answer,
in a table that a stranger's header can forge, and asks in the name of a scanner that many PBXs ban.
Its scanner is taken as it is, with its pace: it sends when nothing came in for as long as the pace
says. Its socket is replaced by a `Wire`, which all that it sends and receives passes through.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from siptapi_core import NetworkError, PluginError
from siptapi_core.values import Value
from siptapi_core.version import VERSION
from siptapi_plugins.discover.answers import Answer, Odd, read_answer
from siptapi_plugins.discover.targets import Block

REQUIREMENT = "sipvicious<0.4"
"""Its scanner is no interface that is promised to stay."""
QUIET = 2.0
"""Seconds without an answer after the last request, until the scan is over."""
PATIENCE = 30.0
"""Seconds that answers, however many, may prolong it: somebody may send them without end."""
_REMEMBERED = 100_000
"""Requests whose answers are still recognised, the latest."""
_MOST_ODD = 100

Place = tuple[str, int]


class Scan(Value, kw_only=True):
    """What to do: ``ports`` of each address in ``blocks``, at most ``rate`` requests a second.

    ``extension`` is who is asked for; empty: the host itself.
    """

    blocks: tuple[Block, ...]
    ports: tuple[int, ...]
    rate: float
    extension: str = ""

    @property
    def hosts(self) -> int:
        """How many addresses."""
        return sum(block.size for block in self.blocks)

    @property
    def requests(self) -> int:
        """How many requests."""
        return self.hosts * len(self.ports)

    @property
    def seconds(self) -> float:
        """How long it takes where nobody hinders it."""
        families = len({block.version for block in self.blocks})
        return self.requests / self.rate + families * QUIET


class Findings:
    """What a scan has brought so far; ``found`` is told of each that answered, at once."""

    def __init__(self, found: Callable[[Answer], None] = lambda _: None) -> None:
        self.sent = 0
        self.answers: dict[Place, Answer] = {}
        """By the place that was asked."""
        self.odd: dict[Place, Odd] = {}
        """What was no answer to us, by who sent it; the first `_MOST_ODD` of them."""
        self.not_sent: dict[str, int] = {}
        """How many requests the system did not send, by its reason."""
        self.interrupted = False
        self.flooded = False
        """Whether it was ended because packets kept coming."""
        self._found = found

    def add(self, answer: Answer) -> None:
        """Take in an answer; of several from one place the first counts that is final."""
        before = self.answers.get(answer.place)
        if before is None:
            self._found(answer)
        if before is None or not before.is_final:
            self.answers[answer.place] = answer

    def add_odd(self, odd: Odd) -> None:
        """Take in what is none."""
        if len(self.odd) < _MOST_ODD:
            self.odd.setdefault(odd.place, odd)


class _FloodedError(Exception):
    """Packets keep coming, longer than the scan should take."""


class Wire:
    """What svmap takes for its socket. Its requests go out signed as ours, and are remembered."""

    def __init__(self, bound: socket.socket, requests: int, findings: Findings) -> None:
        self._socket = bound
        self._left = requests
        self._findings = findings
        self._asked: dict[str, Place] = {}

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def bind(self, _: object) -> None:
        """Nothing: svmap would try one port after the other, and this one is bound."""

    def sendto(self, data: bytes, place: Place) -> int:
        """Send a request; returns the bytes of it, all of them.

        Raises:
            OSError: the system did not send it; svmap goes on with the next.
        """
        self._left -= 1
        call_id = data.partition(b"\r\nCall-ID: ")[2].partition(b"\r\n")[0].decode()
        self._asked[call_id] = place
        if len(self._asked) > _REMEMBERED:
            del self._asked[next(iter(self._asked))]
        try:
            self._socket.sendto(_signed(data), place)
        except OSError as error:
            reason = error.strerror or str(error)
            self._findings.not_sent[reason] = self._findings.not_sent.get(reason, 0) + 1
            raise
        self._findings.sent += 1
        return len(data)

    def recvfrom(self, size: int) -> tuple[bytes, Any]:
        """Receive a packet.

        Raises:
            OSError: there is none; after the last request svmap ends then, so that Windows' word of
                a port where nobody listens must not be one.
        """
        while True:
            try:
                return self._socket.recvfrom(size)
            except ConnectionResetError:
                if self._left:
                    raise

    def take(self, data: bytes, source: Any) -> None:
        """Read what ``source`` sent: svmap's ``getResponse``."""
        taken = read_answer(data, source[:2], self._asked)
        if isinstance(taken, Answer):
            self._findings.add(taken)
        else:
            self._findings.add_odd(taken)


def load_svmap() -> Any:
    """The module of svmap.

    Raises:
        PluginError: sipvicious is not installed.
    """
    try:
        import sipvicious.svmap  # type: ignore[import-untyped]  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise PluginError(
            "`siptapi discover` sends by svmap, which is not installed: "
            f"`siptapi plugins install '{REQUIREMENT}'` brings it"
        ) from error
    return sipvicious.svmap


def run_scan(scan: Scan, findings: Findings) -> None:
    """Carry ``scan`` out; Ctrl-C ends it, and `Findings.interrupted` says so.

    Raises:
        NetworkError: no socket could be had, or there is no way to the targets; nothing was sent.
    """
    versions = sorted({block.version for block in scan.blocks})
    families = [tuple(each for each in scan.blocks if each.version == v) for v in versions]
    own = [_own_address(next(iter(blocks[0]))) for blocks in families]
    try:
        for address, blocks in zip(own, families, strict=True):
            _scan_family(scan.evolve(blocks=blocks), address, findings)
    except KeyboardInterrupt:
        findings.interrupted = True
    except _FloodedError:
        findings.flooded = True


def _scan_family(scan: Scan, own: str, findings: Findings) -> None:
    is_v6 = ":" in own
    own = f"[{own}]" if is_v6 else own
    end = time.monotonic() + scan.seconds + PATIENCE
    with socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.settimeout(QUIET)
        bound.bind(("::" if is_v6 else "0.0.0.0", 0))  # noqa: S104  # answers come to any address
        wire = Wire(bound, scan.requests, findings)

        def take(data: bytes, source: Any) -> None:
            wire.take(data, source)
            if time.monotonic() > end:
                raise _FloodedError

        scanner = load_svmap().DrinkOrSip(
            _requests(scan.blocks, scan.ports),
            selecttime=1 / scan.rate,
            fromname="SIPTAPI",
            fromaddr=f"sip:discover@{own}",
            extension=scan.extension or None,
            externalip=own,
            localport=bound.getsockname()[1],
            ipv6=is_v6,
        )
        scanner.sock.close()
        scanner.sock, scanner.rlist, scanner.getResponse = wire, [wire], take
        scanner.log.disabled = True  # what it would say is in the findings
        scanner.start()


def _requests(blocks: Sequence[Block], ports: Iterable[int]) -> Iterator[tuple[str, int, str]]:
    """What svmap's scanner asks for next."""
    return ((host, port, "OPTIONS") for block in blocks for host in block for port in ports)


def _own_address(towards: str) -> str:
    """The address that we have towards ``towards``. Nothing is sent: UDP knows no connection."""
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((towards, 9))
            return str(probe.getsockname()[0])
    except OSError as error:
        raise NetworkError(f"there is no way to {towards}: {error.strerror or error}") from error


def _signed(request: bytes) -> bytes:
    """The request in our name: svmap calls itself a scanner, and nobody ``None``."""
    head = request.replace(
        b"User-Agent: friendly-scanner", f"User-Agent: siptapi/{VERSION}".encode()
    )
    return head.replace(b"Contact: sip:None@", b"Contact: sip:discover@")
