from __future__ import annotations

import errno
import importlib.util
import socket
import struct
import sys

import pytest

from siptapi_core.net import icmp_errors
from siptapi_core.net.icmp_errors import IcmpError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux has an error queue")

THERE = ("192.0.2.1", 5060)
LOCAL, ICMP, ICMP6 = 1, 2, 3


class ErrorQueue:
    """A socket with nothing but an error queue."""

    def __init__(self, *ancillaries):
        self.ancillaries = list(ancillaries)

    def recvmsg(self, size, ancillary_size, flags):
        assert flags == socket.MSG_ERRQUEUE
        if not self.ancillaries:
            raise BlockingIOError(errno.EAGAIN, "nothing there")
        return b"", self.ancillaries.pop(0), flags, THERE


def error_message(number, origin, icmp_type, *, level=socket.IPPROTO_IP, kind=11):
    data = struct.pack("=IBBBBII", number, origin, icmp_type, 0, 0, 0, 0) + bytes(16)
    return (level, kind, data)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (error_message(errno.ECONNREFUSED, ICMP, 3), IcmpError(THERE, errno.ECONNREFUSED, True)),
        (error_message(errno.EHOSTUNREACH, ICMP, 3), IcmpError(THERE, errno.EHOSTUNREACH, True)),
        (error_message(errno.EHOSTUNREACH, ICMP, 11), IcmpError(THERE, errno.EHOSTUNREACH, False)),
        (error_message(errno.EMSGSIZE, ICMP, 3), IcmpError(THERE, errno.EMSGSIZE, False)),
        (
            error_message(errno.EHOSTUNREACH, ICMP6, 3, level=socket.IPPROTO_IPV6, kind=25),
            IcmpError(THERE, errno.EHOSTUNREACH, False),
        ),
        (
            error_message(errno.EACCES, ICMP6, 1, level=socket.IPPROTO_IPV6, kind=25),
            IcmpError(THERE, errno.EACCES, True),
        ),
    ],
    ids=["port", "host", "time exceeded", "too big", "time exceeded v6", "prohibited v6"],
)
def test_an_icmp_answer_says_whether_the_next_packet_may_arrive(message, expected):
    assert icmp_errors.take(ErrorQueue([message])) == [expected]


@pytest.mark.parametrize(
    "message",
    [
        error_message(errno.EMSGSIZE, LOCAL, 0),
        (socket.SOL_SOCKET, 29, b"a timestamp"),
    ],
    ids=["our own", "something else"],
)
def test_what_is_no_icmp_answer_is_left_out(message):
    assert icmp_errors.take(ErrorQueue([message])) == []


def test_a_flood_is_taken_in_parts():
    message = error_message(errno.ECONNREFUSED, ICMP, 3)
    queue = ErrorQueue(*[[message]] * (icmp_errors.BATCH + 1))
    assert len(icmp_errors.take(queue)) == icmp_errors.BATCH
    assert len(icmp_errors.take(queue)) == 1
    assert icmp_errors.take(queue) == []


def test_elsewhere_nothing_is_told(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    spec = importlib.util.find_spec("siptapi_core.net.icmp_errors")
    elsewhere = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as untouched:
        elsewhere.enable(untouched)
        assert untouched.getsockopt(socket.IPPROTO_IP, 11) == 0
        assert elsewhere.take(untouched) == []
