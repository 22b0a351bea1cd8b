"""What is between TAPI's functions and the wire, in C, against `tapi_vectors.txt`.

Its scenes have lines of the service (``S``), of the provider (``C``), what an application does
(``A``) and what TAPI is told (``T``): ``call NUMBER STATE:MODE``, ``line NAME STATE``, and so on.
The provider is held to ``C`` and ``T``, and the control line to ``S`` and ``C``.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from native_tsp import build, run

from siptapi_core.control.lines import write_line
from siptapi_core.control.vocabulary import (
    decode_command,
    decode_error,
    decode_reply,
    encode_command,
    encode_error,
    encode_reply,
)
from siptapi_core.event_encoding import decode_event, encode_event

pytestmark = pytest.mark.interop

LOGIC = (
    *("call_events.c", "early_events.c", "exports_call.c", "exports_line.c", "json_read.c"),
    *("json_write.c", "lines_and_calls.c", "requests.c", "service.c", "service_calls.c"),
    *("service_lines.c", "structures.c", "unicode.c"),
)
VECTORS = Path(__file__).with_name("tapi_vectors.txt")
CONTROL = json.loads((Path(__file__).parents[1] / "control" / "vectors.json").read_text())


def read_scenes() -> dict[str, list[str]]:
    """The scenes, each with the first one, by which lines are there, before it."""
    scenes = {}
    for text in VECTORS.read_text(encoding="utf-8").strip().split("\n\n"):
        heading, *lines = text.splitlines()
        scenes[heading.removeprefix("# ")] = lines
    first = next(iter(scenes.values()))
    return {name: lines if lines is first else first + lines for name, lines in scenes.items()}


SCENES = read_scenes()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tsp")
    return build(folder, "test_service.c", LOGIC, "-fshort-wchar")


def play(program: Path, scene: list[str]) -> list[str]:
    """The scene, with what the provider really says."""
    given = [line for line in scene if line.startswith(("A", "S"))]
    told = run(program, input_="".join(f"{line[3:]}\n" for line in given))
    played = []
    for line in given:
        played.append(line)
        while (said := told.pop(0)) != ".":
            sent = said.startswith("sent ")
            played.append(f"C: {said.removeprefix('sent ')}" if sent else f"T: {said}")
    return played


@pytest.mark.parametrize("name", SCENES)
def test_the_provider_says_and_tells_what_the_scene_has(program: Path, name: str) -> None:
    assert play(program, SCENES[name]) == SCENES[name]


@pytest.mark.parametrize("name", SCENES)
def test_the_control_line_says_and_takes_what_the_scene_has(name: str) -> None:
    for line in SCENES[name]:
        if line.startswith(("C", "S")):
            assert again(json.loads(line[3:])) == line[3:]


def again(data: dict[str, Any]) -> str:
    """The line, read as what it means and written again."""
    known = {key: data[key] for key in ("id",) if "event" not in data}
    if "command" in data:
        rest = {key: value for key, value in data.items() if key != "id"}
        written = encode_command(decode_command(rest))
    elif "subscribe" in data:
        written = {"subscribe": data["subscribe"]}
    elif "event" in data:
        written = dict(encode_event(decode_event(data)))
    elif "error" in data:
        written = {"error": encode_error(decode_error(data["error"]))}
    else:
        written = encode_reply(decode_reply(data))
    return write_line(known | written).decode().rstrip("\n")


@pytest.mark.parametrize("seed", range(8))
def test_every_request_is_completed_once_whatever_is_said(program: Path, seed: int) -> None:
    chosen = random.Random(seed)
    commands = [line[3:] for line in next(iter(SCENES.values())) if line.startswith(("A", "S"))]
    commands += [anything(chosen) for _ in range(1500)]
    commands += ["down", *(f"close {call}" for call in range(1, 1500))]
    told = [line.split() for line in run(program, input_="\n".join(commands) + "\n")]
    completed = Counter(line[1] for line in told if line[0] == "complete")
    verbs = ("make", "dial", "drop", "transfer", "redirect")
    asked = sum(command.startswith(verbs) for command in commands)
    refused = sum(line[0] in verbs for line in told)
    assert set(completed.values()) == {1}
    assert len(completed) == asked - refused


def anything(chosen: random.Random) -> str:
    """Something that an application does, or that is said; seldom that the connection ends."""
    what, call = chosen.random(), chosen.randint(1, 60)
    if what < 0.5:
        return nonsense(chosen)
    if what < 0.97:
        verbs = ("make 0 301 0", "make 0 3; 0", f"dial {call} 7", f"drop {call}", f"close {call}")
        sending = (f"transfer {call} 5", f"redirect {call} 5")
        return chosen.choice((*verbs, *sending, f"tick {chosen.choice((100, 2000, 61000))}"))
    return chosen.choice(("down", "up"))


def nonsense(chosen: random.Random) -> str:
    """A line of the protocol, most with something in it that is not."""
    kind = chosen.choice(("replies", "replies", "errors", "events", "events"))
    line: dict[str, Any] = json.loads(chosen.choice(CONTROL[kind]))
    if chosen.random() < 0.3:
        line = {"reply": "dialling", "call": f"c{chosen.randint(1, 30)}"}
    line["id"] = chosen.randint(1, 400)
    if "call" in line:
        line["call"] = f"c{chosen.randint(1, 30)}"
    for name in list(line):
        if chosen.random() < 0.1:
            line[name] = chosen.choice(
                [None, True, -1, 10**30, "", "x" * 3000, "\u0000\u2028", [], {"a": []}, [{}]]
            )
    return json.dumps(line)


def write_anew(program: Path) -> None:
    """Write the vectors as both sides are now; read what changed."""
    texts = []
    before = 0
    for name, scene in SCENES.items():
        said = [f"S: {again(json.loads(line[3:]))}" if line[0] == "S" else line for line in scene]
        played = play(program, said)
        texts.append("\n".join([f"# {name}", *played[before:]]))
        before = before or len(played)
    VECTORS.write_text("\n\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        write_anew(build(Path(scratch), "test_service.c", LOGIC, "-fshort-wchar"))
