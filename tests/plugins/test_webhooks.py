"""Webhooks against a real HTTP server on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from siptapi_core import (
    CalleeAnswered,
    CallEnded,
    CallEvent,
    CallPlaced,
    Context,
    ConversationEnded,
    Gap,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingOutcome,
    IncomingRinging,
    LineChanged,
    LineEvent,
    Outcome,
    SettingsError,
    Stage,
)
from siptapi_core.settings import structure
from siptapi_core.testing.fake_clock import FakeClock
from siptapi_plugins.webhooks import delivering, siptapi_observers
from siptapi_plugins.webhooks.queue import DeliveryQueue
from siptapi_plugins.webhooks.settings import Preset, WebhookSettings, signing_key

ENDLESS = {"content-type": "text/plain"}
"""The headers of an answer whose body never ends."""
PLACED = CallPlaced("301", "sip:301@pbx.example", "cli")


class Receiver:
    """A server that answers what ``answers`` say, then 204, and keeps what it was sent."""

    def __init__(self):
        self.answers = deque()
        self.received = []
        self.gave_up = 0
        """How often nobody read an endless answer to its end."""
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers = receiver.answers.popleft() if receiver.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if headers is ENDLESS:
                    self.end_headers()
                    self.write_until_nobody_reads()
                    self.close_connection = True
                    return
                self.send_header("content-length", "0")
                with receiver.arrived:  # before the answer: the next comes on another connection
                    receiver.received.append((dict(self.headers), body))
                    self.end_headers()
                    receiver.arrived.notify_all()

            def write_until_nobody_reads(self):
                try:
                    for _ in range(10_000):  # 640 MB
                        self.wfile.write(bytes(65536))
                except ConnectionError:
                    receiver.gave_up += 1

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.01])
        self.thread.start()

    def wait_for(self, number):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= number, 60)

    def bodies(self):
        return [json.loads(body) for _, body in self.received]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


class Logger:
    def __init__(self):
        self.lines = []
        self.said = threading.Condition()

    def warning(self, event, **values):
        self._say("warning", event, values)

    def error(self, event, **values):
        self._say("error", event, values)

    def _say(self, *line):
        with self.said:
            self.lines.append(line)
            self.said.notify_all()


class Bench:
    def __init__(self, folder):
        self.folder = folder
        self.logger = Logger()
        self.clock = FakeClock()

    def make(self, *targets):
        [offer] = siptapi_observers()
        settings = structure(
            {"targets": list(targets)}, offer.settings, where="siptapi.toml", key="observers.x"
        )
        context = Context(
            clock=self.clock, dns=None, logger=self.logger, state_folder=lambda: self.folder
        )
        return offer.create(settings, context)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    monkeypatch.setattr(delivering, "FIRST_WAIT", 0.001)
    return Bench(tmp_path)


def event(happening, number=1, call="c1", line="office"):
    return CallEvent(number, call, line, 1.5, happening)


def test_events_are_sent_in_order_as_json(bench, receiver):
    observer = bench.make({"url": receiver.url})
    for number in range(1, 6):
        observer.observe(event(PLACED, number))
    observer.observe(LineEvent(6, "office", 2.0, LineChanged()))
    observer.observe(Gap(3))
    receiver.wait_for(7)
    observer.close()
    bodies = receiver.bodies()
    assert [body.get("id") for body in bodies] == [1, 2, 3, 4, 5, 6, None]
    assert bodies[0]["event"] == "call_placed"
    assert bodies[6] == {"event": "gap", "missed": 3}
    headers = receiver.received[0][0]
    assert headers["content-type"] == "application/json"
    assert headers["webhook-timestamp"] == str(int(bench.clock.time()))
    assert len({each["webhook-id"] for each, _ in receiver.received}) == 7
    assert "webhook-signature" not in headers


@pytest.mark.parametrize("secret", ["hush", "whsec_" + base64.b64encode(b"key").decode()])
def test_deliveries_are_signed(bench, receiver, secret):
    observer = bench.make({"url": receiver.url, "secret": secret})
    observer.observe(event(PLACED))
    receiver.wait_for(1)
    observer.close()
    [(headers, body)] = receiver.received
    key = b"key" if secret.startswith("whsec_") else b"hush"
    assert signing_key(secret) == key
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_a_secret_that_only_looks_like_base64_is_text():
    assert signing_key("whsec_not base64!") == b"whsec_not base64!"


def test_it_is_tried_again_until_it_arrives(bench, receiver):
    receiver.answers += [(500, {}), (429, {"retry-after": "0"}), (503, {"retry-after": "x"})]
    observer = bench.make({"url": receiver.url})
    observer.observe(event(PLACED, 1))
    observer.observe(event(PLACED, 2))
    receiver.wait_for(5)
    observer.close()
    assert [body["id"] for body in receiver.bodies()] == [1, 1, 1, 1, 2]
    assert len({headers["webhook-id"] for headers, _ in receiver.received[:4]}) == 1
    assert [line[:2] for line in bench.logger.lines] == [
        ("warning", "webhook not delivered: trying again")
    ]
    assert bench.logger.lines[0][2]["why"] == "it answered 500"


def test_what_the_other_side_does_not_want_is_dropped_and_said(bench, receiver):
    receiver.answers += [(404, {}), (302, {"location": receiver.url})]
    observer = bench.make({"url": receiver.url.replace("http://", "http://user:pass@") + "?t=s"})
    for number in (1, 2, 3):
        observer.observe(event(PLACED, number))
    receiver.wait_for(3)
    observer.close()
    assert [body["id"] for body in receiver.bodies()] == [1, 2, 3]
    [first, second] = bench.logger.lines
    assert first[:2] == ("error", "webhook dropped")
    assert (first[2]["why"], second[2]["why"]) == ("it answered 404", "it answered 302")
    assert "pass" not in str(first) + str(second)
    assert "t=s" not in str(first) + str(second)


def test_an_answer_without_end_is_not_read(bench, receiver):
    receiver.answers += [(200, ENDLESS), (404, ENDLESS)]
    observer = bench.make({"url": receiver.url})
    for number in (1, 2, 3):
        observer.observe(event(PLACED, number))
    receiver.wait_for(1)
    observer.close()
    assert receiver.gave_up == 2
    assert [body["id"] for body in receiver.bodies()] == [3]
    [dropped] = bench.logger.lines
    assert dropped[2]["why"] == "it answered 404"


@pytest.mark.parametrize("url", ["http://a..b/", "http://xn--/", "http://\N{SNOWMAN}.xn--a/"])
def test_a_name_that_cannot_be_asked_for_is_said_and_ends_nothing(bench, url):
    observer = bench.make({"url": url})
    observer.observe(event(PLACED))
    [target] = observer._targets
    with bench.logger.said:
        assert bench.logger.said.wait_for(lambda: bench.logger.lines, 60)
    assert target._deliverer._thread.is_alive()
    observer.close()
    assert len(bench.logger.lines) == 1


def test_a_disk_that_is_full_for_a_while_stops_nothing(bench, receiver, monkeypatch):
    """What was sent and could not be taken off is sent again: its id says so."""
    faults = [sqlite3.OperationalError("database or disk is full")] * 2
    remove = DeliveryQueue.remove

    def remove_if_there_is_room(queue, delivery):
        if faults:
            raise faults.pop()
        remove(queue, delivery)

    monkeypatch.setattr(DeliveryQueue, "remove", remove_if_there_is_room)
    observer = bench.make({"url": receiver.url})
    observer.observe(event(PLACED, 1))
    receiver.wait_for(3)
    observer.observe(event(PLACED, 2))
    receiver.wait_for(4)
    observer.close()
    assert [body["id"] for body in receiver.bodies()] == [1, 1, 1, 2]
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 2
    assert "disk is full" in bench.logger.lines[0][2]["why"]


def test_a_damaged_queue_is_set_aside_and_that_is_said(bench, receiver):
    observer = bench.make({"url": receiver.url})
    observer.close()
    [file] = bench.folder.glob("*.db")
    for twice in (1, 2):  # the second damaged one takes the place of the first
        file.write_bytes(b"no database" * 500)
        again = bench.make({"url": receiver.url})
        again.observe(event(PLACED, twice))
        receiver.wait_for(twice)
        again.close()
    aside = file.with_name(f"{file.name}.damaged")
    assert aside.read_bytes() == b"no database" * 500
    assert (
        bench.logger.lines
        == [("error", "webhook queue damaged: begun anew", {"damaged": str(aside)})] * 2
    )


def test_another_fault_of_the_queue_is_no_damage(tmp_path):
    (tmp_path / "queue.db").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        DeliveryQueue(tmp_path / "queue.db", 2)


def test_what_waits_survives_a_restart(bench, receiver):
    url, port = receiver.url, receiver.server.server_address[1]
    receiver.close()
    observer = bench.make({"url": url})
    observer.observe(event(PLACED))
    observer.close()
    receiver.server = ThreadingHTTPServer(("127.0.0.1", port), receiver.server.RequestHandlerClass)
    receiver.thread = threading.Thread(target=receiver.server.serve_forever, args=[0.01])
    receiver.thread.start()
    again = bench.make({"url": url})
    receiver.wait_for(1)
    again.close()
    assert [body["id"] for body in receiver.bodies()] == [1]


def test_only_what_is_wanted_is_sent(bench, receiver):
    observer = bench.make({"url": receiver.url, "events": ["call_ended"], "lines": ["home"]})
    ended = CallEnded(Outcome.BUSY, Stage.CALLEE)
    observer.observe(event(ended, 1))
    observer.observe(event(PLACED, 2, line="home"))
    observer.observe(event(ended, 3, line="home"))
    receiver.wait_for(1)
    observer.close()
    assert [body["id"] for body in receiver.bodies()] == [3]


def test_one_target_that_is_down_holds_no_other_up(bench, receiver):
    observer = bench.make({"url": "http://127.0.0.1:9/down"}, {"url": receiver.url})
    observer.observe(event(PLACED))
    receiver.wait_for(1)
    observer.close()


def test_the_queue_is_bounded(tmp_path):
    queue = DeliveryQueue(tmp_path / "queue.db", 2)
    assert [queue.put(str(number), "{}") for number in range(4)] == [0, 0, 1, 1]
    assert len(queue) == 2
    assert queue.first().id == "2"
    queue.remove(queue.first())
    queue.remove(queue.first())
    assert queue.first() is None
    queue.close()


def test_a_full_queue_is_said(bench):
    observer = bench.make({"url": "http://127.0.0.1:9/down", "queue_limit": 1})
    for number in (1, 2):
        observer.observe(event(PLACED, number))
    observer.close()
    dropped = [line for line in bench.logger.lines if "queue full" in line[1]]
    assert [line[2] for line in dropped] == [{"dropped": 1, "limit": 1}]


def test_zammad_is_told_of_calls_in_its_own_words(bench, receiver):
    observer = bench.make({"url": receiver.url, "preset": "zammad"})
    story = (
        ("a", PLACED),
        ("a", CalleeAnswered()),
        ("a", CallEnded(Outcome.ANSWERED, Stage.CALLEE)),
        ("a", ConversationEnded(60.0)),
        ("b", IncomingRinging("", "201")),
        ("b", IncomingEnded(IncomingOutcome.MISSED)),
        ("c", IncomingRinging("+4312345", "201")),
        ("c", IncomingAnsweredElsewhere()),
        ("d", PLACED),
        ("d", CallEnded(Outcome.BUSY, Stage.CALLEE)),
        ("before us", CallEnded(Outcome.BUSY, Stage.CALLEE)),
    )
    for number, (call, happening) in enumerate(story):
        observer.observe(event(happening, number, call))
    observer.observe(LineEvent(99, "office", 2.0, LineChanged()))
    observer.observe(Gap(3))
    receiver.wait_for(9)
    observer.close()
    told = [
        (body["event"], body["direction"], body["from"], body["to"], body.get("cause"))
        for body in receiver.bodies()
    ]
    assert told == [
        ("newCall", "out", "office", "301", None),
        ("answer", "out", "office", "301", None),
        ("hangup", "out", "office", "301", "normalClearing"),
        ("newCall", "in", "anonymous", "201", None),
        ("hangup", "in", "anonymous", "201", "cancel"),
        ("newCall", "in", "+4312345", "201", None),
        ("answer", "in", "+4312345", "201", None),
        ("newCall", "out", "office", "301", None),
        ("hangup", "out", "office", "301", "busy"),
    ]
    assert [body["callId"] for body in receiver.bodies()][:2] == ["a", "a"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"url": "crm.example"}, "expected a URL"),
        ({"url": "ftp://crm.example"}, "expected a URL"),
        ({"url": "http://crm.example:99999"}, "expected a URL"),
        ({"url": "http://[::1/hook"}, "expected a URL"),
        ({"url": "http://crm.example/\n"}, "expected a URL"),
        ({"url": "http://crm.example", "events": ["call_endet"]}, "no event is named 'call_endet'"),
        ({"url": "http://crm.example", "timeout": 0}, "timeout"),
    ],
)
def test_mistakes_in_the_settings_are_said(bench, table, words):
    with pytest.raises(SettingsError, match=words):
        bench.make(table)


def test_without_a_target_it_is_of_no_use():
    with pytest.raises(SettingsError, match="at least one table"):
        structure({"targets": []}, WebhookSettings, where="", key="observers.webhooks")


def test_presets_are_known_by_name():
    assert [preset.value for preset in Preset] == ["events", "zammad"]
