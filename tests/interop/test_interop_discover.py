"""``siptapi discover`` on a network of loopback addresses with phones and others in it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise

import pytest
from lab.addresses import PORT
from lab.laboratory import Lab
from lab.programs import wait_until

pytestmark = pytest.mark.interop

RATE = 50
SO_TIMESTAMP = getattr(socket, "SO_TIMESTAMP", 29)
"""Linux: the kernel says when a packet came, whenever we read it."""


class Counter:
    """A port that only counts what comes to it."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
        self._socket.setblocking(False)
        self._socket.bind((host, port))

    def packets(self) -> list[tuple[float, bytes]]:
        """What came, with its time in seconds."""
        came: list[tuple[float, bytes]] = []
        while True:
            try:
                data, ((_, _, stamp),), _, _ = self._socket.recvmsg(8192, socket.CMSG_SPACE(16))
            except BlockingIOError:
                return came
            seconds, microseconds = struct.unpack("ll", stamp)
            came.append((seconds + microseconds / 1e6, data))

    def close(self) -> None:
        self._socket.close()


@contextmanager
def web_server(host: str) -> Iterator[None]:
    """Something at a phone's port that speaks no SIP, on the first packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((host, PORT))

        def answer() -> None:
            _, source = listening.recvfrom(8192)
            listening.sendto(b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[2J", source)

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
            waking.sendto(b"", (host, PORT))
        thread.join()


def test_it_finds_the_phones_that_are_there_and_the_settings_dial(lab: Lab) -> None:
    callee, phone = lab.baresip("2002"), lab.baresip("201")
    other = lab.sipp("answers_options", agent=r"snomD785/10.1.84.12 \x1bc")
    web, *silent = (lab.host() for _ in range(10))
    network = f"{silent[0].rpartition('.')[0]}.0/28"
    with ExitStack() as stack:
        stack.enter_context(web_server(web))
        counters = [stack.enter_context(closing(Counter(host, PORT))) for host in silent]
        elsewhere = [
            stack.enter_context(closing(Counter(silent[0], port))) for port in (PORT + 1, 5080)
        ]
        scan = lab.discover(network, "--rate", str(RATE), "--extension", "201")
        assert scan.wait(30) == 0
        came = [counter.packets() for counter in counters]
        assert [counter.packets() for counter in elsewhere] == [[], []]
    (told,) = scan.events()

    assert (told["requests"], told["sent"], told["not_sent"]) == (14, 14, {})
    found = {each["address"]: each for each in told["found"]}
    assert list(found) == [callee.host, phone.host, other.host]
    assert [each["address"] for each in told["odd"]] == [web]
    ours, theirs = found[phone.host], found[other.host]
    assert (ours["maker"], ours["kind"], ours["status"], ours["refer"]) == (
        ("baresip", "phone", 200, True)
    )
    assert (theirs["maker"], theirs["model"], theirs["auto_answer"]) == (
        ("Snom", "D785", ["call-info"])
    )
    assert theirs["user_agent"] == "snomD785/10.1.84.12 \x1bc"
    assert "\x1b" not in scan.trace()
    assert found[callee.host]["settings"] is None, "it does not have that extension"

    assert [len(packets) for packets in came] == [1] * len(silent)
    times = [time for ((time, data),) in came if data.startswith(b"OPTIONS sip:201@")]
    assert len(times) == len(silent), "nothing but OPTIONS was sent"
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= 0.95 / RATE

    assert ours["settings"] == {"strategies": ["refer-to-phone"], "phone": f"201@{phone.host}"}
    call = lab.dial("2002", domain=callee.host, user="201", **ours["settings"])
    assert call.finish().ending == ("answered", "callee", 0)


def test_ctrl_c_shows_what_was_found_so_far(lab: Lab) -> None:
    phone = lab.sipp("answers_options", agent="Nobody")
    network = f"{phone.host.rpartition('.')[0]}.0/24"
    scan = lab.discover(network, "--rate", "20")

    def said() -> bool:
        return f"found {phone.place}" in scan.errors.read_text(encoding="utf-8")

    wait_until(said, seconds=20, what="the phone is found")
    scan.interrupt()
    assert scan.wait(10) == 130
    (told,) = scan.events()
    assert told["interrupted"]
    assert told["sent"] < told["requests"] == 254
    (found,) = told["found"]
    assert (found["user_agent"], found["kind"]) == ("Nobody", "unknown")
    assert found["settings"]["phone"] == f"305@{phone.host}"
