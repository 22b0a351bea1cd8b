"""Windows' Telephony service, played strictly, the provider DLL under Wine, and `siptapi serve`."""

from __future__ import annotations

import time

import pytest
from lab.kamailio import DOMAIN
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until
from lab.tapi_host import FIRST, TapiHost, Wine
from lab.tapi_service import PORT, begin, service

from siptapi_core.demo import Ending
from siptapi_core.demo.phone import Behaviour

pytestmark = pytest.mark.interop
STRICT = False

SECOND = FIRST + 1
INVALID_ADDRESS = "0x80000010"
INVALID_CALL_STATE = "0x8000001c"
OPERATION_UNAVAILABLE = "0x80000049"
DROP, BLIND_TRANSFER, REDIRECT = 0x80, 0x8, 0x20000

NOBODY = "399"
ANSWERS = Behaviour(answer_after=0.1)
BUSY = Behaviour(reject_with=486)
DECLINES = Behaviour(answer_after=None, gives_up_after=0.1, gives_up_with=603)
AWAY = Behaviour(answer_after=None, gives_up_after=0.1)
ENDINGS = [
    (ANSWERS, BUSY, "301", ["PROCEEDING", "BUSY", "DISCONNECTED 0x20"]),
    (ANSWERS, ANSWERS, NOBODY, ["PROCEEDING", "DISCONNECTED 0x80"]),
    (ANSWERS, DECLINES, "301", ["PROCEEDING", "RINGBACK", "DISCONNECTED 0x4"]),
    (ANSWERS, AWAY, "301", ["PROCEEDING", "RINGBACK", "DISCONNECTED 0x100"]),
    (BUSY, ANSWERS, "301", ["BUSY", "DISCONNECTED 0x20"]),
]
"""Phone, callee, number, and the states between DIALING and IDLE."""


def test_a_call_is_answered(wine: Wine, hosts: list[TapiHost], lab: Lab) -> None:
    with service(lab) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20002")
        host.until("open")
        host.do(f"call {FIRST} {demo.number} 43")
        told = host.until("call 1 RINGBACK")
        assert told.index("complete 1 0x00000000") < told.index("call 1 DIALING")
        assert host.ask("at 1", "at 1") == f"at 1 RINGBACK features {DROP:#x}"
        host.until("call 1 CONNECTED")
        host.do("info 1")
        facts = host.until("told")
        assert {"  called 301", "  connected 301", "  origin 0x1 country 43"} <= set(facts)
        host.until("call 1 IDLE")
        host.do("release 1")
        host.finish()
    expected = ["DIALING", "PROCEEDING", "RINGBACK", "CONNECTED", "DISCONNECTED 0x2", "IDLE"]
    assert host.states(1) == expected
    assert {"invited", "referred"} <= set(demo.phone.seen)
    assert "invited" in demo.callee.seen


def test_calls_fail_each_in_its_way(wine: Wine, hosts: list[TapiHost], lab: Lab) -> None:
    with service(lab) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20000")
        for call, (phone, callee, number, _) in enumerate(ENDINGS, 1):
            demo.phone.behaviour, demo.callee.behaviour = phone, callee
            host.do(f"call {FIRST} {number}")
            host.until(f"call {call} IDLE")
        host.do("restart")
        host.until(f"lines 2 from {FIRST}")
        host.do(f"open {FIRST} 20000")
        host.do(f"call {FIRST} 301")
        last = len(ENDINGS) + 1
        host.until(f"call {last} IDLE")
        assert host.states(last)[1:] == [*ENDINGS[-1][-1], "IDLE"]
        host.finish()
    for call, (*_, between) in enumerate(ENDINGS, 1):
        assert host.states(call) == ["DIALING", *between, "IDLE"]


def test_two_lines_at_once_digits_by_and_by_and_drops(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 10004")
        host.do(f"open {SECOND} 20001")
        host.do(f"call {FIRST} 3;")
        host.until("call 1 DIALTONE")
        host.do(f"call {SECOND} {demo.number}")
        host.until("call 2 DIALING")
        host.do("dial 1 0;")
        host.do("dial 1 1")
        host.until("call 1 DIALING")
        host.do("dial 1 5")
        assert host.until("error")[-1] == f"error {INVALID_CALL_STATE}"
        host.do("info 1")
        assert "  called 301" in host.until("told")
        assert host.ask("at 1", "at 1").startswith("at 1 ")
        host.do("drop 1")
        host.until("call 1 IDLE")
        host.do("release 1")
        host.do("drop 2")
        host.until("call 2 IDLE")
        host.do(f"call {FIRST} xyz")
        assert host.until("complete 8")[-1] == f"complete 8 {INVALID_ADDRESS}"
        host.finish()
    assert host.states(1)[-2:] == ["DISCONNECTED 0x2", "IDLE"]  # TAPI 1.4
    assert host.states(2)[-2:] == ["DISCONNECTED 0x80000", "IDLE"]


def test_several_calls_of_a_line_and_one_that_is_sent_elsewhere(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        demo.phone.behaviour = demo.phone.behaviour.evolve(answer_after=1.5)
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20002")
        for _ in range(3):
            host.do(f"call {FIRST} {demo.number}")
        host.until_all(*(f"call {call} DIALING" for call in (1, 2, 3)))
        assert host.ask("at 2", "at 2") == f"at 2 DIALING features {DROP | BLIND_TRANSFER:#x}"
        assert host.ask(f"status {FIRST}", "status").endswith("calls 3")
        host.do("transfer 2 xyz")
        assert host.until("complete 4")[-1] == f"complete 4 {INVALID_ADDRESS}"
        host.do("redirect 2 399")
        assert host.until("error")[-1] == f"error {INVALID_CALL_STATE}"
        host.do("transfer 2 399")  # nobody is there
        assert host.until("complete 6")[-1] == "complete 6 0x00000000"
        assert host.until("call 2 info")[-1] == "call 2 info 0x40000"  # REDIRECTIONID
        host.do("info 2")
        assert {"  called 301", "  redirection 399"} <= set(host.until("told"))
        host.until_all("call 2 IDLE", "call 1 RINGBACK", "call 3 RINGBACK")
        host.do("transfer 3 399")  # it calls already
        assert host.until("complete 7")[-1] == f"complete 7 {INVALID_CALL_STATE}"
        for call in (1, 3):
            host.do(f"drop {call}")
            host.until(f"call {call} IDLE")
        host.finish()
    assert host.states(2) == ["DIALING", "PROCEEDING", "DISCONNECTED 0x80", "IDLE"]
    assert "calling sip:399@demo.invalid" in demo.phone.seen


def test_the_lines_are_described_for_every_version(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with service(lab) as (served, _):
        host = served.begin(wine, hosts)
        permanent: dict[str, set[str]] = {}
        for version in ("10004", "20000", "20001", "20002"):
            for device in (FIRST, SECOND):
                host.do(f"caps {device} {version} 0")
                assert not any("name" in line for line in host.until("told"))
                host.do(f"caps {device} {version} 200")
                words = [line.split() for line in host.until("told")]
                facts = {word[0]: word[1] for word in words if len(word) == 2}
                permanent.setdefault(facts["name"], set()).add(facts["permanent"])
        host.finish()
    assert host.told[0] == "version 0x20002"  # 3.1 was offered
    assert permanent == {"office": {"0xaa8eba31"}, "Büro": permanent["Büro"]}
    assert len(permanent["Büro"]) == 1


def test_lines_come_and_go_while_a_call_goes_on(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        host = served.begin(wine, hosts)
        host.do(f"open {FIRST} 20002")
        host.do(f"call {FIRST} {demo.number}")
        host.until("call 1 RINGBACK")
        sleeping = served.account | {"active": False}
        served.reload(lab=served.account, office=served.account, desk=sleeping)
        host.until_all(f"created {SECOND + 1}", f"removed {SECOND}")
        host.do(f"caps {SECOND + 1} 20002 200")
        assert "  name lab" in host.until("told")
        host.do(f"open {SECOND + 1} 20002")
        host.do(f"call {SECOND + 1} {demo.number}")
        host.until("call 2 RINGBACK")
        served.reload(office=served.account, desk=served.account)
        host.until_all(f"removed {SECOND + 1}", f"created {SECOND + 2}")
        host.do(f"close {SECOND + 1}")  # as TAPI does
        host.until(f"closed line {SECOND + 1}")
        host.do("drop 1")
        host.until("call 1 IDLE")
        host.finish()
    assert host.states(1) == [
        *("DIALING", "PROCEEDING", "RINGBACK"),
        *("DISCONNECTED 0x2", "IDLE"),  # the phone had agreed to call, and may go on
    ]


def test_calls_come_in_and_go_out_with_kamailio_and_baresip(  # noqa: PLR0915  # one office
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    proxy = lab.kamailio()
    phone = lab.baresip("alice", proxy, answer="manual")
    caller = lab.baresip("2002", proxy, display_name="Jörg Müller ☎")
    address = f"{lab.host()}:{PORT}"
    control = {"control": {"listen": address}}
    daemon = lab.daemon(tables=control, outbound_proxy=proxy.uri, register=True, sends_reason=True)
    host = begin(wine, hosts, daemon, address)
    host.until(f"lines 1 from {FIRST}")
    host.do(f"open {FIRST} 20002")
    wait_until(lambda: "registered" in daemon.say("lines").stdout, seconds=5, what="registered")

    def ring(call: int) -> None:
        caller.command("dial", f"sip:alice@{DOMAIN}")
        host.until(f"new call {call} line {FIRST}")
        host.until(f"call {call} OFFERING")
        wait_until(lambda: phone.calls == 1, seconds=5, what="the phone ringing")

    def quiet() -> None:
        caller.hang_up_all()
        phone.hang_up_all()

    ring(1)
    host.do("info 1")
    facts = host.until("told")
    assert {"  caller 2002", "  caller-name Jörg Müller ☎", "  origin 0x80 country 0"} <= set(facts)
    assert host.ask("at 1", "at 1") == f"at 1 OFFERING features {DROP | REDIRECT:#x}"
    phone.command("accept")
    host.until("call 1 IDLE")
    quiet()
    ring(2)
    time.sleep(0.6)  # sooner it could be another phone's doing
    caller.hang_up_all()
    host.until("call 2 IDLE")
    ring(3)
    host.do("transfer 3 2999")
    assert host.until("error")[-1] == f"error {INVALID_CALL_STATE}"
    host.do("redirect 3 2999")
    host.until_all("complete 2 0x00000000", "call 3 info 0x40000", "call 3 IDLE")
    quiet()
    ring(4)
    host.do("drop 4")
    host.until_all("complete 3 0x00000000", "call 4 IDLE")
    quiet()
    assert [host.states(call)[1] for call in (1, 2, 3, 4)] == [
        "DISCONNECTED 0x8",  # PICKUP
        *["DISCONNECTED 0x1"] * 3,
    ]

    phone.command("answermode", "auto")
    host.do(f"call {FIRST} 2002")
    host.until("call 5 IDLE")
    assert host.states(5) == ["DIALING", "PROCEEDING", "CONNECTED", "DISCONNECTED 0x2", "IDLE"]
    quiet()
    assert "new call 6" not in "\n".join(host.told)  # what we dial is no incoming call

    def in_service(flags: str) -> bool:
        return f"flags {flags} " in host.ask(f"status {FIRST}", "status")

    line = {"user": "alice", "domain": DOMAIN, "outbound_proxy": proxy.uri, "register": True}
    for password, flags in (("wrong", "0x1"), (PASSWORDS["alice"], "0x5")):
        daemon.write_settings(control | {"lines.office": line | {"password": password}})
        assert daemon.say("reload").returncode == 0
        wait_until(lambda flags=flags: in_service(flags), seconds=10, what=f"flags {flags}")
    assert {f"line {FIRST} state 0x80", f"line {FIRST} state 0x40"} <= set(host.told)
    host.finish()


def test_two_lines_make_a_hundred_calls_each_and_nothing_is_left_of_them(
    wine: Wine, hosts: list[TapiHost], lab: Lab
) -> None:
    with service(lab, Ending.NO_ANSWER) as (served, demo):
        host = served.begin(wine, hosts)
        for device in (FIRST, SECOND):
            host.do(f"open {device} 20002")
        host.do(f"row {FIRST} 10 {demo.number} 1")
        host.until("row")
        before = [int(word) for word in host.ask("memory", "memory").split()[1:]]
        for device in (FIRST, SECOND):
            host.do(f"row {device} 100 {demo.number} {device}")
        for _ in (FIRST, SECOND):
            host.until("row")
        after = [int(word) for word in host.ask("memory", "memory").split()[1:]]
        host.finish()
    grown = [then - now for then, now in zip(after, before, strict=True)]
    handles, blocks, size = grown
    assert handles <= 4, grown
    assert blocks < 50, grown  # not one for each four calls
    assert size < 20_000, grown
    assert_completed_once(host, at_least=200)


def test_the_dialogs_open_page_or_file_without_the_service(
    wine: Wine, hosts: list[TapiHost]
) -> None:
    page, file = "http://127.0.0.1:5080/", "C:\\ProgramData\\SIPTAPI\\siptapi.toml"
    host = wine.start("127.0.0.1:1", "none", SettingsPage=page)
    hosts.append(host)
    host.until("lines 0")
    done = ["provider-config 0x00000000", "line-config 0x00000000"]
    host.do("configure 7")
    assert host.until("line-config")[-2:] == done
    host.do(f"set SettingsPage={file}")
    host.do("configure 7")
    assert host.until("line-config")[-2:] == done
    host.do("set SettingsPage=")
    host.do("configure 7")
    host.until(f"line-config {OPERATION_UNAVAILABLE}")
    host.finish()
    expected = sorted([page, page, file, file])
    wait_until(lambda: sorted(wine.opened()) == expected, seconds=10, what="page and file opened")


def assert_completed_once(host: TapiHost, *, at_least: int) -> None:
    completed = [line.split()[1] for line in host.told if line.startswith("complete")]
    assert len(completed) == len(set(completed)) >= at_least  # of calls, and of drops
