from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.machine.rate_limit import RateLimit


def test_a_burst_and_then_one_an_interval():
    limit = RateLimit(burst=3, interval=10.0, most=5)
    assert [limit.take("a", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert not limit.take("a", 9.9)
    assert limit.take("a", 10.0)
    assert not limit.take("a", 10.0)
    assert [limit.take("a", 100.0) for _ in range(4)] == [True, True, True, False]


def test_each_key_has_its_own():
    limit = RateLimit(burst=1, interval=10.0, most=5)
    assert limit.take("a", 0.0)
    assert limit.take("b", 0.0)
    assert not limit.take("a", 0.0)


def test_those_beyond_the_most_share_one():
    limit = RateLimit(burst=2, interval=10.0, most=3)
    for key in "abc":
        assert limit.take(key, 0.0)
    assert [limit.take(key, 0.0) for key in "defg"] == [True, True, False, False]
    assert limit.take("a", 0.0), "who was known before has his own still"
    assert len(limit) == 4


def test_those_that_rest_make_room():
    limit = RateLimit(burst=1, interval=10.0, most=2)
    assert limit.take("a", 0.0)
    assert limit.take("b", 5.0)
    assert limit.take("c", 10.0), "a rests"
    assert not limit.take("c", 10.0)
    assert len(limit) == 2
    assert limit.take("d", 14.0), "nobody rests: it is the first of the others"
    assert not limit.take("e", 14.0)


def test_it_does_not_look_for_those_that_rest_for_each_of_a_flood():
    limit = RateLimit(burst=1, interval=10.0, most=2)
    assert limit.take("a", 0.0)
    assert limit.take("b", 5.0)
    assert limit.take("c", 12.0)
    assert limit.take("d", 16.0), "b rests, but it looked 4 seconds ago: the others' first"
    assert not limit.take("e", 16.0)


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmn"), st.floats(0, 5)), max_size=200))
def test_memory_is_bounded_and_so_is_each_rate(steps):
    limit, now, taken = RateLimit(burst=3, interval=1.0, most=8), 0.0, {}
    for key, pause in steps:
        now += pause
        if limit.take(key, now):
            taken.setdefault(key, []).append(now)
        assert len(limit) <= 9
    for moments in taken.values():
        # Three of its own and three of the others' at once, then one of each a second.
        for first, ninth in zip(moments, moments[8:], strict=False):
            assert ninth - first >= 0.99
