"""Writing a number into the Refer-To, as the line wants it: digits, E.164, user=phone or tel."""

from __future__ import annotations

import functools

from siptapi_core.numbers.explanation import Kind
from siptapi_core.numbers.interpretation import Interpretation
from siptapi_core.numbers.rules import DialAs, Extensions, NumberRules
from siptapi_core.sip.parameters import Parameters
from siptapi_core.sip.uri import SipUri, TelUri, escape_user

_USER_PHONE: Parameters = (("user", "phone"),)


def refer_to(
    found: Interpretation, rules: NumberRules, domain: str, after_answer: str
) -> SipUri | TelUri:
    """The URI for ``found`` on a line of ``domain``; ``after_answer`` is keyed in later.

    ``domain`` is a host with its port, if it has one, as a URI has them: ``[2001:db8::1]:5080``.
    Only numbers in E.164 become ``tel:`` or get ``user=phone``: what has no such form (112, 305,
    ``*21#``) means something at ``domain`` alone, and is dialled there.
    """
    number = found.number
    form = rules.form
    carried = _carried(found.extension, after_answer, rules.extensions)
    if not number.startswith("+") or form is DialAs.DIGITS:
        user = escape_user(_keyed_in(found, rules))
        return _at(domain, user + "".join(f";{name}={value}" for name, value in carried))
    if form is DialAs.TEL:
        return TelUri(number, carried)
    user = number + "".join(f";{name}={value}" for name, value in carried)
    return _at(domain, user, _USER_PHONE if form is DialAs.USER_PHONE else ())


def _at(domain: str, user: str, parameters: Parameters = ()) -> SipUri:
    host, port = _place(domain)
    return SipUri(host, user, port, parameters=parameters)


@functools.lru_cache(maxsize=64)
def _place(domain: str) -> tuple[str, int | None]:
    place = SipUri.parse(f"sip:{domain}")
    return place.host, place.port


def _keyed_in(found: Interpretation, rules: NumberRules) -> str:
    """The digits that a person at this phone would key in for ``found``."""
    digits = found.number
    if digits.startswith("+"):
        digits = _without_plus(found, rules)
    inside = found.kind in (Kind.INTERNAL, Kind.EMERGENCY)
    return digits if inside or not digits.isdigit() else rules.outside_prefix + digits


def _without_plus(found: Interpretation, rules: NumberRules) -> str:
    if not rules.region:
        return (rules.international_prefix or "+") + found.number[1:]
    from siptapi_core.numbers import numbering_plan  # noqa: PLC0415  # 45 ms, see there

    home = numbering_plan.region(rules.region)
    planned = found.planned
    if planned is not None and planned.country_code == home.country_code:
        if home.country_code == numbering_plan.NORTH_AMERICA:
            return found.number[1:]  # 1 and ten digits work everywhere there
        return planned.national if planned.valid else home.trunk_prefix + planned.significant
    return (rules.international_prefix or home.international_prefix) + found.number[1:]


def _carried(extension: str, after_answer: str, extensions: Extensions) -> Parameters:
    if not extension and not after_answer:
        return ()
    if extensions is Extensions.EXT and extension:
        return (("ext", extension),)
    if extensions is Extensions.POSTD:
        later = "pp".join(filter(None, (extension, after_answer)))
        return (("postd", f"pp{later}".replace("#", "%23")),)
    return ()
