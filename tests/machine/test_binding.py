"""What the REGISTERs of a line say, and what is made of their answers."""

from __future__ import annotations

import pytest
from attrs import evolve
from bench import PROXY, SIPTAPI, STANDBY, TCP_PROXY
from registration_bench import ACCOUNT, CHALLENGE, OURS, PHONES, RegistrationBench

from siptapi_core.machine.registration import RegistrationPhase
from siptapi_core.sip.auth import Authorization
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, Transport


def test_a_register_says_who_where_and_how_long():
    bench = RegistrationBench(expires=300, display_name="Office").start()
    register = bench.last_register
    assert register.start_line == "REGISTER sip:example.com SIP/2.0"
    assert str(register.from_) == '"Office" <sip:200@example.com>;tag=tag-1'
    assert str(register.to) == "<sip:200@example.com>"
    assert register.cseq.number == 1
    assert register.call_id == bench.registration.call_id == "call-1"
    assert bench.contacts == (f"{OURS};expires=300",)
    assert register.expires == 300
    assert register.headers.get("Supported") == "path"
    assert register.headers.get("User-Agent") == bench.agent.product
    assert register.max_forwards == 70
    assert register.routes == ()
    assert register.headers.get("Authorization") is None


def test_headers_are_spelt_as_everybody_spells_them():
    bench = RegistrationBench(route=(NameAddr.parse("<sip:edge.example;lr>"),)).registered()
    names = ["Via", "Route", "Max-Forwards", "From", "To", "Call-ID", "CSeq"]
    rest = ["Supported", "User-Agent", "Content-Length"]
    spelt = [name for name, _ in bench.last_register.headers.items()]
    assert spelt == [*names, "Expires", *rest[:2], "Contact", *rest[2:]]
    bench.unregister()
    spelt = [name for name, _ in bench.last_register.headers.items()]
    assert spelt == [*names, "Contact", "Expires", *rest]


def test_the_registrar_is_the_domain_and_nothing_else_of_the_account():
    account = SipUri("example.com", user="200", port=5070, parameters=(("x", "y"),))
    bench = RegistrationBench(account=account).start()
    assert str(bench.last_register.uri) == "sip:example.com:5070"
    assert str(bench.last_register.to) == "<sip:200@example.com:5070;x=y>"


def test_an_outbound_proxy_is_the_route():
    route = (NameAddr.parse("<sip:edge.example;lr>"),)
    bench = RegistrationBench(route=route).start()
    assert bench.last_register.headers.lines("Route") == ("<sip:edge.example;lr>",)
    assert "sips" not in bench.contacts[0]


@pytest.mark.parametrize(
    ("to", "plan", "contact"),
    [
        (TCP_PROXY, {}, "<sip:200@192.0.2.9:5062;line=abc;transport=tcp>;expires=600"),
        (
            evolve(PROXY, transport=Transport.TLS),
            {},
            "<sip:200@192.0.2.9:5062;line=abc;transport=tls>;expires=600",
        ),
        (
            evolve(PROXY, transport=Transport.TLS),
            {"account": evolve(ACCOUNT, scheme="sips")},
            "<sips:200@192.0.2.9:5062;line=abc>;expires=600",
        ),
        (
            evolve(PROXY, transport=Transport.TLS),
            {"route": (NameAddr.parse("<sips:edge.example;lr>"),)},
            "<sips:200@192.0.2.9:5062;line=abc>;expires=600",
        ),
    ],
)
def test_the_contact_says_how_we_are_reached(to, plan, contact):
    bench = RegistrationBench(addresses=(to,), **plan).start()
    assert bench.contacts == (contact,)


def test_the_call_id_stays_and_cseq_rises():
    bench = RegistrationBench().start()
    bench.reply(401, CHALLENGE)
    bench.reply(200)
    bench.pass_until(375.0)
    bench.reply(423, ("Min-Expires", "900"))
    bench.reply(500)
    bench.pass_until(420.0)
    bench.reply(200)
    bench.unregister()
    assert bench.cseqs == [1, 2, 3, 4, 5, 6]
    registers = bench.requests("REGISTER")
    assert {(each.call_id, str(each.from_)) for each in registers} == {
        ("call-1", "<sip:200@example.com>;tag=tag-1")
    }
    assert len({each.via.branch for each in registers}) == 6


# --- passwords -----------------------------------------------------------------------------------


def test_a_challenge_is_answered_and_the_next_register_needs_none():
    bench = RegistrationBench().start()
    bench.reply(401, CHALLENGE)
    bench.reply(200)
    assert bench.phase is RegistrationPhase.REGISTERED
    for uses in (1, 2, 3):
        sent = Authorization.parse(bench.last_register.headers.only("Authorization"))
        assert (sent.nonce, sent.nonce_count, sent.uri) == ("n1", uses, "sip:example.com")
        assert sent.verify("REGISTER", b"", "pw")
        bench.pass_until(bench.now + 375.0)
        bench.reply(200)
    assert len(bench.requests("REGISTER")) == 5


@pytest.mark.parametrize("stale", ["", ", stale=true"])
def test_an_old_nonce_costs_one_more_round_trip(stale):
    bench = RegistrationBench().start()
    bench.reply(401, CHALLENGE)
    bench.reply(200)
    for number in range(30):  # a call gives up after some; a registration goes on for years
        bench.pass_until(bench.now + 375.0)
        bench.reply(401, (CHALLENGE[0], CHALLENGE[1].replace("n1", f"next-{number}") + stale))
        bench.reply(200)
        assert bench.phase is RegistrationPhase.REGISTERED
    assert len(bench.requests("REGISTER")) == 62


def test_a_count_is_not_used_twice_even_where_nobody_answered():
    bench = RegistrationBench().start()
    bench.reply(401, CHALLENGE)
    bench.reply(200)
    bench.pass_until(600.0)  # silence, and the next two tries
    uses = {
        (
            Authorization.parse(register.headers.only("Authorization")).nonce_count,
            register.cseq.number,
        )
        for register in bench.requests("REGISTER")[1:]
    }
    assert uses == {(1, 2), (2, 3), (3, 4), (4, 5)}


def test_the_proxy_s_challenge_is_remembered_too():
    bench = RegistrationBench().start()
    bench.reply(407, ("Proxy-Authenticate", CHALLENGE[1]))
    bench.reply(200)
    bench.pass_until(375.0)
    assert "Proxy-Authorization" in bench.last_register.headers


# --- the answer ----------------------------------------------------------------------------------


def test_the_seconds_count_from_what_was_sent_first():
    bench = RegistrationBench().start()
    bench.pass_until(20.0)
    bench.reply(200, contacts=(PHONES, f"{OURS};expires=100"))
    assert bench.status.expires == 80.0
    bench.pass_until(100.0)
    assert bench.status.expires is None


def test_an_answer_without_our_contact_leaves_what_we_asked():
    bench = RegistrationBench(expires=200).start()
    bench.reply(200, contacts=())
    assert bench.status.expires == 200.0


def test_a_200_that_does_not_keep_our_contact_is_no_registration():
    bench = RegistrationBench().start()
    bench.reply(200, contacts=(PHONES, f"{OURS};expires=0"))
    assert bench.phase is RegistrationPhase.FAILED
    assert bench.status.reason == "the registrar did not keep our Contact"
    assert bench.status.expires is None
    bench.unregister()
    assert bench.phase is RegistrationPhase.GONE
    assert len(bench.requests("REGISTER")) == 1


def test_a_423_is_asked_again_for_what_it_wants_from_then_on():
    bench = RegistrationBench(addresses=(STANDBY, PROXY), expires=60).start()
    bench.refuse(STANDBY)
    bench.reply(423, ("Min-Expires", "900"))
    assert bench.destinations("REGISTER") == [STANDBY, PROXY, PROXY]
    assert bench.contacts == (f"{OURS};expires=900",)
    assert bench.last_register.expires == 900
    bench.reply(200, expires=900)
    bench.pass_until(600.0)
    assert bench.last_register.expires == 900


def test_what_a_423_wants_is_asked_for_with_the_same_password():
    bench = RegistrationBench(expires=60).start()
    bench.reply(401, CHALLENGE)
    bench.reply(423, ("Min-Expires", "900"))
    sent = Authorization.parse(bench.last_register.headers.only("Authorization"))
    assert (sent.nonce, sent.nonce_count) == ("n1", 2)
    bench.reply(401, (CHALLENGE[0], CHALLENGE[1].replace("n1", "n2")))
    sent = Authorization.parse(bench.last_register.headers.only("Authorization"))
    assert (sent.nonce, sent.nonce_count) == ("n2", 1)
    assert bench.last_register.expires == 900


@pytest.mark.parametrize("least", ["60", "0", "x"])
def test_a_423_that_wants_nothing_more_is_a_refusal(least):
    bench = RegistrationBench(expires=60).start()
    bench.reply(423, ("Min-Expires", least))
    assert bench.phase is RegistrationPhase.FAILED
    assert (bench.status.status, bench.status.reason) == (423, "Interval Too Brief")


def test_a_registrar_that_always_wants_more_is_left():
    bench = RegistrationBench(expires=60).start()
    bench.reply(423, ("Min-Expires", "100"))
    bench.reply(423, ("Min-Expires", "200"))
    assert bench.phase is RegistrationPhase.FAILED
    assert len(bench.requests("REGISTER")) == 2


def test_the_service_route_is_the_last_one():
    bench = RegistrationBench().start()
    assert bench.registration.service_route == ()
    bench.reply(200, ("Service-Route", "<sip:a;lr>"))
    assert list(map(str, bench.registration.service_route)) == ["<sip:a;lr>"]
    bench.pass_until(375.0)
    bench.reply(200)
    assert bench.registration.service_route == ()


# --- our Contact changes -------------------------------------------------------------------------

SEEN = "203.0.113.7"


def seen_reply(bench: RegistrationBench, status: int, *headers: tuple[str, str]) -> None:
    """Answer as one who sees us at another address (RFC 3581)."""
    register = bench.last_register
    via = f"{register.headers.only('Via').replace(';rport', ';rport=40000')};received={SEEN}"
    request = register.with_headers(register.headers.replaced("Via", via))
    contact = ("Contact", f"{bench.contacts[0].partition(';expires')[0]};expires=600")
    bench.answer(request, status, headers=(*headers, *([contact] if status == 200 else [])))


LEARNED = f"<sip:200@{SEEN}:40000;line=abc>"


def test_the_address_that_a_challenge_showed_us_is_the_one_that_is_bound():
    bench = RegistrationBench(learn_address=True).start()
    seen_reply(bench, 401, CHALLENGE)
    assert bench.contacts == (f"{LEARNED};expires=600",)
    assert (bench.last_register.via.host, bench.last_register.via.port) == (SEEN, 40000)
    seen_reply(bench, 200)
    assert bench.phase is RegistrationPhase.REGISTERED


def test_an_address_that_the_200_showed_us_is_bound_at_once_in_place_of_the_other():
    bench = RegistrationBench(learn_address=True).start()
    seen_reply(bench, 200)
    assert bench.contacts == (f"{LEARNED};expires=600", f"{OURS};expires=0")
    assert bench.phase is RegistrationPhase.REFRESHING
    seen_reply(bench, 200)
    assert bench.phase is RegistrationPhase.REGISTERED
    bench.pass_until(375.0)
    assert bench.contacts == (f"{LEARNED};expires=600",)


def test_a_nat_that_shows_us_anew_each_time_is_not_run_after():
    bench = RegistrationBench(learn_address=True).start()
    seen_reply(bench, 200)
    register = bench.last_register
    via = f"{register.headers.only('Via').replace(';rport', ';rport=41000')};received={SEEN}"
    request = register.with_headers(register.headers.replaced("Via", via))
    bench.answer(request, 200, headers=(("Contact", f"{LEARNED};expires=600"),))
    assert bench.phase is RegistrationPhase.REGISTERED
    assert len(bench.requests("REGISTER")) == 2


def test_who_does_not_want_to_learn_does_not():
    bench = RegistrationBench().start()
    seen_reply(bench, 200)
    assert bench.phase is RegistrationPhase.REGISTERED
    bench.pass_until(375.0)
    assert bench.contacts == (f"{OURS};expires=600",)


def test_what_is_advertised_is_bound():
    bench = RegistrationBench(advertised=Address(SEEN, 40000), learn_address=True).start()
    assert bench.contacts == (f"{LEARNED};expires=600",)
    bench.reply(200)
    assert bench.phase is RegistrationPhase.REGISTERED


def test_what_is_advertised_or_learned_is_nothing_to_a_connection():
    bench = RegistrationBench(
        addresses=(TCP_PROXY,), advertised=Address(SEEN, 40000), learn_address=True
    ).start()
    contact = "<sip:200@192.0.2.9:5062;line=abc;transport=tcp>"
    assert bench.contacts == (f"{contact};expires=600",)
    bench.reply(200, source=TCP_PROXY)
    assert bench.phase is RegistrationPhase.REGISTERED


def test_the_contact_of_an_old_connection_is_removed_with_the_next():
    bench = RegistrationBench(addresses=(TCP_PROXY,))
    bench.locals[TCP_PROXY] = evolve(SIPTAPI, port=7001, transport=Transport.TCP)
    bench.start().reply(200, source=TCP_PROXY)
    bench.locals[TCP_PROXY] = evolve(SIPTAPI, port=7002, transport=Transport.TCP)
    bench.pass_until(375.0)
    [new, old] = bench.contacts
    assert new == "<sip:200@192.0.2.9:7002;line=abc;transport=tcp>;expires=600"
    assert old == "<sip:200@192.0.2.9:7001;line=abc;transport=tcp>;expires=0"
    bench.reply(200, source=TCP_PROXY)
    bench.unregister()
    assert bench.contacts == ("<sip:200@192.0.2.9:7002;line=abc;transport=tcp>;expires=0",)


def test_what_a_silent_address_may_have_bound_is_removed_at_the_next():
    bench = RegistrationBench(addresses=(PROXY, STANDBY))
    bench.locals[STANDBY] = evolve(SIPTAPI, host="198.51.100.9")
    bench.start().pass_until(32.0)
    assert bench.contacts == (
        "<sip:200@198.51.100.9:5062;line=abc>;expires=600",
        f"{OURS};expires=0",
    )
    bench.reply(200, source=STANDBY)
    bench.unregister()
    assert bench.contacts == ("<sip:200@198.51.100.9:5062;line=abc>;expires=0",)


def test_of_two_addresses_the_late_one_may_be_the_first_to_answer():
    bench = RegistrationBench(addresses=(PROXY, STANDBY))
    bench.locals[STANDBY] = evolve(SIPTAPI, host="198.51.100.9")
    bench.start()
    first = bench.last_register
    bench.pass_until(32.0)
    assert bench.destinations("REGISTER")[-1] == STANDBY
    bench.answer(first, 200, headers=(("Contact", f"{OURS};expires=600"),))
    assert bench.phase is RegistrationPhase.REGISTERED
    bench.pass_until(387.0)
    assert bench.destinations("REGISTER")[-1] == PROXY
    assert bench.contacts == (
        f"{OURS};expires=600",
        "<sip:200@198.51.100.9:5062;line=abc>;expires=0",
    )
    bench.reply(200)
    bench.unregister()
    assert bench.contacts == (f"{OURS};expires=0",)


def test_a_refusal_says_nothing_of_the_silent_address_before():
    bench = RegistrationBench(addresses=(PROXY, STANDBY))
    bench.locals[STANDBY] = evolve(SIPTAPI, host="198.51.100.9")
    bench.start().pass_until(32.0)
    bench.reply(403, source=STANDBY)
    assert bench.phase is RegistrationPhase.FAILED
    bench.unregister()
    assert bench.contacts == (f"{OURS};expires=0",)


def test_a_challenge_says_nothing_of_the_silent_address_before():
    bench = RegistrationBench(addresses=(PROXY, STANDBY))
    bench.locals[STANDBY] = evolve(SIPTAPI, host="198.51.100.9")
    bench.start().pass_until(32.0)
    bench.reply(401, CHALLENGE, source=STANDBY)
    assert bench.contacts == (
        "<sip:200@198.51.100.9:5062;line=abc>;expires=600",
        f"{OURS};expires=0",
    )


def test_what_a_silent_registrar_may_have_bound_is_removed_at_the_end():
    bench = RegistrationBench().start()
    bench.pass_until(32.0)
    assert bench.phase is RegistrationPhase.FAILED
    bench.unregister()
    assert bench.contacts == (f"{OURS};expires=0",)


def test_what_was_refused_is_not_removed():
    bench = RegistrationBench(addresses=(PROXY,)).start()
    bench.reply(500)
    bench.locals[PROXY] = evolve(SIPTAPI, port=7001)
    bench.pass_until(60.0)
    assert bench.contacts == ("<sip:200@192.0.2.9:7001;line=abc>;expires=600",)


def test_contacts_that_were_never_heard_of_again_are_left_after_a_while():
    bench = RegistrationBench(addresses=(TCP_PROXY,))
    for port in range(7001, 7010):
        bench.locals[TCP_PROXY] = evolve(SIPTAPI, port=port, transport=Transport.TCP)
        bench.registration.start(bench.now)
        bench.pass_until(bench.now + 32.0)
    bench.unregister()
    ports = [NameAddr.parse(contact).uri.port for contact in bench.contacts]
    assert ports == [7006, 7007, 7008, 7009]


def test_no_way_to_one_address_leads_to_the_next():
    bench = RegistrationBench(addresses=(STANDBY, PROXY))
    bench.locals[STANDBY] = None
    bench.start()
    assert bench.contacts == (f"{OURS};expires=600",)
    assert bench.destinations("REGISTER") == [PROXY]


# --- taking it back ------------------------------------------------------------------------------


def test_an_unregister_names_only_our_own_contact():
    bench = RegistrationBench().registered()
    bench.unregister()
    assert bench.contacts == (f"{OURS};expires=0",)
    assert bench.last_register.expires == 0
    assert "*" not in bench.contacts


def test_nothing_of_a_finished_register_is_kept():
    bench = RegistrationBench(keepalive=0.0).start()
    bench.reply(401, CHALLENGE)
    bench.reply(200)
    bench.pass_until(6.0)  # the first transaction absorbs until then
    assert len(bench.agent) == 0
    assert len(bench.agent.queue) == 1
