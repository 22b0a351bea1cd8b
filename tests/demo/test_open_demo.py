"""Every ending of the demo, on real sockets on loopback, ends as it says."""

from __future__ import annotations

import asyncio
import socket
import sys
from functools import partial

import pytest

from siptapi_core.commands import Caller, Dial
from siptapi_core.demo import Ending, open_demo
from siptapi_core.demo.endings import CASTS, Cast
from siptapi_core.dialer import open_dialer
from siptapi_core.events import CallEnded, Outcome, Stage
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import LineSettings
from siptapi_core.targets import Address

ENDED = {
    Ending.ANSWERED: (Outcome.ANSWERED, Stage.CALLEE),
    Ending.BUSY: (Outcome.BUSY, Stage.CALLEE),
    Ending.NO_ANSWER: (Outcome.NO_ANSWER, Stage.CALLEE),
    Ending.REJECTED: (Outcome.REJECTED, Stage.CALLEE),
    Ending.NOT_FOUND: (Outcome.NOT_FOUND, Stage.CALLEE),
    Ending.NO_NOTIFY: (Outcome.UNKNOWN, Stage.CALLEE),
    Ending.PHONE_BUSY: (Outcome.BUSY, Stage.PHONE),
    Ending.PHONE_NO_ANSWER: (Outcome.NO_ANSWER, Stage.PHONE),
}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    def soon(behaviour):
        answer_after = None if behaviour.answer_after is None else 0.02
        return behaviour.evolve(answer_after=answer_after, gives_up_after=0.05)

    module = sys.modules["siptapi_core.demo.open_demo"]  # the package has its function there
    casts = {
        ending: Cast(phone=soon(cast.phone), callee=soon(cast.callee))
        for ending, cast in CASTS.items()
    }
    monkeypatch.setattr(module, "CASTS", casts)
    monkeypatch.setattr(module, "RINGS", 0.1)
    monkeypatch.setattr(module, "LineSettings", partial(LineSettings, failure_linger=0.0))


def run(main):
    return asyncio.run(asyncio.wait_for(main, 20))


@pytest.mark.parametrize("ending", Ending)
def test_it_ends_as_it_says(ending):
    async def main():
        catalog = load_plugins(third_party=False)
        async with open_demo(ending) as demo, open_dialer(demo.settings, catalog) as dialer:
            events = dialer.events(Caller(frontend="test"))
            await dialer.execute(Dial(number=demo.number), Caller(frontend="test"))
            while not isinstance(happening := (await anext(events)).happening, CallEnded):
                pass
            assert demo.phone.seen[0] == "invited"
            return happening, demo.callee.seen

    happening, callee = run(main())
    assert (happening.outcome, happening.stage) == ENDED[ending]
    if ending is not Ending.NO_NOTIFY:  # there nobody knows
        assert ("answered" in callee) == (ending is Ending.ANSWERED)


def test_its_ports_are_given_back_even_where_it_breaks():
    ports = []

    async def main():
        async with open_demo() as demo:
            ports.append(demo.phone.address)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main())
    [address] = ports
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((address.host, address.port))


def test_the_proxy_is_named_for_the_ladder():
    async def main():
        async with open_demo() as demo:
            proxy = demo.settings.lines["demo"].outbound_proxy
            host, _, port = proxy.partition(":")
            assert demo.names == {str(Address(host, int(port))): "Proxy"}

    run(main())
