"""The phones of the demo, as somebody handles them, on real sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from siptapi_core.commands import Caller, Dial, HangUp, ListCalls, Redirect, Reject
from siptapi_core.demo.open_town import open_town
from siptapi_core.dialer import open_daemon
from siptapi_core.errors import RefusedError, UnknownNameError
from siptapi_core.events import CallEnded, LineEvent, RegistrationChanged, RegistrationState
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import Sections

ME = Caller(frontend="test")
IDLE = {"Anna": "idle", "Bruno": "idle"}


class Visit:
    """The town, the daemon that calls in it, and what was told of them."""

    def __init__(self, town, daemon):
        self.phones = town.phones
        self.dialer = daemon.dialer
        self.told = []
        self._shown = dict(IDLE)
        self.messages = []
        self._arrived = asyncio.Event()

    async def watch(self):
        async for change in self.phones.changes():
            if change.name == "demo_message":
                self.messages.append(change.data)
            else:
                self._shown[change.data["name"]] = change.data["state"]
                self.told.append((change.data["name"], change.data["state"], change.data["caller"]))
            self._arrived.set()

    async def until(self, condition: Callable[[], bool]):
        while not condition():
            self._arrived.clear()
            await self._arrived.wait()

    async def until_states(self, **states):
        await self.until(lambda: self._shown == IDLE | states)
        assert {each["name"]: each["state"] for each in self.phones.phones()} == self._shown

    async def dial(self, number, line="anna"):
        return (await self.dialer.execute(Dial(number=number, line=line), ME)).call

    async def incoming(self):
        """The call that rings, once it does."""
        while True:
            calls = (await self.dialer.execute(ListCalls(), ME)).calls
            if calls:
                return calls[0]
            self._arrived.clear()
            await self._arrived.wait()


@asynccontextmanager
async def visit(folder, rings=20.0):
    async with (
        open_town(folder, Sections(), rings=rings) as town,
        open_daemon(town.settings, load_plugins(third_party=False)) as daemon,
    ):
        made = Visit(town, daemon)
        events = daemon.dialer.events(ME)
        stop, ready = asyncio.Event(), asyncio.Event()
        tasks = [
            asyncio.create_task(daemon.serve(ready.set, stop)),
            asyncio.create_task(made.watch()),
        ]
        registered = set()
        while len(registered) < 2:
            match await anext(events):
                case LineEvent(
                    line=line,
                    happening=RegistrationChanged(state=RegistrationState.REGISTERED),
                ):
                    registered.add(line)
        yield made
        stop.set()
        await tasks[0]
        tasks[1].cancel()


def play(scene, folder: Path, **how):
    async def main():
        async with visit(folder, **how) as made:
            await scene(made)

    asyncio.run(asyncio.wait_for(main(), 30))


def test_both_are_picked_up_and_talk_until_one_hangs_up(tmp_path):
    async def scene(visit):
        await visit.dial("301")
        await visit.until_states(Anna="ringing")
        visit.phones.pick_up("Anna")
        await visit.until_states(Anna="calling", Bruno="ringing")
        visit.phones.pick_up("Bruno")
        await visit.until_states(Anna="talking", Bruno="talking")
        visit.phones.hang_up("Anna")
        await visit.until_states()
        assert visit.told == [
            ("Anna", "ringing", "301"),  # whom it is about to call
            ("Anna", "picked_up", "301"),
            ("Anna", "calling", "301"),
            ("Bruno", "ringing", "Anna"),
            ("Bruno", "talking", "Anna"),
            ("Anna", "talking", "301"),
            ("Anna", "idle", ""),
            ("Bruno", "idle", ""),
        ]

    play(scene, tmp_path)


def test_each_message_is_told_hop_by_hop_with_credentials_masked(tmp_path):
    async def scene(visit):
        await visit.dial("301")
        await visit.until_states(Anna="ringing")
        rings = "SIP/2.0 180 Ringing"
        await visit.until(lambda: visit.messages[-1]["first_line"] == rings)
        await visit.until(lambda: visit.messages[-1]["to"] == "SIPTAPI")
        of_the_call = [each for each in visit.messages if "REGISTER" not in each["text"]]
        assert [(each["from"], each["to"]) for each in of_the_call] == [
            ("SIPTAPI", "Proxy"),  # INVITE
            ("Proxy", "SIPTAPI"),  # 407
            ("SIPTAPI", "Proxy"),  # ACK
            ("SIPTAPI", "Proxy"),  # INVITE with a password
            ("Proxy", "Anna"),
            ("Anna", "Proxy"),  # 180
            ("Proxy", "SIPTAPI"),
        ]
        assert of_the_call[0]["first_line"] == "INVITE sip:201@demo.invalid SIP/2.0"
        [line] = [
            line
            for line in of_the_call[3]["text"].splitlines()
            if line.startswith("Proxy-Authorization")
        ]
        assert 'response="***"' in line
        visit.phones.reject("Anna")
        await visit.until_states()

    play(scene, tmp_path)


@pytest.mark.parametrize("number", ["301", "302", "399"])
def test_a_call_that_comes_to_nothing_leaves_both_on_the_hook(tmp_path, number):
    async def scene(visit):
        events = visit.dialer.events(ME)
        await visit.dial(number)
        await visit.until_states(Anna="ringing")
        visit.phones.pick_up("Anna")
        if number == "301":
            await visit.until_states(Anna="calling", Bruno="ringing")
            visit.phones.reject("Bruno")
        while not isinstance(ended := (await anext(events)).happening, CallEnded):
            pass
        expected = {"301": "rejected", "302": "busy", "399": "not-found"}
        assert ended.outcome == expected[number]
        await visit.until_states()

    play(scene, tmp_path)


def test_whoever_is_called_during_a_call_is_busy(tmp_path):
    async def scene(visit):
        events = visit.dialer.events(ME)
        visit.phones.call("Anna")
        await visit.incoming()
        await visit.until_states(Anna="calling")
        await visit.dial("301")
        while not isinstance(ended := (await anext(events)).happening, CallEnded):
            pass
        assert (ended.outcome, ended.stage) == ("busy", "phone")

    play(scene, tmp_path)


def test_an_incoming_call_is_rejected(tmp_path):
    async def scene(visit):
        visit.phones.call("Bruno")
        call = await visit.incoming()
        assert (call.number, call.name, call.line) == ("301", "Bruno", "anna")
        await visit.dialer.execute(Reject(call=call.call), ME)
        await visit.until_states()

    play(scene, tmp_path)


def test_an_incoming_call_is_redirected_and_the_phone_follows(tmp_path):
    async def scene(visit):
        visit.phones.call("Bruno")
        call = await visit.incoming()
        await visit.dialer.execute(Redirect(call=call.call, number="201"), ME)
        await visit.until_states(Anna="ringing", Bruno="calling")
        visit.phones.pick_up("Anna")
        await visit.until_states(Anna="talking", Bruno="talking")
        assert ("Bruno", "talking", "201") in visit.told

    play(scene, tmp_path)


def test_who_calls_can_give_up(tmp_path):
    async def scene(visit):
        visit.phones.call("Bruno")
        await visit.incoming()
        visit.phones.hang_up("Bruno")
        await visit.until_states()
        assert not (await visit.dialer.execute(ListCalls(), ME)).calls

    play(scene, tmp_path)


def test_it_rings_so_long_and_no_longer(tmp_path):
    async def scene(visit):
        await visit.dial("301")
        await visit.until_states(Anna="ringing")
        await visit.until_states()

    play(scene, tmp_path, rings=0.2)


def test_a_hang_up_by_siptapi_puts_it_on_the_hook(tmp_path):
    async def scene(visit):
        call = await visit.dial("301")
        await visit.until_states(Anna="ringing")
        await visit.dialer.execute(HangUp(call=call), ME)
        await visit.until_states()

    play(scene, tmp_path)


def test_what_cannot_be_done_is_refused_in_words(tmp_path):
    async def scene(visit):
        for act, words in (
            (visit.phones.pick_up, "does not ring"),
            (visit.phones.reject, "does not ring"),
            (visit.phones.hang_up, "does not hold a call"),
        ):
            with pytest.raises(RefusedError, match=f"Anna's phone {words} just now"):
                act("Anna")
        visit.phones.call("Anna")
        with pytest.raises(RefusedError, match="Anna's phone does not stand idle just now"):
            visit.phones.call("Anna")
        with pytest.raises(UnknownNameError, match="no phone is named 'Ana'"):
            visit.phones.pick_up("Ana")

    play(scene, tmp_path)
