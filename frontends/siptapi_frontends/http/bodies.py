"""Reading what a request brings: its body, within bounds of size and time; its query."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from siptapi_frontends.http.problems import Problem

MOST_BYTES = 64 * 1024
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
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "usage", "the body is no JSON") from None
    if not isinstance(data, dict):
        raise Problem(422, "usage", "expected a JSON object")
    return data


async def read_body(request: Request) -> bytes:
    """The body.

    Raises:
        Problem: it is too long, or too slow.
    """
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise _too_long()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_long()
    except TimeoutError:
        raise Problem(
            408, "slow", f"the body did not come within {BODY_SECONDS:.0f} s", headers=_CLOSE
        ) from None
    except ClientDisconnect:
        raise Problem(400, "usage", "the body is not whole") from None
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


def _too_long() -> Problem:
    return Problem(413, "too-long", f"the body is longer than {MOST_BYTES} bytes", headers=_CLOSE)
