"""The first server that DNS names is of no use: the second one makes the call, once."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority
from lab.addresses import PORT
from lab.baresip import Baresip
from lab.daemon import CALLER, Heard
from lab.kamailio import DOMAIN, Kamailio
from lab.laboratory import Lab
from lab.programs import wait_until
from lab.siptapi import Result, Siptapi

from siptapi_core.commands import Dial
from siptapi_core.contracts import Dialer

pytestmark = pytest.mark.interop

ANSWERED = ("answered", "callee", 0)
TLS_PORT = 5061
AT_ONCE = 1.5
"""Seconds that two round trips and a burdened machine may take."""


class Office:
    """A proxy that DNS names second, and the phone of the user there."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.proxy: Kamailio = lab.kamailio()
        self.phone: Baresip = lab.baresip("alice", self.proxy)
        self.callee: Baresip = lab.baresip("2002", self.proxy)

    def dial(self, *firsts: str, **line: object) -> Siptapi:
        """Dial where the SRV records of the domain name ``firsts`` before the proxy."""
        return dial(self._lab, *firsts, self.proxy.host, **line)

    def assert_rang_once(self) -> None:
        invites = re.findall(rf"INVITE sip:alice[^@]*@{self.phone.host}", self.proxy.trace())
        assert len(invites) == 1
        assert self.phone.incoming() == [f"sip:alice@{DOMAIN}"]
        assert self.callee.incoming() == [f"sip:alice@{DOMAIN}"]


def dial(lab: Lab, *hosts: str, transport: str = "udp", **line: object) -> Siptapi:
    """Dial where the SRV records of the domain name ``hosts``, in that order."""
    return lab.dial(tables=dns_tables(lab, *hosts, transport=transport), **line)


def dns_tables(lab: Lab, *hosts: str, transport: str = "udp") -> dict[str, dict[str, list[str]]]:
    """The settings for a DNS server with those SRV records."""
    records = "\n".join(
        f"_sip._{transport} SRV {number} 0 {PORT} server{number}\nserver{number} A {host}"
        for number, host in enumerate(hosts)
    )
    return {"dns": {"servers": [lab.knot({DOMAIN: records}).server]}}


@pytest.fixture
def office(lab: Lab) -> Office:
    return Office(lab)


@contextlib.contextmanager
def swallowing(host: str) -> Iterator[list[bytes]]:
    """A server that takes every packet, and says nothing to any; what it took."""
    taken: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((host, PORT))
        silent.setblocking(False)
        yield taken
        with contextlib.suppress(BlockingIOError):
            while True:
                taken.append(silent.recv(65535))


@contextlib.contextmanager
def slow_way(host: str, to: Kamailio, seconds: float) -> Iterator[None]:
    """A way to ``to`` by ``host`` on which each packet takes so many seconds."""
    inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inside.bind((host, 0))
    outside.bind((host, PORT))
    ended = threading.Event()

    def carry() -> None:
        waiting: list[tuple[float, socket.socket, bytes, tuple[str, int]]] = []
        client = (host, 9)
        while not ended.is_set():
            for ready in select.select([inside, outside], [], [], 0.02)[0]:
                data, source = ready.recvfrom(65535)
                due = time.monotonic() + seconds
                if ready is outside:
                    client = source
                    waiting.append((due, inside, data, (to.host, PORT)))
                else:
                    waiting.append((due, outside, data, client))
            while waiting and waiting[0][0] <= time.monotonic():
                _, by, data, place = waiting.pop(0)
                by.sendto(data, place)

    carrier = threading.Thread(target=carry)
    carrier.start()
    try:
        yield
    finally:
        ended.set()
        carrier.join()
        inside.close()
        outside.close()


def until_it_rang(result: Result) -> float:
    """Seconds from the INVITE to the first word of the phone."""
    moments = {event["event"]: event["time"] for event in result.events}
    return moments["phone_ringing"] - moments["phone_calling"]


def test_nobody_is_at_the_first(lab: Lab, office: Office) -> None:
    result = office.dial(lab.host()).finish()
    assert result.ending == ANSWERED
    assert until_it_rang(result) < AT_ONCE
    office.assert_rang_once()


def test_the_first_swallows_packets(lab: Lab, office: Office) -> None:
    silent = lab.host()
    with swallowing(silent) as taken:
        result = office.dial(silent).finish()
    assert result.ending == ANSWERED
    assert 2 < until_it_rang(result) < 2 + AT_ONCE, "four T1s, not the 32 s of timer B"
    office.assert_rang_once()
    invites = [packet for packet in taken if packet.startswith(b"INVITE")]
    assert len(invites) == 3, "it is sent no more of them once it is left"


@pytest.mark.parametrize("status", ["503 Service Unavailable", "503 Wait\nRetry-After: 120"])
def test_the_first_answers_503(lab: Lab, office: Office, status: str) -> None:
    first = lab.sipp("turned_away", status=status)
    result = office.dial(first.host).finish()
    assert result.ending == ANSWERED
    assert until_it_rang(result) < AT_ONCE
    office.assert_rang_once()
    first.assert_followed()


def test_each_of_the_first_three_is_of_no_use_in_its_way(lab: Lab, office: Office) -> None:
    silent, busy = lab.host(), lab.sipp("turned_away", status="503 Service Unavailable")
    with swallowing(silent):
        result = office.dial(lab.host(), busy.host, silent).finish()
    assert result.ending == ANSWERED
    assert 2 < until_it_rang(result) < 2 + AT_ONCE
    office.assert_rang_once()


def test_the_first_lives_and_answers_when_it_was_left_already(lab: Lab) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy)
    callee = lab.baresip("2002", proxy, answer="manual")
    way = lab.host()
    with slow_way(way, proxy, 1.5):
        call = dial(lab, way, proxy.host)
        callee.await_event("CALL_INCOMING")
        late = f"received from udp:{way}:{PORT}"
        wait_until(lambda: late in call.trace(), seconds=5, what="the first to answer")
        callee.command("accept")
        assert call.finish().ending == ANSWERED
    assert phone.incoming() == [f"sip:alice@{DOMAIN}"]


def test_a_slow_first_that_answers_in_time_is_not_left(lab: Lab, office: Office) -> None:
    way = lab.host()
    with slow_way(way, office.proxy, 0.4):
        call = office.dial(way)
        result = call.finish()
    assert result.ending == ANSWERED
    office.assert_rang_once()
    assert "OPTIONS sip:" not in call.trace()


def test_a_hang_up_while_a_standby_is_looked_for(lab: Lab, office: Office) -> None:
    silent = lab.host()
    with swallowing(silent):
        call = office.dial(silent)
        wait_until(lambda: "OPTIONS sip:" in call.trace(), seconds=10, what="looked for")
        call.interrupt()
        result = call.finish(10)
    assert result.ending == ("cancelled", "proxy", 130)
    assert office.phone.incoming() == []


def test_all_fail_and_each_is_named(lab: Lab) -> None:
    dead, silent = lab.host(), lab.host()
    busy = lab.sipp("turned_away", status="503 Service Unavailable")
    with swallowing(silent):
        result = dial(lab, dead, busy.host, silent, ring_timeout=5).finish()
    assert result.ending == ("failed", "proxy", 3)
    assert result.failure["reason"].split("; ") == [
        f"udp:{dead}:{PORT} refuses our packets",
        f"udp:{busy.host}:{PORT} says 503 Service Unavailable",
        f"no answer from udp:{silent}:{PORT}",
    ]


def test_who_was_dead_is_not_waited_for_again(lab: Lab, office: Office) -> None:
    silent = lab.host()
    daemon = lab.daemon(tables=dns_tables(lab, silent, office.proxy.host))
    waited: list[float] = []

    async def dial_twice(dialer: Dialer, heard: Heard) -> None:
        for _ in range(2):
            await dialer.execute(Dial(number="2002"), CALLER)
            calling = await heard.until("phone_calling")
            ringing = await heard.until("phone_ringing")
            waited.append(ringing.time - calling.time)
            await heard.until("call_ended")

    with swallowing(silent) as taken:
        daemon.run(dial_twice)
    assert waited[0] > 2
    assert waited[1] < AT_ONCE
    invites = b"".join(packet for packet in taken if packet.startswith(b"INVITE"))
    assert len(set(re.findall(rb"Call-ID: (\S+)", invites))) == 1, "the first call's"


@pytest.fixture
def tcp_host(lab: Lab) -> str:
    """Where a proxy speaks TCP; the user's phone and the callee's are registered there."""
    host = lab.host()
    proxy = lab.kamailio(listens=[f"tcp:{host}:{PORT}"])
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    return host


def test_nobody_takes_connections_at_the_first(lab: Lab, tcp_host: str) -> None:
    result = dial(lab, lab.host(), tcp_host, transport="tcp").finish()
    assert result.ending == ANSWERED
    assert until_it_rang(result) < AT_ONCE


def test_the_first_takes_a_connection_and_says_nothing(lab: Lab, tcp_host: str) -> None:
    silent = lab.host()
    with socket.create_server((silent, PORT)):
        call = dial(lab, silent, tcp_host, transport="tcp")
        result = call.finish()
    assert result.ending == ANSWERED
    assert 2 < until_it_rang(result) < 2 + AT_ONCE
    assert call.trace().count("    INVITE ") == 3, "one to the silent, two to the other"


def test_the_first_has_a_certificate_of_somebody_else(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    authority = Authority(folder)
    hosts = lab.host(), lab.host()
    for host, name in zip(hosts, ("elsewhere.test", DOMAIN), strict=True):
        listens = [f"tls:{host}:{TLS_PORT}"]
        proxy = lab.kamailio(listens=listens, certificate=authority.issue(name))
        phone = lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
    records = "\n".join(
        f"_sips._tcp SRV {number} 0 {TLS_PORT} server{number}\nserver{number} A {host}"
        for number, host in enumerate(hosts)
    )
    call = lab.dial(
        tables={"dns": {"servers": [lab.knot({DOMAIN: records}).server]}},
        outbound_proxy=f"sips:{DOMAIN}",
        tls_ca_file=str(authority.certificate),
    )
    assert call.finish().ending == ANSWERED
    assert len(phone.incoming()) == 1
