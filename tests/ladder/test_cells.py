import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.ladder.cells import cell_len, fit, pad, printable


@pytest.mark.parametrize(
    ("text", "in_unicode", "in_ascii"),
    [
        ("INVITE sip:bob@lab", "INVITE sip:bob@lab", "INVITE sip:bob@lab"),
        ("Jörg", "Jörg", r"J\xf6rg"),
        ("日本", "日本", r"\u65e5\u672c"),
        ("a\x1b[31mb\r\n\tc\x7f\x9b", r"a\x1b[31mb\r\n\tc\x7f\x9b", r"a\x1b[31mb\r\n\tc\x7f\x9b"),
        ("a\u202eb\u200b\u2028\xa0", r"a\u202eb\u200b\u2028\xa0", r"a\u202eb\u200b\u2028\xa0"),
        ("\ud800", r"\ud800", r"\ud800"),
    ],
)
def test_printable(text, in_unicode, in_ascii):
    assert printable(text, unicode=True) == in_unicode
    assert printable(text, unicode=False) == in_ascii


@pytest.mark.parametrize(
    ("text", "cells", "ellipsis", "fitted"),
    [
        ("ringing", 7, "…", "ringing"),
        ("ringing", 6, "…", "ringi…"),
        ("ringing", 6, "...", "rin..."),
        ("ringing", 2, "...", ".."),
        ("ringing", 6, "", "ringin"),
        ("ringing", 0, "…", ""),
        ("ringing", -1, "…", ""),
        ("日本語", 6, "…", "日本語"),
        ("日本語", 5, "…", "日本…"),
        ("日本語", 4, "…", "日 …"),
        ("e\u0301e\u0301e\u0301", 3, "…", "e\u0301e\u0301e\u0301"),
        ("e\u0301e\u0301e\u0301", 2, "…", "e\u0301…"),
    ],
)
def test_fit(text, cells, ellipsis, fitted):
    assert fit(text, cells, ellipsis) == fitted


@given(st.text(), st.integers(0, 30), st.sampled_from(["", "…", "..."]))
def test_what_fits_is_kept_and_the_rest_is_cut(text, cells, ellipsis):
    text = printable(text, unicode=True)
    fitted = fit(text, cells, ellipsis)
    assert cell_len(fitted) == cells if cell_len(text) > cells else fitted == text


def test_pad():
    assert pad("日", 4) == "日  "
    assert pad("ringing", 4) == "ringing"
