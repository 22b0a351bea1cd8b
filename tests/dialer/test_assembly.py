"""Settings and plugins put together; a whole call over loopback."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

from siptapi_core import logs
from siptapi_core.commands import Caller, Dial, Explain, HangUp, ListHistory, ListLines
from siptapi_core.contracts import NoSettings, Offer
from siptapi_core.demo import Ending, open_demo
from siptapi_core.dialer import assembly, open_dialer
from siptapi_core.errors import RefusedError, SettingsError, UnknownNameError
from siptapi_core.events import CallEnded, Disturbed, Outcome, Stage
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import parse
from siptapi_core.settings.secret_places import READERS
from siptapi_plugins import dns_a, dns_srv, enum_e164, naptr, refer_to_phone, refer_via_proxy

ANYBODY = Caller(frontend="test")
LINE = '[lines.office]\ndomain = "example.com"\nuser = "200"\n'


@frozen(kw_only=True)
class Size:
    size: int = field(default=3)


class Created:
    """Offers that remember what was created with which settings."""

    def __init__(self):
        self.made = []

    def offer(self, name, settings=NoSettings):
        def create(own, context):
            self.made.append((name, own, context))
            return refer_via_proxy.ReferViaProxy()

        return Offer(name=name, summary="s", create=create, settings=settings)


def make_catalog(*strategies):
    strategies = [*refer_via_proxy.siptapi_strategies(), *strategies]
    modules = (dns_a, dns_srv, naptr, enum_e164)
    resolvers = [offer for module in modules for offer in module.siptapi_resolvers()]
    return PluginCatalog(
        strategies=Offers("strategy", {offer.name: offer for offer in strategies}),
        resolvers=Offers("resolver", {offer.name: offer for offer in resolvers}),
        frontends=Offers("front end", {}),
        observers=Offers("observer", {}),
        commands=Offers("command", {}),
        records=(),
    )


def run(main):
    asyncio.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize(
    ("ending", "ended"),
    [
        (Ending.ANSWERED, CallEnded(Outcome.ANSWERED, Stage.CALLEE)),
        (Ending.NOT_FOUND, CallEnded(Outcome.NOT_FOUND, Stage.CALLEE)),
    ],
)
def test_a_call_over_loopback(ending, ended):
    async def main():
        async with (
            open_demo(ending) as demo,
            open_dialer(demo.settings, make_catalog()) as dialer,
        ):
            events = dialer.events(ANYBODY)
            traced = dialer.traced()
            await dialer.execute(Dial(number=demo.number), ANYBODY)
            happenings = []
            async for event in events:
                happenings.append(event.happening)
                if isinstance(event.happening, CallEnded):
                    break
            assert happenings[-1].outcome is ended.outcome
            first = await anext(traced)
            assert first.first_line.startswith("INVITE sip:201@demo.invalid")

    run(main)


def test_leaving_hangs_up():
    async def main():
        async with open_demo(Ending.PHONE_NO_ANSWER) as demo:
            async with open_dialer(demo.settings, make_catalog()) as dialer:
                events = dialer.events(ANYBODY)
                await dialer.execute(Dial(number=demo.number), ANYBODY)
                while (await anext(events)).happening.name != "phone_ringing":
                    pass
            told = [event.happening async for event in events]
            assert told[-1] == CallEnded(Outcome.CANCELLED, Stage.PHONE)

    run(main)


def test_a_call_is_hung_up_by_its_id():
    async def main():
        async with (
            open_demo(Ending.PHONE_NO_ANSWER) as demo,
            open_dialer(demo.settings, make_catalog()) as dialer,
        ):
            events = dialer.events(ANYBODY)
            dialling = await dialer.execute(Dial(number=demo.number), ANYBODY)
            while (await anext(events)).happening.name != "phone_ringing":
                pass
            await dialer.execute(HangUp(call=dialling.call), ANYBODY)
            while not isinstance(happening := (await anext(events)).happening, CallEnded):
                pass
            assert happening.outcome is Outcome.CANCELLED

    run(main)


def test_only_what_is_named_is_created_once_and_with_its_own_settings(tmp_path):
    async def main():
        created = Created()
        catalog = make_catalog(created.offer("sized", Size), created.offer("other"))
        settings = parse(
            LINE + 'strategies = ["sized"]\nphone = "201"\noutbound_proxy = "127.0.0.1:9"\n'
            "[strategies.sized]\nsize = 7\n",
            where=str(tmp_path / "siptapi.toml"),
        )
        async with open_dialer(settings, catalog) as dialer:
            assert created.made == []
            for _ in range(2):
                await dialer.execute(Dial(number="301"), ANYBODY)
            [(name, own, context)] = created.made
            assert (name, own) == ("sized", Size(size=7))
            assert context.clock.monotonic() > 0
            [line] = (await dialer.execute(ListLines(), ANYBODY)).lines
            assert line.strategies == ("sized",)

    run(main)


def test_the_wrong_settings_of_a_strategy_are_named_by_key():
    async def main():
        catalog = make_catalog(Created().offer("sized", Size))
        settings = parse(LINE + 'strategies = ["sized"]\n[strategies.sized]\nsize = "big"\n')
        async with open_dialer(settings, catalog) as dialer:
            with pytest.raises(SettingsError, match=r"strategies\.sized\.size"):
                await dialer.execute(Dial(number="301"), ANYBODY)

    run(main)


def test_a_strategy_that_nobody_offers_is_found_out_when_it_is_dialled():
    async def main():
        settings = parse(LINE + 'strategies = ["carrier-pigeon"]\n')
        async with open_dialer(settings, make_catalog()) as dialer:
            with pytest.raises(UnknownNameError, match="no strategy is named 'carrier-pigeon'"):
                await dialer.execute(Dial(number="301"), ANYBODY)

    run(main)


TWO_LINES = """
[lines.office]
domain = "demo.invalid"
user = "200"
password = "in the open"
outbound_proxy = "127.0.0.1:9"
[lines.home]
domain = "demo.invalid"
user = "200"
password = {}
"""


def test_a_bad_secret_is_found_out_by_a_call_of_that_line_only(monkeypatch):
    monkeypatch.delenv("SIPTAPI_TEST", raising=False)

    async def main():
        settings = parse(TWO_LINES.format('{ env = "SIPTAPI_TEST" }'), where="siptapi.toml")
        async with open_dialer(settings, make_catalog()) as dialer:
            await dialer.execute(Explain(text="301", line="home"), ANYBODY)
            await dialer.execute(Dial(number="301", line="office"), ANYBODY)
            events = dialer.events(ANYBODY)
            bad = await dialer.execute(Dial(number="301", line="home"), ANYBODY)
            told = []
            while CallEnded not in map(type, told):
                event = await anext(events)
                if event.call == bad.call:
                    told.append(event.happening)
            _placed, failed, ended = told
            assert failed.reason.startswith("siptapi.toml: lines.home.password: the environment")
            assert (failed.code, failed.disturbed) == ("settings", Disturbed.NO)
            assert ended == CallEnded(Outcome.FAILED, Stage.PROXY)

    run(main)


def test_a_command_that_gives_a_secret_is_not_run_at_start(monkeypatch):
    ran = []
    monkeypatch.setitem(READERS, "command", lambda *what: ran.append(what))

    async def main():
        settings = parse(TWO_LINES.format('{ command = "pass" }'), where="siptapi.toml")
        async with open_dialer(settings, make_catalog()) as dialer:
            await dialer.execute(ListLines(), ANYBODY)
            await dialer.execute(Dial(number="301", line="office"), ANYBODY)

    run(main)
    assert ran == []


def test_a_hang_up_while_a_command_gives_the_secret(monkeypatch):
    asked, typed = threading.Event(), threading.Event()

    def ask(*_what):
        asked.set()
        assert typed.wait(10)
        return "s3cret"

    monkeypatch.setitem(READERS, "command", ask)

    async def main():
        settings = parse(TWO_LINES.format('{ command = "pass" }'), where="siptapi.toml")
        async with open_dialer(settings, make_catalog()) as dialer:
            events = dialer.events(ANYBODY)
            dialling = await dialer.execute(Dial(number="301", line="home"), ANYBODY)
            assert await asyncio.to_thread(asked.wait, 10)
            await dialer.execute(HangUp(call=dialling.call), ANYBODY)
            _placed, ended = [(await anext(events)).happening for _ in range(2)]
            assert ended == CallEnded(Outcome.CANCELLED, Stage.PROXY)

    try:
        run(main)
    finally:
        typed.set()


def test_what_a_call_logs_has_its_id_and_its_line_and_no_password():
    stream = io.StringIO()
    logs.configure("debug", stream)
    try:

        async def main():
            async with (
                open_demo(Ending.PHONE_BUSY) as demo,
                open_dialer(demo.settings, make_catalog()) as dialer,
            ):
                events = dialer.events(ANYBODY)
                dialling = await dialer.execute(Dial(number=demo.number), ANYBODY)
                while not isinstance((await anext(events)).happening, CallEnded):
                    pass
            return dialling.call, demo.settings.lines["demo"].password.reveal()

        call, password = asyncio.run(asyncio.wait_for(main(), 20))
    finally:
        logs.configure("warning")
    assert password not in stream.getvalue()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    of_call = [line for line in lines if "call" in line]
    assert {(line["call"], line["line"]) for line in of_call} == {(call, "demo")}
    assert [(line["level"], line["event"]) for line in of_call] == [
        ("debug", "strategy chosen"),
        ("info", "call_placed"),
        ("debug", "next hop found"),
        ("info", "phone_calling"),
        ("info", "call_failed"),
        ("info", "call_ended"),
    ]
    assert of_call[2]["addresses"][0].startswith("udp:127.0.0.1:")
    assert of_call[4]["status"] == 486
    assert "socket opened" in {line["event"] for line in lines}


def test_a_resolver_that_nobody_offers_is_found_out_at_once():
    async def main():
        settings = parse(LINE + 'resolvers = ["smoke"]\n', where="siptapi.toml")
        with pytest.raises(SettingsError, match=r"lines\.office\.resolvers: no resolver") as caught:
            async with open_dialer(settings, make_catalog()):
                pass
        assert caught.value.where == "siptapi.toml"

    run(main)


def test_who_makes_no_call_needs_no_port():
    async def main():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another_users_daemon:
            another_users_daemon.bind(("127.0.0.1", 0))
            port = another_users_daemon.getsockname()[1]
            addresses = f'local_addresses = ["127.0.0.1"]\nlocal_ports = "{port}"\n'
            async with open_dialer(parse(addresses + LINE), make_catalog()) as dialer:
                for command in (ListHistory(), ListLines(), Explain(text="301")):
                    await dialer.execute(command, ANYBODY)
                for _ in range(2):
                    with pytest.raises(RefusedError, match=f"127.0.0.1:{port}"):
                        await dialer.execute(Dial(number="301"), ANYBODY)

    run(main)


def test_strategies_are_remembered_in_the_given_file(tmp_path):
    async def main():
        file = tmp_path / "memory.json"
        async with open_demo(Ending.NO_NOTIFY) as demo:
            settings = demo.settings
            created = Created()
            catalog = make_catalog(created.offer("other"))
            line = settings.lines["demo"]
            lines = {"demo": evolve(line, strategies=("refer-via-proxy", "other"))}
            settings = evolve(settings, lines=lines)
            async with open_dialer(settings, catalog, memory=file) as dialer:
                events = dialer.events(ANYBODY)
                await dialer.execute(Dial(number=demo.number), ANYBODY)
                async for event in events:
                    if isinstance(event.happening, CallEnded):
                        break
        assert "refer-via-proxy" in file.read_text()

    run(main)


@pytest.mark.parametrize("strategies", [("a",), ("a", "b")])
def test_the_user_s_own_file_is_for_lines_with_a_choice(strategies):
    names = ", ".join(f'"{name}"' for name in strategies)
    settings = parse(LINE + f"strategies = [{names}]\n")
    file = assembly._memory_file(settings)
    if len(strategies) == 1:
        assert file is None
    else:
        assert isinstance(file, Path)
        assert file.name == "failed-strategies.json"
        assert "siptapi" in str(file.parent).lower()


def test_what_a_strategy_lacks_is_told_with_the_file():
    async def main():
        text = f'{LINE}strategies = ["refer-to-phone"]'
        settings = parse(text, where="siptapi.toml")
        catalog = make_catalog(*refer_to_phone.siptapi_strategies())
        async with open_dialer(settings, catalog) as dialer:
            words = r"^siptapi\.toml: lines\.office\.phone: refer-to-phone needs the address"
            with pytest.raises(SettingsError, match=words):
                await dialer.execute(Dial(number="305"), ANYBODY)

    run(main)
