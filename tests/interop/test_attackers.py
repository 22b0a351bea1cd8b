"""sipvicious and sipp against the SIP port of a daemon whose line is registered."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from lab.addresses import PORT
from lab.attackers import Tap, flood, sipvicious
from lab.daemon import Daemon
from lab.kamailio import Kamailio
from lab.laboratory import Lab
from lab.programs import read_texts, wait_until

from siptapi_core.machine.incoming_calls import MOST_RINGING

pytestmark = pytest.mark.interop

USERS = ("alice", "2002", "100", "admin")
CALLERS = 2000
"""Of a flood; each sends five requests."""
DOCS = Path(__file__).parents[2] / "docs" / "strangers.md"


class Scan(NamedTuple):
    """What a tool did, said and got."""

    attack: tuple[str, ...]
    said: str
    tap: Tap


class Besieged:
    """A daemon with a registered line, its proxy, the user's phone and a callee."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.proxy: Kamailio = lab.kamailio()
        lab.baresip("alice", self.proxy)
        lab.baresip("2002", self.proxy)
        self.host, self.attacker = lab.host(), lab.host()
        self.daemon: Daemon = lab.daemon(
            tables={"": {"local_addresses": [self.host], "local_ports": str(PORT)}},
            register=True,
            outbound_proxy=self.proxy.uri,
        )
        wait_until(lambda: '"registered"' in self.daemon.trace(), seconds=5, what="registered")

    @contextmanager
    def tap(self, host: str) -> Iterator[Tap]:
        """A way to the daemon's SIP port on which it takes everybody to be at ``host``."""
        tap = Tap(host, (self.host, PORT))
        try:
            yield tap
        finally:
            tap.close()

    def scan(self, host: str) -> list[Scan]:
        """Let every tool at the daemon at once, each on a tap of its own at ``host``."""
        users = self.daemon.folder / "users.txt"
        users.write_text("".join(f"{user}\n" for user in USERS))
        attacks: list[tuple[str, ...]] = [
            ("svcrash",),
            ("svcrack", "-u", "alice", "-r", "1000-1020"),
        ]
        for method in ("OPTIONS", "INVITE", "REGISTER"):
            attacks.append(("svmap", "-m", method))
            attacks.append(("svwar", "-m", method, "--force", "-d", str(users)))

        def run(attack: tuple[str, ...]) -> Scan:
            tool, *arguments = attack
            if tool in ("svwar", "svcrack"):
                arguments.append("--maximumtime=3")
            with self.tap(host) as tap:
                said = sipvicious(
                    *(tool, tap, *arguments), host=self.attacker, folder=self.daemon.folder
                )
                return Scan(attack, said, tap)

        with ThreadPoolExecutor(len(attacks)) as attackers:
            return list(attackers.map(run, attacks))

    def assert_well(self) -> None:
        """It dials, keeps nothing of the attack, and no exception was logged."""
        done = self.daemon.say("dial", "2002")
        assert done.returncode == 0, (done.stdout, done.stderr)
        lines = self.daemon.log()
        assert [line for line in lines if "exception" in line] == []
        assert [line for line in lines if line["level"] == "error"] == []

    def refusals(self) -> list[str]:
        """The lines of the log about requests that were refused."""
        lines = read_texts(self.daemon.errors).splitlines()
        return [line for line in lines if '"event": "request refused"' in line]


def fail2ban_filter() -> re.Pattern[str]:
    """The filter of the docs, as fail2ban reads it: <HOST> is an address or a name."""
    [text] = re.findall(r"^failregex = (.*)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    return re.compile(text.replace("<HOST>", r"(?P<host>[0-9A-Fa-f:.]+)"))


def test_scanners_hear_nothing_and_are_named_in_the_log(lab: Lab) -> None:
    here = Besieged(lab)
    for scan in here.scan(here.attacker):
        assert scan.tap.came > 0, scan.attack
        assert (scan.tap.answers, scan.tap.went) == (0, 0), scan.attack
        assert "alice" not in scan.said, scan.said
        assert "SIP Device" not in scan.said, scan.said
    with pytest.raises(ConnectionRefusedError), socket.create_connection((here.host, PORT), 5):
        pass  # a connection would be somebody's whom we did not call
    pattern = fail2ban_filter()
    hosts = [match["host"] for line in here.refusals() if (match := pattern.search(line))]
    assert len(hosts) >= 5, "as many as make fail2ban act"
    assert set(hosts) == {here.attacker}
    here.assert_well()


def test_scanners_at_the_proxys_address_get_no_more_than_they_send(lab: Lab) -> None:
    """On UDP anybody can claim that address."""
    here = Besieged(lab)
    scans = here.scan(here.proxy.host)
    for scan in scans:
        tap = scan.tap
        print(f"{scan.attack}: {tap.requests} of {tap.came} bytes, {tap.answers} of {tap.went}")
        if scan.attack[0] != "svcrash":  # which sends a response
            assert 0 < tap.went <= tap.came, scan.attack
    assert sum(scan.tap.requests for scan in scans) > 20
    assert here.refusals() == []
    here.assert_well()


@pytest.mark.parametrize("who", ["a stranger", "the proxy"])
def test_a_flood(lab: Lab, who: str) -> None:
    here = Besieged(lab)
    is_proxy = who == "the proxy"
    with here.tap(here.proxy.host if is_proxy else here.attacker) as tap:
        begun = time.monotonic()
        flood(tap, host=here.attacker, folder=here.daemon.folder, callers=CALLERS, rate=1000)
        wait_until(lambda: tap.requests >= 5 * CALLERS * 0.9, seconds=5, what="the flood")
        print(
            f"{tap.requests} requests of {tap.came} bytes in {time.monotonic() - begun:.1f} s, "
            f"{tap.answers} answers of {tap.went}"
        )
        assert tap.went <= (tap.came if is_proxy else 0)
        here.assert_well()
    assert len(here.refusals()) < 60, "a flood fills no log"
    counters = json.loads(here.daemon.say("status", "--json").stdout)["counters"]
    print(counters)
    # The proxy's calls to a line ring, as many as a person may want to see.
    assert counters["incoming calls"] == (MOST_RINGING if is_proxy else 0)
    assert counters["transactions"] < counters["incoming calls"] + 50  # of 10,000
