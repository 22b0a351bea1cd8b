from __future__ import annotations

import json
import subprocess
import sys

import pytest

CODE = """
import json, sys
from siptapi_core.numbers import NumberRules, Rewrite, explain
keys, text = json.loads(sys.argv[1])
rules = NumberRules(**{name: tuple(value) if isinstance(value, list) else value
                       for name, value in keys.items()})
explain(text, rules, domain="pbx.example")
print(json.dumps([name in sys.modules for name in ("phonenumbers", "regex")]))
"""
OFFICE = {"region": "AT", "outside_prefix": "0", "internal_lengths": [3]}


@pytest.mark.parametrize(
    ("text", "keys", "phonenumbers", "regex"),
    [
        ("305", OFFICE, False, False),
        ("112", OFFICE, False, False),
        ("*21#", OFFICE, False, False),
        ("11833", OFFICE, False, False),
        ("sip:bob@example.com", OFFICE, False, False),
        ("01/505641", {}, False, False),
        ("305", {}, False, False),
        ("305", {"deny": ["^9"]}, False, True),
        ("01/505641", OFFICE, True, False),
        ("+43 1 505641", {}, True, False),
    ],
)
def test_only_who_needs_a_library_waits_for_it(
    text: str, keys: dict[str, object], *, phonenumbers: bool, regex: bool
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps([keys, text])],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(ran.stdout) == [phonenumbers, regex]
