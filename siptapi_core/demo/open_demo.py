"""The demo's little telephone system, started: a proxy, the user's phone and the callee's.

They are on real UDP sockets on loopback, so a demo call is a call: the same settings, strategies
and packets as anybody's.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from siptapi_core.demo.endings import CASTS, NOT_REGISTERED, RINGS, Ending
from siptapi_core.demo.phone import PhoneAccount, SimulatedPhone
from siptapi_core.demo.proxy import DemoProxy
from siptapi_core.demo.running import LOOPBACK, running
from siptapi_core.machine.endpoint import Endpoint
from siptapi_core.net.identifiers import SystemIdentifiers
from siptapi_core.settings import HistorySettings, LineSettings, Secret, Settings
from siptapi_core.sip.credentials import Credentials
from siptapi_core.targets import Address
from siptapi_core.values import Value

E = TypeVar("E", bound=Endpoint)

DOMAIN = "demo.invalid"
"""Resolves nowhere (RFC 6761): the proxy is reached by its address."""
USER, PHONE, CALLEE = "200", "201", "301"


class Demo(Value, kw_only=True):
    """A running demo: dial ``number`` with ``settings``; ``names`` are for the ladder."""

    settings: Settings
    number: str
    names: Mapping[str, str]
    phone: SimulatedPhone
    callee: SimulatedPhone


@asynccontextmanager
async def open_demo(ending: Ending = Ending.ANSWERED) -> AsyncIterator[Demo]:
    """Start proxy and phones, which behave so that the call ends with ``ending``.

    Raises:
        NetworkError: no socket could be opened on loopback.
    """
    password = secrets.token_urlsafe(12)
    credentials = Credentials(USER, password)
    cast = CASTS[ending]
    identifiers = SystemIdentifiers()
    async with AsyncExitStack() as stack:

        async def start(make: Callable[[Address], E]) -> E:
            endpoint, _driver = await stack.enter_async_context(running(make))
            return endpoint

        proxy = await start(
            lambda at: DemoProxy(
                at, DOMAIN, passwords={USER: password}, phones={}, secret=identifiers.tag()
            )
        )

        def account(user: str) -> PhoneAccount:
            return PhoneAccount(
                user=user, domain=DOMAIN, proxy=proxy.address, credentials=credentials
            )

        phone = await start(
            lambda at: SimulatedPhone(
                account(PHONE), at, identifiers=identifiers, behaviour=cast.phone
            )
        )
        callee = await start(
            lambda at: SimulatedPhone(
                account(CALLEE), at, identifiers=identifiers, behaviour=cast.callee
            )
        )
        proxy.phones |= {PHONE: phone.address, CALLEE: callee.address}
        impatient = 3 * RINGS
        line = LineSettings(
            domain=DOMAIN,
            user=USER,
            password=Secret(password),
            phone=PHONE,
            outbound_proxy=f"{LOOPBACK}:{proxy.address.port}",
            ring_timeout=impatient if ending is Ending.PHONE_NO_ANSWER else 30.0,
            notify_timeout=impatient if ending is Ending.NO_NOTIFY else 32.0,
        )
        yield Demo(
            settings=Settings(
                lines={"demo": line},
                default_line="demo",
                history=HistorySettings(enabled=False),  # nobody was called
            ),
            number=NOT_REGISTERED if ending is Ending.NOT_FOUND else CALLEE,
            names={str(proxy.address): "Proxy"},
            phone=phone,
            callee=callee,
        )
