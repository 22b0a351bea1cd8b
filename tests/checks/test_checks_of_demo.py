"""All checks of a line that works, and of some that do not, at the demo's proxy on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import evolve

from siptapi_core.checks import BUILT_IN, examine, open_installation
from siptapi_core.contracts import Finding
from siptapi_core.demo import open_demo
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import LineSettings, Secret, Settings, parse
from siptapi_core.settings.history import HistorySettings
from siptapi_core.sip.message import Headers, Response


def seen(
    change: Callable[[LineSettings], LineSettings] = lambda line: line,
    settings: Callable[[Settings], Settings] = lambda settings: settings,
) -> dict[str, Finding]:
    """The first finding of each check, with the demo's line changed."""

    async def look() -> tuple[Finding, ...]:
        catalog = load_plugins(third_party=False)
        async with open_demo() as demo:
            mine = evolve(demo.settings, lines={"demo": change(demo.settings.lines["demo"])})
            async with open_installation(settings(mine), catalog) as installation:
                return await examine(installation, BUILT_IN, ["demo"])

    found: dict[str, Finding] = {}
    for finding in asyncio.run(look()):
        found.setdefault(finding.check, finding)
    return found


def verdicts(found: dict[str, Finding], verdict: str) -> set[str]:
    return {name for name, finding in found.items() if finding.verdict == verdict}


def test_a_line_that_works() -> None:
    found = seen()
    assert set(found) == {check.name for check in BUILT_IN}
    assert verdicts(found, "problem") == set()
    assert verdicts(found, "note") == {"history", "tls", "notify", "clock"}
    assert found["registration"].seen == "sip:201@demo.invalid answers OPTIONS with 200 OK."
    assert found["credentials"].seen.startswith("The registrar accepts '200'")
    assert found["nat"].seen.startswith("No NAT")


def test_a_password_that_is_wrong() -> None:
    found = seen(lambda line: evolve(line, password=Secret("wrong")))
    assert verdicts(found, "problem") == {"credentials"}


def test_a_password_that_is_not_there_is_tried_nowhere() -> None:
    found = seen(lambda line: evolve(line, password=Secret({"env": "SIPTAPI_NOWHERE"})))
    assert verdicts(found, "problem") == {"secrets"}
    assert "Not looked at: the password cannot be read" in found["credentials"].seen


def test_a_phone_that_is_called_directly() -> None:
    found = seen(lambda line: evolve(line, phone=f"201@{line.outbound_proxy}"))
    assert "answers OPTIONS with 200 OK" in found["registration"].seen
    nobody = seen(lambda line: evolve(line, phone="201@nobody.invalid"))
    assert "Not looked at" in nobody["registration"].seen


def test_a_domain_that_leads_nowhere() -> None:
    found = seen(lambda line: evolve(line, outbound_proxy=None, resolvers=("a",)))
    assert verdicts(found, "problem") == {"dns"}
    assert "Not looked at: there is no address" in found["reachability"].seen


def test_stun_that_nobody_answers() -> None:
    stun = ("refer-via-stun",)

    def with_servers(settings: Settings) -> Settings:
        servers = '[strategies.refer-via-stun]\nservers = ["nobody.invalid"]\n'
        line = '[lines.x]\ndomain = "x"\nuser = "1"\n'
        return evolve(settings, sections=parse(line + servers).sections)

    async def look() -> list[Finding]:
        catalog = load_plugins(third_party=False)
        async with open_demo() as demo:
            line = evolve(demo.settings.lines["demo"], strategies=stun, resolvers=("a",))
            mine = with_servers(evolve(demo.settings, lines={"demo": line}))
            checks = [check for check in BUILT_IN if check.name == "nat"]
            async with open_installation(mine, catalog) as installation:
                return list(await examine(installation, checks, ["demo"]))

    at_proxy, by_stun = asyncio.run(look())
    assert at_proxy.verdict == "ok"
    assert by_stun.verdict == "problem"
    assert "nobody.invalid" in by_stun.seen


def test_a_history_that_can_be_read_and_a_port_that_is_not_ours(tmp_path) -> None:
    found = seen(
        settings=lambda settings: evolve(
            settings,
            history=HistorySettings(file=str(tmp_path / "history.db")),
            local_addresses=("192.0.2.99",),
        )
    )
    assert found["history"].verdict == "ok"
    assert verdicts(found, "problem") == {"ports"}
    assert "192.0.2.99" in found["ports"].seen


def test_who_answered_for_the_phone() -> None:
    async def ask() -> tuple[bool, bool, bool]:
        catalog = load_plugins(third_party=False)
        async with open_demo() as demo, open_installation(demo.settings, catalog) as installation:
            line = installation.line("demo")
            neither_says = await line.proxy_answers_for_phone()
            phone, (proxy,) = await line.phone_options(), await line.options()
            assert phone.response is not None
            assert proxy.response is not None
            said = Headers([("Server", "PBX 1.0")])
            response = Response(200, "OK", said)
            line._asked["phone_options"] = done(phone.evolve(response=response))
            phone_says = await line.proxy_answers_for_phone()
            line._asked["options"] = done((proxy.evolve(response=response),))
            both_say = await line.proxy_answers_for_phone()
            await line.close()
            return neither_says, phone_says, both_say

    def done(answer):
        async def give():
            return answer

        return asyncio.get_running_loop().create_task(give())

    assert asyncio.run(ask()) == (False, False, True)
