"""Tables as TOML has them: whatever is written, tomllib reads it back."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siptapi_core.settings.toml_writer import heading, quoted, table

TEXT = st.text()
PLAIN = TEXT | st.booleans()
VALUES = PLAIN | st.lists(PLAIN) | st.dictionaries(TEXT, PLAIN)


@given(st.text(), st.dictionaries(TEXT, VALUES, min_size=1))
@example("my desk", {"user": "\U0001f4de \x7f \x85 \u202e", "password": {"file": "p"}})
def test_it_is_read_back(name: str, values: dict[str, object]) -> None:
    written = table(heading("lines", name), values)
    assert tomllib.loads(written) == {"lines": {name: values}}


@given(TEXT)
def test_text_stays_on_its_line(text: str) -> None:
    assert len(quoted(text).split("\n")) == 1


def test_what_has_no_values_is_left_out() -> None:
    assert table("defaults", {}) == ""


def test_no_setting_is_of_another_type() -> None:
    with pytest.raises(TypeError, match="float"):
        table("x", {"y": 1.5})
