"""One target's deliveries, in order, on a thread of their own: again and again until it answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import random
import sqlite3
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from siptapi_core import Clock, Logger, SettingsError
from siptapi_plugins.webhooks.queue import Delivery, DeliveryQueue
from siptapi_plugins.webhooks.settings import WebhookTarget, origin, signing_key

if TYPE_CHECKING:
    import httpx

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds until another try: twice as long after each, of which a random half is left out."""
MOST_PIECES = 4
"""Of an answer's body, which nobody wants: a short one is read, so that the connection lasts."""
_TRY_AGAIN = frozenset({408, 425, 429})


class Deliverer:
    """Takes deliveries off ``queue`` and POSTs them to ``target``, until `close`.

    Signed as the Standard Webhooks want it: the HMAC-SHA256 of ``ID.TIMESTAMP.BODY``, in base64, in
    ``webhook-signature``. The receiver tells by ``webhook-id`` what it had before.
    """

    def __init__(
        self,
        target: WebhookTarget,
        queue: DeliveryQueue,
        client: httpx.Client,
        *,
        clock: Clock,
        logger: Logger,
    ) -> None:
        self._target = target
        self._queue = queue
        self._client = client
        self._clock = clock
        self._logger = logger
        self._failures = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something in the queue."""
        self._wake.set()

    def close(self, seconds: float) -> None:
        """Send what waits, unless it has to be tried again, for ``seconds`` at most."""
        self._closing.set()
        self._wake.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            while (wait := self._try_first()) is not None:
                if wait and self._closing.is_set():
                    return
                if wait:
                    self._closing.wait(wait)
            if self._closing.is_set():
                return
            self._wake.wait()

    def _try_first(self) -> float | None:
        """Send what waits for longest; returns the seconds until the next try, None: nothing does.

        0: it is done with.
        """
        try:
            delivery = self._queue.first()
            return None if delivery is None else self._try(delivery)
        except sqlite3.Error as error:  # a full disk, mostly
            return self._later(f"its queue cannot be used: {error}")

    def _try(self, delivery: Delivery) -> float:
        import httpx  # noqa: PLC0415  # imported by who made the client

        after = 0.0
        try:
            answer = self._post(delivery)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, SettingsError) as error:
            why = str(error) or type(error).__name__
        else:
            if answer.is_success:
                self._done(delivery)
                return 0.0
            why = f"it answered {answer.status_code}"
            if not (answer.is_server_error or answer.status_code in _TRY_AGAIN):
                self._logger.error("webhook dropped", target=self._name, why=why, id=delivery.id)
                self._done(delivery)
                return 0.0
            after = _seconds(answer.headers.get("retry-after", ""))
        return max(self._later(why), after)

    def _post(self, delivery: Delivery) -> httpx.Response:
        """The answer, without its body: it may be without end, or unpack to more than we have."""
        import httpx  # noqa: PLC0415  # as above

        content, headers = delivery.body, self._headers(delivery)
        with self._client.stream("POST", self._target.url, content=content, headers=headers) as it:
            with suppress(httpx.HTTPError):
                for _piece in itertools.islice(it.iter_raw(), MOST_PIECES):
                    pass
            return it

    def _later(self, why: str) -> float:
        if not self._failures:
            self._logger.warning("webhook not delivered: trying again", target=self._name, why=why)
        self._failures += 1
        longest = min(FIRST_WAIT * 2.0 ** min(self._failures - 1, 20), LONGEST_WAIT)
        return random.uniform(longest / 2, longest)  # noqa: S311  # spread, no secret

    def _done(self, delivery: Delivery) -> None:
        self._failures = 0
        self._queue.remove(delivery)

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        timestamp = str(int(self._clock.time()))
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": timestamp,
        }
        if self._target.secret is not None:
            signed = f"{delivery.id}.{timestamp}.{delivery.body}".encode()
            key = signing_key(self._target.secret.reveal())
            digest = hmac.new(key, signed, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers

    @property
    def _name(self) -> str:
        """The target in the log."""
        return origin(self._target.url)


def _seconds(text: str) -> float:
    """Retry-After as seconds (RFC 9110 10.2.3); a date is left to our own patience."""
    return min(float(text), LONGEST_WAIT) if text.isdecimal() else 0.0
