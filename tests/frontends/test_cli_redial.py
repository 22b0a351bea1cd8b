"""``siptapi redial``: the last number again, shown as any dial is."""

from __future__ import annotations

from argparse import Namespace

import pytest
from fake_dialer import FakeDialer

from siptapi_core.commands import (
    CallDirection,
    Caller,
    CallRecord,
    Command,
    Dial,
    Done,
    History,
    ListHistory,
    Reply,
)
from siptapi_core.errors import RefusedError
from siptapi_frontends.cli import redial as redial_command
from siptapi_frontends.cli.application import Parser

LAST = CallRecord(
    call="c7",
    line="home",
    direction=CallDirection.OUTGOING,
    number="+431505641",
    started=1_700_000_000.0,
)


class RememberingDialer(FakeDialer):
    """Replies ``past`` to ListHistory."""

    def __init__(self, past: Reply) -> None:
        super().__init__()
        self._past = past

    async def execute(self, command: Command, caller: Caller) -> Reply:
        if isinstance(command, ListHistory):
            self.executed.append(command)
            return self._past
        return await super().execute(command, caller)


def redial(dialer: FakeDialer, *arguments: str) -> int:
    parser = Parser()
    redial_command.configure(parser)
    given = parser.parse_args(arguments, Namespace(trace=False, log_level="warning"))
    return redial_command.run(given, dialer)  # type: ignore[arg-type]  # it connects like a session


@pytest.mark.parametrize(
    ("arguments", "line", "dial"),
    [
        ((), None, Dial(number="+431505641", line="home")),
        (("--line", "home"), "home", Dial(number="+431505641", line="home")),
        (
            ("--yes", "--strategy", "reverse"),
            None,
            Dial(number="+431505641", line="home", strategy="reverse", confirmed=True),
        ),
    ],
)
def test_the_last_number_is_dialled_on_the_line_that_called_it(
    arguments: tuple[str, ...],
    line: str | None,
    dial: Dial,
    capsys: pytest.CaptureFixture[str],
) -> None:
    dialer = RememberingDialer(History(calls=(LAST,), next_page="more"))
    assert redial(dialer, *arguments) == 0
    wanted = ListHistory(direction=CallDirection.OUTGOING, line=line, limit=1)
    assert dialer.executed == [wanted, dial]
    assert dialer.closed
    assert capsys.readouterr().out.startswith("Dialling +43 1 505641 on line office")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((), "knows of no call that"), (("--line", "lab"), "knows of no call by the line 'lab' that")],
)
def test_before_the_first_call_there_is_nothing_to_dial(
    arguments: tuple[str, ...], words: str
) -> None:
    dialer = RememberingDialer(History(calls=()))
    with pytest.raises(RefusedError, match=words):
        redial(dialer, *arguments)
    assert dialer.closed
    assert not any(isinstance(command, Dial) for command in dialer.executed)


def test_a_dialer_that_replies_nonsense_is_told_off() -> None:
    with pytest.raises(TypeError, match="Done"):
        redial(RememberingDialer(Done()))
