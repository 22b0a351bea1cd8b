"""What every resolver must keep, as tests: subclass `ResolverContract` and run pytest.

::

    class TestHostsFile(ResolverContract):
        mine = (HostPort("pbx", 5060, Transport.UDP, "pbx"),)
        foreign = (Number("112"), SrvName("_sip._udp.example.com", Transport.UDP, "example.com"))

        def make(self) -> Resolver:
            return HostsFile({"pbx": "192.0.2.1"})
"""

# ruff: noqa: S101  # these are tests, which run from here

from __future__ import annotations

import asyncio
from typing import ClassVar

from siptapi_core.contracts import PassedOn, ResolveContext, Resolved, Resolver
from siptapi_core.errors import ResolveError
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Address, HostPort, Number, SrvName, Target, Transport

_LONG_LABEL = f"{'x' * 64}.example"
_LONG_NAME = ".".join(["x" * 63] * 5)
_HOSTS = ("a..example", _LONG_LABEL, _LONG_NAME, "xn--.example", "192.0.2.300", "::1", "192.0.2.1")

ODD: tuple[Target, ...] = (
    Number(""),
    Number("*21#"),
    Number(f"+{'9' * 99}", e164=f"+{'9' * 99}"),
    Address("192.0.2.1", 5060),
    *(SipUri(host) for host in ("192.0.2.300", "::1", "x" * 64)),
    SipUri("x.example", port=0, parameters=(("transport", "carrier-pigeon"),)),
    *(SrvName(host, Transport.UDP, host) for host in _HOSTS),
    *(HostPort(host, port, Transport.TLS, host) for host in _HOSTS for port in (0, 65535)),
)
"""Targets that are hard to resolve; no resolver may break on them."""


class ResolverContract:
    """The tests. Give `make`, and targets: ``mine`` it resolves, ``foreign`` are other resolvers'.

    Each step is given ``limit`` seconds, and forgiven another ``grace``. Let `make` give a
    resolver that asks no server but the test's own.
    """

    limit: ClassVar[float] = 2.0
    grace: ClassVar[float] = 1.0
    mine: ClassVar[tuple[Target, ...]]
    foreign: ClassVar[tuple[Target, ...]]

    def make(self) -> Resolver:
        """Return a new resolver. Called inside a running event loop."""
        raise NotImplementedError

    def test_own_targets_are_resolved(self) -> None:
        """To targets that are one step further, with words that say why."""
        for target in self.mine:
            resolved = self._resolve(target)
            assert isinstance(resolved, Resolved), f"{target} gave {resolved!r}"
            assert target not in resolved.targets, f"{target} leads to itself"

    def test_foreign_targets_are_left_to_others(self) -> None:
        """With None: an error, or "nothing there", would end the chain."""
        for target in self.foreign:
            assert self._resolve(target) is None, f"{target} is not its own"

    def test_odd_targets_are_survived(self) -> None:
        """No error but ResolveError, whatever the target."""
        for target in (*ODD, *self.mine, *self.foreign):
            self._resolve(target)

    def test_little_time_is_enough_to_fail(self) -> None:
        """A resolver keeps to ``seconds_left``, which may be none."""
        for target in self.mine:
            self._resolve(target, seconds_left=0)

    def _resolve(
        self, target: Target, *, seconds_left: float | None = None
    ) -> Resolved | PassedOn | ResolveError | None:
        """One step, checked for what every step must keep."""
        seconds = self.limit if seconds_left is None else seconds_left

        async def step() -> Resolved | PassedOn | ResolveError | None:
            context = ResolveContext(line="desk", seconds_left=seconds)
            try:
                async with asyncio.timeout(seconds + self.grace) as limit:
                    return await self.make().resolve(target, context)
            except ResolveError as error:
                return error
            except TimeoutError:
                assert not limit.expired(), f"{target} took longer than {seconds} s"
                raise

        answer = asyncio.run(step())
        if isinstance(answer, ResolveError):
            assert str(answer), f"{target} failed without a word"
        elif answer is not None:
            assert isinstance(answer, Resolved | PassedOn), f"{target} gave {answer!r}"
            assert answer.why, f"{target} was resolved without a word why"
            assert answer.ttl is None or answer.ttl >= 0, f"ttl is {answer.ttl} s"
        if isinstance(answer, Resolved):
            assert isinstance(answer.targets, tuple), f"targets is {answer.targets!r}, no tuple"
            assert all(isinstance(each, Target) for each in answer.targets), (
                f"not all are targets: {answer.targets}"
            )
        return answer
