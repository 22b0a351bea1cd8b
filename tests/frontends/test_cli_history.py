"""``siptapi history``: what is asked, and how it is shown."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from argparse import ArgumentTypeError, Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.commands import (
    CallDirection,
    Caller,
    CallRecord,
    Command,
    Done,
    History,
    ListHistory,
    Reply,
    ShowCall,
)
from siptapi_core.errors import RefusedError, UsageError
from siptapi_core.events import (
    CallEnded,
    CallEvent,
    CallFailed,
    CallPlaced,
    LineAdded,
    LineEvent,
    Outcome,
    PhoneRinging,
    Stage,
)
from siptapi_frontends.cli import application
from siptapi_frontends.cli import history as history_command
from siptapi_frontends.cli.calls_csv import csv_lines
from siptapi_frontends.cli.moment import read_moment, show_duration, show_moment

MONDAY = datetime(2026, 7, 6, 10, 30).timestamp()  # noqa: DTZ001  # as people here write it

TO_CALLEE = CallRecord(
    call="c1",
    line="office",
    direction=CallDirection.OUTGOING,
    number="+431505641",
    started=MONDAY,
    strategy="refer-via-proxy",
    ended=MONDAY + 12,
    outcome="busy",
    stage=Stage.CALLEE,
    status=486,
    reason="Busy Here",
)
FROM_JOERG = CallRecord(
    call="c2",
    line="home",
    direction=CallDirection.INCOMING,
    number="+4930123456",
    name="Jörg",
    started=MONDAY + 60,
    answered=MONDAY + 65,
    ended=MONDAY + 4568,
    outcome="answered-elsewhere",
    duration=4503.4,
)
EVENTS = tuple(
    CallEvent(number, "c1", "office", MONDAY + number - 1, happening)
    for number, happening in enumerate(
        (
            CallPlaced("+431505641", "sip:+431505641@pbx", "cli"),
            PhoneRinging(),
            CallFailed(Stage.CALLEE, 486, "Busy Here"),
            CallEnded(Outcome.BUSY, Stage.CALLEE),
        ),
        start=1,
    )
)


class FakeSession:
    """Its dialer has ``calls``, and remembers what it was asked."""

    def __init__(self, *calls: CallRecord, reply: Reply | None = None) -> None:
        self.asked: list[Command] = []
        self._calls = calls
        self._reply = reply

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[FakeSession]:
        yield self

    async def execute(self, command: Command, caller: Caller) -> Reply:
        assert caller == Caller(frontend="cli")
        self.asked.append(command)
        if self._reply is not None:
            return self._reply
        if isinstance(command, ShowCall):
            return next(call for call in self._calls if call.call == command.call)
        assert isinstance(command, ListHistory)
        begin = int(command.before or 0)
        end = begin + command.limit
        page = self._calls[begin:end]
        return History(calls=page, next_page=str(end) if end < len(self._calls) else None)


def history(session: FakeSession, *arguments: str) -> int:
    parser = application.Parser()
    history_command.configure(parser)
    return history_command.run(parser.parse_args(arguments, Namespace()), session)  # type: ignore[arg-type]


def test_calls_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    going_on = CallRecord(
        call="c3", line="home", direction=CallDirection.INCOMING, number="", started=MONDAY + 70
    )
    session = FakeSession(
        going_on.evolve(call="c4", unfinished=True), going_on, FROM_JOERG, TO_CALLEE
    )
    assert history(session) == 0
    assert session.asked == [ListHistory(limit=100)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == ("c3    2026-07-06 10:31:10  home    from a withheld number   in progress")
    assert [re.split(" {2,}", line) for line in lines] == [
        ["CALL", "STARTED", "LINE", "OTHER PARTY", "HOW IT WENT", "TALKED"],
        ["c4", "2026-07-06 10:31:10", "home", "from a withheld number", "unknown: SIPTAPI stopped"],
        ["c3", "2026-07-06 10:31:10", "home", "from a withheld number", "in progress"],
        [
            *("c2", "2026-07-06 10:31:00", "home", "from +4930123456 (Jörg)"),
            *("answered-elsewhere", "75:03"),
        ],
        ["c1", "2026-07-06 10:30:00", "office", "to +431505641", "busy"],
    ]


def test_no_call_is_said_to_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (((), "No such call is known.\n"), (("--json",), "[]\n")):
        assert history(FakeSession(), *arguments) == 0
        assert capsys.readouterr().out == said
    history(FakeSession(), "--csv")
    assert capsys.readouterr().out.startswith("call,line,")


def test_what_is_wanted_is_asked_for() -> None:
    session = FakeSession()
    history(session, "--line", "office", "--since", "2026-07-06", "--search", "Jörg")
    since = datetime(2026, 7, 6).timestamp()  # noqa: DTZ001  # as above
    assert session.asked == [ListHistory(line="office", since=since, search="Jörg")]


@pytest.mark.parametrize(
    ("limit", "asked", "found"),
    [("0", [1000, 1000, 1000], 2500), ("1", [1], 1), ("2001", [1000, 1000, 1], 2001)],
)
def test_many_are_asked_for_page_by_page(
    limit: str, asked: list[int], found: int, capsys: pytest.CaptureFixture[str]
) -> None:
    session = FakeSession(*(TO_CALLEE.evolve(call=str(number)) for number in range(2500)))
    history(session, "--limit", limit, "--json")
    assert [command.limit for command in session.asked] == asked
    calls = [call["call"] for call in json.loads(capsys.readouterr().out)]
    assert calls == [str(number) for number in range(found)]


@pytest.mark.parametrize("limit", ["-1", "x", "1.5", ""])
def test_a_limit_that_is_no_count(limit: str) -> None:
    words = f"argument --limit: expected a whole number, 0 or more, given '{limit}'"
    with pytest.raises(UsageError, match=re.escape(words)):
        history(FakeSession(), f"--limit={limit}")


def test_calls_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    history(FakeSession(TO_CALLEE), "--json")
    [call] = json.loads(capsys.readouterr().out)
    assert (call["call"], call["outcome"], call["status"]) == ("c1", "busy", 486)
    assert call["started"] == MONDAY


def test_one_call_is_told_with_its_events(capsys: pytest.CaptureFixture[str]) -> None:
    of_line = LineEvent(9, "office", MONDAY, LineAdded())
    session = FakeSession(TO_CALLEE.evolve(events=(*EVENTS, of_line)))
    assert history(session, "c1") == 0
    assert session.asked == [ShowCall(call="c1")]
    assert capsys.readouterr().out.splitlines() == [
        "call         outgoing on line office, to +431505641",
        "started      2026-07-06 10:30:00",
        "ended        2026-07-06 10:30:12",
        "strategy     refer-via-proxy",
        "how it went  busy",
        "because      486 Busy Here",
        "",
        "   0.0 s  The call is placed.",
        "   1.0 s  Your phone is ringing: pick it up.",
        "   2.0 s  Failed: Busy Here (SIP status 486).",
        "   3.0 s  Ended: busy.",
    ]


def test_a_conversation_has_its_times(capsys: pytest.CaptureFixture[str]) -> None:
    history(FakeSession(FROM_JOERG), "c2")
    assert capsys.readouterr().out.splitlines()[:6] == [
        "call         incoming on line home, from +4930123456 (Jörg)",
        "started      2026-07-06 10:31:00",
        "answered     2026-07-06 10:31:05",
        "ended        2026-07-06 11:46:08",
        "talked       75:03",
        "how it went  answered-elsewhere",
    ]


def test_one_call_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    history(FakeSession(TO_CALLEE.evolve(events=EVENTS)), "c1", "--json")
    call = json.loads(capsys.readouterr().out)
    assert [event["event"] for event in call["events"]] == [
        *("call_placed", "phone_ringing", "call_failed", "call_ended")
    ]


@pytest.mark.parametrize(
    "choice", [("--csv",), ("--line", "x"), ("--since", "1h"), ("--search", ""), ("--limit", "1")]
)
def test_one_call_is_not_to_be_chosen_from(choice: tuple[str, ...]) -> None:
    session = FakeSession(TO_CALLEE)
    with pytest.raises(UsageError, match="only --json goes with CALL"):
        history(session, "c1", *choice)
    assert session.asked == []


def test_a_dialer_that_replies_nonsense_is_told_off() -> None:
    with pytest.raises(TypeError, match="Done"):
        history(FakeSession(reply=Done()))


# --- moments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ago"),
    [("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259200), ("1w", 604800), ("2 h", 7200)],
)
def test_so_long_ago(text: str, ago: float) -> None:
    before = time.time()
    assert before - ago <= read_moment(text) <= time.time() - ago


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-06T10:30", MONDAY),
        ("2026-07-06 10:30:00", MONDAY),
        ("2026-07-06", MONDAY - 10.5 * 3600),
        ("2026-07-06T10:30:00+02:00", 1783326600.0),
        ("1970-01-01T00:00:00Z", 0.0),
    ],
)
def test_a_day_or_a_moment(text: str, moment: float) -> None:
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    "text", ["", "h", "yesterday", "1y", "-1h", "2026-13-01", "9" * 30 + "d", "²h"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"'{text}' is no moment; expected 2026-07-01"):
        read_moment(text)


def test_what_is_shown_can_be_read() -> None:
    assert read_moment(show_moment(MONDAY)) == MONDAY
    assert [show_duration(seconds) for seconds in (0, 59.6, 61, 3600)] == [
        *("0:00", "1:00", "1:01", "60:00")
    ]


# --- CSV -------------------------------------------------------------------------------------


def rows(*calls: CallRecord) -> list[dict[str, str]]:
    text = "\n".join(csv_lines(calls))
    return list(csv.DictReader(io.StringIO(text)))


def test_a_spreadsheet_gets_every_column() -> None:
    outgoing, incoming = rows(TO_CALLEE, FROM_JOERG)
    moment = datetime.fromtimestamp(MONDAY).astimezone()
    assert outgoing == {
        "call": "c1",
        "line": "office",
        "direction": "outgoing",
        "number": "+431505641",
        "started": moment.isoformat(),
        "name": "",
        "strategy": "refer-via-proxy",
        "answered": "",
        "ended": moment.replace(second=12).isoformat(),
        "outcome": "busy",
        "stage": "callee",
        "status": "486",
        "reason": "Busy Here",
        "duration": "",
        "unfinished": "false",
    }
    assert (incoming["name"], incoming["duration"]) == ("Jörg", "4503.4")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1-2", "'+1-2"),
        ("-cmd", "'-cmd"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("x;=1;+2", "x;'=1;'+2"),
        ('"=1"', '"=1"'),
        ("+", "'+"),
        ("+43 1 505641", "'+43 1 505641"),
        ("+431505641", "+431505641"),
        ("*21#", "*21#"),
        ("112", "112"),
        ("sip:a@b", "sip:a@b"),
        ("a=b", "a=b"),
        ("O'Hara, Jr.", "O'Hara, Jr."),
    ],
)
def test_what_a_stranger_is_called_is_not_calculated(name: str, cell: str) -> None:
    [row] = rows(FROM_JOERG.evolve(name=name, number=name, reason=name))
    assert (row["name"], row["number"], row["reason"]) == (cell, cell, cell)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_name_stays_in_its_cell_and_begins_with_no_sign(name: str) -> None:
    [row] = rows(FROM_JOERG.evolve(name=name))
    assert row["name"].replace("'", "") == name.replace("'", "")
    if not name.lstrip("+").isdecimal():
        for cell in row["name"].split(";"):
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert (row["reason"], row["unfinished"]) == ("", "false")


# --- the whole way ---------------------------------------------------------------------------

SETTINGS = """
[lines.office]
domain = "pbx.invalid"
user = "200"
outbound_proxy = "127.0.0.1:9"
"""


def test_a_dial_is_found_in_the_history_and_redialled(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(SETTINGS, encoding="utf-8")
    assert application.run(["dial", "1002", "--json"]) == 3
    dialled = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert application.run(["history", "--json"]) == 0
    [call] = json.loads(capsys.readouterr().out)
    assert (call["number"], call["outcome"], call["line"]) == ("1002", "failed", "office")
    assert application.run(["history", call["call"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["events"] == dialled
    assert application.run(["redial"]) == 3
    assert "Dialling 1002 on line office" in capsys.readouterr().out
    assert application.run(["history", "--json", "--since", "1h"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_where_no_history_is_wanted_there_is_none(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text(f"{SETTINGS}[history]\nenabled = false\n", encoding="utf-8")
    application.run(["dial", "1002"])
    assert application.run(["history"]) == 3
    assert "history.enabled = false" in capsys.readouterr().err
    assert application.run(["redial"]) == 3
    assert application.run(["history", "--since", "then"]) == 2
    assert "'then' is no moment" in capsys.readouterr().err


def test_a_call_that_is_not_known_is_refused() -> None:
    class Refusing(FakeSession):
        async def execute(self, command: Command, caller: Caller) -> Reply:
            raise RefusedError("the history has no call 'c9'")

    with pytest.raises(RefusedError, match="no call 'c9'"):
        history(Refusing(), "c9")
