"""The regular expression of a NAPTR record, from whoever holds a number's DNS zone."""

from __future__ import annotations

from contextlib import suppress

from siptapi_core import NaptrRecord, Number, SipUri
from siptapi_plugins.enum_e164 import Unusable, _apply, _substitute

NUMBER = "+431505641"


def read(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    with suppress(Unusable):
        _substitute(text, NUMBER)
    services, _, regexp = text.rpartition("|")
    record = NaptrRecord(10, 10, "u", services or "E2U+sip", regexp, "")
    try:
        found = _apply(record, NUMBER)
    except Unusable:
        return
    assert isinstance(found, SipUri | Number)
