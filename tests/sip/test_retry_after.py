from __future__ import annotations

import pytest

from siptapi_core.sip.message import Headers, Response
from siptapi_core.sip.retry_after import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("18000", 18000),
        ("120 (I'm in a meeting)", 120),
        ("3600;duration=1800", 3600),
        ("0", 0),
        ("86400", 86400),
        ("86401", 86400),
        ("9" * 5000, 86400),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("\u0665", 0),
        (None, 0),
    ],
)
def test_only_the_seconds_count_and_no_more_than_a_day(value, seconds):
    headers = [] if value is None else [("Retry-After", value)]
    assert retry_after(Response(503, "Service Unavailable", Headers(headers))) == seconds
