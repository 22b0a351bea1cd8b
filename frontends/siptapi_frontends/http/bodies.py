"""Reading what a request brings: its body, within bounds of size and time; its query."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from siptapi_frontends.http.problems import Problem

MOST_BYTES = 64 * 1024
MOST_DISCARDED = 16 * 1024 * 1024
"""So much of a body that is too long is read all the same: who still sends hears no answer."""
BODY_SECONDS = 10.0
"""How long a body may take to come."""
_CLOSE = {"Connection": "close"}


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object that is the body; an empty body is an empty object.

    Raises:
        Problem: it is too long, too slow, or no JSON object.
    """
    body = await read_body(request)
    if not body:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "usage", "expected a body of Content-Type application/json")
    try:
        data = json.loads(body, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        raise Problem(400, "usage", "the body is no JSON") from None
    if not isinstance(data, dict):
        raise Problem(422, "usage", "expected a JSON object")
    return data


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):  # others may have read the first, and let it pass
        raise Problem(422, "usage", "a name is given twice in a JSON object")
    return data


async def read_body(request: Request) -> bytes:
    """The body.

    Raises:
        Problem: it is too long, or too slow.
    """
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= MOST_BYTES:
                    body += chunk
                elif size > MOST_DISCARDED:
                    break
    except TimeoutError:
        raise Problem(
            408, "slow", f"the body did not come within {BODY_SECONDS:.0f} s", headers=_CLOSE
        ) from None
    except ClientDisconnect:
        raise Problem(400, "usage", "the body is not whole") from None
    if size > MOST_BYTES:
        words = f"the body is longer than {MOST_BYTES} bytes"
        raise Problem(413, "too-long", words, headers=_CLOSE)
    return bytes(body)


def read_query(request: Request, known: frozenset[str] | None = None) -> dict[str, str]:
    """What the query says, each name once and one of ``known`` (None: any).

    Raises:
        Problem: a name is there twice, or is not known.
    """
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in query or (known is not None and name not in known):
            raise Problem(422, "usage", f"{name!r:.40}: given twice, or not known here")
        query[name] = value
    return query
