from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import pytest

from siptapi_core import CliSession, UsageError
from siptapi_frontends.cli.application import run as siptapi
from siptapi_plugins.discover import command, siptapi_commands
from siptapi_plugins.discover.answers import Answer, Odd
from siptapi_plugins.discover.phones import identify
from siptapi_plugins.discover.report import announcement, as_json, report
from siptapi_plugins.discover.scanning import Findings, Scan
from siptapi_plugins.discover.targets import read_targets

YEALINK = Answer(
    place=("192.0.2.20", 5062),
    source=("192.0.2.20", 5062),
    status=200,
    agents=("Yealink SIP-T46S 66.86.0.15",),
    refer=True,
    user="201",
)
HOSTILE = Answer(
    place=("192.0.2.66", 5060),
    source=("192.0.2.67", 5080),
    status=404,
    agents=('\x1b[2J\rphone = "666@192.0.2.66"\N{RIGHT-TO-LEFT OVERRIDE}',),
)
KAMAILIO = Answer(
    place=("192.0.2.2", 5060),
    source=("192.0.2.2", 5060),
    status=200,
    agents=("kamailio (5.6.3 (x86_64/linux))",),
    refer=False,
)


class Scans:
    """Stands in for `run_scan`: keeps what was to be scanned, and finds what it is told to."""

    def __init__(self) -> None:
        self.asked: list[Scan] = []
        self.finds: list[Answer] = []
        self.interrupted = False

    def run(self, scan: Scan, findings: Findings) -> None:
        self.asked.append(scan)
        findings.sent = scan.requests
        findings.interrupted = self.interrupted
        for answer in self.finds:
            findings.add(answer)


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scans:
    made = Scans()
    monkeypatch.setattr(command, "run_scan", made.run)
    monkeypatch.setenv("SIPTAPI_CONFIG", str(tmp_path / "none.toml"))
    return made


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def scan_of(*targets: str, **options: Any) -> Scan:
    return Scan(blocks=read_targets(targets), ports=(5060,), rate=20.0).evolve(**options)


def found(*answers: Answer) -> Findings:
    findings = Findings()
    for answer in answers:
        findings.add(answer)
    return findings


def words(scan: Scan, findings: Findings) -> str:
    return "\n".join(report(scan, findings, [*map(identify, findings.answers.values())]))


def test_it_says_what_it_will_send_before_it_does() -> None:
    scan = scan_of("192.168.1.0/24", "198.51.100.7", "8.8.8.8", ports=(5060, 5062))
    assert list(announcement(scan)) == [
        "SIP OPTIONS requests by UDP to 256 hosts, 2 ports (5060, 5062):",
        "  8.8.8.8 (public addresses)",
        "  192.168.1.1-192.168.1.254",
        "  198.51.100.7",
        "512 packets, at most 20 a second, about 28 seconds. Nothing else is sent.",
        "Scan only networks that are yours, or whose owner has allowed it.",
    ]


@pytest.mark.parametrize(
    ("targets", "options", "part"),
    [
        (("10.0.0.1",), {}, "to 1 host, 1 port (5060):"),
        (("10.0.0.1",), {}, "1 packet, at most 20 a second, about 2 seconds"),
        (("10.0.0.1",), {"extension": "201"}, "(5060), for the extension 201:"),
        (("10.0.0.1",), {"ports": tuple(range(1, 9001))}, "9,000 ports (many)"),
        (("10.0.0.1",), {"ports": tuple(range(1, 9001))}, "9,000 packets, at most 20 a second, "),
        (("10.0.0.1",), {"ports": tuple(range(1, 9001))}, "about 8 minutes"),
        (("10.0.0.0/8",), {}, "about 10 days"),
        (("10.0.0.0/16",), {"rate": 2.5}, "at most 2.5 a second, about 7 hours"),
        (tuple(f"10.0.{net}.1" for net in range(7)), {}, "\n  10.0.4.1\n  and 2 more\n"),
    ],
)
def test_how_much_and_how_long_is_said_in_words(
    targets: tuple[str, ...], options: dict[str, Any], part: str
) -> None:
    assert part in "\n".join(announcement(scan_of(*targets, **options)))


def test_the_report_has_who_answered_and_settings_to_paste() -> None:
    assert words(scan_of("192.0.2.0/24"), found(YEALINK, KAMAILIO)).splitlines() == [
        "192.0.2.20:5062  Yealink T46S 66.86.0.15  (phone, answered 200, takes REFER)",
        "192.0.2.2:5060  Kamailio 5.6.3  (server, answered 200, no REFER)",
        "",
        "To call one directly, paste its lines into the table of your line ([lines.NAME]):",
        "",
        "# 192.0.2.20:5062: Yealink T46S 66.86.0.15",
        'strategies = ["refer-to-phone"]',
        'phone = "201@192.0.2.20:5062"',
        '# auto_answer = ["alert-info-autoanswer"]  # where it shall pick up by itself',
    ]


def test_an_unknown_extension_is_to_be_filled_in() -> None:
    said = words(scan_of("192.0.2.0/24"), found(HOSTILE))
    assert 'phone = "EXTENSION@192.0.2.66"' in said
    assert "In place of EXTENSION comes the phone's own extension" in said
    assert "does not say whether it takes REFER, from 192.0.2.67:5080" in said


def test_with_an_extension_only_those_that_have_it_are_proposed() -> None:
    scan = scan_of("192.0.2.0/24", extension="305")
    said = words(scan, found(YEALINK, HOSTILE))
    assert 'phone = "305@192.0.2.20:5062"' in said
    assert "EXTENSION" not in said
    assert "phone = " not in words(scan, found(HOSTILE)).replace('phone = "666', "")
    assert words(scan, found(HOSTILE)).endswith("None of them said that it has the extension 305.")


def test_troubles_are_told() -> None:
    findings = Findings()
    findings.add_odd(Odd(("2001:db8::1", 5060), "it sent no SIP: why"))
    findings.not_sent = {"Network is unreachable": 1200}
    findings.flooded = findings.interrupted = True
    findings.sent = 7
    assert words(scan_of("10.0.0.0/24"), findings).splitlines() == [
        "Nobody answered.",
        "[2001:db8::1]:5060 does not count: it sent no SIP: why",
        "1,200 of the requests could not be sent: Network is unreachable",
        "Ended early: packets kept coming without end.",
        "Interrupted after 7 of 254 requests.",
    ]


def test_the_same_for_programs() -> None:
    findings = found(YEALINK, KAMAILIO)
    findings.add_odd(Odd(("192.0.2.9", 9), "why"))
    devices = [*map(identify, findings.answers.values())]
    told = as_json(scan_of("192.0.2.0/24"), findings, devices)
    assert told | {"found": []} == {
        "requests": 254,
        "sent": 0,
        "interrupted": False,
        "flooded": False,
        "found": [],
        "odd": [{"address": "192.0.2.9", "port": 9, "why": "why"}],
        "not_sent": {},
    }
    phone, server = json.loads(json.dumps(told["found"]))
    assert phone == {
        "address": "192.0.2.20",
        "port": 5062,
        "transport": "udp",
        "answered_from": "192.0.2.20:5062",
        "status": 200,
        "refer": True,
        "user_agent": "Yealink SIP-T46S 66.86.0.15",
        "kind": "phone",
        "maker": "Yealink",
        "model": "T46S",
        "firmware": "66.86.0.15",
        "auto_answer": ["alert-info-autoanswer"],
        "settings": {"strategies": ["refer-to-phone"], "phone": "201@192.0.2.20:5062"},
    }
    assert server["settings"] is None


def test_a_header_of_a_stranger_steers_no_terminal(
    scans: Scans, capsys: pytest.CaptureFixture[str]
) -> None:
    scans.finds = [HOSTILE]
    assert siptapi(["discover", "192.0.2.66", "--yes"]) == 0
    said = capsys.readouterr()
    assert said.out.replace("\n", "").isprintable()
    assert r"\x1b[2J\rphone" in said.out
    assert [line for line in said.out.splitlines() if line.startswith("phone =")] == [
        'phone = "EXTENSION@192.0.2.66"'
    ]
    assert siptapi(["discover", "192.0.2.66", "--yes", "--json"]) == 0
    line = capsys.readouterr().out
    assert line.removesuffix("\n").isprintable()
    assert line.isascii()
    assert json.loads(line)["found"][0]["user_agent"] == HOSTILE.agents[0]


def test_each_that_answers_is_told_of_at_once(
    scans: Scans, capsys: pytest.CaptureFixture[str]
) -> None:
    scans.finds = [YEALINK]
    assert siptapi(["discover", "192.0.2.20", "--yes", "--json"]) == 0
    assert capsys.readouterr().err.endswith("\nfound 192.0.2.20:5062\n")


def test_nobody_found_and_an_interruption_have_exit_codes_of_their_own(scans: Scans) -> None:
    assert siptapi(["discover", "192.0.2.20", "--yes"]) == 3
    scans.finds, scans.interrupted = [YEALINK], True
    assert siptapi(["discover", "192.0.2.20", "--yes"]) == 130


def test_options_say_what_is_scanned(scans: Scans) -> None:
    options = ["--port", "5060, 5070-5072,5060", "--rate", "2.5", "--extension", "201"]
    assert siptapi(["discover", "192.0.2.1-2", "192.0.2.9", *options, "--yes"]) == 3
    blocks = read_targets(["192.0.2.1-2", "192.0.2.9"])
    ports = (5060, 5070, 5071, 5072)
    assert scans.asked == [Scan(blocks=blocks, ports=ports, rate=2.5, extension="201")]
    assert siptapi(["discover", "192.0.2.1", "--yes"]) == 3
    assert scans.asked[1] == scan_of("192.0.2.1")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "the following arguments are required: TARGET"),
        (["--yes"], "the following arguments are required: TARGET"),
        (["192.0.2.300"], "'192.0.2.300' is no address"),
        (["10.0.0.0/15"], "131,070 requests, more than 65,536: name smaller networks, or say"),
        (["10.0.0.0/16", "--port", "5060,5062"], "131,068 requests"),
        (["192.0.2.1", "--port", "0"], "argument --port: '0' is no port"),
        (["192.0.2.1", "--port", "5060-65536"], "'5060-65536' is no port or range of ports"),
        (["192.0.2.1", "--port", "5062-5060"], "'5062-5060' is no port"),
        (["192.0.2.1", "--port", "sip"], "'sip' is no port"),
        (["192.0.2.1", "--port", "5060,"], "'' is no port"),
        (["192.0.2.1", "--rate", "0"], "argument --rate: '0' is no number above 0"),
        (["192.0.2.1", "--rate", "1001"], "at most 1000"),
        (["192.0.2.1", "--rate", "fast"], "'fast' is no number"),
        (["192.0.2.1", "--rate", "nan"], "'nan' is no number"),
        (["192.0.2.1", "--extension", "2 01"], "'2 01' is no extension such as 201"),
        (["192.0.2.1", "--extension", ""], "'' is no extension"),
    ],
)
def test_bad_input_gets_words_and_nothing_is_sent(
    scans: Scans, capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    assert siptapi(["discover", *arguments]) == 2
    assert part in capsys.readouterr().err
    assert scans.asked == []


def test_a_large_scan_has_to_be_meant(scans: Scans) -> None:
    assert siptapi(["discover", "10.0.0.0/15", "--large", "--yes"]) == 3
    assert scans.asked[0].requests == 131_070


@pytest.mark.parametrize(("typed", "sent"), [("yes\n", 1), ("Y\n", 1), ("no\n", 0), ("", 0)])
def test_on_a_terminal_the_person_is_asked(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, typed: str, sent: int
) -> None:
    shown = on_terminal(monkeypatch, typed)
    assert siptapi(["discover", "192.0.2.1"]) == (3 if sent else 2)
    assert len(scans.asked) == sent
    announced = shown.getvalue()
    assert announced.index("1 packet,") < announced.index("Send them? Type yes or no:")
    assert ("not confirmed, so nothing was sent" in announced) == (not sent)


def test_where_nobody_can_be_asked_yes_must_be_said(
    scans: Scans, capsys: pytest.CaptureFixture[str]
) -> None:
    assert siptapi(["discover", "192.0.2.1"]) == 2
    assert "nothing was sent: nobody can be asked here; --yes sends" in capsys.readouterr().err
    assert scans.asked == []


def test_without_standard_error_it_works_all_the_same(
    scans: Scans, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scans.finds = [YEALINK]
    monkeypatch.setattr(sys, "stderr", None)
    assert siptapi(["discover", "192.0.2.20", "--yes"]) == 0
    assert "Yealink" in capsys.readouterr().out


def test_the_hook_offers_it_and_runs_it(scans: Scans, capsys: pytest.CaptureFixture[str]) -> None:
    (offered,) = siptapi_commands()
    assert offered.name == "discover"
    parser = ArgumentParser()
    offered.configure(parser)
    session: Any = CliSession
    arguments = parser.parse_args(["192.0.2.1", "--yes"], Namespace())
    assert offered.run(arguments, session) == 3
    assert "Nobody answered." in capsys.readouterr().out
    with pytest.raises(UsageError, match="nobody can be asked"):
        offered.run(parser.parse_args(["192.0.2.1"]), session)
    assert len(scans.asked) == 1
