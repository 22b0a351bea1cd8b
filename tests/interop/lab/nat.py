"""A NAT of network namespaces: SIPTAPI inside, all other parts outside, a router between them.

::

    inside                     router                       outside
    192.168.7.2 ─── 192.168.7.1 lan │ wan 198.51.100.1 ─── 198.51.100.10, .11, ...
                                 nftables

Three namespaces with names of this test's own, made by it and removed by it; the network of the
machine itself is not touched. Only root can do that.
"""

from __future__ import annotations

import contextlib
import ctypes
import enum
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self, TypeVar

import pytest
from lab.laboratory import Lab
from lab.programs import Program, require
from lab.siptapi import Siptapi

INSIDE = "192.168.7.2"
PUBLIC = "198.51.100.1"
PUBLIC_PORT = 40000
"""What a `Nat.CONE` makes of SIPTAPI's port, whatever that is."""

_CLONE_NEWNET = 0x40000000
_RULES = """\
table ip nat {{}}
delete table ip nat
table ip nat {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    {rule}
  }}
}}
"""

P = TypeVar("P", bound=Program)


class Nat(enum.Enum):
    """How the router maps UDP (RFC 4787 section 4.1); it lets in only answers, from any of them."""

    CONE = f'oifname "wan" meta l4proto udp snat to {PUBLIC}:{PUBLIC_PORT}'
    """One public port, whoever it is that SIPTAPI speaks to."""
    MASQUERADE = 'oifname "wan" masquerade'
    """What most home routers do: the port stays, the address changes."""
    SYMMETRIC = 'oifname "wan" masquerade fully-random'
    """Another port for everyone that SIPTAPI speaks to."""


class Namespace:
    """A network namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ip = require("ip", package="iproute2")

    def make(self) -> None:
        """Make it, with a loopback interface that works."""
        run(self._ip, "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def remove(self) -> None:
        """Remove it, and with it every interface in it."""
        run(self._ip, "netns", "delete", self.name)

    def ip(self, *arguments: str) -> None:
        """Run ip(8) in it."""
        run(self._ip, "-n", self.name, *arguments)

    def inside(self, *arguments: str) -> list[str]:
        """The command that runs ``arguments`` in it."""
        return [self._ip, "netns", "exec", self.name, *arguments]

    def add_interface(self, interface: str, *networks: str) -> None:
        """Give addresses to an interface of its, and switch it on."""
        for network in networks:
            self.ip("address", "add", network, "dev", interface)
        self.ip("link", "set", interface, "up")

    def connect(self, place: tuple[str, int]) -> socket.socket:
        """A TCP connection from within: a thread enters, connects, and ends."""
        outcome: list[socket.socket | OSError] = []

        def enter_and_connect() -> None:
            try:
                with Path(f"/run/netns/{self.name}").open(encoding="ascii") as handle:
                    entered = ctypes.CDLL(None).setns(handle.fileno(), _CLONE_NEWNET) == 0
                assert entered, f"{self.name} cannot be entered"
                outcome.append(socket.create_connection(place, timeout=5))
            except OSError as error:
                outcome.append(error)

        thread = threading.Thread(target=enter_and_connect)
        thread.start()
        thread.join()
        (result,) = outcome
        if isinstance(result, OSError):
            raise result
        return result


class NatLab(Lab):
    """A lab whose SIPTAPI is behind a NAT of kind ``nat``; what else it makes is outside.

    The router forgets a mapping after ``mapping_seconds`` without a packet.
    """

    def __init__(self, folder: Path, nat: Nat, *, mapping_seconds: int = 30) -> None:
        super().__init__(folder)
        self._next_host = iter(range(10, 30))
        prefix = f"siptapi-{os.getpid()}"
        self._inside, self._router, self._outside = (
            Namespace(f"{prefix}-{name}") for name in ("inside", "router", "outside")
        )
        self._nat = nat
        self._mapping_seconds = mapping_seconds
        self._cleaner = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for namespace in (self._inside, self._router, self._outside):
                namespace.make()
                stack.callback(namespace.remove)
            self._connect_them()
            self._cleaner = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._cleaner:
            super().__exit__(*exception)

    def host(self) -> str:
        """An address outside that nobody listens on."""
        return f"198.51.100.{next(self._next_host)}"

    def move(self, port: int) -> None:
        """Give new mappings of a `Nat.CONE` another public port."""
        self._map(Nat.CONE.value.replace(str(PUBLIC_PORT), str(port)))

    def outlast_mappings(self) -> None:
        """Wait until the router has forgotten what nobody kept open."""
        time.sleep(self._mapping_seconds + 1.5)  # it looks once a second

    def _run(self, part: P) -> P:
        part.namespace = self._inside if isinstance(part, Siptapi) else self._outside
        return super()._run(part)

    def _map(self, rule: str) -> None:
        nft = require("nft", package="nftables")
        run(*self._router.inside(nft, "-f", "-"), text=_RULES.format(rule=rule))

    def _connect_them(self) -> None:
        router = self._router
        for other, theirs, ours in ((self._inside, "eth0", "lan"), (self._outside, "eth0", "wan")):
            peer = ("peer", "name", ours, "netns", router.name)
            other.ip("link", "add", theirs, "type", "veth", *peer)
        self._inside.add_interface("eth0", f"{INSIDE}/24")
        router.add_interface("lan", "192.168.7.1/24")
        router.add_interface("wan", f"{PUBLIC}/24")
        self._outside.add_interface("eth0", *(f"198.51.100.{last}/24" for last in range(10, 30)))
        self._inside.ip("route", "add", "default", "via", "192.168.7.1")
        self._map(self._nat.value)
        seconds = self._mapping_seconds
        for name, value in (
            ("net/ipv4/ip_forward", 1),
            ("net/netfilter/nf_conntrack_udp_timeout", seconds),
            ("net/netfilter/nf_conntrack_udp_timeout_stream", seconds),
        ):
            run(*router.inside("sh", "-c", f"echo {value} >/proc/sys/{name}"))


@contextlib.contextmanager
def nat_lab(folder: Path, nat: Nat, *, mapping_seconds: int = 30) -> Iterator[NatLab]:
    """A `NatLab`; skips the test where this user may not make one, fails where it is required."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        message = "only root can make network namespaces"
        if os.environ.get("SIPTAPI_INTEROP") == "required":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    with NatLab(folder, nat, mapping_seconds=mapping_seconds) as made:
        try:
            yield made
        finally:
            print(made.traces())  # pytest shows it where the test failed


def run(*command: str, text: str | None = None) -> None:
    """Run a command to its end; raises AssertionError with what it complains of."""
    done = subprocess.run(
        command, input=text, check=False, capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
