"""Where SIPTAPI speaks from, as the top of the settings file says."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from lab.laboratory import Lab
from lab.nat import Nat, nat_lab

pytestmark = pytest.mark.interop

ANSWERED = ("answered", "callee", 0)


def own_contacts(trace: str) -> set[str]:
    """What our Contacts have said."""
    return set(re.findall(r"Contact: <sip:alice@([0-9.:]+)>", trace))


def test_the_first_port_of_the_range_that_is_free(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    ours = lab.host()
    top = {"": {"local_addresses": [ours], "local_ports": "5062-5064"}}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((ours, 5062))
        call = lab.dial_via(proxy, tables=top)
        assert call.finish().ending == ANSWERED
        assert own_contacts(call.trace()) == {f"{ours}:5063"}


def test_a_range_that_is_taken_is_an_error_with_words(lab: Lab) -> None:
    ours = lab.host()
    taken = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for port, other in zip((5062, 5063), taken, strict=True):
        other.bind((ours, port))
    top = {"": {"local_addresses": [ours], "local_ports": "5062-5063"}}
    call = lab.dial(tables=top)
    assert call.wait(20) == 3
    (error,) = call.events()
    assert error["message"].startswith(
        f"none of 2 ports can be used: udp:{ours}:5062 is in use by another program"
    )
    for other in taken:
        other.close()


def test_of_several_addresses_the_one_on_the_way_to_the_proxy(tmp_path: Path) -> None:
    """The first leads nowhere from inside the NAT."""
    with nat_lab(tmp_path, Nat.MASQUERADE) as lab:
        proxy = lab.kamailio(handles_nat=True)
        lab.baresip("alice", proxy)
        lab.baresip("2002", proxy)
        top = {"": {"local_addresses": ["127.0.0.1", "192.168.7.2"], "local_ports": "5062-5064"}}
        call = lab.dial_via(proxy, resolvers=["a"], tables=top)
        assert call.finish().ending == ANSWERED
        assert own_contacts(call.trace()) == {"192.168.7.2:5062"}
