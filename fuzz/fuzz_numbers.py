"""Whatever a person pastes, a web page links or a CRM sends as a number; byte one: whose rules."""

from __future__ import annotations

from siptapi_core.errors import NumberError
from siptapi_core.numbers import DialAs, Extensions, NumberRules, Rewrite, explain
from siptapi_core.sip.uri import parse_uri

RULES = (
    NumberRules(),
    NumberRules(region="AT", area_code="1"),
    NumberRules(
        region="DE", outside_prefix="0", internal_lengths=(3, 4), deny=("premium", "^\\+49190")
    ),
    NumberRules(region="US", dial_as=DialAs.TEL, extensions=Extensions.EXT, confirm=("service",)),
    NumberRules(
        region="GB",
        extensions=Extensions.POSTD,
        rewrites=(Rewrite(match="^\\+44(.*)", replace="0\\1"),),
        confirm=("uri",),
    ),
)


def read(data: bytes) -> None:
    rules = RULES[data[0] % len(RULES)] if data else RULES[0]
    text = data[1:].decode("utf-8", "surrogateescape")
    try:
        explanation = explain(text, rules, domain="pbx.example")
    except NumberError as error:
        assert str(error)
        return
    dialled = str(explanation.dialled)
    assert dialled.isascii()
    assert dialled.isprintable()
    assert parse_uri(dialled) == explanation.dialled
