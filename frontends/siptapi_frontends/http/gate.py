"""What every request passes through, and every answer: whose pages may ask, and safe headers.

Whatever a handler raises is an answer here: a `Problem`, an error of ours, or a bug, which is
logged and told in no detail.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from siptapi_core.errors import SiptapiError
from siptapi_frontends.http.access import AccessControl, client_of
from siptapi_frontends.http.operations import API
from siptapi_frontends.http.problems import Problem, problem_of
from siptapi_frontends.http.refusal_log import RefusalLog
from siptapi_frontends.http.simple_door import PATH as DOOR

SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_PROBLEM = "siptapi.problem"


class Gate:
    """The outermost of our applications: lets requests in, or refuses them."""

    def __init__(
        self, app: ASGIApp, access: AccessControl, *, origins: Sequence[str], log: RefusalLog
    ) -> None:
        self._access = access
        self._app: ASGIApp = _Answers(app, log)
        self._refusals = _Answers(_refuse, log)
        if origins:
            self._app = CORSMiddleware(
                self._app,
                allow_origins=origins,
                allow_methods=("GET", "POST", "DELETE"),
                allow_headers=(
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "Last-Event-ID",
                ),
                expose_headers=("Location", "Retry-After"),
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            request = Request(scope)
            if {"transfer-encoding", "content-length"}.issubset(request.headers):
                words = "two lengths are given (RFC 9112 section 6.3)"
                raise Problem(400, "usage", words, headers={"Connection": "close"})  # noqa: TRY301
            self._access.check_source(request)
        except Problem as problem:
            await self._refusals({**scope, _PROBLEM: problem}, receive, send_safely)
        else:
            await self._app(scope, receive, send_safely)


async def _refuse(scope: Scope, _receive: Receive, _send: Send) -> None:
    raise scope[_PROBLEM]


def _told(error: HTTPException, request: Request) -> Problem:
    words = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        words = f"there is nothing at {request.url.path!r:.100}; {API}/docs says what there is"
        if request.url.path == DOOR:
            words = "the simple door is shut: simple_door = true in [frontends.http] opens it"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and error.headers:
        words = f"{request.method} means nothing here; there is {error.headers['Allow']}"
    return Problem(error.status_code, "http", words, headers=error.headers)


class _Answers:
    """Answers what ``app`` raises."""

    def __init__(self, app: ASGIApp, log: RefusalLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # to Starlette: what goes wrong is answered here
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:  # a bug must not show what it is
            problem = self._problem(error, Request(scope))
            if started:
                raise
            await problem.response()(scope, receive, send)

    def _problem(self, error: Exception, request: Request) -> Problem:
        told = {"client": client_of(request), "method": request.method, "path": request.url.path}
        if isinstance(error, SiptapiError):
            error = problem_of(error)
        if isinstance(error, HTTPException):
            error = _told(error, request)
        if isinstance(error, Problem):
            self._log.warning("refused", **told, status=error.status, why=error.detail)
            return error
        self._log.error("request broke", **told, why=repr(error))
        return Problem(500, "unexpected", "something unexpected happened; the log says what")
