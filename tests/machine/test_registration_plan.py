from __future__ import annotations

import pytest

from siptapi_core.machine.registration_plan import RetryTimers


@pytest.mark.parametrize("name", ["base", "limit", "refused"])
def test_a_time_is_above_0(name):
    with pytest.raises(ValueError, match=f"{name} is a time in seconds, above 0"):
        RetryTimers(**{name: 0.0})
    assert getattr(RetryTimers(**{name: 0.1}), name) == 0.1


def test_the_first_retry_of_rfc_5626_comes_within_a_minute():
    assert (RetryTimers().base, RetryTimers().limit) == (30.0, 1800.0)
