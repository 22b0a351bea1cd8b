"""``/dial?number=...&line=...&token=...``: for programs that know how to open a URL, and no more.

What lets somebody in is the token in the request and nothing else, no cookie: so no page can use it
that does not know the token.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from siptapi_core.commands import Dial
from siptapi_core.errors import SiptapiError
from siptapi_frontends.http.access import Access, AccessControl, client_of
from siptapi_frontends.http.api import Api
from siptapi_frontends.http.bodies import read_body, read_query
from siptapi_frontends.http.problems import Problem, problem_of
from siptapi_frontends.http.refusal_log import RefusalLog
from siptapi_frontends.http.tokens import Scope

PATH = "/dial"
_FIELDS = frozenset({"number", "line", "token"})
_PREFETCH_HEADERS = ("sec-purpose", "purpose", "x-moz", "x-purpose")


class SimpleDoor:
    """Dials, and answers with one line of text."""

    def __init__(self, api: Api, access: AccessControl, log: RefusalLog) -> None:
        self._api = api
        self._access = access
        self._log = log

    def routes(self) -> list[Route]:
        """The only one."""
        every = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        return [Route(PATH, self._answer, methods=every)]  # else the page would refuse the others

    async def _answer(self, request: Request) -> Response:
        try:
            return PlainTextResponse(await self._dial(request), 201)
        except (Problem, SiptapiError) as error:
            problem = error if isinstance(error, Problem) else problem_of(error)
            self._log.warning(
                "refused",
                client=client_of(request),
                method=request.method,
                path=PATH,
                status=problem.status,
                why=problem.detail,
            )
            return PlainTextResponse(f"{problem.detail}\n", problem.status, problem.headers)

    async def _dial(self, request: Request) -> str:
        if request.method not in {"GET", "POST"}:
            raise Problem(405, "http", "GET or POST dials", headers={"Allow": "GET, POST"})
        if any("prefetch" in request.headers.get(name, "") for name in _PREFETCH_HEADERS):
            raise Problem(403, "refused", "nobody has asked for this yet: a browser looked ahead")
        given = read_query(request)
        if request.method == "POST":
            body = (await read_body(request)).decode(errors="replace")
            given |= dict(parse_qsl(body, keep_blank_values=True, max_num_fields=10))
        unknown = given.keys() - _FIELDS
        if unknown or "number" not in given:
            raise Problem(422, "usage", "expected number=..., token=... and, if you like, line=...")
        token = self._access.token(given.get("token", ""), request)
        access = Access(token=token)
        self._access.check_allowed(access, Scope.DIAL)
        number = re.sub(r"^ (?=\d)", "+", given["number"])  # many a program forgets to write %2B
        dial = Dial(number=number, line=given.get("line") or None)
        dialling = await self._api.dial(dial, access)
        return f"Dialling {dialling.explanation.formatted} on line {dialling.line}\n"
