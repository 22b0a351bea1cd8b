"""Text as TOML has it: whatever it is, tomllib reads it back."""

from __future__ import annotations

import tomllib

from hypothesis import example, given
from hypothesis import strategies as st

from siptapi_core.settings.wording import quoted


@given(st.text())
@example("\U0001f4de \x7f \x85 \u202e")
def test_it_is_read_back(text: str) -> None:
    assert tomllib.loads(f"text = {quoted(text)}") == {"text": text}
    assert quoted(text).isascii()
    assert "\n" not in quoted(text)
