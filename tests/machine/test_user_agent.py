from __future__ import annotations

import pytest
from bench import LONG, PHONE, PROXY, Bench, DialogRecorder, Recorder, make_request

from siptapi_core.errors import MessageError
from siptapi_core.machine.server_transaction import ServerState
from siptapi_core.machine.timers import SipTimers
from siptapi_core.machine.user_agent import ALLOW
from siptapi_core.targets import Address

OURS = {"call_id": "our-call", "to": "<sip:200@example.com>;tag=ours"}


def with_dialog() -> tuple[Bench, DialogRecorder]:
    bench = Bench()
    user = DialogRecorder(bench.agent)
    bench.agent.register("our-call", "ours", user)
    return bench, user


# --- the shell around the transaction layer ------------------------------------------------------


def test_it_brings_the_timers_it_is_given_or_those_of_rfc_3261():
    own = SipTimers(t1=0.1)
    assert Bench(timers=own).agent.timers is own
    assert Bench().agent.timers.t1 == SipTimers().t1
    assert Bench().agent.product == "SIPTAPI"


def test_what_is_to_be_sent_is_taken_once_and_in_order():
    bench = Bench()
    for method in ("OPTIONS", "INFO"):
        bench.agent.receive(make_request(method).encode(), PROXY, 0.0)
    taken = [data.split(b" ", 2)[1] for data, _ in bench.agent.datagrams()]
    assert taken == [b"200", b"481"]
    assert bench.agent.datagrams() == []


def test_the_next_timer_is_that_of_the_queue():
    bench = Bench()
    assert bench.agent.next_timer() is None
    done = []
    bench.agent.queue.schedule(3.0, done.append)
    assert bench.agent.next_timer() == 3.0
    bench.agent.handle_timer(2.0)
    assert done == []
    bench.agent.handle_timer(3.0)
    assert done == [3.0]


def test_a_refused_address_is_told_to_the_transactions():
    bench = Bench()
    user = Recorder()
    bench.agent.transactions.request(make_request("OPTIONS"), PROXY, user, 0.0)
    bench.agent.refused(Address("192.0.2.77", 5060), 1.0)
    assert user.heard == []
    bench.agent.refused(PROXY, 2.0, "the certificate is another's")
    assert user.heard == ["transport error 2"]
    assert user.problems == ["the certificate is another's"]


def test_a_refused_address_is_told_to_whoever_listens_after_the_transactions():
    bench, heard = Bench(), []
    user = Recorder()
    user.on_transport_error = lambda transaction, problem, now: heard.append("transaction")
    bench.agent.transactions.request(make_request("OPTIONS"), PROXY, user, 0.0)
    bench.agent.on_refused.append(lambda address, now: heard.append((address, now)))
    bench.agent.refused(PROXY, 2.0)
    assert heard == ["transaction", (PROXY, 2.0)]


def test_it_counts_what_is_alive():
    bench, _ = with_dialog()
    assert len(bench.agent) == 1
    bench.receive(make_request("OPTIONS", **OURS))
    assert len(bench.agent) == 2
    bench.run_out()
    bench.agent.unregister("our-call", "ours")
    bench.agent.unregister("our-call", "ours")
    assert len(bench.agent) == 0


# --- inside a dialog -----------------------------------------------------------------------------


def test_a_request_inside_a_dialog_goes_to_its_user():
    bench, user = with_dialog()
    bench.receive(make_request("NOTIFY", **OURS))
    assert user.heard == ["NOTIFY"]
    [response] = bench.responses("NOTIFY")
    assert response.to.tag == "ours"


def test_the_ack_of_a_2xx_goes_to_the_dialog_s_user():
    bench, user = with_dialog()
    bench.now = 2.5
    bench.receive(make_request("ACK", **OURS))
    bench.receive(make_request("ACK", call_id="unknown", to="<sip:200@example.com>;tag=ours"))
    bench.receive(make_request("ACK", call_id="our-call", cseq="2 ACK"))
    assert user.heard == ["ACK"]
    assert user.moments == [2.5]
    assert bench.sent == []


@pytest.mark.parametrize(
    "differs", [{"call_id": "another"}, {"to": "<sip:200@example.com>;tag=another"}]
)
@pytest.mark.parametrize("method", ["INVITE", "BYE", "NOTIFY", "OPTIONS", "FOO"])
def test_a_request_inside_no_dialog_of_ours_gets_481(method, differs):
    bench, user = with_dialog()
    bench.receive(make_request(method, **{**OURS, **differs}))
    assert user.heard == []
    assert bench.statuses(method) == [481]


def test_after_unregister_it_gets_481_too():
    bench, user = with_dialog()
    bench.agent.unregister("our-call", "ours")
    bench.receive(make_request("NOTIFY", **OURS))
    assert user.heard == []
    assert bench.statuses("NOTIFY") == [481]


def failing(bench: Bench, *, answer_first: bool):
    class User:
        def on_request(self, request, transaction, now):
            if answer_first:
                bench.agent.respond(transaction, 200, now)
            raise MessageError("cannot be read", status=415)

        def on_acknowledged(self, request, now):
            raise MessageError("cannot be read")

    bench.agent.register("our-call", "ours", User())


def test_what_a_dialog_cannot_read_is_answered_with_the_status_of_the_fault():
    bench = Bench()
    failing(bench, answer_first=False)
    bench.receive(make_request("NOTIFY", **OURS))
    assert bench.statuses("NOTIFY") == [415]


def test_a_fault_after_the_answer_is_a_bug_and_is_not_hidden():
    bench = Bench()
    failing(bench, answer_first=True)
    with pytest.raises(MessageError, match="cannot be read"):
        bench.receive(make_request("NOTIFY", **OURS))
    assert bench.statuses("NOTIFY") == [200]


def test_an_ack_that_cannot_be_read_is_dropped():
    bench = Bench()
    failing(bench, answer_first=False)
    bench.receive(make_request("ACK", **OURS))
    assert bench.sent == []


# --- outside any dialog --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("OPTIONS", 200),
        ("INVITE", 480),
        ("NOTIFY", 481),
        ("BYE", 481),
        ("INFO", 481),
        ("UPDATE", 481),
        ("REFER", 405),
        ("SUBSCRIBE", 405),
        ("MESSAGE", 405),
        ("PUBLISH", 405),
        ("PRACK", 405),
        ("REGISTER", 405),
        ("FOO", 501),
    ],
)
def test_strangers_are_refused_as_by_one_who_only_places_calls(method, status):
    bench = Bench()
    bench.receive(make_request(method, headers=(LONG,)))
    [response] = bench.responses(method)
    assert response.status == status
    assert response.headers.items()[-2] == ALLOW
    assert response.to.tag == "tag-1"
    assert len(bench.agent) == 0, "nothing is kept for a stranger"
    assert bench.agent.next_timer() is None


def test_what_is_refused_as_not_allowed_is_not_among_what_is_allowed():
    allowed = ALLOW[1].split(", ")
    for method in allowed:
        bench = Bench()
        bench.receive(make_request(method))
        assert bench.statuses(method) not in ([405], [501])


def test_strangers_can_be_given_to_somebody():
    seen = []
    bench = Bench(on_stranger=lambda *what: seen.append(what))
    bench.now = 2.0
    bench.receive(make_request("MESSAGE"))
    [(request, transaction, source, now)] = seen
    assert (request.method, source, now) == ("MESSAGE", PROXY, 2.0)
    assert transaction.state is ServerState.TRYING
    assert bench.sent == []


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (make_request("OPTIONS", headers=(("Expires", "soon"),)), 400),
        (make_request("OPTIONS", uri="mailto:somebody"), 416),
        (make_request("OPTIONS", cseq="1 INVITE"), 400),
        (make_request("FOO", cseq="1 BAR"), 501),
    ],
)
def test_a_stranger_s_request_is_read_wholly_first(request_, status):
    bench = Bench()
    bench.receive(request_)
    assert [m.status for _, m, _ in bench.sent] == [status]


def test_what_is_required_and_unknown_is_named():
    bench = Bench()
    required = (("Require", "100rel, foo"), ("Require", "bar"), LONG)
    bench.receive(make_request("OPTIONS", headers=required))
    [response] = bench.responses("OPTIONS")
    assert response.status == 420
    assert response.headers.get("Unsupported") == "100rel, foo, bar"


def test_what_is_required_and_known_is_no_obstacle():
    seen = []
    bench = Bench(on_stranger=lambda *what: seen.append(what))
    bench.agent.extensions = frozenset({"timer"})
    bench.receive(make_request(headers=(("Require", "Timer"),)))
    assert len(seen) == 1
    via = f"SIP/2.0/UDP a;branch={bench.branch()}"
    required = (("Require", "timer, foo"), LONG)
    bench.receive(make_request(via=via, cseq="2 INVITE", headers=required))
    [response] = bench.responses("INVITE")
    assert (response.status, response.headers.get("Unsupported")) == (420, "foo")
    assert len(seen) == 1


def test_trap_5_our_own_invite_comes_back_to_us():
    bench, user = with_dialog()
    bench.receive(
        make_request("INVITE", call_id="our-call", from_="<sip:200@example.com>;tag=ours")
    )
    assert bench.statuses("INVITE") == [480]
    assert user.heard == []


def test_our_own_invite_is_not_shown_to_those_who_take_calls():
    seen = []
    bench = Bench(on_stranger=lambda *what: seen.append(what))
    bench.agent.register("our-call", "ours", DialogRecorder(bench.agent))
    from_ours = {"call_id": "our-call", "from_": "<sip:200@example.com>;tag=ours"}
    bench.receive(make_request("INVITE", **from_ours))
    assert seen == []
    assert bench.statuses("INVITE") == [480]
    bench.receive(
        make_request(
            "INVITE",
            via=f"SIP/2.0/UDP a;branch={bench.branch()}",
            call_id="our-call",
            from_="<sip:301@example.com>;tag=theirs",
        )
    )
    assert len(seen) == 1


def test_a_merged_request_is_refused_with_482():
    bench = Bench(on_stranger=lambda *_: None)
    for _ in range(2):
        bench.receive(make_request(via=f"SIP/2.0/UDP a.example;branch={bench.branch()}"))
    assert bench.statuses("INVITE") == [482]


def test_garbage_is_refused_with_400():
    bench = Bench()
    bench.receive(make_request("OPTIONS").encode().replace(b"Max-Forwards: 70", b"Max-Forwards: x"))
    assert bench.statuses("OPTIONS") == [400]
    assert len(bench.agent) == 0


# --- CANCEL --------------------------------------------------------------------------------------


def invited() -> tuple[Bench, list]:
    transactions = []
    bench = Bench(on_stranger=lambda _r, transaction, _s, _n: transactions.append(transaction))
    bench.receive(make_request())
    return bench, transactions


def test_a_cancel_is_told_to_the_invite_s_user_and_answered_200():
    bench, [invite] = invited()
    cancelled = []
    invite.on_cancelled = lambda cancel, now: cancelled.append((cancel.headers.get("Reason"), now))
    bench.now = 2.5
    cancel = make_request("CANCEL", headers=(("Reason", "SIP;cause=200"),))
    bench.receive(cancel)
    bench.receive(cancel)  # its retransmission
    assert cancelled == [("SIP;cause=200", 2.5)]
    assert bench.statuses("CANCEL") == [200, 200]


def test_a_cancel_after_the_answer_changes_nothing():
    bench, [invite] = invited()
    cancelled = []
    invite.on_cancelled = lambda *what: cancelled.append(what)
    bench.agent.respond(invite, 486, 0.0)
    bench.receive(make_request("CANCEL"))
    assert cancelled == []
    assert bench.statuses("CANCEL") == [200]


def test_a_cancel_may_find_nobody_who_cares():
    bench, _ = invited()
    bench.receive(make_request("CANCEL"))
    assert bench.statuses("CANCEL") == [200]


def test_nobody_but_its_sender_cancels_an_invite():
    bench, [invite] = invited()
    cancelled = []
    invite.on_cancelled = lambda *what: cancelled.append(what)
    bench.receive(make_request("CANCEL"), PHONE)
    assert cancelled == []
    assert bench.statuses("CANCEL") == [481]


def test_a_cancel_of_nothing_gets_481():
    bench = Bench()
    bench.receive(make_request("CANCEL"))
    assert bench.statuses("CANCEL") == [481]


def test_a_cancel_with_the_tag_of_our_dialog_is_no_request_inside_it():
    bench, user = with_dialog()
    bench.receive(make_request("CANCEL", **OURS))
    assert user.heard == []
    assert bench.statuses("CANCEL") == [481]


def test_respond_adds_the_tag_and_what_it_is_given():
    bench, [invite] = invited()
    bench.agent.respond(invite, 503, 0.0, headers=(("Retry-After", "5"),))
    [response] = bench.responses("INVITE")
    assert (response.status, response.to.tag) == (503, "tag-1")
    assert response.headers.get("Retry-After") == "5"
    assert response.headers.get("Allow") == ALLOW[1]
