"""One command to the dialer, and its reply."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from siptapi_core.commands import Caller, Command
from siptapi_core.contracts import Dialer
from siptapi_frontends.cli.output import say

CALLER = Caller(frontend="cli")

R = TypeVar("R")


def ask(
    connect: Callable[[], AbstractAsyncContextManager[Dialer]], command: Command, expected: type[R]
) -> R:
    """Have the dialer that ``connect`` gives carry out ``command``, which replies ``expected``.

    Raises:
        SiptapiError: there is no such dialer, or it cannot.
    """
    import asyncio  # noqa: PLC0415  # not for --help

    async def connected() -> R:
        async with connect() as dialer:
            return await execute(dialer, command, expected)

    return asyncio.run(connected())


async def execute(dialer: Dialer, command: Command, expected: type[R]) -> R:
    """Have ``dialer`` carry out ``command``, which replies ``expected``.

    Raises:
        SiptapiError: it cannot.
    """
    reply = await dialer.execute(command, CALLER)
    if not isinstance(reply, expected):
        raise TypeError(f"a dialer replied {reply!r} to {command!r}")
    return reply


def say_json(reply: Any, within: str | None = None) -> None:
    """Print a reply, or what it has ``within`` that field, as one JSON value."""
    import json  # noqa: PLC0415  # only with --json

    from siptapi_core.control.vocabulary import encode_reply  # noqa: PLC0415

    data = encode_reply(reply)
    del data["reply"]
    say(json.dumps(data if within is None else data[within]))
