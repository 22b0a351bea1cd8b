"""Many lines whose dialogs are watched over one network, on loopback sockets."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from loopback_office import CHALLENGE, Office, Server, opened, run

from siptapi_core.contracts import Resolved
from siptapi_core.errors import SettingsError, UnknownNameError
from siptapi_core.machine.flows import Flows
from siptapi_core.machine.subscription_plan import SubscriptionPlan
from siptapi_core.net import watching
from siptapi_core.net.resolving import ResolverChain
from siptapi_core.net.watching import Watches
from siptapi_core.sip.dialog_info import DialogState
from siptapi_core.sip.message import Headers, Request, parse_message
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri


class Notifier(Server):
    """Answers each SUBSCRIBE with ``status``, and notifies of ``dialogs`` right after a 200.

    While it is ``deaf`` it only remembers what it has ``seen``.
    """

    def __init__(self):
        super().__init__()
        self.deaf = False
        self.dialogs = ""
        self.subscribers = {}

    def datagram_received(self, data, source):
        message = parse_message(data)
        if isinstance(message, Request):
            self.seen.append(message)
            self.heard.set()
            if not self.deaf:
                self.answer(message, source)

    def answer(self, subscribe, source):
        status = self.status_of(subscribe)
        headers = [("Contact", f"<sip:{self.address.host}:{self.address.port}>")]
        headers += [CHALLENGE] if status == 401 else [("Expires", str(subscribe.expires))]
        response = subscribe.response(status, to_tag="notifier", headers=headers)
        self.transport.sendto(response.encode(), source)
        if status == 200:
            self.subscribers[subscribe.to.uri.user] = (subscribe, source)
            self.notify(subscribe.to.uri.user, last=subscribe.expires == 0)

    def notify(self, user, *, last=False):
        """Tell the subscriber of ``user`` what is now."""
        subscribe, source = self.subscribers[user]
        number = len(self.seen)
        body = (
            f'<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="{number}"'
            f' state="full" entity="sip:{user}@pbx.test">{self.dialogs}</dialog-info>'
        ).encode()
        headers = [
            ("Via", f"SIP/2.0/UDP {self.address.host};branch=z9hG4bK-{user}-{number}"),
            ("From", f"{subscribe.to};tag=notifier"),
            ("To", str(subscribe.from_)),
            ("Call-ID", subscribe.call_id),
            ("CSeq", f"{number} NOTIFY"),
            ("Contact", f"<sip:{self.address.host}:{self.address.port}>"),
            ("Event", "dialog"),
            ("Subscription-State", "terminated" if last else "active;expires=600"),
            ("Content-Type", "application/dialog-info+xml"),
        ]
        request = Request("NOTIFY", subscribe.contacts[0].uri, Headers(headers), body)
        self.transport.sendto(request.encode(), source)

    async def resolve(self, target, context):
        """As a resolver: everything leads here."""
        return Resolved(targets=(self.address,), why="it is there")


class Watching(Office):
    """A notifier, and our watches there; ``told`` and ``dialogs`` are what was reported."""

    def __init__(self, network, notifier):
        super().__init__(network, notifier)
        self.notifier = notifier
        self.told = []
        self.dialogs = []
        self.problem = None
        self.watches = Watches(
            network, Flows(network.agent.transactions), self.on_dialog, self.on_watching
        )

    def chain(self, line):
        if self.problem is not None:
            raise self.problem
        return ResolverChain([("notifier", self.notifier)], line=line, clock=self.network.clock)

    def on_dialog(self, line, report, now):
        self.dialogs.append((line, report.dialog.id, report.dialog.state))
        self.notifier.heard.set()

    def on_watching(self, line, watching, reason):
        self.told.append((line, watching, reason))
        self.notifier.heard.set()

    def watch(self, line="200"):
        account = SipUri("pbx.test", user=line)
        plan = SubscriptionPlan(
            target=account, from_=NameAddr(account), next_hop=SipUri("pbx.test")
        )
        self.watches.watch(line, plan, self.chain, self.credentials)


@asynccontextmanager
async def office(t1=0.5):
    async with opened(Notifier, t1) as (network, notifier):
        made = Watching(network, notifier)
        yield made
        await made.watches.close(1.0)
        assert len(made.watches) == 0


def test_a_line_is_watched_until_it_is_not_any_more():
    async def main():
        async with office() as here:
            here.notifier.password = "pw"
            here.watch()
            await here.until(lambda: here.told == [("200", True, "")])
            here.notifier.dialogs = '<dialog id="d"><state>early</state></dialog>'
            here.notifier.seen.append(here.notifier.seen[-1])  # the next NOTIFY has another number
            here.notifier.notify("200")
            await here.until(lambda: here.dialogs == [("200", "d", DialogState.EARLY)])
            assert len(here.watches) == 1
            with pytest.raises(ValueError, match="line '200' is watched already"):
                here.watch()
            here.watches.unwatch("200")
            await here.until(lambda: here.notifier.seen[-1].expires == 0)
            here.watches.unwatch("200")
            here.watches.unwatch("nobody")
            assert here.told == [("200", True, "")], "whoever ends it need not be told"

    run(main)


def test_where_it_is_refused_that_is_said_once():
    async def main():
        async with office() as here:
            here.notifier.status = 489
            here.watch()
            await here.until(lambda: here.told != [])
            assert here.told == [("200", False, "refused: 489 Bad Event")]
            here.watches.unwatch("200")

    run(main)


def test_a_line_whose_resolver_is_gone():
    async def main():
        async with office() as here:
            here.problem = UnknownNameError("resolver", "hosts")
            here.watch()
            await here.until(lambda: here.told != [])
            assert here.told == [("200", False, "there is no way to sip:pbx.test")]
            here.problem = None
            here.watch("201")
            await here.until(lambda: ("201", True, "") in here.told)
            here.problem = UnknownNameError("resolver", "hosts")
            here.watches.unwatch("201")
            await here.until(lambda: here.notifier.seen[-1].expires == 0)

    run(main)


def test_a_password_that_cannot_be_read_is_said():
    async def main():
        async with office() as here:
            here.password = SettingsError("is not set", key="lines.office.password")
            here.watch()
            await here.until(lambda: here.told != [])
            assert here.told == [("200", False, "lines.office.password: is not set")]
            assert len(here.watches.turns) == 0
            here.watches.unwatch("200")
            assert here.notifier.seen == []

    run(main)


@pytest.mark.parametrize("password", ["pw", SettingsError("is not set")])
def test_a_watch_that_ends_while_its_password_is_read_never_begins(password):
    async def main():
        async with office() as here:
            here.password = password
            here.watch()
            await asyncio.sleep(0)  # it begins
            here.watches.unwatch("200")
            for _ in range(5):
                await asyncio.sleep(0)
            assert here.told == here.notifier.seen == []

    run(main)


def test_a_line_may_be_watched_again_at_once():
    async def main():
        async with office() as here:
            here.watch()
            await here.until(lambda: here.told == [("200", True, "")])
            here.watches.unwatch("200")
            here.watch()
            await here.until(lambda: here.told == [("200", True, "")] * 2)
            assert len(here.watches) == 1

    run(main)


def test_only_so_many_subscribe_at_a_time(monkeypatch):
    monkeypatch.setattr(watching, "AT_ONCE", 3)

    async def main():
        async with office() as here:
            here.notifier.deaf = True
            lines = [str(number) for number in range(200, 210)]
            for line in lines:
                here.watch(line)
            await here.until(lambda: len(here.notifier.seen) == 3)
            await asyncio.sleep(0.05)
            assert here.notifier.users() == lines[:3]
            here.notifier.deaf = False
            await here.until(lambda: {line for line, *_ in here.told} == set(lines))
            assert {watching for _, watching, _ in here.told} == {True}

    run(main)


def test_all_are_taken_off_at_the_end():
    async def main():
        async with office() as here:
            lines = [str(number) for number in range(200, 205)]
            for line in lines:
                here.watch(line)
            await here.until(lambda: len(here.told) == 5)
            await here.watches.close(10.0)
            left = [each.to.uri.user for each in here.notifier.seen if each.expires == 0]
            assert sorted(left) == lines

    run(main)


def test_a_silent_notifier_does_not_keep_close_waiting():
    async def main():
        async with office() as here:
            here.watch()
            await here.until(lambda: here.told != [])
            here.notifier.deaf = True
            loop = asyncio.get_running_loop()
            begun = loop.time()
            await here.watches.close(0.2)
            assert 0.19 < loop.time() - begun < 1.0

    run(main)


def test_nothing_to_close():
    async def main():
        async with office() as here:
            await here.watches.close(10.0)

    run(main)
