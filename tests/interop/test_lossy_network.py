"""Hundreds of calls at once through a network that loses what it carries, in real time.

The short form is for every day; ``nox -s soak`` makes `LONG` calls in every weather, and prints the
table of docs/reliability.md.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys

import pytest
from lab.lossy_town import FIRST_NUMBER, Told, Town, check_truth, expected_of, open_town
from lab.relay import Weather

from siptapi_core.machine.timers import SipTimers

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(sys.platform != "linux", reason="needs 127.0.0.0/8"),
]

CALLS = int(os.environ.get("SIPTAPI_LOSSY_CALLS", "100"))
IS_LONG = CALLS > 100
RATE = 12.0
"""Calls that begin in a second: half a core is busy with them and their phones."""
SURVIVED = 5
"""So many losses in an exchange are always made good: a request is sent at least seven times."""
IMPROBABLE = 1e-4

WEATHERS = {
    "0 % lost": Weather(),
    "5 % lost": Weather(loss=0.05),
    "20 % lost": Weather(loss=0.2),
    "40 % lost": Weather(loss=0.4),
    "2 s late": Weather(delay=2.0),
    "10 % lost, 10 % twice, up to 1 s late": Weather(loss=0.1, repeats=0.1, jitter=1.0),
    "5 % damaged": Weather(damage=0.05),
}
TODAY = list(WEATHERS) if IS_LONG else ["20 % lost"]


@pytest.mark.parametrize("name", TODAY)
def test_every_call_ends_and_the_phone_saw_what_is_told(name: str) -> None:
    weather = WEATHERS[name]

    async def main() -> None:
        async with open_town(weather, seed=CALLS) as town:
            async with asyncio.timeout(600):
                told = await town.call(CALLS, rate=RATE)
            check(town, told, weather)
            print(row(name, town, told, weather))

    asyncio.run(main())


def check(town: Town, told: dict[str, Told], weather: Weather) -> None:
    seen, unlucky = town.seen(), town.unlucky(SURVIVED)
    assert len(told) == CALLS
    assert town.calls_in_progress() == 0
    if weather.damage:  # it may make another number of it, and another call
        return
    check_truth(told, seen)
    for number, each in told.items():
        assert number in unlucky or each.ended == expected_of(number), (number, each)
    if weather in (Weather(loss=weather.loss), Weather(delay=weather.delay)):
        late = sum(is_timed_out(number, each) for number, each in told.items())
        assert is_probable(late, CALLS, share_of_timeouts(weather.loss)), late


def is_timed_out(number: str, told: Told) -> bool:
    return told.ended != expected_of(number)


def share_of_timeouts(loss: float) -> float:
    """Of all calls, how many come to nothing where each packet is lost with that probability.

    A call needs four things, one after the other, over the way on which packets are lost:

    - the proxy's demand for the password: one of the 7 INVITEs that timers A and B allow arrives,
      and so does the answer to that very one;
    - a word of the phone: one of 7 INVITEs arrives, and of the answers to it (180, and the 200 that
      is sent up to 11 times) one that comes before timer B;
    - one of the 11 REFERs that timers E and F allow arrives;
    - one of the 11 NOTIFYs with the outcome arrives.

    That their answers arrive (202, 200) is needed for none of it: what is reported proves more.
    """
    invites = _moments(longest=math.inf)
    others = _moments(longest=SipTimers().t2)
    last = SipTimers().transaction_timeout
    arrives = 1.0 - loss
    no_challenge = (1 - arrives**2) ** len(invites)
    no_phone = loss ** len(invites)
    for index, arrived in enumerate(invites):
        answers = 1 + sum(arrived + later < last for later in others)
        no_phone += loss**index * arrives * loss**answers
    no_refer = no_notify = loss ** len(others)
    works = (1 - no_challenge) * (1 - no_phone) * (1 - no_refer) * (1 - no_notify)
    return 1 - works


def _moments(*, longest: float) -> list[float]:
    """When a request is sent, in seconds from the first (RFC 3261 17.1.1.2, 17.1.2.2)."""
    timers = SipTimers()
    moments, interval = [0.0], timers.t1
    while moments[-1] + interval < timers.transaction_timeout:
        moments.append(moments[-1] + interval)
        interval = min(2 * interval, longest)
    return moments


def is_probable(count: int, of: int, share: float) -> bool:
    """Whether as many as ``count``, and as few, are not too improbable (binomial)."""

    def probability(number: int) -> float:
        if share == 0:
            return float(number == 0)
        log = math.lgamma(of + 1) - math.lgamma(number + 1) - math.lgamma(of - number + 1)
        return math.exp(log + number * math.log(share) + (of - number) * math.log1p(-share))

    fewer = sum(map(probability, range(count)))
    return 1 - fewer > IMPROBABLE and fewer + probability(count) > IMPROBABLE


def row(name: str, town: Town, told: dict[str, Told], weather: Weather) -> str:
    """A row of the table in docs/reliability.md."""
    late = sum(is_timed_out(number, each) for number, each in told.items())
    seconds = sorted(each.seconds for each in told.values())
    unlucky = town.unlucky(SURVIVED)
    within = sum(number not in unlucky for number in told)
    computed = "" if weather.damage or weather.jitter else f"{share_of_timeouts(weather.loss):.3%}"
    return (
        f"| {name} | {len(told)} | {len(town.relay.lost)} of {len(town.relay.came)} | {within} "
        f"| {late} ({late / len(told):.2%}) | {computed} "
        f"| {seconds[len(seconds) // 2]:.2f} s | {seconds[-1]:.1f} s |"
    )


def test_the_computation_knows_how_often_requests_are_sent() -> None:
    assert _moments(longest=math.inf) == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert len(_moments(longest=4.0)) == 11
    assert share_of_timeouts(0.0) == 0
    assert share_of_timeouts(1.0) == 1
    assert is_probable(0, 2000, 0.0)
    assert not is_probable(1, 2000, 0.0)
    assert is_probable(90, 2000, 0.045)
    assert not is_probable(150, 2000, 0.045)
    assert not is_probable(50, 2000, 0.045)
    assert FIRST_NUMBER % 10 == 0
