"""Putting it together, and running it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from starlette.routing import Mount, Router

from siptapi_core.contracts import Context, Dialer
from siptapi_frontends.http.access import AccessControl
from siptapi_frontends.http.api import Api
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.demo import DemoApi, DemoPhones
from siptapi_frontends.http.gate import Gate
from siptapi_frontends.http.messages import MessageTeller
from siptapi_frontends.http.operations import API
from siptapi_frontends.http.pages import Page
from siptapi_frontends.http.refusal_log import RefusalLog
from siptapi_frontends.http.server import Server, listen
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.simple_door import SimpleDoor
from siptapi_frontends.http.tokens import TokenFile


class HttpFrontend:
    """A `siptapi_core.contracts.Frontend`; ``demo`` are the phones of ``siptapi serve --demo``.

    ``port`` is the one it listens on, once it does.
    """

    port = 0
    where = ""

    def __init__(
        self, settings: HttpSettings, context: Context, demo: DemoPhones | None = None
    ) -> None:
        self._settings = settings
        self._context = context
        self._demo = demo

    async def serve(self, dialer: Dialer, ready: Callable[[], None]) -> None:
        """Serve until cancelled.

        Raises:
            NetworkError: the address cannot be listened on.
            SettingsError: the certificate cannot be used.
        """
        settings, logger = self._settings, self._context.logger
        tokens = TokenFile(Path(self._context.state_folder()) / "tokens.json")
        log = RefusalLog(logger, self._context.clock)
        access = AccessControl(settings, tokens, clock=self._context.clock, logger=logger)
        broadcaster = Broadcaster(dialer, logger)
        messages = MessageTeller(dialer, broadcaster, logger)
        api = Api(
            dialer,
            access,
            broadcaster,
            calls_per_minute=settings.calls_per_minute,
            clock=self._context.clock,
            logger=logger,
        )
        demo = None if self._demo is None else DemoApi(self._demo, access, broadcaster)
        routes = api.routes() + ([] if demo is None else demo.routes())
        door = SimpleDoor(api, access, log).routes() if settings.simple_door else []
        app = Router(
            [Mount(API, Router(routes, redirect_slashes=False)), *door, Mount("/", Page())],
            redirect_slashes=False,
        )
        gate = Gate(app, access, origins=settings.allowed_origins, log=log)
        server = Server(gate, settings, ready=ready, log=log)
        listening = listen(settings.address)
        self.port = listening.getsockname()[1]
        host = settings.address[0]
        scheme = "https" if settings.tls_certificate else "http"
        self.where = f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"
        logger.info("listening", address=settings.address[0], port=self.port)
        running = [broadcaster.run(), messages.run(), *([] if demo is None else [demo.run()])]
        telling = [asyncio.get_running_loop().create_task(each) for each in running]
        try:
            await server.serve_until_cancelled(listening, broadcaster.close)
        finally:
            for task in telling:
                task.cancel()
            await asyncio.gather(*telling, return_exceptions=True)
