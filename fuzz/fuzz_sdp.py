"""An offer that is answered: the answer has as many media, and is one that we could read."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.sdp import answer_to


def read(data: bytes) -> None:
    try:
        answer = answer_to(data, "192.0.2.9", 1, 2)
    except MessageError:
        return
    again = answer_to(answer, "192.0.2.9", 1, 3)
    assert again.count(b"\r\nm=") == answer.count(b"\r\nm=")
