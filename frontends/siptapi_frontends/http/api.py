"""The endpoints under /api/v1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, get_args, get_type_hints

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from siptapi_core.commands import Command, Dialling, Done
from siptapi_core.contracts import Dialer
from siptapi_core.control.vocabulary import decode_command, encode_reply
from siptapi_core.errors import SiptapiError
from siptapi_core.value_encoding import name_of
from siptapi_frontends.http.access import Access, AccessControl
from siptapi_frontends.http.bodies import read_object, read_query
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.event_stream import MOST_LISTENERS, EventStream
from siptapi_frontends.http.gate import API
from siptapi_frontends.http.json_response import JsonResponse
from siptapi_frontends.http.operations import OPERATIONS, Operation
from siptapi_frontends.http.problems import Problem, problem_of
from siptapi_frontends.http.tokens import Scope

Handler = Callable[[Request], Awaitable[ASGIApp]]


class Api:
    """Executes commands of the vocabulary for who may have them executed."""

    def __init__(self, dialer: Dialer, access: AccessControl, broadcaster: Broadcaster) -> None:
        self._dialer = dialer
        self._access = access
        self._broadcaster = broadcaster

    def routes(self) -> list[Route]:
        """Every endpoint, one route a path."""
        paths: dict[str, dict[str, Handler]] = {}
        for each in OPERATIONS:
            paths.setdefault(each.path, {})[each.method] = partial(self._execute, each)
        paths |= {
            "/session": {
                "GET": self._show_session,
                "POST": self._log_in,
                "DELETE": self._log_out,
            },
            "/events": {"GET": self._events},
            "/health": {"GET": self._health},
            "/ready": {"GET": self._health},
        }
        return [
            Route(path, partial(_dispatch, handlers), methods=list(handlers))
            for path, handlers in paths.items()
        ]

    async def _execute(self, operation: Operation, request: Request) -> Response:
        access = self._access.admit(request, operation.scope)
        if operation.method == "GET":
            given: dict[str, Any] = _typed(operation.command, read_query(request))
        else:
            given = await read_object(request)
        try:
            fields = {"command": name_of(operation.command), **given, **request.path_params}
            command = decode_command(fields)
        except SiptapiError as error:
            raise Problem(422, error.code, str(error)) from None
        return await self._carry_out(operation, command, access)

    async def _carry_out(self, operation: Operation, command: Command, access: Access) -> Response:
        try:
            reply = await self._dialer.execute(command, access.caller)
        except SiptapiError as error:
            raise problem_of(error, operation.refused) from error
        if isinstance(reply, Done):
            return Response(status_code=operation.status)
        data = encode_reply(reply)
        del data["reply"]
        headers = {"Location": f"{API}/calls/{reply.call}"} if isinstance(reply, Dialling) else None
        return JsonResponse(data, operation.status, headers=headers)

    # --- events ------------------------------------------------------------------------------

    async def _events(self, request: Request) -> EventStream:
        access = self._access.admit(request, Scope.READ)
        after = read_query(request).get("after", request.headers.get("last-event-id"))
        if after is not None and not (after.isascii() and after.isdecimal()):
            raise Problem(422, "usage", f"after: expected the id of an event, given {after!r:.40}")
        if len(self._broadcaster.listeners) >= MOST_LISTENERS:
            raise Problem(503, "refused", f"there are {MOST_LISTENERS} listeners already")
        return EventStream(
            self._broadcaster, access.token.lines, None if after is None else int(after)
        )

    # --- sessions ----------------------------------------------------------------------------

    async def _show_session(self, request: Request) -> Response:
        return JsonResponse(_session(self._access.identify(request)))

    async def _log_in(self, request: Request) -> Response:
        data = await read_object(request)
        token = data.get("token")
        if not isinstance(token, str) or len(data) != 1:
            raise Problem(422, "usage", 'expected {"token": "..."}')
        access, cookie = self._access.log_in(token, request)
        return JsonResponse(_session(access), 201, headers={"Set-Cookie": cookie})

    async def _log_out(self, request: Request) -> Response:
        access = self._access.identify(request)
        return Response(status_code=204, headers={"Set-Cookie": self._access.log_out(access)})

    async def _health(self, _request: Request) -> Response:
        return JsonResponse({"status": "ok"})


async def _dispatch(handlers: Mapping[str, Handler], request: Request) -> ASGIApp:
    return await handlers["GET" if request.method == "HEAD" else request.method](request)


def _session(access: Access) -> dict[str, object]:
    token = access.token
    return {
        "csrf": None if access.session is None else access.session.csrf,
        "scopes": sorted(token.scopes),
        "lines": None if token.lines is None else sorted(token.lines),
    }


def _typed(command: type, query: dict[str, str]) -> dict[str, Any]:
    """What a query says, as JSON would have it."""
    types = get_type_hints(command)
    return {name: _read(types.get(name, str), text) for name, text in query.items()}


def _read(type_: Any, text: str) -> object:
    kinds = {type_, *get_args(type_)}
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                return text
    return text
