from __future__ import annotations

import socket
import urllib.request
from contextlib import ExitStack

import pytest

from siptapi_core import (
    CallEnded,
    CallEvent,
    CallPlaced,
    ConversationEnded,
    Gap,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    LineEvent,
    LineRemoved,
    NetworkError,
    Outcome,
    RegistrationChanged,
    RegistrationState,
    Stage,
    StrategyFellBack,
)
from siptapi_plugins import metrics_server
from siptapi_plugins.metrics import MetricsServer, MetricsSettings

PLACED = CallPlaced("301", "sip:301@pbx.example", "cli")
BUSY = CallEnded(Outcome.BUSY, Stage.CALLEE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def figures(*happenings, by_line=False):
    """What Prometheus reads after these, as name and value; calls by id, or events of lines."""
    port = free_port()
    server = MetricsServer(MetricsSettings(port=port, by_line=by_line))
    try:
        for number, each in enumerate(happenings):
            if isinstance(each, Gap):
                server.observe(each)
            elif isinstance(each, tuple):
                server.observe(CallEvent(number, each[0], "office", 100.0 + number, each[1]))
            else:
                server.observe(LineEvent(number, "office", 100.0 + number, each))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    finally:
        server.close()
    values = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in values if "created" not in name}


def test_calls_are_counted_from_wish_to_end():
    found = figures(("a", PLACED), ("b", PLACED), ("a", BUSY))
    assert found["siptapi_calls_placed_total"] == 2
    assert found["siptapi_calls_in_progress"] == 1
    assert found['siptapi_calls_ended_total{outcome="busy",stage="callee"}'] == 1
    assert found["siptapi_call_seconds_count"] == 1
    assert found["siptapi_call_seconds_sum"] == 2.0


def test_calls_can_be_told_apart_by_line():
    found = figures(("a", PLACED), ("a", BUSY), ("b", IncomingRinging("1", "2")), by_line=True)
    assert found['siptapi_calls_placed_total{line="office"}'] == 1
    assert found['siptapi_calls_ended_total{line="office",outcome="busy",stage="callee"}'] == 1
    assert found['siptapi_incoming_calls_total{line="office"}'] == 1


def test_what_else_happens_to_calls():
    found = figures(
        ("a", StrategyFellBack("refer-via-proxy", "refer-to-phone", "403")),
        ("a", ConversationEnded(61.5)),
        ("b", IncomingRinging("1", "2")),
        ("b", IncomingAnsweredElsewhere()),
        ("c", IncomingRinging("1", "2")),
        ("c", IncomingEnded(IncomingOutcome.MISSED)),
    )
    way = '{from="refer-via-proxy",to="refer-to-phone"}'
    assert found[f"siptapi_strategy_fallbacks_total{way}"] == 1
    assert found["siptapi_conversation_seconds_sum"] == 61.5
    assert found["siptapi_incoming_calls_total"] == 2
    ended = "siptapi_incoming_calls_ended_total"
    assert found[f'{ended}{{outcome="answered-elsewhere"}}'] == 1
    assert found[f'{ended}{{outcome="missed"}}'] == 1


@pytest.mark.parametrize(
    ("last", "registered"),
    [
        (RegistrationChanged(RegistrationState.REGISTERED), 1),
        (RegistrationChanged(RegistrationState.FAILED, 403), 0),
        (LineRemoved(), 0),
    ],
)
def test_lines_are_counted_while_they_are_registered(last, registered):
    found = figures(RegistrationChanged(RegistrationState.REGISTERED), last)
    assert found["siptapi_lines_registered"] == registered
    assert found.get('siptapi_registration_failures_total{status="403"}', 0) == (
        1 if isinstance(last, RegistrationChanged) and last.status else 0
    )


def test_what_was_missed_is_said_and_forgotten():
    found = figures(("a", PLACED), Gap(7), ("a", BUSY))
    assert found["siptapi_events_missed_total"] == 7
    assert found["siptapi_calls_in_progress"] == 0
    assert found["siptapi_call_seconds_count"] == 0


def test_a_port_that_is_taken_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match=f"cannot listen on 127.0.0.1:{port}: Address alr"):
            MetricsServer(MetricsSettings(port=port))


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_cannot_be(port):
    with pytest.raises(ValueError, match="expected a port"):
        MetricsSettings(port=port)


def test_whoever_says_nothing_is_not_waited_for(monkeypatch, capfd):
    monkeypatch.setattr(metrics_server._Handler, "timeout", 0.05)
    port = free_port()
    server = MetricsServer(MetricsSettings(port=port))
    try:
        for said in (b"", b"GET /metrics HT"):
            with socket.create_connection(("127.0.0.1", port), 5) as client:
                client.sendall(said)
                assert client.recv(100) == b""
    finally:
        server.close()
    assert capfd.readouterr() == ("", "")


def test_many_who_only_hold_a_place_cost_few_threads_and_files(monkeypatch):
    monkeypatch.setattr(metrics_server, "MOST_CLIENTS", 2)
    port = free_port()
    server = MetricsServer(MetricsSettings(port=port))
    try:
        with ExitStack() as stack:
            held = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
                for _ in range(4)
            ]
            for client in held[2:]:  # who was there first has the places
                assert client.recv(100) == b""
            held[0].sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert held[0].recv(100).startswith(b"HTTP/1.0 200 OK")
    finally:
        server.close()


def test_where_no_thread_can_be_started_the_place_is_free_again(monkeypatch):
    port = free_port()
    server = MetricsServer(MetricsSettings(port=port))
    try:
        with monkeypatch.context() as patch:

            def fail(_thread):
                raise RuntimeError("can't start new thread")

            patch.setattr(metrics_server.threading.Thread, "start", fail)
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", port), 5) as client:
                    assert client.recv(100) == b""
        assert server._server._places._value == metrics_server.MOST_CLIENTS
    finally:
        server.close()


def test_it_listens_on_ipv6_too():
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    server = MetricsServer(MetricsSettings(address="::1", port=port))
    try:
        with urllib.request.urlopen(f"http://[::1]:{port}/metrics", timeout=5) as answer:
            assert b"siptapi_calls_in_progress 0.0" in answer.read()
    finally:
        server.close()
