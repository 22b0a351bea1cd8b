"""Who is answered outside our dialogs, who may call, and what is said of the others."""

from __future__ import annotations

import pytest
from bench import LONG, PHONE, PROXY, TCP_PROXY, Bench, Recorder, make_request, without_via
from incoming_side import NEXT_HOP, RINGING, TARGET, IncomingSide, make_line

from siptapi_core.machine import strangers as limits
from siptapi_core.machine.accept_from import AcceptFrom
from siptapi_core.machine.strangers import ELSEWHERE, NOT_ACCEPTED, RecentHosts, Strangers
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address

STRANGER = Address("198.51.100.7", 40123)


class Reports:
    """Remembers what is reported."""

    def __init__(self) -> None:
        self.lines: list[tuple[Address, str, str, int]] = []
        self.strangers = Strangers(lambda *line: self.lines.append(line))


def known(*, proxies: tuple[Address, ...] = (), met: tuple[Address, ...] = ()) -> Reports:
    reports = Reports()
    for address in proxies:
        reports.strangers.expect_calls(NEXT_HOP, address.host, 0.0)
    for address in met:
        reports.strangers.met.add(address.host, 0.0)
    return reports


# --- who is answered -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "REFER", "NOTIFY", "BYE", "CANCEL", "FOO"])
def test_a_stranger_gets_no_answer_and_leaves_nothing(method):
    reports = known(proxies=(PROXY,), met=(PHONE,))
    bench = Bench(strangers=reports.strangers)
    for _ in range(2):
        bench.receive(make_request(method, headers=(LONG,)), STRANGER)
    assert bench.sent == []
    assert len(bench.agent) == 0
    assert bench.agent.next_timer() is None
    told = (STRANGER, method if method != "FOO" else "another", NOT_ACCEPTED, 0)
    assert reports.lines == [told, told]


@pytest.mark.parametrize("source", [PROXY, PHONE, Address(PROXY.host, 40123), TCP_PROXY])
def test_whom_we_know_gets_one(source):
    reports = known(proxies=(PROXY,), met=(PHONE,))
    bench = Bench(strangers=reports.strangers)
    bench.receive(make_request("REFER", headers=(LONG,)), source)
    assert bench.statuses("REFER") == [405]
    assert reports.lines == []


def test_we_know_whom_we_sent_a_request():
    reports = Reports()
    bench = Bench(strangers=reports.strangers)
    request = without_via(make_request("OPTIONS"))
    bench.agent.transactions.request(request, STRANGER, Recorder(), 0.0)
    bench.receive(make_request("OPTIONS", headers=(LONG,)), STRANGER)
    assert bench.statuses("OPTIONS") == [200]


def test_an_answer_to_a_stranger_s_response_is_no_acquaintance():
    reports = Reports()
    bench = Bench(strangers=reports.strangers)
    bench.receive(make_request("OPTIONS").response(200), STRANGER)
    bench.receive(make_request("OPTIONS", headers=(LONG,)), STRANGER)
    assert bench.sent == []


def test_a_faulty_request_of_a_stranger_gets_no_answer_either():
    reports = known(proxies=(PROXY,))
    bench = Bench(strangers=reports.strangers)
    faulty = make_request("OPTIONS", headers=(LONG,)).encode().replace(b"ds: 70", b"ds: x")
    bench.receive(faulty, STRANGER)
    assert bench.sent == []
    assert reports.lines == [(STRANGER, "OPTIONS", NOT_ACCEPTED, 0)]
    bench.receive(faulty)
    assert bench.statuses("OPTIONS") == [400]


def test_nor_does_one_that_came_by_another_way_before():
    reports = known(proxies=(PROXY,))
    bench = IncomingSide(strangers=reports.strangers)
    target = TARGET.partition(";")[0]
    bench.invite(uri=target)
    again = make_request(uri=target, via="SIP/2.0/UDP a;branch=z9hG4bK-other")
    bench.receive(again, STRANGER)
    assert bench.statuses("INVITE") == [180]
    bench.receive(again)
    assert bench.statuses("INVITE") == [180, 482]


# --- no more than came ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE", "REFER", "NOTIFY", "BYE", "CANCEL", "FOO"])
@pytest.mark.parametrize("headers", [(), (LONG,), (("Require", "a" * 30),), (("Expires", "x"),)])
def test_no_answer_is_longer_than_its_request(method, headers):
    bench = Bench()
    request = make_request(method, headers=headers).encode()
    bench.agent.receive(request, STRANGER, 0.0)
    bench.agent.receive(request, STRANGER, 0.0)
    sent = bench.agent.datagrams()
    assert sent[:1] == sent[1:], "nothing is kept, and the same request is answered the same"
    for data, to in sent:
        assert len(data) <= len(request)
        assert to == STRANGER
    assert bench.agent.next_timer() is None, "nothing is sent again"


def test_what_no_answer_fits_gets_none():
    bench = Bench()
    tiny = b"OPTIONS sip:a SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:<sip:a>;tag=1\r\nt:<sip:a>\r\ni:1\r\n"
    bench.receive(tiny + b"CSeq:1 OPTIONS\r\n\r\n", STRANGER)
    assert bench.sent == []
    assert len(bench.agent) == 0


def test_answers_to_one_address_are_limited(monkeypatch):
    monkeypatch.setattr(limits, "ANSWERS_AT_ONCE", 3)
    reports = known(proxies=(PROXY,), met=(PHONE,))
    bench = Bench(strangers=reports.strangers)
    for _ in range(5):
        bench.receive(make_request("OPTIONS", headers=(LONG,)))
    assert bench.statuses("OPTIONS") == [200, 200, 200]
    bench.receive(make_request("OPTIONS", headers=(LONG,)), PHONE)
    bench.now = 1 / limits.ANSWERS_A_SECOND
    bench.receive(make_request("OPTIONS", headers=(LONG,)))
    assert bench.statuses("OPTIONS") == [200] * 5
    assert len(bench.agent) == 0


# --- who may call --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept_from", "source", "status"),
    [
        (AcceptFrom.PROXY, PROXY, 180),
        (AcceptFrom.PROXY, PHONE, 480),
        (AcceptFrom.PHONE, PROXY, 180),
        (AcceptFrom.PHONE, PHONE, 180),
        (AcceptFrom.ANY, PHONE, 180),
        (AcceptFrom.ANY, PROXY, 180),
    ],
)
def test_who_is_known_may_call_where_the_line_takes_it(accept_from, source, status):
    reports = known(proxies=(PROXY,), met=(PHONE,))
    bench = IncomingSide(strangers=reports.strangers, accept_from=accept_from)
    bench.receive(make_request(uri="sip:200@example.com"), source)
    assert bench.statuses("INVITE") == [status]
    assert bench.told == ([RINGING] if status == 180 else [])


@pytest.mark.parametrize("target", [TARGET, TARGET.partition(";")[0]])
def test_the_proxy_of_another_line_may_not(target):
    reports = known(proxies=(PROXY,))
    reports.strangers.expect_calls(SipUri("elsewhere.example"), STRANGER.host, 0.0)
    bench = IncomingSide(strangers=reports.strangers)
    bench.receive(make_request(uri=target), STRANGER)
    assert bench.statuses("INVITE") == [480]
    assert bench.told == []
    assert reports.lines == [(STRANGER, "INVITE", ELSEWHERE, 0)]
    bench.receive(make_request(uri=target, call_id="x"), PROXY)
    assert bench.statuses("INVITE") == [480, 180]


@pytest.mark.parametrize("accept_from", AcceptFrom)
@pytest.mark.parametrize("user", ["200", "201", ""])
def test_a_stranger_learns_of_no_account(accept_from, user):
    bench = IncomingSide(strangers=known(proxies=(PROXY,)).strangers, accept_from=accept_from)
    target = f"sip:{user}@192.0.2.9:5062;line=guess" if user else "sip:192.0.2.9"
    for method in ("INVITE", "OPTIONS", "REGISTER"):
        bench.receive(make_request(method, uri=target, to=f"<{target}>"), STRANGER)
    assert bench.sent == []
    assert bench.told == []


def test_any_is_whoever_knows_the_token_and_from_then_on_everything_from_there():
    reports = Reports()
    bench = IncomingSide(strangers=reports.strangers, accept_from=AcceptFrom.ANY)
    bench.receive(make_request(uri=TARGET), STRANGER)
    assert bench.statuses("INVITE") == [180]
    bench.receive(make_request("OPTIONS", headers=(LONG,)), STRANGER)
    assert bench.statuses("OPTIONS") == [200]
    assert reports.lines == []


@pytest.mark.parametrize("accept_from", [AcceptFrom.PROXY, AcceptFrom.PHONE])
def test_who_knows_the_token_but_calls_from_elsewhere_is_refused_and_told_of(accept_from):
    reports = Reports()
    bench = IncomingSide(strangers=reports.strangers, accept_from=accept_from)
    bench.receive(make_request(uri=TARGET), STRANGER)
    assert bench.statuses("INVITE") == [480]
    assert bench.told == []
    assert reports.lines == [(STRANGER, "INVITE", ELSEWHERE, 0)]
    bench.receive(make_request("OPTIONS", uri=TARGET, headers=(LONG,)), STRANGER)
    assert bench.statuses("OPTIONS") == [200], "it is a proxy that looks whether we are there"
    assert len(reports.lines) == 1


def test_nor_is_whoever_we_only_sent_something_taken_for_the_proxy():
    reports = known(met=(PHONE,))
    bench = IncomingSide(strangers=reports.strangers)
    bench.receive(make_request(uri=TARGET.partition(";")[0]), PHONE)
    assert reports.lines == []
    bench.receive(make_request(uri=TARGET, call_id="x", cseq="2 INVITE"), PHONE)
    assert bench.statuses("INVITE") == [480, 480]
    assert reports.lines == [(PHONE, "INVITE", ELSEWHERE, 0)], "it may be a proxy of the PBX's"


def test_the_token_of_one_line_is_not_that_of_another():
    lines = make_line("open", "one", accept_from=AcceptFrom.ANY), make_line("shut", "two")
    bench = IncomingSide(*lines, strangers=Reports().strangers)
    bench.receive(make_request(uri=TARGET.replace("=token", "=two")), STRANGER)
    assert bench.statuses("INVITE") == [480]
    bench.calls.lines.remove("open")
    bench.receive(make_request(uri=TARGET.replace("=token", "=one"), call_id="x"), STRANGER)
    assert bench.statuses("INVITE") == [480]


def test_calls_that_ring_on_a_line_at_a_time_are_bounded(monkeypatch):
    monkeypatch.setattr("siptapi_core.machine.incoming_calls.MOST_RINGING", 2)
    bench = IncomingSide(make_line("a", "token"), make_line("b", "other"))

    def invite(call_id: str, target: str = TARGET) -> None:
        via = f"SIP/2.0/UDP 192.0.2.1:5060;branch={bench.branch()}"
        bench.invite(call_id=call_id, via=via, uri=target)

    for call_id in ("one", "two", "three"):
        invite(call_id)
    assert bench.statuses("INVITE") == [180, 180, 480]
    invite("four", TARGET.replace("=token", "=other"))
    bench.shown[0].reject(bench.now)
    invite("five")
    assert bench.statuses("INVITE") == [180, 180, 480, 180, 603, 180]
    bench.shown[1].reject(bench.now)
    bench.run_out()
    assert len(bench.calls) == len(bench.calls._ringing) == 0


# --- reports -------------------------------------------------------------------------------------


def test_reports_of_one_address_are_few_and_count_the_others():
    reports = Reports()
    bench = Bench(strangers=reports.strangers)
    for _ in range(limits.REPORTS_AT_ONCE + 5):
        bench.receive(make_request("INVITE"), STRANGER)
    assert [line[3] for line in reports.lines] == [0] * limits.REPORTS_AT_ONCE
    bench.now = limits.REPORT_SECONDS
    bench.receive(make_request("INVITE"), STRANGER)
    assert reports.lines[-1] == (STRANGER, "INVITE", NOT_ACCEPTED, 5)
    assert len(reports.lines) == limits.REPORTS_AT_ONCE + 1


def test_a_flood_from_made_up_addresses_fills_neither_log_nor_memory():
    reports = Reports()
    bench = Bench(strangers=reports.strangers)
    for number in range(20_000):
        bench.now = number / 10_000
        bench.agent.receive(
            make_request("INVITE").encode(),
            Address(f"10.0.{number >> 8}.{number & 255}", 1),
            bench.now,
        )
    assert bench.agent.datagrams() == []
    assert limits.ALL_REPORTS_AT_ONCE <= len(reports.lines) <= limits.ALL_REPORTS_AT_ONCE + 3
    assert all(len(limit) <= limits.MOST_ADDRESSES + 1 for limit in reports.strangers._reports)
    assert len(bench.agent) == 0


def test_the_addresses_of_one_ipv6_network_are_one():
    reports = Reports()
    bench = Bench(strangers=reports.strangers)
    for number in range(limits.REPORTS_AT_ONCE + 5):
        bench.receive(make_request("INVITE"), Address(f"2001:db8::{number:x}", 5060))
    assert len(reports.lines) == limits.REPORTS_AT_ONCE
    bench.receive(make_request("INVITE"), Address("2001:db8:0:1::1", 5060))
    bench.receive(make_request("INVITE"), Address("fe80::1%2", 5060))
    assert len(reports.lines) == limits.REPORTS_AT_ONCE + 2


# --- whom we know, and for how long --------------------------------------------------------------


def test_a_host_is_known_for_a_day_and_forgotten_in_the_end():
    hosts = RecentHosts()
    hosts.add("a", 0.0)
    for day in (1, 2):
        assert "a" in hosts
        hosts.add("b", day * limits.REMEMBERED)
    assert "a" not in hosts
    assert "b" in hosts


def test_a_host_that_comes_again_stays_known():
    hosts = RecentHosts()
    for hour in range(100):
        hosts.add("a", hour * 3600.0)
        assert "a" in hosts


def test_hosts_are_bounded_and_the_latest_are_known():
    hosts = RecentHosts()
    for number in range(3 * limits.MOST_HOSTS):
        hosts.add(str(number), 0.0)
    assert len(hosts) <= 2 * limits.MOST_HOSTS
    assert str(3 * limits.MOST_HOSTS - 1) in hosts
    assert "0" not in hosts
