"""The relay does to packets what its weather says, and nothing else."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from lab.addresses import Addresses
from lab.relay import Relay, Weather

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs 127.0.0.0/8")

MANY = 400


@pytest.fixture
def host() -> Iterator[str]:
    addresses = Addresses()
    yield addresses.next_host()
    addresses.close()


class Echo:
    """Answers each datagram, and each piece of a stream, with itself; ``heard`` are those."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", 0))
        self.place = self.udp.getsockname()
        self.tcp = socket.create_server(self.place)
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._udp, self._tcp)
        ]
        for thread in self._threads:
            thread.start()

    def _udp(self) -> None:
        while True:
            data, source = self.udp.recvfrom(65536)
            if data == b"end":
                return
            self.heard.append(data)
            self.udp.sendto(data, source)

    def _tcp(self) -> None:
        connection, _ = self.tcp.accept()
        with connection, suppress(ConnectionError):  # the relay cuts it off
            while data := connection.recv(65536):
                self.heard.append(data)
                connection.sendall(data)

    def close(self) -> None:
        self.udp.sendto(b"end", self.place)
        self._threads[0].join()
        self.udp.close()
        self.tcp.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    made = Echo()
    yield made
    made.close()


def packets(number: int) -> list[bytes]:
    return [f"packet {index:04}".encode() for index in range(number)]


def answers(relay: Relay, sent: list[bytes], *, patience: float = 0.3) -> list[bytes]:
    """What comes back, until nothing does for so many seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(patience)
        back: list[bytes] = []
        for each in sent:
            client.sendto(each, relay.place)
            time.sleep(0.0005)  # a socket has room for some hundreds
        try:
            while True:
                back.append(client.recv(65536))
        except TimeoutError:
            return back


def test_fine_weather_changes_nothing(host: str, echo: Echo) -> None:
    with Relay(host, echo.place) as relay:
        assert answers(relay, packets(20)) == packets(20)
        assert relay.lost == []
        assert len(relay.came) == 40


def test_losses_have_their_share_in_both_directions_and_are_written_down(
    host: str, echo: Echo
) -> None:
    with Relay(host, echo.place, weather=Weather(loss=0.3)) as relay:
        back = answers(relay, packets(MANY))
        assert 0.6 * MANY < len(echo.heard) < 0.8 * MANY
        assert 0.6 * len(echo.heard) < len(back) < 0.8 * len(echo.heard)
        assert len(relay.lost) == MANY - len(back)
        assert len(relay.came) == MANY + len(echo.heard)


def test_packets_come_twice_late_and_out_of_order(host: str, echo: Echo) -> None:
    with Relay(host, echo.place, weather=Weather(repeats=1.0)) as relay:
        assert len(answers(relay, packets(10))) == 40
        relay.weather = Weather(delay=0.2)
        begun = time.monotonic()
        assert answers(relay, packets(3), patience=1.0)[:1] == packets(1)
        assert time.monotonic() - begun > 1.4, "the last comes after 0.4 s, then a second passes"
        relay.weather = Weather(jitter=0.1)
        back = answers(relay, packets(50), patience=0.5)
        assert back != packets(50)
        assert sorted(back) == packets(50)


def test_damage_is_one_byte_and_never_what_sip_has_a_use_for(host: str, echo: Echo) -> None:
    with Relay(host, echo.place, weather=Weather(damage=1.0)) as relay:
        answers(relay, packets(5))
        for heard, sent in zip(echo.heard, packets(5), strict=True):
            changed = [(a, b) for a, b in zip(heard, sent, strict=True) if a != b]
            assert [a for a, _ in changed] == [changed[0][1] | 0x80]


def test_a_stream_is_carried_whole_and_cut_off_in_the_middle(host: str, echo: Echo) -> None:
    with Relay(host, echo.place) as relay:
        with socket.create_connection(relay.place, timeout=5) as client:
            client.sendall(b"all of it")
            back = b""
            while len(back) < 9:
                back += client.recv(100)
            assert back == b"all of it"
            relay.weather = Weather(cuts=1.0)
            client.sendall(b"half")
            with suppress(ConnectionResetError):
                assert client.recv(100) == b""
        assert b"".join(echo.heard) in {b"all of it", b"all of itha"}


def test_connections_can_be_cut_at_a_moment_of_the_tests_choice(host: str, echo: Echo) -> None:
    with Relay(host, echo.place) as relay, socket.create_connection(relay.place, timeout=5) as one:
        one.sendall(b"x")
        assert one.recv(1) == b"x"
        relay.cut()
        with suppress(ConnectionResetError):
            assert one.recv(1) == b""
