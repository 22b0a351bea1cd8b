from __future__ import annotations

import pytest

from siptapi_core.sip.status import reason_phrase


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (100, "Trying"),
        (202, "Accepted"),
        (486, "Busy Here"),
        (606, "Not Acceptable"),
        (299, "Success"),
        (199, "Early Dialog Terminated"),
        (399, "Redirection"),
        (498, "Request Failure"),
        (599, "Server Failure"),
        (699, "Global Failure"),
        (189, "Provisional"),
        (700, "Unknown"),
    ],
)
def test_reason_phrases(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase
