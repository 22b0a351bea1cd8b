from __future__ import annotations

import pytest

from siptapi_core.machine.refer_plan import CallTimers

NAMES = CallTimers().attribute_names


@pytest.mark.parametrize("name", NAMES)
def test_every_time_may_be_short_but_not_negative(name):
    assert getattr(CallTimers(**{name: 0.5}), name) == 0.5
    with pytest.raises(ValueError, match=rf"^{name} is a time in seconds, above 0, not -0\.5$"):
        CallTimers(**{name: -0.5})


@pytest.mark.parametrize("name", NAMES)
def test_only_the_linger_may_be_zero(name):
    if name == "failure_linger":
        assert CallTimers(failure_linger=0).failure_linger == 0
    else:
        with pytest.raises(ValueError, match=f"^{name} is a time in seconds, above 0, not 0$"):
            CallTimers(**{name: 0})


def test_the_times_are_those_of_the_design():
    timers = CallTimers()
    assert (timers.ring_timeout, timers.notify_timeout, timers.callee_timeout) == (30, 32, 180)
    assert (timers.failure_linger, timers.dialog_limit) == (2, 4 * 3600)
    assert timers.transfer_timeout == 600
