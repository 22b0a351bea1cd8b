"""The header Idempotency-Key: who is not sure whether a request came may send it again.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/

Only success is remembered. After an error nothing was dialled, so the request is carried out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from starlette.responses import Response

from siptapi_core.commands import Command
from siptapi_frontends.http.problems import Problem

MOST_KEYS = 1000
"""That are remembered in all; the oldest is forgotten first."""
LONGEST_KEY = 200
Answer = Callable[[], Awaitable[Response]]


class _Known(NamedTuple):
    command: Command
    response: asyncio.Future[Response]


class IdempotentRequests:
    """Remembers what was answered to whom, by their keys."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}

    async def answer(self, who: str, key: str, command: Command, answer: Answer) -> Response:
        """What ``answer`` gives, or gave when ``who`` first sent ``command`` with that key.

        Raises:
            Problem: the key is none, or was sent with another command.
        """
        if not 0 < len(key) <= LONGEST_KEY or not key.isascii():
            words = f"Idempotency-Key: expected 1 to {LONGEST_KEY} ASCII characters"
            raise Problem(422, "usage", words)
        known = self._known.get((who, key))
        if known is not None:
            if known.command != command:
                raise Problem(422, "usage", "this Idempotency-Key was sent with another request")
            return await asyncio.shield(known.response)
        response: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._known[who, key] = _Known(command, response)
        if len(self._known) > MOST_KEYS:
            del self._known[next(iter(self._known))]
        try:
            response.set_result(await answer())
        except BaseException as error:
            self._known.pop((who, key), None)
            response.set_exception(error)
            response.exception()  # whoever else waits is told; nobody need be
            raise
        return response.result()
