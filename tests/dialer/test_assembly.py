"""Settings and plugins put together; a whole call over loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

from siptapi_core.commands import Caller, Dial, HangUp, ListLines
from siptapi_core.contracts import NoSettings, Offer
from siptapi_core.demo import Ending, open_demo
from siptapi_core.dialer import assembly, open_dialer
from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.events import CallEnded, Outcome, Stage
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import parse
from siptapi_plugins import dns_a, dns_srv, enum_e164, naptr, refer_via_proxy

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
            events = dialer.events()
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
                events = dialer.events()
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
            events = dialer.events()
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


def test_a_resolver_that_nobody_offers_is_found_out_at_once():
    async def main():
        settings = parse(LINE + 'resolvers = ["smoke"]\n', where="siptapi.toml")
        with pytest.raises(SettingsError, match=r"lines\.office\.resolvers: no resolver") as caught:
            async with open_dialer(settings, make_catalog()):
                pass
        assert caught.value.where == "siptapi.toml"

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
                events = dialer.events()
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
