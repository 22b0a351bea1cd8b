"""Calls through a real proxy on every transport: UDP, TCP and TLS, IPv4 and IPv6."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from certificates import Authority
from lab.baresip import Baresip
from lab.laboratory import PASSWORDS, Lab
from lab.programs import wait_until

pytestmark = pytest.mark.interop

LADDER = ["phone_calling", "phone_answered", "refer_accepted", "callee_trying", "callee_answered"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "certificates"
    folder.mkdir()
    return Authority(folder)


class Office:
    """A proxy that listens on ``transport`` of one family too, and the way to it.

    ``phones`` is the transport of the phones, left out the same. Not TLS: they would need
    certificates of their own.
    """

    def __init__(
        self,
        lab: Lab,
        transport: str,
        host: str,
        *,
        phones: str = "",
        certificate: Path | None = None,
        idle_seconds: int = 120,
    ) -> None:
        self._lab = lab
        self._host = host
        self.place = f"{_bracketed(host)}:{free_port(host)}"
        self.way = f"sip:{self.place};transport={transport}"
        phones = phones or ("udp" if transport == "tls" else transport)
        self._phones_way = f"sip:{self.place};transport={phones}"
        listens = dict.fromkeys((f"{transport}:{self.place}", f"{phones}:{self.place}"))
        self.proxy = lab.kamailio(
            listens=list(listens), certificate=certificate, idle_seconds=idle_seconds
        )

    def phone(self, user: str, **options: str) -> Baresip:
        """A phone that is registered here."""
        host = self._host if ":" in self._host else self._lab.host()
        return self._lab.baresip(
            user,
            host=host,
            port=free_port(host),
            control_port=free_port(host),
            proxy=self._phones_way,
            password=PASSWORDS[user],
            **options,
        )


def free_port(host: str) -> int:
    """A port of ``host`` that was free a moment ago: IPv6 has but one loopback address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as stream:
        stream.bind((host, 0))
        port = int(stream.getsockname()[1])
        with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind((host, port))
        return port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_call_by_each_way(lab: Lab, authority: Authority, transport: str, family: str) -> None:
    host = "::1" if family == "IPv6" else lab.host()
    certificate = authority.issue(host) if transport == "tls" else None
    office = Office(lab, transport, host, certificate=certificate)
    office.phone("alice")
    office.phone("2002")
    trust = {"tls_ca_file": str(authority.certificate)} if certificate else {}
    call = lab.dial(outbound_proxy=office.way, resolvers=["a"], **trust)
    result = call.finish()
    assert result.ending == ("answered", "callee", 0)
    assert [name for name in result.names if name in LADDER] == LADDER
    assert f"{transport}:{office.place}" in call.trace()


@pytest.mark.parametrize("bye", ["on-answer", "on-accept", "never"])
def test_requests_of_the_phone_come_back_over_our_connection(lab: Lab, bye: str) -> None:
    office = Office(lab, "tcp", lab.host())
    caller = office.phone("alice")
    office.phone("2002")
    call = lab.dial(outbound_proxy=office.way, resolvers=["a"], bye=bye)
    if bye == "never":
        call.await_event("callee_answered")
        caller.hang_up_all()
    result = call.finish()
    assert result.ending[0] in ("answered", "unknown")
    notify = call.trace().index("NOTIFY sip:alice@")
    assert ";transport=tcp SIP/2.0" in call.trace()[notify:].splitlines()[0]


BAD = {
    "expired": ({"days": (-3, -2)}, "has expired"),
    "wrong name": ({"name": "elsewhere.test"}, "is for elsewhere.test, not for "),
    "self-signed": ({"self_signed": True}, "is self-signed"),
    "unknown authority": ({}, "is issued by an authority that is unknown here"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_certificate_is_refused_with_its_reason(
    lab: Lab, authority: Authority, fault: str
) -> None:
    issued, reason = BAD[fault]
    host = lab.host()
    options = {"name": host, "subject": f"proxy {fault}"} | issued
    certificate = authority.issue(options.pop("name"), **options)
    office = Office(lab, "tls", host, certificate=certificate)
    trusted = fault in ("expired", "wrong name")
    trust = {"tls_ca_file": str(authority.certificate)} if trusted else {}
    result = lab.dial(outbound_proxy=office.way, resolvers=["a"], **trust).finish()
    assert result.ending == ("failed", "proxy", 3)
    assert f"tls:{office.place}: its certificate {reason}" in result.failure["reason"]
    assert f"its subject is CN=proxy {fault}" in result.failure["reason"]
    assert result.seconds < 10


def test_unchecked_certificates_are_shouted_about(lab: Lab, authority: Authority) -> None:
    host = lab.host()
    office = Office(lab, "tls", host, certificate=authority.issue("elsewhere.test"))
    office.phone("alice")
    office.phone("2002")
    call = lab.dial(outbound_proxy=office.way, resolvers=["a"], tls_verify=False)
    assert call.finish().ending == ("answered", "callee", 0)
    assert "TLS CERTIFICATES ARE NOT CHECKED" in call.trace()


def test_sips_goes_over_tls(lab: Lab, authority: Authority) -> None:
    host = lab.host()
    office = Office(lab, "tls", host, certificate=authority.issue(host))
    office.phone("alice")
    office.phone("2002")
    call = lab.dial(
        outbound_proxy=f"sips:{office.place}",
        resolvers=["a"],
        tls_ca_file=str(authority.certificate),
    )
    assert call.finish().ending == ("answered", "callee", 0)
    assert "Contact: <sips:alice@" in call.trace()
    assert f"udp:{office.place}" not in call.trace()


def test_a_big_invite_goes_over_tcp_first(lab: Lab) -> None:
    office = Office(lab, "tcp", lab.host())
    office.phone("alice")
    office.phone("2002")
    call = lab.dial(
        outbound_proxy=f"sip:{office.place};transport=udp",
        resolvers=["a"],
        display_name="x" * 1000,
    )
    assert call.finish().ending == ("answered", "callee", 0)
    assert f"tcp:{office.place}" in call.trace()


def test_where_there_is_no_tcp_a_big_invite_goes_over_udp(lab: Lab) -> None:
    proxy = lab.kamailio()
    lab.baresip("alice", proxy)
    lab.baresip("2002", proxy)
    call = lab.dial_via(proxy, resolvers=["a"], display_name="x" * 1000)
    result = call.finish()
    assert result.ending == ("answered", "callee", 0)
    assert result.seconds < 10


def connections(place: str) -> dict[str, str]:
    """The kernel's number of each established connection to ``place``, by its own end."""
    host, _, port = place.rpartition(":")
    server = f"{socket.inet_aton(host)[::-1].hex().upper()}:{int(port):04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    found = (line.split() for line in lines)
    return {
        mine: rest[5] for _, mine, other, state, *rest in found if (other, state) == (server, "01")
    }


@pytest.mark.parametrize("keepalive", [0, 1])
def test_an_idle_connection_is_kept_or_opened_again(lab: Lab, keepalive: int) -> None:
    office = Office(lab, "tcp", lab.host(), phones="udp", idle_seconds=3)
    office.phone("alice")
    callee = office.phone("2002", answer="manual")
    call = lab.dial(outbound_proxy=office.way, resolvers=["a"], keepalive=keepalive)
    callee.await_event("CALL_INCOMING")
    [(mine, first)] = connections(office.place).items()

    def is_opened_again() -> bool:
        return connections(office.place).get(mine, first) != first

    if keepalive:
        time.sleep(12)
        assert connections(office.place) == {mine: first}
    else:  # Kamailio looks for what is idle every few seconds only
        wait_until(is_opened_again, seconds=25, what="the connection opened again")
    callee.command("accept")
    assert call.finish().ending == ("answered", "callee", 0)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_phone_is_called_directly(lab: Lab, authority: Authority, transport: str) -> None:
    host = lab.host()
    certificate = authority.issue(host)
    port = free_port(host)
    lab.baresip("alice", host=host, port=port, certificate=certificate)
    proxy = lab.kamailio()
    lab.baresip("2002", proxy)
    place = f"{host}:{port + 1 if transport == 'tls' else port}"
    call = lab.dial(
        f"sip:2002@{proxy.host}",
        strategies=["refer-to-phone"],
        phone=f"sip:alice@{place};transport={transport}",
        resolvers=["a"],
        tls_ca_file=str(authority.certificate),
    )
    result = call.finish()
    assert "refer_accepted" in result.names
    assert f"{transport}:{place}" in call.trace()
