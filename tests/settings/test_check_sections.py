"""Sections and names, checked against what the plugins offer."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from siptapi_core import LineIdentity, Offer, PluginRecord, PluginState
from siptapi_core.errors import PluginError, SettingsError, UsageError
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import parse
from siptapi_core.settings.checking import check_sections


@frozen(kw_only=True)
class Timed:
    timeout: float = 1.0


def need_phone(line: LineIdentity) -> None:
    if line.phone_address is None:
        raise SettingsError("give the phone's address", key=f"lines.{line.name}.phone")


def need_tcp(line: LineIdentity) -> None:
    raise UsageError(f"{line.name} has no TCP")


CHECKS = {"refer-to-phone": need_phone, "naptr": need_tcp, "broken": lambda line: line.fax}


def offers(kind: str, *names: str, failed: tuple[str, ...] = ()) -> Offers[Offer[Any, Any]]:
    def create(*_: object) -> None:
        pytest.fail("nothing is created for a check")

    every = {
        name: Offer(name=name, summary="", create=create, settings=Timed, check=CHECKS.get(name))
        for name in names
    }
    return Offers(kind, every, failed)


CATALOG = PluginCatalog(
    strategies=offers("strategy", "refer-via-proxy", "refer-to-phone", "broken", failed=("sbc",)),
    resolvers=offers("resolver", "naptr", "srv", "a"),
    frontends=offers("front end", "http"),
    observers=offers("observer"),
    commands=Offers("command", {}),
    records=(
        PluginRecord(name="cli", distribution="siptapi", version="1", state=PluginState.LOADED),
        PluginRecord(name="sbc", distribution="sbc", version="1", state=PluginState.BLOCKED),
    ),
)
OFFICE = '[lines.office]\ndomain = "pbx.example"\nuser = "201"\nresolvers = ["a"]\n'


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        check_sections(parse(text, where="siptapi.toml"), CATALOG)
    return [str(problem) for problem in caught.value.problems]


def test_all_is_well() -> None:
    text = f"{OFFICE}[strategies.refer-to-phone]\ntimeout = 5\n[frontends.http]"
    check_sections(parse(text), CATALOG)


def test_every_problem_is_named() -> None:
    text = f"""{OFFICE.replace('"a"', '"nptr"')}
        strategies = ["sbc", "refer-via-proxy"]
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
            "refer-to-phone, broken; not loaded: sbc"
        ),
        (
            "siptapi.toml: frontends.htttp: no front end is named 'htttp'; there is http; "
            "did you mean http?"
        ),
        (
            "siptapi.toml: lines.office.strategies: no strategy is named 'sbc'; there is "
            "refer-via-proxy, refer-to-phone, broken; not loaded: sbc"
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


def test_what_a_line_lacks_is_told_with_the_file() -> None:
    text = f'{OFFICE}strategies = ["refer-via-proxy", "refer-to-phone"]\n'
    assert problems(text) == ["siptapi.toml: lines.office.phone: give the phone's address"]
    check_sections(parse(f'{text}phone = "201@192.0.2.7"'), CATALOG)
    assert problems(OFFICE.replace('"a"', '"naptr"')) == [
        "siptapi.toml: lines.office.resolvers: office has no TCP"
    ]


def test_a_check_that_breaks_is_the_plugins_fault() -> None:
    with pytest.raises(PluginError, match="'broken' cannot check a line: AttributeError"):
        check_sections(parse(f'{OFFICE}strategies = ["broken"]'), CATALOG)


def test_a_blocked_plugin_must_be_there() -> None:
    check_sections(parse(f'{OFFICE}[plugins]\nblocked = ["sbc", "cli"]'), CATALOG)
    assert problems(f'{OFFICE}[plugins]\nblocked = ["cli", "cbs", "http"]') == [
        "siptapi.toml: plugins.blocked: no plugin is named 'cbs'; there is cli, sbc",
        "siptapi.toml: plugins.blocked: no plugin is named 'http'; there is cli, sbc",
    ]
    (problem,) = problems(f'{OFFICE}[plugins]\nblocked = ["clli"]')
    assert problem.endswith("did you mean cli?")
