from __future__ import annotations

import json
from argparse import Namespace

import pytest
from fake_dialer import FakeDialer

from siptapi_core.commands import Dial
from siptapi_frontends.cli import dial as dial_command
from siptapi_frontends.cli.application import Parser


def dial(dialer: FakeDialer, *arguments: str) -> int:
    parser = Parser()
    dial_command.configure(parser)
    given = parser.parse_args(arguments, Namespace(trace=False, log_level="warning"))
    return dial_command.run(given, dialer)  # type: ignore[arg-type]  # it connects like a session


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("01/505641",), Dial(number="01/505641")),
        (("+43", "(1)", "505641"), Dial(number="+43 (1) 505641")),
        (("-12",), Dial(number="-12")),
        (("--", "--12"), Dial(number="--12")),
        (("*21#", "--line", "lab"), Dial(number="*21#", line="lab")),
        (("--strategy", "refer-to-phone", "1"), Dial(number="1", strategy="refer-to-phone")),
        (("--yes", "0900 1"), Dial(number="0900 1", confirmed=True)),
    ],
)
def test_the_words_become_the_command_untouched(arguments: tuple[str, ...], command: Dial) -> None:
    dialer = FakeDialer()
    assert dial(dialer, *arguments) == 0
    assert dialer.executed == [command]
    assert dialer.closed


def test_in_a_pipe_it_prints_lines(capsys: pytest.CaptureFixture[str]) -> None:
    dial(FakeDialer(), "1")
    out = capsys.readouterr().out
    assert out.startswith("Dialling +43 1 505641 on line office")
    assert out.endswith("Answered. The phones have the call now.\n")


def test_for_programs_it_prints_events(capsys: pytest.CaptureFixture[str]) -> None:
    dial(FakeDialer(), "--json", "1")
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events[0] == "phone_calling"
    assert events[-1] == "call_ended"
