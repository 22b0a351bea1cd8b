"""The parts of one test together: made in its folder, on its addresses, all ended with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from lab.addresses import Addresses
from lab.baresip import Baresip
from lab.coturn import Coturn
from lab.daemon import Daemon
from lab.kamailio import DOMAIN, Kamailio
from lab.knot import Knot
from lab.programs import Program
from lab.registrar import EdgeProxy, Registrar
from lab.sipp import Sipp
from lab.siptapi import Siptapi

PASSWORDS = {"alice": "secret-of-alice", "2002": "secret-of-2002"}
"""The proxy's accounts: alice is the user who dials, 2002 the callee."""
ACCOUNT = {"domain": DOMAIN, "user": "alice", "password": PASSWORDS["alice"]}
"""Of a line, what makes it alice's."""

_ENOUGH = 100_000
"""Characters of a trace: a whole call has a third of that."""

P = TypeVar("P", bound=Program)


class Lab:
    """Makes parts, started and ready; stops them all when it is left, the last first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._addresses = Addresses()
        self._parts: list[Program] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for part in reversed(self._parts):
            part.stop()
        self._addresses.close()

    def host(self) -> str:
        """An address of this test's that nobody listens on."""
        return self._addresses.next_host()

    def kamailio(self, **options: Any) -> Kamailio:
        """A proxy with the accounts of `PASSWORDS`."""
        options = {"passwords": PASSWORDS} | options
        return self._run(Kamailio(self._place("kamailio"), host=self.host(), **options))

    def registrar(self, **options: Any) -> Registrar:
        """A proxy with the accounts of `PASSWORDS` that says what it has bound."""
        options = {"passwords": PASSWORDS, "host": self.host()} | options
        return self._run(Registrar(self._place("registrar"), **options))

    def edge_proxy(self, registrar: Kamailio) -> EdgeProxy:
        """A proxy before ``registrar``."""
        return self._run(EdgeProxy(self._place("edge"), host=self.host(), registrar=registrar))

    def baresip(self, user: str, registrar: Kamailio | None = None, **options: Any) -> Baresip:
        """The phone of ``user``, registered where ``registrar`` or ``proxy`` says, if anywhere."""
        if registrar:
            options = {"proxy": registrar.uri, "password": PASSWORDS[user]} | options
        options = {"host": self.host()} | options
        return self._run(Baresip(self._place(user), user=user, **options))

    def sipp(self, scenario: str, **options: Any) -> Sipp:
        """A phone that follows ``scenario``."""
        return self._run(Sipp(self._place(scenario), scenario, host=self.host(), **options))

    def dial(
        self,
        number: str = "2002",
        *,
        options: tuple[str, ...] = (),
        tables: Mapping[str, Mapping[str, Any]] | None = None,
        **line: Any,
    ) -> Siptapi:
        """``siptapi dial`` with alice's account, in a hurry; ``line`` adds to it or replaces.

        ``tables`` are further tables of the settings, by heading.
        """
        line = ACCOUNT | {"failure_linger": 0.2} | line
        return self._run(
            Siptapi(self._place("siptapi"), *options, number, line=line, tables=tables)
        )

    def doctor(
        self, *, tables: Mapping[str, Mapping[str, Any]], **line: Any
    ) -> list[dict[str, Any]]:
        """What ``siptapi doctor`` finds; ``tables`` and ``line`` are as in `dial`."""
        place = self._place("doctor")
        command = Siptapi(place, command="doctor", line=ACCOUNT | line, tables=tables)
        self._run(command).wait(30)
        (answer,) = command.events()
        findings: list[dict[str, Any]] = answer["findings"]
        return findings

    def dial_via(self, proxy: Kamailio, number: str = "2002", **line: Any) -> Siptapi:
        """Dial through ``proxy``, where the phone has the same account."""
        line = {"strategies": ["refer-via-proxy"], "outbound_proxy": proxy.uri} | line
        return self.dial(number, **line)

    def dial_to(self, phone: Baresip | Sipp, number: str = "2002", **line: Any) -> Siptapi:
        """Dial by way of the phone's own address, past any proxy."""
        line = {"strategies": ["refer-to-phone"], "phone": phone.address} | line
        return self.dial(number, **line)

    def daemon(
        self,
        *,
        tables: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, str] | None = None,
        plugins: Sequence[Path] = (),
        inside: Sequence[str] = (),
        **line: Any,
    ) -> Daemon:
        """``siptapi serve`` with alice's account as the line ``office``; the rest is as in `dial`.

        ``tables`` may replace that line by others; the other options are those of `Daemon`.
        """
        settings = {"lines.office": ACCOUNT | {"failure_linger": 0.2} | line} | dict(tables or {})
        place = self._place("daemon")
        return self._run(Daemon(place, settings, environment, plugins=plugins, inside=inside))

    def coturn(self) -> Coturn:
        """A STUN server."""
        return self._run(Coturn(self._place("coturn"), host=self.host()))

    def knot(self, zones: Mapping[str, str]) -> Knot:
        """A DNS server for ``zones``, records by domain."""
        return self._run(Knot(self._place("knot"), host=self.host(), zones=zones))

    def resolve(self, target: str, dns: Knot, **line: Any) -> dict[str, Any]:
        """What ``siptapi resolve --json`` says when ``dns`` is its only DNS server."""
        account = {"domain": DOMAIN, "user": "alice"}
        tables = {"dns": {"servers": [dns.server]}, "resolvers.enum": {"suffixes": ["e164.test"]}}
        command = self._run(
            Siptapi(
                self._place("resolve"),
                target,
                command="resolve",
                line=account | line,
                tables=tables,
            )
        )
        command.wait(20)
        (answer,) = command.events()
        return answer

    def discover(self, *arguments: str) -> Siptapi:
        """``siptapi discover --yes``, under way; what it says at the end is its only event."""
        line = {"domain": DOMAIN, "user": "alice"}
        place = self._place("discover")
        return self._run(Siptapi(place, "--yes", *arguments, command="discover", line=line))

    def forget(self, part: Program) -> None:
        """Stop ``part`` and leave it out of the traces."""
        part.stop()
        self._parts.remove(part)

    def traces(self) -> str:
        """What every part saw, the end of it where that is much."""
        return "\n".join(
            f"======== {part.folder.name}\n{part.trace()[-_ENOUGH:]}" for part in self._parts
        )

    def _place(self, name: str) -> Path:
        taken = len(list(self._folder.iterdir()))
        return self._folder / f"{taken}-{name}"

    def _run(self, part: P) -> P:
        self._parts.append(part)  # before it starts: what fails to start must be ended too
        part.start()
        return part
