from __future__ import annotations

import pytest

from siptapi_core.sip.parameters import remembered


def test_a_text_is_read_once_a_long_one_each_time_and_many_are_forgotten() -> None:
    read: list[str] = []

    def parse(text: str) -> int:
        read.append(text)
        return len(text)

    length = remembered(parse)
    assert [length("a"), length("a"), length("b" * 200), length("b" * 200)] == [1, 1, 200, 200]
    assert read == ["a", "b" * 200, "b" * 200]
    for number in range(1024):
        length(str(number))
    read.clear()
    assert [length("1023"), length("a")] == [4, 1]
    assert read == ["a"]


def test_what_cannot_be_read_is_not_remembered() -> None:
    number = remembered(int)
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            number("x")
    assert number("7") == 7
