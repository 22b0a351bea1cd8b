"""From a text to what is dialled, each step told."""

from __future__ import annotations

import re

from siptapi_core.errors import NumberError
from siptapi_core.numbers.explanation import Explanation, Kind, Step
from siptapi_core.numbers.rules import NumberRules
from siptapi_core.sip.uri import SipUri, escape_user, parse_uri
from siptapi_core.targets import Number


def explain(text: str, rules: NumberRules, *, domain: str, line: str = "") -> Explanation:
    """Say what would be dialled for ``text`` on ``line``, whose domain is ``domain``.

    Raises:
        NumberError: ``text`` is no number; why, and where in it.
    """
    del rules, line
    stripped = text.strip()
    if stripped.lower().startswith(("sip:", "sips:")):
        uri = parse_uri(stripped)
        return Explanation(
            input=text, kind=Kind.URI, e164=None, formatted=str(uri), dialled=uri, number=None
        )
    digits = re.sub(r"[^+0-9*#]", "", stripped)
    if not digits:
        raise NumberError("there is no digit in it", text=text, position=0)
    kind = Kind.GLOBAL if digits.startswith("+") else Kind.LOCAL
    e164 = digits if kind is Kind.GLOBAL else None
    return Explanation(
        input=text,
        kind=kind,
        e164=e164,
        formatted=digits,
        dialled=SipUri(domain, escape_user(digits)),
        number=Number(digits, e164),
        steps=(Step("read as", digits),),
    )
