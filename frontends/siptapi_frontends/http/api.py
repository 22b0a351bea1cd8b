"""The endpoints under /api/v1."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from siptapi_core.commands import (
    Calls,
    Command,
    Dial,
    Dialling,
    Done,
    Lines,
    ListCalls,
    Reply,
    ShowCall,
    ShowStatus,
    Status,
)
from siptapi_core.contracts import Clock, Dialer, Logger
from siptapi_core.control.vocabulary import decode_command, encode_reply
from siptapi_core.errors import RefusedError, SiptapiError, UnknownNameError
from siptapi_core.events import CallId
from siptapi_core.value_encoding import class_fields, members_of, name_of
from siptapi_frontends.http import docs_page
from siptapi_frontends.http.access import Access, AccessControl
from siptapi_frontends.http.bodies import read_object, read_query
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.event_stream import MOST_LISTENERS, STREAM_TYPE, EventStream
from siptapi_frontends.http.figures import MEDIA_TYPE, figures
from siptapi_frontends.http.idempotency import IdempotentRequests
from siptapi_frontends.http.json_response import JsonResponse
from siptapi_frontends.http.listener import Listener
from siptapi_frontends.http.openapi import describe
from siptapi_frontends.http.operations import API, OPERATIONS, Operation
from siptapi_frontends.http.problems import Problem, problem_of
from siptapi_frontends.http.rate_limits import RateLimit
from siptapi_frontends.http.tokens import Scope

Handler = Callable[[Request], Awaitable[ASGIApp]]
IDEMPOTENCY_HEADER = "Idempotency-Key"


class Api:
    """Executes commands of the vocabulary for who may have them executed."""

    def __init__(
        self,
        dialer: Dialer,
        access: AccessControl,
        broadcaster: Broadcaster,
        *,
        calls_per_minute: int,
        clock: Clock,
        logger: Logger,
    ) -> None:
        self._dialer = dialer
        self._access = access
        self._broadcaster = broadcaster
        self._clock = clock
        self._logger = logger
        self._calls = RateLimit(calls_per_minute)
        self._usual_lines: dict[frozenset[str] | None, str] = {}  # of who names none, by theirs
        self._idempotent = IdempotentRequests()
        self._description = describe()

    def routes(self) -> list[Route]:
        """Every endpoint, one route a path."""
        paths: dict[str, dict[str, Handler]] = {}
        for each in OPERATIONS:
            paths.setdefault(each.path, {})[each.method] = partial(self._execute, each)
        paths |= {
            "/events": {"GET": self._listen},
            "/session": {
                "GET": self._show_session,
                "POST": self._log_in,
                "DELETE": self._log_out,
            },
            "/health": {"GET": self._health},
            "/ready": {"GET": self._ready},
            "/metrics": {"GET": self._metrics},
            "/openapi.json": {"GET": self._describe},
            "/docs": {"GET": self._docs},
            "/docs.css": {"GET": self._docs_style},
        }
        return [
            Route(path, partial(_dispatch, handlers), methods=list(handlers))
            for path, handlers in paths.items()
        ]

    # --- commands ----------------------------------------------------------------------------

    async def _execute(self, operation: Operation, request: Request) -> Response:
        access = self._access.admit(request, operation.scope)
        if operation.method == "GET":
            given: dict[str, Any] = _typed(operation.command, read_query(request))
        else:
            given = await read_object(request)
        command = _decode(operation, given, request.path_params)
        if not isinstance(command, Dial):
            reply = await self._dialer_says(command, access, request.path_params.get("call"))
            if isinstance(
                reply, Lines
            ):  # of ten thousand it takes a while, and calls must not wait
                return await asyncio.to_thread(_answer, operation, reply)
            return _answer(operation, reply)

        async def dial() -> Response:
            return _answer(operation, await self.dial(command, access))

        key = request.headers.get(IDEMPOTENCY_HEADER)
        if key is None:
            return await dial()
        return await self._idempotent.answer(access.key, key, command, dial)

    async def dial(self, command: Dial, access: Access) -> Dialling:
        """Carry out ``command``, where its line is not dialled on too often.

        Raises:
            Problem: it is, or the dialer refused.
        """
        now, lines = self._clock.monotonic(), access.token.lines
        line = command.line or self._usual_lines.get(lines)
        if line is not None:
            self._calls.check(line, f"calls on line {line!r}", now)
        reply = await self._dialer_says(command, access)
        if not isinstance(reply, Dialling):
            raise TypeError(f"a dialer replied {reply!r} to {command!r}")
        self._calls.take(reply.line, now)
        if command.line is None:
            self._usual_lines[lines] = reply.line
        self._logger.info("dialled", token=access.token.name, call=reply.call, line=reply.line)
        return reply

    async def _dialer_says(
        self, command: Command, access: Access, call: CallId | None = None
    ) -> Reply:
        """What it replies; ``call`` is the one that the command is about, if any."""
        try:
            return await self._dialer.execute(command, access.caller)
        except RefusedError as error:
            problem = problem_of(error)
            if call is not None and not await self._knows(call, access):
                problem.status = 404
            raise problem from error
        except SiptapiError as error:
            raise problem_of(error) from error

    async def _knows(self, call: CallId, access: Access) -> bool:
        """Whether the call is in progress, or in the history."""
        calls = await self._dialer.execute(ListCalls(), access.caller)
        if isinstance(calls, Calls) and call in {each.call for each in calls.calls}:
            return True
        try:
            await self._dialer.execute(ShowCall(call=call), access.caller)
        except RefusedError:
            return False
        return True

    # --- events ------------------------------------------------------------------------------

    async def _listen(self, request: Request) -> ASGIApp:
        access = self._access.admit(request, Scope.READ)
        query = read_query(request)
        after = query.pop("after", request.headers.get("last-event-id")) or None
        trace = query.pop("trace", "0")
        if query or trace not in {"0", "1"}:
            raise Problem(422, "usage", "expected after=ID, trace=1, or none of them")
        if after is not None and not re.fullmatch(r"[0-9]{1,19}", after):
            raise Problem(422, "usage", f"after: expected the id of an event, given {after!r:.40}")
        if len(self._broadcaster.listeners) >= MOST_LISTENERS:
            raise Problem(503, "refused", f"there are {MOST_LISTENERS} listeners already")
        self._check_ready()
        if request.method == "HEAD":
            return Response(media_type=STREAM_TYPE)
        listener = Listener(
            access.token.lines,
            traces=trace == "1",
            is_good=partial(self._access.is_still_good, access),
        )
        return EventStream(
            self._broadcaster,
            listener,
            after=None if after is None else int(after),
        )

    # --- sessions ----------------------------------------------------------------------------

    async def _show_session(self, request: Request) -> Response:
        return JsonResponse(_session(self._access.admit(request)))

    async def _log_in(self, request: Request) -> Response:
        data = await read_object(request)
        token = data.get("token")
        if not isinstance(token, str) or len(data) != 1:
            raise Problem(422, "usage", 'expected {"token": "..."}')
        access, cookie = self._access.log_in(token, request)
        return JsonResponse(_session(access), 201, headers={"Set-Cookie": cookie})

    async def _log_out(self, request: Request) -> Response:
        access = self._access.admit(request)
        return Response(status_code=204, headers={"Set-Cookie": self._access.log_out(access)})

    # --- how the process is ------------------------------------------------------------------

    async def _health(self, _request: Request) -> Response:
        return JsonResponse({"status": "ok"})

    async def _ready(self, _request: Request) -> Response:
        self._check_ready()
        return JsonResponse({"status": "ok"})

    def _check_ready(self) -> None:
        if self._broadcaster.is_over:
            raise Problem(503, "refused", "SIPTAPI is shutting down")

    async def _metrics(self, request: Request) -> Response:
        access = self._access.admit(request, Scope.READ)
        status = await self._dialer_says(ShowStatus(), access)
        if not isinstance(status, Status):
            raise TypeError(f"a dialer replied {status!r}")
        text = figures(
            status,
            listeners=len(self._broadcaster.listeners),
            events=self._broadcaster.told,
            sessions=len(self._access.sessions),
        )
        return Response(text, media_type=MEDIA_TYPE)

    async def _describe(self, _request: Request) -> Response:
        return JsonResponse(self._description)

    async def _docs(self, _request: Request) -> Response:
        return Response(docs_page.page(self._description), media_type="text/html")

    async def _docs_style(self, _request: Request) -> Response:
        return Response(docs_page.STYLE, media_type="text/css")


async def _dispatch(handlers: Mapping[str, Handler], request: Request) -> ASGIApp:
    return await handlers["GET" if request.method == "HEAD" else request.method](request)


def _decode(operation: Operation, given: dict[str, Any], in_path: dict[str, str]) -> Command:
    """The command; whatever is wrong with it is the asker's fault."""
    try:
        for name in {"command", *in_path} & given.keys():
            raise UnknownNameError("field", name)
        return decode_command({"command": name_of(operation.command), **given, **in_path})
    except SiptapiError as error:
        raise Problem(422, error.code, str(error)) from None


def _answer(operation: Operation, reply: Reply) -> Response:
    if isinstance(reply, Done):
        return Response(status_code=operation.status)
    data = encode_reply(reply)
    del data["reply"]
    headers = {"Location": f"{API}/calls/{reply.call}"} if isinstance(reply, Dialling) else None
    return JsonResponse(data, operation.status, headers=headers)


def _session(access: Access) -> dict[str, object]:
    token = access.token
    return {
        "csrf": None if access.session is None else access.session.csrf,
        "scopes": sorted(token.scopes),
        "lines": None if token.lines is None else sorted(token.lines),
    }


def _typed(command: type, query: dict[str, str]) -> dict[str, Any]:
    """What a query says, as JSON would have it."""
    fields = class_fields(command)
    return {
        name: _number(members_of(fields[name].type)[0], text) if name in fields else text
        for name, text in query.items()
    }


def _number(type_: Any, text: str) -> object:
    if type_ not in (int, float):
        return text
    try:
        return type_(text)
    except ValueError:
        return text
