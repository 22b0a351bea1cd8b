"""The pure parts of the TAPI service provider, compiled for this computer with sanitizers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from native_tsp import build, run

pytestmark = pytest.mark.interop

ROOT = Path(__file__).parents[2]
PURE = ("call_events.c", "json_read.c", "json_write.c", "structures.c", "unicode.c")
VECTORS = json.loads((ROOT / "tests" / "control" / "vectors.json").read_text())

IDLE, BUSY, DISCONNECTED = 0x1, 0x40, 0x4000
PROCEEDING, RINGBACK, CONNECTED = 0x200, 0x20, 0x100


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("tsp"), "test_pure_parts.c", PURE)


def test_its_own_checks(program: Path) -> None:
    assert run(program, "checks") == ["0 failures"]


def test_every_vector_of_the_control_line_is_read(program: Path) -> None:
    lines = [line for kind in ("commands", "replies", "errors", "events") for line in VECTORS[kind]]
    names = ("command", "reply", "event", "code", "number", "call", "line")
    expected = []
    for line in lines:
        told = json.loads(line)
        texts = [f" {name}={told[name]}" for name in names if isinstance(told.get(name), str)]
        expected.append("yes" + "".join(texts))
    assert run(program, "json", input_="\n".join(lines)) == expected


def test_every_event_that_is_cut_is_refused(program: Path) -> None:
    cut = [line[:length] for line in VECTORS["events"] for length in range(1, len(line))]
    assert set(run(program, "json", input_="\n".join(cut))) == {"no"}


@pytest.mark.parametrize(
    ("events", "told"),
    [
        (["phone_answered"], [(PROCEEDING, 0)]),
        (["refer_accepted", "callee_trying"], [(PROCEEDING, 0)]),
        (["phone_answered", "callee_ringing"], [(PROCEEDING, 0), (RINGBACK, 0)]),
        (["phone_answered", "callee_answered"], [(PROCEEDING, 0), (CONNECTED, 1)]),
        (["refer_accepted", "callee_answered"], [(PROCEEDING, 0), (CONNECTED, 1)]),
        (["callee_ringing", "callee_answered"], [(RINGBACK, 0)]),
        (
            ["callee_answered", "refer_accepted", "phone_answered"],
            [(PROCEEDING, 0), (CONNECTED, 1)],
        ),
        (["callee_ringing", "phone_answered"], [(RINGBACK, 0)]),
        (["call_ended answered"], [(CONNECTED, 1)]),
        (
            ["call_ended answered", "conversation_ended", "call_corrected busy"],
            [(CONNECTED, 1), (DISCONNECTED, 0x1), (IDLE, 0)],
        ),
        (
            ["call_ended answered", "call_corrected answered", "call_corrected no-answer"],
            [(CONNECTED, 1), (DISCONNECTED, 0x40), (IDLE, 0)],
        ),
        (["call_ended busy", "handed_over"], [(BUSY, 0x4), (DISCONNECTED, 0x20), (IDLE, 0)]),
        (["call_ended no-answer"], [(DISCONNECTED, 0x40), (IDLE, 0)]),
        (["call_failed 480", "call_ended no-answer"], [(DISCONNECTED, 0x100), (IDLE, 0)]),
        (["call_ended rejected"], [(DISCONNECTED, 0x4), (IDLE, 0)]),
        (["call_ended not-found"], [(DISCONNECTED, 0x80), (IDLE, 0)]),
        (["call_ended failed"], [(DISCONNECTED, 0x200), (IDLE, 0)]),
        (["call_ended unknown"], [(DISCONNECTED, 0x2), (IDLE, 0)]),
        (["incoming_answered_elsewhere"], [(DISCONNECTED, 0x8), (IDLE, 0)]),
        (["incoming_ended missed"], [(DISCONNECTED, 0x1), (IDLE, 0)]),
        (["call_placed", "phone_calling", "phone_ringing", "something_new"], []),
    ],
)
def test_what_tapi_is_told(program: Path, events: list[str], told: list[tuple[int, int]]) -> None:
    assert _told(program, events) == told


@pytest.mark.parametrize(("version", "mode"), [("20000", 0x80000), ("10004", 0x2)])
def test_cancelled_is_unknown_before_tapi_2(program: Path, version: str, mode: int) -> None:
    told = _told(program, ["call_ended cancelled"], version=version)
    assert told == [(DISCONNECTED, mode), (IDLE, 0)]


def _told(program: Path, events: list[str], version: str = "20002") -> list[tuple[int, int]]:
    lines = []
    for event in events:
        name, *detail = event.split()
        key = "status" if detail and detail[0].isdigit() else "outcome"
        value = [int(word) if key == "status" else word for word in detail]
        lines.append(json.dumps({"event": name, **dict(zip([key], value, strict=False))}))
    words = " ".join(run(program, "states", version, input_="\n".join(lines))).split()
    return [(int(state, 16), int(mode, 16)) for state, mode in (word.split(":") for word in words)]
