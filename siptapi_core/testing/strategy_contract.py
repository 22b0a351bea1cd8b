"""What every strategy must keep, as tests: subclass `StrategyContract` and run pytest.

::

    class TestSbc(StrategyContract):
        def make(self) -> Strategy:
            return Sbc(SbcSettings(host="sbc.example.com"))
"""

# ruff: noqa: S101  # these are tests, which run from here

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from siptapi_core.contracts import Attempt, Capability, DialRequest, LineIdentity, Strategy
from siptapi_core.errors import NotSupportedError, RefusedError, UsageError
from siptapi_core.events import AttemptHappening, CallEnded, HandedOver, Outcome
from siptapi_core.sip.uri import SipUri
from siptapi_core.targets import Number
from siptapi_core.testing.fake_network import ANSWERED, PHONE_BUSY, FakeNetwork

_ACCOUNT = SipUri("example.com", "alice")
_PHONE = SipUri("example.com", "123")


class StrategyContract:
    """The tests. Give `make`; replace the others where the strategy needs something else.

    ``request`` is a call with all that a line may have, ``least`` one with nothing that a line
    may lack. A call may take ``limit`` seconds, and ``start`` only ``at_once``.
    """

    limit: ClassVar[float] = 5.0
    at_once: ClassVar[float] = 1.0
    request: ClassVar[DialRequest] = DialRequest(
        callee=SipUri("example.com", "+431505641"),
        number=Number("+431505641", e164="+431505641"),
        line=LineIdentity(
            name="desk",
            address_of_record=_ACCOUNT,
            phone=_PHONE,
            phone_address=SipUri("192.0.2.7", "123", 5060),
            outbound_proxy=SipUri("proxy.example.com"),
            display_name="Alice",
        ),
    )
    least: ClassVar[DialRequest] = DialRequest(
        callee=SipUri("example.com", "bob"),
        line=LineIdentity(name="desk", address_of_record=_ACCOUNT, phone=_PHONE),
    )

    def make(self) -> Strategy:
        """Return a new strategy. Called inside a running event loop."""
        raise NotImplementedError

    def network(self, story: Iterable[AttemptHappening]) -> FakeNetwork:
        """Return what the strategy is given; its ``refer_call`` tells ``story``."""
        return FakeNetwork(story)

    def test_start_returns_an_attempt_at_once(self) -> None:
        """There is something to hang up from the first moment on."""

        async def check() -> None:
            begun = asyncio.get_running_loop().time()
            strategy = self.make()
            assert not inspect.iscoroutinefunction(strategy.start), "start must not be async"
            attempt = strategy.start(self.request, self.network(ANSWERED))
            took = asyncio.get_running_loop().time() - begun
            assert took < self.at_once, f"start took {took:.2f} s: work inside the attempt instead"
            await _events(attempt)

        self._run(check)

    def test_events_end_with_exactly_one_call_ended(self) -> None:
        """Whatever becomes of the call."""

        async def check() -> None:
            for story in (ANSWERED, PHONE_BUSY):
                attempt = self.make().start(self.request, self.network(story))
                _ending(await _events(attempt))

        self._run(check)

    def test_hang_up_at_any_moment_ends_it(self) -> None:
        """Before the first event, after the first, and so on; only a hand-over is too late."""

        async def check() -> None:
            for moment in range(len(ANSWERED) + 1):
                attempt = self.make().start(self.request, self.network(ANSWERED))
                if Capability.HANG_UP in attempt.capabilities:
                    await _check_hang_up(attempt, moment)

        self._run(check)

    def test_transfer_at_any_moment_is_done_or_refused(self) -> None:
        """And the attempt ends as ever."""

        async def check() -> None:
            for moment in range(len(ANSWERED) + 1):
                attempt = self.make().start(self.request, self.network(ANSWERED))
                events = attempt.events()
                seen = await _first(events, moment)
                if Capability.TRANSFER in attempt.capabilities:
                    with suppress(RefusedError):
                        await attempt.transfer(self.least.callee)
                _ending(seen + [each async for each in events])

        self._run(check)

    def test_capabilities_are_honest(self) -> None:
        """What is not among them raises NotSupportedError."""

        async def check() -> None:
            attempt = self.make().start(self.request, self.network(ANSWERED))
            capabilities = attempt.capabilities
            assert isinstance(capabilities, frozenset), f"capabilities is {capabilities!r}"
            assert all(isinstance(each, Capability) for each in capabilities), (
                f"{capabilities!r} must be members of Capability"
            )
            if Capability.HANG_UP not in capabilities:
                await _check_not_supported(attempt.hang_up(), "hang_up")
            if Capability.TRANSFER not in capabilities:
                await _check_not_supported(attempt.transfer(self.least.callee), "transfer")
            await _events(attempt)

        self._run(check)

    def test_calls_at_once_do_not_mix(self) -> None:
        """One strategy makes all calls of a line."""

        async def check() -> None:
            strategy = self.make()
            attempts = [
                strategy.start(self.request, self.network(story))
                for story in (ANSWERED, PHONE_BUSY)
            ]
            assert attempts[0] is not attempts[1], "each call needs an attempt of its own"
            for events in await asyncio.gather(*map(_events, attempts)):
                _ending(events)

        self._run(check)

    def test_a_line_that_lacks_something_is_a_usage_error(self) -> None:
        """If it matters at all; and then nothing was sent."""

        async def check() -> None:
            network = self.network(ANSWERED)
            try:
                attempt = self.make().start(self.least, network)
            except UsageError:
                assert not network.plans, "nothing may be sent before the error"
            else:
                _ending(await _events(attempt))

        self._run(check)

    def _run(self, check: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def limited() -> None:
            try:
                await asyncio.wait_for(check(), self.limit)
            except TimeoutError:
                raise AssertionError(f"it was not over after {self.limit} s") from None

        asyncio.run(limited())


async def _events(attempt: Attempt) -> list[AttemptHappening]:
    return [event async for event in attempt.events()]


async def _first(events: AsyncIterator[AttemptHappening], count: int) -> list[AttemptHappening]:
    """The first ``count`` happenings, or all where there are fewer."""
    seen: list[AttemptHappening] = []
    while len(seen) < count and not (seen and isinstance(seen[-1], CallEnded)):
        seen.append(await anext(events))
    return seen


async def _check_hang_up(attempt: Attempt, moment: int) -> None:
    events = attempt.events()
    seen = await _first(events, moment)
    try:
        await attempt.hang_up()
    except RefusedError:
        assert any(isinstance(each, (HandedOver, CallEnded)) for each in seen), (
            f"hang_up was refused after {seen}, while the call is ours"
        )
    seen += [event async for event in events]
    ending = _ending(seen)
    assert moment or ending.outcome is not Outcome.ANSWERED, "answered, though hung up at once"


def _ending(events: Sequence[object]) -> CallEnded:
    """The only `CallEnded`, which must be the last."""
    strange = [each for each in events if not isinstance(each, AttemptHappening)]
    assert not strange, f"no attempt may report {strange}"
    ends = [each for each in events if isinstance(each, CallEnded)]
    assert len(ends) == 1, f"exactly one CallEnded, not {len(ends)}: {events}"
    assert events[-1] is ends[0], f"nothing comes after CallEnded: {events}"
    return ends[0]


async def _check_not_supported(action: Awaitable[None], name: str) -> None:
    try:
        await action
    except NotSupportedError:
        return
    raise AssertionError(f"{name} is not among the capabilities, but raised no NotSupportedError")
