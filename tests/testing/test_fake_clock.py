from __future__ import annotations

import pytest

from siptapi_core.testing.fake_clock import FakeClock


def test_it_stands_still_until_told():
    clock = FakeClock()
    assert (clock.monotonic(), clock.time()) == (0.0, 1_000_000_000.0)
    assert (clock.monotonic(), clock.time()) == (0.0, 1_000_000_000.0)


def test_both_clocks_go_forward_together():
    clock = FakeClock(10.0, wall=500.0)
    clock.advance(2.5)
    assert (clock.monotonic(), clock.time()) == (12.5, 502.5)
    clock.advance_to(20.0)
    assert (clock.monotonic(), clock.time()) == (20.0, 510.0)
    clock.advance_to(20.0)
    clock.advance(0)
    assert clock.monotonic() == 20.0


def test_it_never_goes_back():
    clock = FakeClock(10.0)
    with pytest.raises(ValueError, match=r"reads 10\.0 s and cannot go back to 9\.0 s"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance_to(9.9)
    assert clock.monotonic() == 10.0
