"""The dialog watches of all lines over one network (RFC 4235): who is watched, and what is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from siptapi_core.errors import SiptapiError
from siptapi_core.machine.dialog_watch import DialogReport, DialogWatch
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.phone_leg import Located
from siptapi_core.machine.subscription import SubscriberState, Subscription
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.net.line_network import LineNetwork, ReadCredentials
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.sip_network import SipNetwork
from siptapi_core.net.turns import Turns
from siptapi_core.sip.uri import SipUri

AT_ONCE = 100
PATIENCE = 1.0
"""As `siptapi_core.net.registering` has them, for the same reasons."""

OnDialog = Callable[[str, DialogReport, float], None]
OnWatching = Callable[[str, bool, str], None]


class Watches:
    """The lines of one network that are watched, by name.

    ``on_dialog(line, report, now)`` is told of each dialog; ``on_watching(line, watching, reason)``
    whether there is anything to be told, and why not. ``flows`` are those of the network.
    """

    def __init__(
        self,
        network: SipNetwork,
        flows: Flows,
        on_dialog: OnDialog,
        on_watching: OnWatching,
    ) -> None:
        self.network = network
        self.flows = flows
        self.on_dialog = on_dialog
        self.on_watching = on_watching
        self.turns = Turns(AT_ONCE, PATIENCE)
        self._lines: dict[str, _Watch] = {}
        self._leaving: set[_Watch] = set()
        self._all_gone = asyncio.Event()

    def watch(
        self,
        line: str,
        plan: SubscriptionPlan,
        chain: Callable[[str], ResolverChain],
        credentials: ReadCredentials,
    ) -> None:
        """Subscribe to what ``plan`` says, and stay subscribed.

        ``chain(line)`` leads to the next hop, asked for each time.

        Raises:
            ValueError: that line is watched already.
        """
        if line in self._lines:
            raise ValueError(f"line {line!r} is watched already")
        watch = self._lines[line] = _Watch(self, line, plan, chain)
        self.turns.ask(watch, lambda: watch.begin(credentials))

    def unwatch(self, line: str) -> None:
        """Unsubscribe; one that is not watched is left alone."""
        watch = self._lines.pop(line, None)
        if watch is not None:
            self.turns.finish(watch)
            self._leaving.add(watch)
            watch.stop()

    async def close(self, seconds: float) -> None:
        """Unsubscribe all; return when that is done, after ``seconds`` at the latest."""
        for line in tuple(self._lines):
            self.unwatch(line)
        await self.turns.close()
        if self._leaving:
            self._all_gone.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_gone.wait(), seconds)

    def __len__(self) -> int:
        """How many lines are watched."""
        return len(self._lines)

    def on_state(self, watch: _Watch, state: SubscriberState) -> None:
        """A subscription is in another state."""
        if state is not SubscriberState.SUBSCRIBING:
            self.turns.finish(watch)
        if state is SubscriberState.ENDED:
            self.forget(watch)

    def forget(self, watch: _Watch) -> None:
        """A watch is over."""
        self._leaving.discard(watch)
        if not self._leaving:
            self._all_gone.set()


class _Watch:
    """One line: the owner of its subscription, and of what that tells."""

    def __init__(
        self,
        all_lines: Watches,
        line: str,
        plan: SubscriptionPlan,
        chain: Callable[[str], ResolverChain],
    ) -> None:
        self._all = all_lines
        self._line = line
        self._plan = plan
        self._chain = chain
        self._dialogs = DialogWatch(self)
        self._subscription: Subscription | None = None
        self._stopped = False

    async def begin(self, credentials: ReadCredentials) -> None:
        """Read what challenges are answered with, and subscribe."""
        try:
            known = await credentials()
        except SiptapiError as error:
            self._all.turns.finish(self)
            self.on_watching(str(error), 0.0, watching=False)
            return
        if self._stopped:
            return
        network = self._all.network
        self._subscription = Subscription(
            self._plan,
            agent=network.agent,
            credentials=known,
            flows=self._all.flows,
            locate=self._locate,
            owner=self,
        )
        network.drive(self._subscription.start)

    def stop(self) -> None:
        """Unsubscribe."""
        self._stopped = True
        if self._subscription is None:
            self._all.forget(self)
        else:
            self._all.network.drive(self._subscription.stop)

    def _locate(self, uri: SipUri, then: Located) -> None:
        network = self._all.network
        try:
            way = LineNetwork(network, self._chain(self._line), None, line=self._line)
        except SiptapiError:  # a line that is gone may have had the last resolver of its kind
            asyncio.get_running_loop().call_soon(network.drive, partial(then, ()))
        else:
            way.locate(uri, then)

    def on_notify(self, body: bytes, content_type: str | None, now: float) -> bool:
        """A NOTIFY came."""
        return self._dialogs.on_notify(body, content_type, now)

    def on_state(self, state: SubscriberState, reason: str, now: float) -> None:
        """The subscription is in another state."""
        self._dialogs.on_state(state, reason, now)
        self._all.on_state(self, state)

    def on_dialog(self, report: DialogReport, now: float) -> None:
        """A dialog began, changed or ended."""
        self._all.on_dialog(self._line, report, now)

    def on_watching(self, reason: str, now: float, *, watching: bool) -> None:  # noqa: ARG002  # as the machine has it
        """Whether there is anything to be told."""
        if not self._stopped:
            self._all.on_watching(self._line, watching, reason)
