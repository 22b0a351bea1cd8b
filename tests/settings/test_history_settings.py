from __future__ import annotations

import pytest

from siptapi_core.errors import SettingsError
from siptapi_core.settings import HistorySettings, parse

OFFICE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


def test_calls_are_remembered_where_nothing_is_said() -> None:
    history = parse(OFFICE).history
    assert history == HistorySettings(enabled=True, file="", keep_days=365, keep_calls=100_000)


def test_all_of_it_can_be_set() -> None:
    table = '[history]\nenabled = false\nfile = "calls.db"\nkeep_days = 0\nkeep_calls = 7\n'
    history = parse(OFFICE + table).history
    assert history == HistorySettings(enabled=False, file="calls.db", keep_days=0, keep_calls=7)


@pytest.mark.parametrize("key", ["keep_days", "keep_calls"])
def test_less_than_none_is_refused(key: str) -> None:
    with pytest.raises(SettingsError, match=rf"history\.{key}: expected at least 0, given -1"):
        parse(f"{OFFICE}[history]\n{key} = -1")
