"""The TAPI provider under Wine with a service that is away, dies, hangs, is slow, talks nonsense.

The host fails a test by itself where a function takes more than 2 s, where a request is not
completed, or twice, and where an event comes that must not.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.bad_bridge import TOKEN, BadBridge, Connection, dialling
from lab.laboratory import Lab
from lab.programs import wait_until
from lab.tapi_host import FIRST, TapiHost, Wine
from lab.tapi_service import PORT, begin, service

from siptapi_core.control.authentication import Handshake
from siptapi_core.demo import Ending

pytestmark = pytest.mark.interop
STRICT = True

CALLS = int(os.environ.get("SIPTAPI_INTEROP_CALLS", "100"))
ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "control" / "vectors.json").read_text())
FAILED = "0x80000048"  # LINEERR_OPERATIONFAILED
ANOTHER = "what listens there is not the service, or knows another token"


@pytest.fixture
def bridge(lab: Lab) -> Iterator[BadBridge]:
    made = BadBridge(lab.host(), PORT)
    yield made
    made.close()


def start(wine: Wine, hosts: list[TapiHost], bridge: BadBridge) -> TapiHost:
    hosts.append(wine.start(bridge.address, TOKEN))
    return hosts[-1]


def open_first(host: TapiHost) -> None:
    host.until(f"lines 2 from {FIRST}")
    host.do(f"open {FIRST} 20002")
    host.until("open")


# --- talking nonsense ----------------------------------------------------------------------------


def reset(connection: Connection) -> None:
    connection.reset()


AGAINST_THE_PROTOCOL: dict[str, bytes | Callable[[Connection], None]] = {
    "no JSON": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no text": bytes(range(256)) + b"\n",
    "no object": b"[1]\n",
    "cut": b'{"id":3,"reply":"dial\n',
    "too deep": b'{"event":' + b"[" * 1000 + b"]" * 1000 + b"}\n",
    "without end": b'{"event":"' + b"x" * (17 << 20),
    "goodbye": b'{"goodbye":{"code":"refused","message":"enough"}}\n',
    "the connection is reset": reset,
}


def test_what_is_against_the_protocol_ends_the_connection_and_its_calls(
    wine: Wine, hosts: list[TapiHost], bridge: BadBridge
) -> None:
    host = start(wine, hosts, bridge)
    connection = bridge.serve()
    open_first(host)
    handles = int(host.ask("memory", "memory").split()[1])
    for number, (what, said) in enumerate(AGAINST_THE_PROTOCOL.items()):
        held, asked = 2 * number + 1, 2 * number + 2
        host.do(f"call {FIRST} 301")
        connection.accept_call(f"call {number}")
        host.until(f"call {held} DIALING")
        host.do(f"call {FIRST} 302")
        connection.hear_dial()
        if isinstance(said, bytes):
            connection.send_to_the_end(said)
        else:
            said(connection)
        host.until_all(f"complete {asked} {FAILED}", f"call {held} IDLE", f"line {FIRST} state 0x8")
        host.do(f"release {held}")
        connection = bridge.serve()
        host.until(f"line {FIRST} state 0x4")
        assert host.states(held)[-2:] == ["DISCONNECTED 0x2", "IDLE"], what
    assert int(host.ask("memory", "memory").split()[1]) <= handles + 2
    connection.close()
    host.finish()


def test_nonsense_within_the_protocol_is_passed_over(
    wine: Wine, hosts: list[TapiHost], bridge: BadBridge
) -> None:
    host = start(wine, hosts, bridge)
    connection = bridge.serve()
    open_first(host)
    chosen = random.Random(1)
    host.do(f"call {FIRST} 301")
    connection.accept_call("c1")
    host.until("call 1 DIALING")
    for number in range(2, 5):
        host.do(f"call {FIRST} 30{number}")
        dial = await_dial(connection, f"30{number}")
        connection.say(*(nonsense(chosen, dial) for _ in range(400)))
        connection.say(dialling(dial, f"call {number}"))
        host.until(f"complete {number} ")
    for number in range(1, 5):
        host.do(f"release {number}")
    host.do(f"call {FIRST} 305")
    connection.say(dialling(await_dial(connection, "305"), "the last"))
    connection.tell("call_ended", "the last", outcome="busy", stage="callee")
    last = host.until_line(lambda line: line.endswith("BUSY"))[-1].split()[1]
    host.until(f"call {last} IDLE")
    connection.close()
    host.finish()


def await_dial(connection: Connection, number: str) -> int:
    """The id of that dial; other commands come of nonsense, and are done."""
    while (line := connection.hear()).get("number") != number:
        connection.say({"id": line["id"], "reply": "done"})
    return int(line["id"])


def nonsense(chosen: random.Random, dial: int) -> dict[str, Any]:
    """A line of the protocol with something in it that is not."""
    kind = chosen.choice(["replies", "errors", "events", "events"])
    line: dict[str, Any] = json.loads(chosen.choice(VECTORS[kind]))
    if "id" in line:
        line["id"] = chosen.choice([dial - 1, -1, 2**40, "1", None, 1.5])
    for name in list(line):
        if name in ("event", "reply", "error", "id") or chosen.random() < 0.6:
            continue
        values = [None, True, -1, 10**30, "", "x" * 3000, "\ud800\u0000\u2028", [], {"a": []}, "c1"]
        line[name] = chosen.choice(values)
    if line.get("reply") == "lines" and chosen.random() < 0.5:
        line["lines"] = [None, 1, {"name": 7}, {"name": "x" * 5000}, {}]
    return line


# --- slow, hung, refused -------------------------------------------------------------------------


def test_a_service_that_says_nothing_is_left_and_lines_come_later(
    wine: Wine, hosts: list[TapiHost], bridge: BadBridge
) -> None:
    host = start(wine, hosts, bridge)
    silent = bridge.accept()
    host.until("lines 0")
    host.do(f"open {FIRST} 20002")
    host.until("error")
    silent.await_end()
    bridge.serve()
    host.until_all(f"created {FIRST}", f"created {FIRST + 1}")
    host.do(f"open {FIRST} 20002")
    host.until("open")
    host.finish()


def test_an_answer_that_comes_too_late_is_hung_up(
    wine: Wine, hosts: list[TapiHost], bridge: BadBridge
) -> None:
    host = start(wine, hosts, bridge)
    connection = bridge.serve()
    open_first(host)
    host.do(f"call {FIRST} 301")
    connection.accept_call("c1")
    for event in ("phone_answered", "callee_ringing"):
        line = {"id": 1, "event": event, "call": "c1", "line": "office", "time": 1.0}
        for byte in json.dumps(line).encode() + b"\n":
            connection.send(bytes([byte]))
    host.until("call 1 RINGBACK")
    host.do(f"call {FIRST} 302")
    late, _ = connection.hear_dial()
    host.do(f"call {FIRST} 303")
    dropped, _ = connection.hear_dial()
    host.do("drop 3")
    host.do("drop 1")
    began = time.monotonic()
    hang_up = connection.hear()
    assert (hang_up["command"], hang_up["call"]) == ("hang_up", "c1")
    host.until_all(
        *(f"complete {request} {FAILED}" for request in (2, 3)),
        *("complete 4 0x00000000", "complete 5 0x00000000", "call 1 IDLE"),
    )
    assert time.monotonic() - began < 4
    for request, call in ((late, "c2"), (dropped, "c3")):
        connection.say(dialling(request, call))
        hang_up = connection.hear()
        assert (hang_up["command"], hang_up["call"]) == ("hang_up", call)
    connection.close()
    host.finish()


def test_nothing_waits_long_for_an_application_that_ponders(
    wine: Wine, hosts: list[TapiHost], bridge: BadBridge
) -> None:
    host = start(wine, hosts, bridge)
    connection = bridge.serve()
    open_first(host)
    for number in (1, 2):
        host.do(f"call {FIRST} 301")
        connection.accept_call(f"c{number}")
        host.until(f"call {number} info")
    host.do("stall 5000")  # until after the end
    host.do(f"status {FIRST}")
    host.until("status")
    connection.tell("callee_ringing", "c1")
    host.until("call 1 RINGBACK")
    host.do(f"status {FIRST}")
    host.do("release 2")  # another's
    host.do("release 1")
    host.until_all("released 2", "released 1")
    connection.close()
    host.finish()


def test_another_version_and_a_wrong_token(
    wine: Wine, hosts: list[TapiHost], lab: Lab, tmp_path: Path
) -> None:
    bridge = BadBridge(lab.host(), PORT)
    log = tmp_path / "tsp.log"
    hosts.append(wine.start(bridge.address, TOKEN, LogFile=f"Z:{log}"))
    host = hosts[-1]
    refused = bridge.accept()
    refused.greet("3.0")
    refused.await_end()
    host.until("lines 0")
    bridge.close()
    with service(lab) as (served, _):
        host.do(f"set Address={served.address}")
        wait_until(
            lambda: any("the token" in str(line) for line in served.daemon.log()),
            seconds=10,
            what="the token refused",
        )
        host.do(f"set Token={served.token}")
        host.until_all(f"created {FIRST}", f"created {FIRST + 1}")
        host.finish()
        written = log.read_text()
    for words in ("no hello of this protocol, but '3.0'", ANOTHER, "the service is there"):
        assert words in written
    assert served.token not in written


# --- strangers -----------------------------------------------------------------------------------


def test_the_provider_proves_itself_as_the_vectors_have_it(wine: Wine) -> None:
    program = wine.build(ROOT / "tests" / "frontends" / "tsp_wine" / "test_authentication.c")
    nonces = set()
    for vector in VECTORS["proofs"]:
        given = (vector[name] for name in Handshake._fields)
        daemons, clients, nonce = wine.run(program, *given)
        assert (daemons, clients) == (vector["proof_of_daemon"], vector["proof_of_client"])
        assert len(bytes.fromhex(nonce)) == 32
        nonces.add(nonce)
    assert len(nonces) == len(VECTORS["proofs"]) > 1


def test_a_stranger_on_the_port_of_the_service_is_told_nothing_that_is_of_use(
    wine: Wine, hosts: list[TapiHost], lab: Lab, tmp_path: Path
) -> None:
    log = tmp_path / "tsp.log"
    with service(lab) as (served, _):
        host = begin(wine, hosts, served.daemon, served.address, LogFile=f"Z:{log}")
        open_first(host)
        served.daemon.kill()
        host.until(f"line {FIRST} state 0x8")  # LINEDEVSTATE_DISCONNECTED
        stranger = BadBridge(*served.place)
        recorded = stranger.accept()
        (nonce,) = recorded.hear().values()
        recorded.say({"challenge": nonce, "proof": nonce}, {"hello": "2.0", "proof": ""})
        recorded.await_end()
        assert host.ask(f"status {FIRST}", "status").startswith(f"status {FIRST} flags 0x0 ")
        host.do(f"call {FIRST} 301")
        host.until(f"error {FAILED}")
        stranger.close()
        assert json.loads(recorded.heard) == {"authenticate": nonce}
        served.daemon.start()
        with socket.create_connection(served.place) as replayed:
            replayed.sendall(recorded.heard + b'{"proof":""}\n{"hello":"2.0","frontend":"tapi"}\n')
            answers = replayed.makefile("rb").read()
        assert b"does not know the token" in answers
        host.until(f"line {FIRST} state 0x4")  # LINEDEVSTATE_CONNECTED
        host.finish()
    assert ANOTHER in log.read_text()


def test_a_stranger_that_passes_on_what_the_service_says_is_found_out(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    between = BadBridge(lab.host(), PORT)
    with service(lab) as (served, _):
        host = begin(wine, hosts, served.daemon, between.address)
        connection = between.accept()
        connection.hear()
        with socket.create_connection(served.place) as other:
            other.sendall(connection.heard)
            connection.send(other.makefile("rb").readline())
            connection.await_end()
        host.until("lines 0")
        assert len(connection.heard.splitlines()) == 1
        host.do(f"set Address={served.address}")
        host.until_all(f"created {FIRST}", f"created {FIRST + 1}")
        host.finish()
    between.close()


def test_the_service_hangs_and_goes_on(wine: Wine, hosts: list[TapiHost], lab: Lab) -> None:
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20002")
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 1 DIALING")
        served.daemon.signal(signal.SIGSTOP)
        began = time.monotonic()
        host.do(f"call {FIRST} {demo.number}")
        host.do("drop 1")
        host.until_all(f"complete 2 {FAILED}", "complete 3 0x00000000", "call 1 IDLE")
        assert time.monotonic() - began < 4
        served.daemon.signal(signal.SIGCONT)
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 3 DIALING")
        host.do("drop 3")
        host.until("call 3 IDLE")
        wait_until(
            lambda: json.loads(served.daemon.say("calls", "--json").stdout or "[]") == [],
            seconds=10,
            what="no call being left",
        )
        host.finish()


# --- dying ---------------------------------------------------------------------------------------


def test_the_service_dies_and_comes_back(wine: Wine, hosts: list[TapiHost], lab: Lab) -> None:
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20002")
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 1 DIALING")
        served.daemon.kill()
        host.until("call 1 IDLE")
        assert host.ask(f"status {FIRST}", "status") == (
            f"status {FIRST} flags 0x0 features 0x0 in-use 1 calls 0"
        )
        host.do(f"call {FIRST} {demo.number}")
        assert host.until("error")[-1] == f"error {FAILED}"
        served.daemon.start()
        host.until(f"line {FIRST} state 0x4")  # LINEDEVSTATE_CONNECTED
        assert host.ask(f"status {FIRST}", "status") == (
            f"status {FIRST} flags 0x5 features 0x2 in-use 1 calls 0"
        )
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 3 DIALING")
        host.finish()
    assert host.states(1)[-2:] == ["DISCONNECTED 0x2", "IDLE"]


def test_a_row_of_calls_while_the_service_is_killed(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    """``SIPTAPI_INTEROP_CALLS=1000`` makes a longer one."""
    chosen = random.Random(CALLS)
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20002")
        host.do(f"row {FIRST} {CALLS} {demo.number} 1")
        for call in sorted(chosen.sample(range(2, CALLS - 4), max(CALLS // 25, 3))):
            host.until(f"call {call} request")
            time.sleep(chosen.random() / 10)
            served.daemon.kill()
            served.daemon.start()
        host.until("row")
        host.finish()
    completed = [line.split()[1] for line in host.told if line.startswith("complete")]
    assert len(completed) == len(set(completed)) > CALLS  # of calls, and of drops
