"""Sections and names, checked against what the plugins offer."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from siptapi_core import Offer
from siptapi_core.errors import SettingsError
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import parse
from siptapi_core.settings.checking import check_sections


@frozen(kw_only=True)
class Timed:
    timeout: float = 1.0


def offers(kind: str, *names: str, failed: tuple[str, ...] = ()) -> Offers[Offer[Any, Any]]:
    def create(*_: object) -> None:
        pytest.fail("nothing is created for a check")

    every = {name: Offer(name=name, summary="", create=create, settings=Timed) for name in names}
    return Offers(kind, every, failed)


CATALOG = PluginCatalog(
    strategies=offers("strategy", "refer-via-proxy", "refer-to-phone", failed=("sbc",)),
    resolvers=offers("resolver", "naptr", "srv", "a"),
    frontends=offers("front end", "http"),
    commands=Offers("command", {}),
    records=(),
)
OFFICE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\n'


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        check_sections(parse(text, where="siptapi.toml"), CATALOG)
    return [str(problem) for problem in caught.value.problems]


def test_all_is_well() -> None:
    text = f"{OFFICE}[strategies.refer-to-phone]\ntimeout = 5\n[frontends.http]"
    check_sections(parse(text), CATALOG)


def test_every_problem_is_named() -> None:
    text = f"""{OFFICE}
        strategies = ["sbc", "refer-via-proxy"]
        resolvers = ["nptr"]
        callee_resolvers = ["enum"]
        [strategies.refer-to-phone]
        tiemout = 5
        timeout = "5"
        [strategies.sbc]
        [frontends.htttp]
    """
    assert problems(text) == [
        (
            "siptapi.toml: strategies.refer-to-phone.tiemout: there is no such key; "
            "did you mean timeout?"
        ),
        "siptapi.toml: strategies.refer-to-phone.timeout: expected a number, given text",
        (
            "siptapi.toml: strategies.sbc: no strategy is named 'sbc'; there is refer-via-proxy, "
            "refer-to-phone; not loaded: sbc"
        ),
        (
            "siptapi.toml: frontends.htttp: no front end is named 'htttp'; there is http; "
            "did you mean http?"
        ),
        (
            "siptapi.toml: lines.office.strategies: no strategy is named 'sbc'; there is "
            "refer-via-proxy, refer-to-phone; not loaded: sbc"
        ),
        (
            "siptapi.toml: lines.office.resolvers: no resolver is named 'nptr'; there is naptr, "
            "srv, a; did you mean naptr?"
        ),
        (
            "siptapi.toml: lines.office.callee_resolvers: no resolver is named 'enum'; "
            "there is naptr, srv, a"
        ),
    ]
