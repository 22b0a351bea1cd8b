"""The little telephone system of ``siptapi serve --demo``, started: two lines, two phones.

Beside the phones that people pick up there is an extension that is always busy, and one that is
not there at all. Nothing is remembered when it ends.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from siptapi_core.demo.desk_phones import DeskPhone, DeskPhones
from siptapi_core.demo.open_demo import DOMAIN
from siptapi_core.demo.phone import Behaviour, PhoneAccount, SimulatedPhone
from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.demo.running import LOOPBACK, running
from siptapi_core.net.driver import Driver
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.numbers.rules import NumberRules
from siptapi_core.settings import HistorySettings, LineSettings, Secret, Sections, Settings
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.uri import SipUri
from siptapi_core.values import Value

LINES = {"Anna": ("200", "201"), "Bruno": ("300", "301")}
"""By whose they are: the account that SIPTAPI uses, and the phone."""
BUSY = "302"
RINGS = 20.0
"""Seconds that a phone rings before its caller is told that nobody is there."""
_NUMBERS = NumberRules(
    region="AT", area_code="1", internal_lengths=(3,), confirm=("international",), deny=("premium",)
)


class DemoTown(Value, kw_only=True):
    """A running town: what SIPTAPI is to be set to, and the phones on the desks."""

    settings: Settings
    phones: DeskPhones


@asynccontextmanager
async def open_town(
    folder: Path, sections: Sections, *, rings: float = RINGS
) -> AsyncIterator[DemoTown]:
    """Start proxy and phones, which ring for so many seconds; the history goes into ``folder``.

    ``sections`` are those of the front ends.

    Raises:
        NetworkError: no socket could be opened on loopback.
    """
    password = secrets.token_urlsafe(12)
    accounts = {account: password for account, _phone in LINES.values()}
    identifiers = SystemIdentifiers()
    async with AsyncExitStack() as stack:
        proxy, _ = await stack.enter_async_context(
            running(
                lambda at: DemoProxy(
                    at, DOMAIN, passwords=accounts, phones={}, secret=identifiers.tag()
                )
            )
        )

        async def phone(
            user: str, account: str, behaviour: Behaviour, name: str = ""
        ) -> tuple[SimulatedPhone, Driver]:
            started = await stack.enter_async_context(
                running(
                    lambda at: SimulatedPhone(
                        PhoneAccount(
                            user=user,
                            domain=DOMAIN,
                            proxy=proxy.address,
                            credentials=Credentials(account, password),
                            display_name=name,
                        ),
                        at,
                        identifiers=identifiers,
                        behaviour=behaviour,
                    )
                )
            )
            proxy.phones[user] = started[0].address
            return started

        on_a_desk = Behaviour(answer_after=None, gives_up_after=rings, busy_when_used=True)
        first, second = LINES
        desks = {}
        for name, other in ((first, second), (second, first)):
            account, user = LINES[name]
            simulated, driver = await phone(user, account, on_a_desk, name)
            calls = SipUri(host=DOMAIN, user=LINES[other][0])
            desks[name] = DeskPhone(name=name, phone=simulated, driver=driver, calls=calls)
        await phone(BUSY, LINES[first][0], Behaviour(reject_with=486))
        phones = DeskPhones(desks, frozenset(accounts), proxy)
        stack.callback(phones.close)
        yield DemoTown(
            settings=Settings(
                lines={
                    name.lower(): LineSettings(
                        domain=DOMAIN,
                        user=account,
                        password=Secret(password),
                        phone=user,
                        outbound_proxy=f"{LOOPBACK}:{proxy.address.port}",
                        display_name="{number}",
                        ring_timeout=rings,
                        register=True,
                        numbers=_NUMBERS,
                    )
                    for name, (account, user) in LINES.items()
                },
                default_line=first.lower(),
                local_addresses=(LOOPBACK,),
                history=HistorySettings(file=str(folder / "history.db")),
                sections=sections,
            ),
            phones=phones,
        )
