"""What every request passes through, and every answer: whose pages may ask, and safe headers.

Whatever a handler raises is an answer here: a `Problem`, an error of ours, or a bug, which is
logged and told in no detail.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from siptapi_core.contracts import Logger
from siptapi_core.errors import SiptapiError
from siptapi_frontends.http.access import AccessControl, client_of
from siptapi_frontends.http.problems import Problem, problem_of

API = "/api/v1"
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    """The outermost of our applications."""

    def __init__(self, app: ASGIApp, access: AccessControl, logger: Logger) -> None:
        self._app = app
        self._access = access
        self._logger = logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        scope["app"] = self  # to Starlette: errors are answered further out
        request = Request(scope, receive)
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._access.check_source(request)
            await self._app(scope, receive, send_safely)
        except Exception as error:  # a bug must not show what it is
            problem = self._problem(error, request)
            if started:
                raise
            await problem.response()(scope, receive, send_safely)

    def _problem(self, error: Exception, request: Request) -> Problem:
        told = {"client": client_of(request), "method": request.method, "path": request.url.path}
        if isinstance(error, SiptapiError):
            error = problem_of(error)
        if isinstance(error, HTTPException):
            error = Problem(error.status_code, "http", error.detail, headers=error.headers)
        if isinstance(error, Problem):
            self._logger.warning("refused", **told, status=error.status, why=error.detail)
            return error
        self._logger.error("request broke", **told, why=repr(error))
        return Problem(500, "unexpected", "something unexpected happened; the log says what")
