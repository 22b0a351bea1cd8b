from __future__ import annotations

import builtins
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from siptapi_core import NetworkError, PluginError
from siptapi_core.version import VERSION
from siptapi_plugins.discover import scanning
from siptapi_plugins.discover.answers import Answer, Odd
from siptapi_plugins.discover.scanning import Findings, Scan, Wire, load_svmap, run_scan
from siptapi_plugins.discover.targets import read_targets

Reply = Callable[[bytes], list[bytes]]


class Phone:
    """A socket on loopback that keeps what it hears and answers as ``reply`` says."""

    def __init__(self, reply: Reply, host: str = "127.0.0.1") -> None:
        self.heard: list[bytes] = []
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
        )
        self.socket.bind((host, 0))
        self.port: int = self.socket.getsockname()[1]
        self._reply = reply
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        with socket.socket(self.socket.family, socket.SOCK_DGRAM) as stopping:
            stopping.sendto(b"stop", self.socket.getsockname())
        self._thread.join()
        self.socket.close()

    def _run(self) -> None:
        while True:
            data, source = self.socket.recvfrom(8192)
            if data == b"stop":
                return
            self.heard.append(data)
            for each in self._reply(data):
                self.socket.sendto(each, source)


def answered(request: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer to ``request``, as RFC 3261 section 8.2.6 has it."""
    copied = [
        line
        for line in request.split(b"\r\n")
        if line.startswith((b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:"))
    ]
    return b"\r\n".join((b"SIP/2.0 " + status, *copied, *headers, b"Content-Length: 0", b"", b""))


@contextmanager
def phones(*replies: Reply, host: str = "127.0.0.1") -> Iterator[list[Phone]]:
    with ExitStack() as stack:
        made = []
        for reply in replies:
            made.append(Phone(reply, host))
            stack.callback(made[-1].close)
        yield made


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "QUIET", 0.15)


def scan_of(listening: list[Phone], *targets: str, **options: Any) -> Scan:
    options = {"rate": 1000.0} | options
    blocks = read_targets(targets or ["127.0.0.1"])
    return Scan(blocks=blocks, ports=tuple(phone.port for phone in listening), **options)


def carried_out(scan: Scan) -> Findings:
    findings = Findings()
    run_scan(scan, findings)
    return findings


def test_each_place_is_asked_once_by_options_in_our_name() -> None:
    with phones(lambda request: [answered(request, b"Server: snom")], lambda _: []) as listening:
        findings = carried_out(scan_of(listening))
        place = ("127.0.0.1", listening[0].port)
    assert findings.answers == {
        place: Answer(place=place, source=place, status=200, agents=("snom",))
    }
    assert (findings.sent, findings.odd, findings.not_sent) == (2, {}, {})
    assert not findings.interrupted
    for phone in listening:
        (request,) = phone.heard
        text = request.decode()
        assert re.match(r"OPTIONS sip:127\.0\.0\.1 SIP/2\.0\r\n", text)
        assert f"\r\nUser-Agent: siptapi/{VERSION}\r\n" in text
        assert re.search(r"\r\nContact: sip:discover@127\.0\.0\.1:\d+\r\n", text)
        assert "None" not in text
        assert "scanner" not in text
        assert "sipvicious" not in text


def test_an_extension_can_be_asked_for() -> None:
    with phones(lambda request: [answered(request)]) as listening:
        carried_out(scan_of(listening, extension="201"))
    assert listening[0].heard[0].startswith(b"OPTIONS sip:201@127.0.0.1 SIP/2.0\r\n")


def test_ipv6_and_ipv4_are_scanned_one_after_the_other() -> None:
    with phones(lambda request: [answered(request)], host="::1") as listening:
        findings = carried_out(scan_of(listening, "::1", "127.0.0.1"))
        assert list(findings.answers) == [("::1", listening[0].port)]
    assert b"\r\nVia: SIP/2.0/UDP [::1]:" in listening[0].heard[0]


def test_the_pace_is_kept() -> None:
    with phones(*[lambda request: [answered(request)]] * 5) as listening:
        begun = time.monotonic()
        findings = carried_out(scan_of(listening, rate=20.0))
    assert time.monotonic() - begun >= 5 / 20
    assert len(findings.answers) == 5


def test_a_provisional_answer_gives_way_to_the_first_final_one() -> None:
    def reply(request: bytes) -> list[bytes]:
        statuses = (b"100 Trying", b"404 Not Found", b"200 OK")
        return [answered(request, status=status) for status in statuses]

    told: list[Answer] = []
    findings = Findings(told.append)
    with phones(reply) as listening:
        run_scan(scan_of(listening), findings)
    assert [each.status for each in findings.answers.values()] == [404]
    assert [each.status for each in told] == [100], "each place is told of once"


def test_what_is_no_answer_is_kept_apart_and_no_more_than_so_much_of_it() -> None:
    with phones(lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"]) as listening:
        findings = carried_out(scan_of(listening))
    assert findings.answers == {}
    (odd,) = findings.odd.values()
    assert "it sent no SIP" in odd.why
    for port in range(1000):
        findings.add_odd(Odd(("192.0.2.1", port), "why"))
    assert len(findings.odd) == 100


def test_what_cannot_be_sent_is_counted_by_the_systems_reason() -> None:
    blocks = read_targets(["127.255.255.254-255"])  # the last one is a broadcast address
    findings = carried_out(Scan(blocks=blocks, ports=(9, 10), rate=1000.0))
    assert findings.sent == 2
    assert findings.not_sent == {"Permission denied": 2}


def test_ctrl_c_keeps_what_was_found() -> None:
    def interrupt(_: Answer) -> None:
        raise KeyboardInterrupt

    findings = Findings(interrupt)
    with phones(lambda request: [answered(request)], lambda _: []) as listening:
        run_scan(scan_of(listening, rate=20.0), findings)
    assert findings.interrupted
    assert (findings.sent, len(listening[1].heard)) == (1, 0)


def test_packets_without_end_do_not_hold_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", -1)
    with phones(lambda request: [answered(request)]) as listening:
        findings = carried_out(scan_of(listening))
    assert findings.flooded
    assert len(findings.answers) == 1


def test_without_a_way_to_the_targets_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    with (
        phones(lambda _: []) as listening,
        pytest.raises(NetworkError, match=r"no way to 127\.0\.0\.1: Network is unreachable"),
    ):
        carried_out(scan_of(listening))
    assert listening[0].heard == []


def test_sipvicious_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("sipvicious"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PluginError, match=r"siptapi plugins install 'sipvicious<0\.4'"):
        load_svmap()


class Scripted(socket.socket):
    """Gives or raises what is in ``packets``, in order; what it is given to send is gone."""

    def __init__(self, *packets: Any) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.packets = list(packets)

    def recvfrom(self, *_: Any) -> Any:
        packet = self.packets.pop(0)
        if isinstance(packet, Exception):
            raise packet
        return packet

    def sendto(self, data: Any, *_: Any) -> int:
        return len(data)


def request(number: int) -> bytes:
    lines = (
        "OPTIONS sip:a SIP/2.0",
        "Via: SIP/2.0/UDP a;branch=z9hG4bK1",
        "From: <sip:a@a>;tag=1",
        "To: <sip:a@a>",
        f"Call-ID: {number}",
        "CSeq: 1 OPTIONS",
    )
    return "\r\n".join((*lines, "", "")).encode()


def test_windows_word_of_a_closed_port_does_not_end_the_wait_for_answers() -> None:
    packet = (b"data", ("192.0.2.20", 5060))
    with Scripted(ConnectionResetError(), ConnectionResetError(), packet) as scripted:
        wire = Wire(scripted, 1, Findings())
        with pytest.raises(ConnectionResetError):
            wire.recvfrom(8192)
        wire.sendto(request(1), ("192.0.2.20", 5060))
        assert wire.recvfrom(8192) == packet


def test_of_many_requests_the_latest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "_REMEMBERED", 3)
    findings = Findings()
    with Scripted() as scripted:
        wire = Wire(scripted, 5, findings)
        for number in range(5):
            wire.sendto(request(number), ("192.0.2.20", number))
        for number in range(5):
            wire.take(answered(request(number)), ("192.0.2.20", number))
    assert sorted(port for _, port in findings.answers) == [2, 3, 4]
    assert sorted(port for _, port in findings.odd) == [0, 1]
