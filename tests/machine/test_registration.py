"""The life of a registration: phases, timers, failures, flows, its end."""

from __future__ import annotations

import pytest
from bench import PROXY, STANDBY, TCP_PROXY
from registration_bench import CHALLENGE, OURS, PHONES, RegistrationBench

from siptapi_core.errors import ResolveError, SettingsError
from siptapi_core.events import RegistrationChanged, RegistrationState
from siptapi_core.machine.registration import RegistrationPhase
from siptapi_core.machine.registration_plan import RetryTimers

(IDLE, REGISTERING, REGISTERED, REFRESHING, FAILED, UNREGISTERING, GONE) = RegistrationPhase


# --- registered, and staying so ------------------------------------------------------------------


def test_a_line_registers_and_refreshes_in_good_time():
    bench = RegistrationBench(fractions=(0.5, 0.0, 1.0))
    assert bench.phase is IDLE
    assert bench.status == RegistrationChanged(RegistrationState.UNREGISTERED)
    bench.start()
    assert bench.status == RegistrationChanged(RegistrationState.REGISTERING)
    bench.reply(200)
    assert bench.status == RegistrationChanged(RegistrationState.REGISTERED, expires=600.0)
    bench.pass_until(374.9)
    assert len(bench.requests("REGISTER")) == 1
    bench.pass_until(375.0)
    assert bench.status == RegistrationChanged(RegistrationState.REGISTERED, expires=225.0)
    bench.reply(200)
    bench.pass_until(375.0 + 300.0)
    bench.reply(200)
    bench.pass_until(675.0 + 450.0)
    bench.reply(200)
    assert bench.phases == [
        (REGISTERING, 0.0),
        (REGISTERED, 0.0),
        (REFRESHING, 375.0),
        (REGISTERED, 375.0),
        (REFRESHING, 675.0),
        (REGISTERED, 675.0),
        (REFRESHING, 1125.0),
        (REGISTERED, 1125.0),
    ]
    assert bench.prepared == 4


def test_a_provisional_response_changes_nothing():
    bench = RegistrationBench().start()
    bench.reply(100)
    assert bench.phase is REGISTERING
    bench.reply(200)
    assert bench.phase is REGISTERED


def test_a_refresh_that_takes_too_long_is_no_registration_any_more():
    bench = RegistrationBench(addresses=(PROXY, STANDBY)).registered(expires=40)
    bench.pass_until(40.0)
    assert bench.phases[-2:] == [(REFRESHING, 25.0), (REGISTERING, 40.0)]
    assert bench.status == RegistrationChanged(RegistrationState.REGISTERING)
    assert bench.cseqs[-1] == 2
    bench.pass_until(57.0)
    bench.reply(200, source=STANDBY, expires=100)
    assert bench.phase is REGISTERED
    assert bench.status.expires == 100.0 - 32.0


def test_a_life_that_is_over_when_it_is_granted_is_renewed_at_once():
    bench = RegistrationBench(addresses=(PROXY, STANDBY)).start()
    bench.pass_until(32.0)
    bench.reply(200, source=STANDBY, expires=32)
    assert bench.phase is REGISTERING
    assert bench.destinations("REGISTER")[-2:] == [STANDBY, STANDBY]
    bench.reply(200, source=STANDBY, expires=10)
    assert (bench.phase, bench.status.expires) == (REGISTERED, 10.0)


def test_a_refresh_goes_the_way_that_worked():
    bench = RegistrationBench(addresses=(PROXY, STANDBY)).start()
    bench.refuse(PROXY)
    bench.reply(200, source=STANDBY)
    bench.pass_until(375.0)
    assert bench.destinations("REGISTER") == [PROXY, STANDBY, STANDBY]
    bench.refuse(STANDBY)
    bench.reply(200)
    bench.pass_until(750.0)
    assert bench.destinations("REGISTER")[3:] == [PROXY, PROXY]


def test_a_way_that_the_next_hop_does_not_lead_to_any_more_is_left():
    bench = RegistrationBench(addresses=(PROXY,)).registered()
    bench.addresses = (STANDBY,)
    bench.pass_until(375.0)
    assert bench.destinations("REGISTER") == [PROXY, STANDBY]
    bench.reply(200, source=STANDBY)
    bench.refuse(PROXY)
    bench.pass_until(400.0)
    assert bench.phase is REGISTERED
    bench.refuse(STANDBY)
    bench.pass_until(404.0)
    assert bench.phase is REFRESHING


def test_the_next_hop_may_take_its_time():
    bench = RegistrationBench(addresses=None).start()
    bench.pass_until(100.0)
    assert bench.phase is REGISTERING
    assert bench.requests("REGISTER") == []
    bench.addresses = (PROXY,)
    bench.go_on(bench.now)
    bench.go_on(bench.now)
    assert len(bench.requests("REGISTER")) == 1


# --- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_it_waits_longer_after_each_failure_and_never_as_long_as_the_others(fraction):
    bench = RegistrationBench(fractions=(fraction,) * 9).start()
    waits = []
    for _ in range(9):
        bench.reply(500)
        waits.append(bench.status.retry_after)
        bench.pass_until(bench.now + waits[-1])
    longest = [60.0, 120.0, 240.0, 480.0, 960.0, 1800.0, 1800.0, 1800.0, 1800.0]
    assert waits == [wait / (1 if fraction else 2) for wait in longest]


def test_after_a_thousand_failures_it_still_tries():
    bench = RegistrationBench()
    bench.registration._failures = 5000
    bench.start().reply(500)
    assert bench.status.retry_after == 1350.0


def test_a_success_forgives_all_failures():
    bench = RegistrationBench(fractions=(1.0, 1.0, 1.0, 1.0)).start()
    for _ in range(2):
        bench.reply(500)
        bench.pass_until(bench.now + bench.status.retry_after)
    bench.reply(200)
    assert bench.status.reason == ""
    bench.pass_until(bench.now + 450.0)
    bench.reply(500)
    assert bench.status.retry_after == 60.0


def test_silence_is_a_failure_that_may_pass():
    bench = RegistrationBench().start()
    bench.pass_until(32.0)
    assert bench.status == RegistrationChanged(
        RegistrationState.FAILED,
        reason="no answer from udp:192.0.2.1:5060",
        retry_after=45.0,
    )
    assert bench.registration.status(80.0).retry_after == 0.0
    bench.pass_until(77.0)
    assert bench.status == RegistrationChanged(
        RegistrationState.REGISTERING, reason="no answer from udp:192.0.2.1:5060"
    )
    bench.reply(200)
    assert bench.status == RegistrationChanged(RegistrationState.REGISTERED, expires=600.0)


@pytest.mark.parametrize("status", [300, 401, 403, 404, 603])
def test_who_is_refused_stays_away_for_long(status):
    bench = RegistrationBench(fractions=(0.0, 1.0)).start()
    bench.reply(status)
    assert bench.status.state is RegistrationState.FAILED
    assert (bench.status.status, bench.status.retry_after) == (status, 300.0)
    bench.pass_until(300.0)
    bench.reply(status)
    assert bench.status.retry_after == 600.0


def test_refusals_do_not_shorten_the_wait():
    bench = RegistrationBench(retry=RetryTimers(base=1000.0, limit=5000.0)).start()
    bench.reply(403)
    assert bench.status.retry_after == 1500.0


def test_a_wrong_password_is_tried_once():
    bench = RegistrationBench().start()
    bench.reply(401, CHALLENGE)
    bench.reply(401, (CHALLENGE[0], CHALLENGE[1].replace("n1", "n2")))
    assert bench.status.reason == "the registrar does not accept the password of '200'"
    assert len(bench.requests("REGISTER")) == 2


def test_a_line_without_a_password_says_so():
    bench = RegistrationBench(credentials=None).start()
    bench.reply(401, CHALLENGE)
    assert bench.status.reason == "the registrar wants a password, and the line has none"


@pytest.mark.parametrize(
    ("retry_after", "fraction", "wait"),
    [("100", 0.0, 100.0), ("100", 1.0, 130.0), ("7", 0.0, 30.0)],
)
def test_who_is_sent_away_stays_away_and_does_not_come_back_with_all_others(
    retry_after, fraction, wait
):
    bench = RegistrationBench(fractions=(fraction, fraction)).start()
    bench.reply(503, ("Retry-After", retry_after))
    assert bench.status.retry_after == wait


def test_a_refresh_that_fails_says_how_long_the_old_binding_may_last():
    bench = RegistrationBench().registered()
    bench.pass_until(375.0)
    bench.reply(500)
    assert bench.status == RegistrationChanged(
        RegistrationState.FAILED, 500, "Server Internal Error", 225.0, 45.0
    )
    bench.pass_until(420.0)
    bench.reply(200)
    assert bench.phase is REGISTERED


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (ResolveError("example.com: there is no such name", temporary=True), 45.0),
        (SettingsError("is not set", key="lines.office.password"), 450.0),
    ],
)
def test_no_next_hop_or_no_password_is_a_failure(error, wait):
    bench = RegistrationBench(addresses=error).start()
    assert bench.status == RegistrationChanged(
        RegistrationState.FAILED, reason=str(error), retry_after=wait
    )
    bench.addresses = (PROXY,)
    bench.pass_until(wait)
    bench.reply(200)
    assert bench.phase is REGISTERED


def test_what_comes_too_late_for_a_try_is_not_used():
    bench = RegistrationBench(addresses=ResolveError("nothing")).start()
    bench.go_on(bench.now)
    assert len(bench.phases) == 2
    bench.addresses = (PROXY,)
    bench.go_on(bench.now)
    assert bench.requests("REGISTER") == []


# --- the flow ------------------------------------------------------------------------------------


def test_the_way_is_kept_open_while_registered():
    bench = RegistrationBench(keepalive=20.0, addresses=(PROXY, STANDBY))
    bench.start().pass_until(10.0)
    bench.reply(200)
    bench.pass_until(375.0)
    assert bench.kept_open == [(10.0 + 20.0 * n, PROXY) for n in range(1, 19)]
    bench.reply(200)
    bench.unregister()
    bench.reply(200, contacts=())
    bench.run_out()
    assert bench.kept_open[-1] == (370.0, PROXY)


def test_another_way_is_kept_open_in_place_of_the_first():
    bench = RegistrationBench(keepalive=20.0).registered()
    bench.addresses = (STANDBY,)
    bench.pass_until(375.0)
    bench.reply(200, source=STANDBY)
    bench.kept_open.clear()
    bench.pass_until(400.0)
    assert bench.kept_open == [(395.0, STANDBY)]
    assert len(bench.flows) == 1


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_a_lost_flow_is_renewed_soon_but_not_by_all_lines_at_once(fraction):
    bench = RegistrationBench(fractions=(0.5, fraction)).registered()
    bench.pass_until(100.0)
    bench.refuse()
    bench.refuse()
    assert bench.phase is REGISTERED
    bench.pass_until(100.0 + 4.0 * fraction)
    assert bench.phase is REFRESHING
    assert len(bench.requests("REGISTER")) == 2
    bench.reply(200)
    assert len(bench.flows) == 1


def test_a_flow_that_is_lost_just_before_its_refresh_does_not_put_that_off():
    bench = RegistrationBench(fractions=(0.5, 1.0)).registered()
    bench.pass_until(374.0)
    bench.refuse()
    bench.pass_until(375.0)
    assert bench.phase is REFRESHING


def test_a_flow_that_is_lost_under_a_refresh_is_its_failure():
    bench = RegistrationBench(addresses=(TCP_PROXY,)).start()
    bench.reply(200, source=TCP_PROXY)
    bench.pass_until(375.0)
    bench.refuse(TCP_PROXY)
    assert bench.phases[-2:] == [(REFRESHING, 375.0), (FAILED, 375.0)]
    assert len(bench.flows) == 0


def test_a_flow_that_is_lost_while_the_next_hop_is_looked_for_changes_nothing():
    bench = RegistrationBench().registered()
    bench.addresses = None
    bench.pass_until(375.0)
    bench.refuse()
    bench.pass_until(380.0)
    assert bench.phase is REFRESHING
    assert bench.prepared == 2
    bench.addresses = (PROXY,)
    bench.go_on(bench.now)
    bench.reply(200)
    assert bench.phase is REGISTERED
    assert len(bench.flows) == 1


def test_a_failed_line_waits_on_no_flow():
    bench = RegistrationBench().registered()
    bench.pass_until(375.0)
    bench.reply(500)
    assert len(bench.flows) == 0
    bench.refuse()
    bench.pass_until(380.0)
    assert bench.phase is FAILED


# --- the end -------------------------------------------------------------------------------------


def test_an_unregistered_line_is_gone():
    bench = RegistrationBench(keepalive=20.0).registered()
    bench.unregister()
    assert bench.status == RegistrationChanged(RegistrationState.UNREGISTERING, expires=600.0)
    bench.reply(200, contacts=(PHONES,))
    assert bench.status == RegistrationChanged(RegistrationState.UNREGISTERED)
    assert bench.phase is GONE
    assert len(bench.flows) == 0
    bench.unregister()
    bench.registration.give_up(bench.now)
    bench.run_out()
    assert len(bench.requests("REGISTER")) == 2
    assert bench.phases[-2:] == [(UNREGISTERING, 0.0), (GONE, 0.0)]


@pytest.mark.parametrize("before", ["idle", "looking", "refused"])
def test_what_was_never_bound_is_gone_at_once(before):
    bench = RegistrationBench()
    if before == "looking":
        bench.addresses = None
        bench.start()
    elif before == "refused":
        bench.start().reply(403)
    bench.unregister()
    assert bench.phase is GONE
    bench.addresses = (PROXY,)
    bench.go_on(bench.now)
    bench.run_out()
    assert len(bench.requests("REGISTER")) == (1 if before == "refused" else 0)


def test_an_unregister_waits_for_the_register_under_way():
    bench = RegistrationBench().start()
    bench.unregister()
    bench.unregister()
    assert bench.phase is UNREGISTERING
    assert len(bench.requests("REGISTER")) == 1
    bench.reply(200)
    assert bench.contacts == (f"{OURS};expires=0",)
    bench.reply(200, contacts=())
    assert bench.phase is GONE
    assert [phase for phase, _ in bench.phases] == [
        *(REGISTERING, UNREGISTERING, UNREGISTERING, GONE)
    ]


def test_an_unregister_after_a_register_that_was_refused_has_nothing_to_do():
    bench = RegistrationBench().start()
    bench.unregister()
    bench.reply(403)
    assert bench.phase is GONE
    assert bench.status.reason == "Forbidden"


def test_an_unregister_while_the_next_hop_of_a_refresh_is_looked_for():
    bench = RegistrationBench().registered()
    bench.addresses = None
    bench.pass_until(375.0)
    bench.unregister()
    assert bench.phase is UNREGISTERING
    assert bench.prepared == 2
    bench.addresses = (PROXY,)
    bench.go_on(bench.now)
    assert bench.contacts == (f"{OURS};expires=0",)


def test_a_silent_registrar_does_not_keep_us():
    bench = RegistrationBench().registered()
    bench.unregister(seconds=5.0)
    bench.pass_until(4.9)
    assert bench.phase is UNREGISTERING
    bench.pass_until(5.0)
    assert bench.phase is GONE
    assert bench.status == RegistrationChanged(
        RegistrationState.UNREGISTERED,
        reason="the registrar did not answer in time",
        expires=595.0,
    )
    sent = len(bench.requests("REGISTER"))
    bench.run_out()
    assert len(bench.requests("REGISTER")) == sent
    assert len(bench.agent) == 0


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (300, "Multiple Choices"),
        (500, "Server Internal Error"),
        (401, "the registrar wants an authentication that is not known here"),
    ],
)
def test_a_registrar_that_does_not_want_to_forget_us_is_left_all_the_same(status, reason):
    bench = RegistrationBench().registered()
    bench.unregister()
    bench.reply(status)
    assert bench.status == RegistrationChanged(
        RegistrationState.UNREGISTERED, status, reason, expires=600.0
    )
    assert bench.phase is GONE


def test_silence_ends_an_unregister_before_its_time_is_out():
    bench = RegistrationBench().registered()
    bench.unregister(seconds=100.0)
    bench.pass_until(32.0)
    assert bench.phase is GONE
    assert bench.status.reason == "no answer from udp:192.0.2.1:5060"


def test_no_next_hop_ends_an_unregister():
    bench = RegistrationBench().registered()
    bench.addresses = ResolveError("there is no such name")
    bench.unregister()
    assert bench.phase is GONE
    assert bench.status.reason == "there is no such name"


def test_a_challenged_unregister_is_answered():
    bench = RegistrationBench().registered()
    bench.unregister()
    bench.reply(401, CHALLENGE)
    assert bench.contacts == (f"{OURS};expires=0",)
    bench.reply(200, contacts=())
    assert (bench.phase, bench.status.reason) == (GONE, "")


@pytest.mark.parametrize("before", ["idle", "registering", "registered", "failed", "leaving"])
def test_who_gives_up_is_gone_at_once(before):
    bench = RegistrationBench()
    if before != "idle":
        bench.start()
    if before == "registered":
        bench.reply(200)
    elif before == "failed":
        bench.reply(500)
    elif before == "leaving":
        bench.reply(200)
        bench.unregister()
    sent = len(bench.requests("REGISTER"))
    bench.registration.give_up(bench.now)
    assert bench.phase is GONE
    bench.run_out()
    assert len(bench.requests("REGISTER")) == sent
    assert len(bench.flows) == 0
