from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.cseq import CSeq


@pytest.mark.parametrize(
    ("text", "cseq"),
    [
        ("1 INVITE", CSeq(1, "INVITE")),
        ("0 ACK", CSeq(0, "ACK")),
        ("000 ACK", CSeq(0, "ACK")),
        ("0009  \t INVITE ", CSeq(9, "INVITE")),
        (f"{2**32 - 1} BYE", CSeq(2**32 - 1, "BYE")),
        ("0" * 6000 + "7 BYE", CSeq(7, "BYE")),
        ("1 invite", CSeq(1, "invite")),
    ],
)
def test_cseqs_are_read(text: str, cseq: CSeq) -> None:
    assert CSeq.parse(text) == cseq


@pytest.mark.parametrize(
    "text",
    ["", "1", "INVITE", "1INVITE", "-1 INVITE", f"{2**32} INVITE", "9" * 6000 + " BYE", "1 IN VITE",
     "\u0661 INVITE", "1 <INVITE>", "1 INVITE\n", "1.0 INVITE"],
)  # fmt: skip
def test_what_is_no_cseq_is_refused(text: str) -> None:
    with pytest.raises(MessageError, match="CSeq"):
        CSeq.parse(text)


@given(st.integers(0, 2**32 - 1), st.from_regex(r"[A-Z!%*_+`'~-]{1,12}", fullmatch=True))
def test_any_cseq_reads_back_as_itself(number: int, method: str) -> None:
    cseq = CSeq(number, method)
    assert CSeq.parse(str(cseq)) == cseq
