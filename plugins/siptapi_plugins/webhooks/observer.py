"""The observer: turns each event into what each target wants, and queues that."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping

import httpx

from siptapi_core import CallEvent, Context, Event, Gap, encode_event
from siptapi_core.version import VERSION
from siptapi_plugins.webhooks.delivering import Deliverer
from siptapi_plugins.webhooks.queue import DeliveryQueue
from siptapi_plugins.webhooks.settings import Preset, WebhookSettings, WebhookTarget
from siptapi_plugins.webhooks.zammad import ZammadCalls

CLOSE_SECONDS = 2.0
"""How long `Webhooks.close` waits for deliveries under way; what is queued is sent next time."""


class Webhooks:
    """Tells every target of the settings."""

    def __init__(self, settings: WebhookSettings, context: Context) -> None:
        self._targets = [_Target(target, context) for target in settings.targets]

    def observe(self, event: Event | Gap) -> None:
        """Queue it for whoever wants it."""
        for target in self._targets:
            target.observe(event)

    def close(self) -> None:
        """Send what can be sent at once."""
        for target in self._targets:
            target.close(CLOSE_SECONDS / len(self._targets))


class _Target:
    def __init__(self, settings: WebhookTarget, context: Context) -> None:
        self._settings = settings
        self._logger = context.logger
        self._zammad = ZammadCalls()
        name = hashlib.sha256(settings.url.encode()).hexdigest()[:16]
        self._queue = DeliveryQueue(context.state_folder() / f"{name}.db", settings.queue_limit)
        if (aside := self._queue.set_aside) is not None:
            self._logger.error("webhook queue damaged: begun anew", damaged=str(aside))
        self._client = httpx.Client(
            timeout=settings.timeout,
            headers={"user-agent": f"SIPTAPI/{VERSION}"},
            follow_redirects=False,
        )
        self._deliverer = Deliverer(
            settings, self._queue, self._client, clock=context.clock, logger=context.logger
        )
        self._deliverer.wake()

    def observe(self, event: Event | Gap) -> None:
        body = self._body(event)
        if body is None:
            return
        dropped = self._queue.put(f"msg_{uuid.uuid4().hex}", json.dumps(body))
        if dropped:
            limit = self._settings.queue_limit
            self._logger.warning("webhook queue full: oldest dropped", dropped=dropped, limit=limit)
        self._deliverer.wake()

    def close(self, seconds: float) -> None:
        self._deliverer.close(seconds)
        self._client.close()
        self._queue.close()

    def _body(self, event: Event | Gap) -> Mapping[str, object] | None:
        settings = self._settings
        if isinstance(event, Gap):
            is_wanted = settings.preset is Preset.EVENTS
            return {"event": "gap", "missed": event.missed} if is_wanted else None
        if settings.lines and event.line not in settings.lines:
            return None
        if settings.events and event.happening.name not in settings.events:
            return None
        if settings.preset is Preset.ZAMMAD:
            return self._zammad.body(event) if isinstance(event, CallEvent) else None
        return encode_event(event)
