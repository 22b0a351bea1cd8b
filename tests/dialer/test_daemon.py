"""The daemon: front ends and observers of the settings, reloads, and how it ends."""

from __future__ import annotations

import asyncio

import pytest
from dialer_bench import StoryStrategy

from siptapi_core.commands import Caller, Dial, HangUp, ListLines, Reload, ShowStatus
from siptapi_core.contracts import Offer
from siptapi_core.dialer import daemon as daemon_module
from siptapi_core.dialer import open_daemon
from siptapi_core.errors import DeniedError, NetworkError, PluginError, RefusedError, SettingsError
from siptapi_core.events import CallEnded, LineAdded, Outcome, PhoneCalling, Stage
from siptapi_core.plugin_loading import Offers, PluginCatalog
from siptapi_core.settings import load

SETTINGS = """
local_addresses = ["127.0.0.1"]
[defaults]
domain = "pbx.example"
strategies = ["story"]
resolvers = ["hosts"]
[lines.a]
user = "201"
[frontends.door]
"""
ANYBODY = Caller(frontend="test")
ENDED = CallEnded(Outcome.CANCELLED, Stage.PHONE)


class Door:
    """A front end that opens at once, unless it ``fails`` or is ``stuck``; later it may break."""

    def __init__(self, *, fails=None, stuck=False):
        self.fails = fails
        self.stuck = stuck
        self.breaking = asyncio.Event()
        self.dialer = None
        self.closed = False

    async def serve(self, dialer, ready):
        self.dialer = dialer
        if self.fails is not None:
            raise self.fails
        if not self.stuck:
            ready()
            ready()
        try:
            await self.breaking.wait()
        except asyncio.CancelledError:
            self.closed = True
            raise
        raise ZeroDivisionError("oops")


class Nosy:
    def __init__(self):
        self.heard = []

    def observe(self, event):
        self.heard.append(event.happening.name)

    def close(self):
        self.heard.append("closed")


class Bench:
    """Settings in a file, a front end ``door``, an observer ``nosy``, a strategy ``story``."""

    def __init__(self, folder, text=SETTINGS, **door):
        self.file = folder / "siptapi.toml"
        self.file.write_text(text, "utf-8")
        self.door = Door(**door)
        self.nosy = Nosy()
        self.strategy = StoryStrategy(PhoneCalling())
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self.ready = asyncio.Event()

    def catalog(self):
        def one(kind, name, what):
            return Offers(kind, {name: Offer(name=name, summary="s", create=lambda *_: what)})

        return PluginCatalog(
            strategies=one("strategy", "story", self.strategy),
            resolvers=one("resolver", "hosts", None),
            frontends=one("front end", "door", self.door),
            observers=one("observer", "nosy", self.nosy),
            commands=Offers("command", {}),
            records=(),
        )

    async def run(self, during=None):
        async with open_daemon(load(self.file), self.catalog()) as daemon:
            serving = asyncio.create_task(daemon.serve(self.ready.set, self.stop, self.hurry))
            if during is not None:
                opening = asyncio.create_task(self.ready.wait())
                await asyncio.wait((serving, opening), return_when=asyncio.FIRST_COMPLETED)
                opening.cancel()
                if not serving.done():
                    await during(daemon)
                    self.stop.set()
            await serving


def run(bench, during=None):
    asyncio.run(asyncio.wait_for(bench.run(during), 20))


def test_it_serves_front_ends_until_it_is_stopped(tmp_path):
    async def during(daemon):
        assert bench.door.dialer is daemon.dialer
        assert not bench.door.closed
        assert daemon.frontends() == {"door": ""}
        bench.door.where = "http://127.0.0.1:5088/"
        assert daemon.frontends() == {"door": "http://127.0.0.1:5088/"}

    bench = Bench(tmp_path)
    run(bench, during)
    assert bench.door.closed


@pytest.mark.parametrize(
    ("fails", "expected", "words"),
    [
        (NetworkError("port 80 is taken"), NetworkError, "^port 80 is taken$"),
        (ZeroDivisionError("oops"), PluginError, "front end 'door' broke: ZeroDivisionError: oops"),
    ],
)
def test_a_front_end_that_cannot_begin_ends_it(tmp_path, fails, expected, words):
    bench = Bench(tmp_path, fails=fails)
    with pytest.raises(expected, match=words):
        run(bench)
    assert not bench.ready.is_set()


def test_a_front_end_that_breaks_later_leaves_the_rest_alone(tmp_path):
    async def during(daemon):
        bench.door.breaking.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert (await daemon.dialer.execute(ListLines(), ANYBODY)).lines[0].name == "a"

    bench = Bench(tmp_path)
    run(bench, during)


def test_unknown_front_ends_and_observers_are_found_out_at_start(tmp_path):
    for section in ("frontends.window", "observers.spy"):
        bench = Bench(tmp_path, SETTINGS + f"[{section}]\n")
        with pytest.raises(SettingsError, match=rf"siptapi.toml: {section}: no .* is named"):
            run(bench)


def test_observers_hear_of_calls_to_the_very_end(tmp_path):
    async def during(daemon):
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        bench.strategy.attempts[0].tell(ENDED)

    bench = Bench(tmp_path, SETTINGS + "[observers.nosy]\n")
    run(bench, during)
    assert bench.nosy.heard == ["call_placed", "phone_calling", "call_ended", "closed"]


def test_stopping_lets_calls_end_and_takes_no_new_ones(tmp_path):
    async def during(daemon):
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        bench.stop.set()
        for _ in range(10):
            await asyncio.sleep(0)
        with pytest.raises(RefusedError, match="shutting down"):
            await daemon.dialer.execute(Dial(number="302"), ANYBODY)
        assert not bench.door.closed  # whoever dialled follows it to the end
        bench.strategy.attempts[0].tell(ENDED)

    bench = Bench(tmp_path)
    run(bench, during)
    assert not bench.strategy.attempts[0].hang_ups


def test_calls_that_do_not_end_are_hung_up(tmp_path, monkeypatch):
    monkeypatch.setattr(daemon_module, "DRAIN_SECONDS", 0.0)

    async def during(daemon):
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)

    bench = Bench(tmp_path)
    run(bench, during)
    assert bench.strategy.attempts[0].hang_ups


def test_in_a_hurry_calls_are_hung_up_at_once(tmp_path):
    async def during(daemon):
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        bench.stop.set()
        bench.hurry.set()

    bench = Bench(tmp_path)
    run(bench, during)
    assert bench.strategy.attempts[0].hang_ups


def test_it_may_be_stopped_before_all_front_ends_are_ready(tmp_path):
    bench = Bench(tmp_path, stuck=True)
    bench.stop.set()
    run(bench)
    assert bench.door.closed
    assert not bench.ready.is_set()


def test_a_reload_brings_new_lines_and_keeps_calls(tmp_path):
    async def during(daemon):
        dialer = daemon.dialer
        events = dialer.events(ANYBODY)
        dialling = await dialer.execute(Dial(number="301"), ANYBODY)
        text = SETTINGS.replace("[lines.a]", "[lines.b]")
        bench.file.write_text(text, "utf-8")
        changes = await dialer.execute(Reload(), ANYBODY)
        assert (changes.added, changes.changed, changes.removed) == (("b",), (), ("a",))
        assert [line.name for line in (await dialer.execute(ListLines(), ANYBODY)).lines] == ["b"]
        await dialer.execute(HangUp(call=dialling.call), ANYBODY)
        heard = []
        while CallEnded not in map(type, heard):
            heard.append((await anext(events)).happening)
        assert LineAdded() in heard
        assert (await dialer.execute(Dial(number="301"), ANYBODY)).line == "b"
        bench.strategy.attempts[1].tell(ENDED)

    bench = Bench(tmp_path)
    run(bench, during)


def test_mistakes_in_new_settings_change_nothing(tmp_path):
    async def during(daemon):
        for text in ("[lines.a]", SETTINGS.replace("hosts", "smoke"), 'x = "'):
            bench.file.write_text(text, "utf-8")
            with pytest.raises(SettingsError):
                await daemon.dialer.execute(Reload(), ANYBODY)
        assert daemon.settings.lines.keys() == {"a"}
        assert (await daemon.dialer.execute(Dial(number="301"), ANYBODY)).line == "a"
        bench.strategy.attempts[0].tell(ENDED)

    bench = Bench(tmp_path)
    run(bench, during)


def test_the_status_counts_what_is_alive(tmp_path):
    async def during(daemon):
        before = await daemon.dialer.execute(ShowStatus(), ANYBODY)
        listener = daemon.dialer.events(ANYBODY)
        await daemon.dialer.execute(Dial(number="301"), ANYBODY)
        after = await daemon.dialer.execute(ShowStatus(), ANYBODY)
        assert (before.counters["calls"], after.counters["calls"]) == (0, 1)
        assert after.counters["listeners"] == before.counters["listeners"] + 1
        assert after.counters["tasks"] == before.counters["tasks"] + 1
        assert after.counters.keys() >= {"transactions", "dialogs", "timers", "connections"}
        assert (after.lines, after.settings_file) == (1, str(bench.file))
        bench.strategy.attempts[0].tell(ENDED)
        del listener

    bench = Bench(tmp_path)
    run(bench, during)


@pytest.mark.parametrize("command", [Reload(), ShowStatus()])
def test_who_may_not_use_every_line_is_no_administrator(tmp_path, command):
    async def during(daemon):
        with pytest.raises(DeniedError, match="every line"):
            await daemon.dialer.execute(command, Caller(frontend="test", lines=frozenset({"a"})))

    bench = Bench(tmp_path)
    run(bench, during)
