from __future__ import annotations

from attrs import evolve
from bench import PHONE, PROXY, STANDBY, TCP_PROXY

from siptapi_core.machine.dead_addresses import DEAD_SECONDS, DeadAddresses


def test_where_nobody_is_dead_the_order_stays():
    addresses = (PROXY, STANDBY)
    assert DeadAddresses().last(addresses, 0.0) is addresses


def test_the_dead_come_last_in_their_own_order():
    dead = DeadAddresses()
    for each in (PHONE, PROXY):
        dead.add(each, 0.0)
    assert dead.last((PROXY, STANDBY, PHONE, TCP_PROXY), 1.0) == (STANDBY, TCP_PROXY, PROXY, PHONE)
    assert dead.last((PROXY, PHONE), 1.0) == (PROXY, PHONE)


def test_it_is_forgotten_after_its_time_and_when_it_answers():
    dead = DeadAddresses()
    dead.add(PROXY, 10.0)
    dead.add(STANDBY, 10.0, 5.0)
    both = (PROXY, STANDBY, PHONE)
    assert dead.last(both, 14.9) == (PHONE, PROXY, STANDBY)
    assert dead.last(both, 15.0) == (STANDBY, PHONE, PROXY)
    assert dead.last(both, 10.0 + DEAD_SECONDS) == both
    dead.discard(PROXY)
    assert dead.last(both, 14.9) == (PROXY, PHONE, STANDBY)
    dead.discard(PHONE)


def test_over_udp_it_is_a_place_whatever_name_its_certificate_must_have():
    dead = DeadAddresses()
    dead.add(evolve(PROXY, verify_name="pbx.example", line="office"), 0.0)
    other_port = evolve(PROXY, port=5070)
    assert dead.last((PROXY, TCP_PROXY, other_port), 1.0) == (TCP_PROXY, other_port, PROXY)


def test_over_tcp_it_is_a_connection():
    dead = DeadAddresses()
    dead.add(evolve(TCP_PROXY, verify_name="pbx.example"), 0.0)
    assert dead.last((TCP_PROXY, PHONE), 1.0) == (TCP_PROXY, PHONE)


def test_what_is_over_takes_no_room():
    dead = DeadAddresses()
    for port in range(1, 100):
        dead.add(evolve(PROXY, port=port), float(port), 1.0)
    assert len(dead._until) == 1
