"""A strategy whose attempts never get done with what they are told."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from dialer_bench import StoryAttempt, StoryStrategy
from test_local_dialer import Rig

from siptapi_core.commands import Calls, Dial, HangUp, ListCalls, Transfer
from siptapi_core.contracts import Capability
from siptapi_core.dialer import outgoing_call, outgoing_calls
from siptapi_core.errors import PluginError
from siptapi_core.events import PhoneCalling


@pytest.mark.parametrize("what", ["hang up", "transfer"])
def test_a_strategy_that_never_gets_done_is_named_and_holds_nobody_up(monkeypatch, what):
    monkeypatch.setattr(outgoing_call, "PATIENCE", 0.01)
    monkeypatch.setattr(outgoing_calls, "GOODBYE_SECONDS", 0.01)

    class Stuck(StoryAttempt):
        async def transfer(self, to):
            await asyncio.sleep(3600)

        hang_up = property(lambda self: partial(self.transfer, None))

    class Strategy(StoryStrategy):
        def start(self, request, network):
            return Stuck((PhoneCalling(),), capabilities=Capability)

    async def main():
        rig = Rig(a=Strategy())
        call = (await rig.execute(Dial(number="301"))).call
        command = HangUp(call=call) if what == "hang up" else Transfer(call=call, number="302")
        with pytest.raises(PluginError, match=f"'a' did not {what} within 0.01 s"):
            await rig.execute(command)
        await asyncio.wait_for(rig.dialer.close(), 5)
        assert await rig.execute(ListCalls()) == Calls(())

    asyncio.run(main())
