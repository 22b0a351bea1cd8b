"""Who asks, and whether they may: tokens, sessions of the page, the names we are called by.

A web page of somebody else's must not make a phone dial. It can send requests from the user's own
browser, but neither read a token nor say which Origin it is of, and it cannot make the browser show
the session's cookie (SameSite=Strict) or know the token that goes with it.
"""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from siptapi_core.commands import Caller
from siptapi_core.contracts import Clock, Logger
from siptapi_core.values import Value
from siptapi_frontends.http.problems import Problem
from siptapi_frontends.http.rate_limits import RateLimit
from siptapi_frontends.http.sessions import COOKIE, Session, Sessions
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope, Token, TokenFile, digest_of

FRONTEND = "http"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FAILURES_PER_MINUTE = 60
"""Of one address; beyond that it is told to wait, not whether a token was right."""
_EXTENSIONS = frozenset({"chrome-extension", "moz-extension", "safari-web-extension"})


class Access(Value, kw_only=True):
    """Somebody who was let in; ``session`` is there where the page is used."""

    token: Token
    session: Session | None = None

    @property
    def caller(self) -> Caller:
        """As the dialer knows them."""
        return Caller(frontend=FRONTEND, lines=self.token.lines)

    @property
    def key(self) -> str:
        """By which their requests are counted."""
        return self.token.digest if self.session is None else self.session.digest


class AccessControl:
    """Lets in and refuses; every refusal is a `Problem`, and stands in the log."""

    def __init__(
        self, settings: HttpSettings, tokens: TokenFile, *, clock: Clock, logger: Logger
    ) -> None:
        self.sessions = Sessions()
        self._tokens = tokens
        self._clock = clock
        self._logger = logger
        self._hosts = {"localhost", *settings.hosts}
        self._origins = frozenset(settings.allowed_origins)
        self._secure = bool(settings.tls_certificate or settings.behind_proxy)
        self._requests = RateLimit(settings.requests_per_minute)
        self._failures = RateLimit(FAILURES_PER_MINUTE)
        self._used_logins: set[str] = set()

    # --- where a request comes from ----------------------------------------------------------

    def check_source(self, request: Request) -> None:
        """Refuse a name that is not ours (DNS rebinding), and pages of others."""
        host = request.headers.get("host", "")
        if not self._is_ours(host, request):
            raise Problem(
                421, "host", f"this is not {host!r:.100}: frontends.http.hosts names what it is"
            )
        origin = request.headers.get("origin")
        if origin is None or origin in self._origins:
            return
        parts = urlsplit(origin)
        if parts.scheme in {"http", "https"} and parts.netloc == host:
            return
        if parts.scheme in _EXTENSIONS and (
            "authorization" in request.headers or request.method == "OPTIONS"
        ):
            return  # a program of the user's that has a token, not a page of somebody's
        raise Problem(
            403,
            "origin",
            f"pages of {origin!r:.100} may not do that: frontends.http.allowed_origins names those "
            "that may",
        )

    def _is_ours(self, host: str, request: Request) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._hosts or f"[{name}]" in self._hosts:
            return True
        server = request.scope.get("server") or ("", 0)
        try:
            address = ip_address(name)
            return address.is_loopback or address == ip_address(server[0])
        except ValueError:
            return False

    # --- who it comes from -------------------------------------------------------------------

    def admit(self, request: Request, *scopes: Scope) -> Access:
        """Let in who has one of ``scopes``, or raise `Problem`."""
        access = self._identify(request)
        self.check_allowed(access, *scopes)
        return access

    def check_allowed(self, access: Access, *scopes: Scope) -> None:
        """Raise `Problem` for who has none of ``scopes`` or asks too often; it is counted."""
        now = self._clock.monotonic()
        self._requests.check(access.key, "requests", now)
        self._requests.take(access.key, now)
        if scopes and not access.token.scopes.intersection(scopes):
            names = " or ".join(scopes)
            raise Problem(403, "scope", f"the token {access.token.name!r} lacks the scope {names}")

    def _identify(self, request: Request) -> Access:
        authorization = request.headers.get("authorization")
        if authorization is not None:
            kind, _, text = authorization.partition(" ")
            if kind.lower() != "bearer":
                raise self._failure(request, "expected Authorization: Bearer TOKEN")
            return Access(token=self.token(text.strip(), request))
        return self._session(request)

    def token(self, text: str, request: Request) -> Token:
        """The token ``text``, where it is a good one."""
        token = self._tokens.tokens().get(digest_of(text))
        if token is None:
            raise self._failure(request, "no such token is known")
        if not self._is_good(token):
            raise self._failure(request, f"the token {token.name!r} has expired")
        if token.one_login:
            raise self._failure(request, f"the token {token.name!r} is for logging in, once")
        return token

    def is_still_good(self, access: Access) -> bool:
        """Whether they would be let in now."""
        token = self._tokens.tokens().get(access.token.digest)
        if access.session is not None and not self.sessions.has(access.session):
            return False
        return token is not None and (token.one_login or self._is_good(token))

    def _is_good(self, token: Token) -> bool:
        return token.expires is None or self._clock.time() < token.expires

    def _session(self, request: Request) -> Access:
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            raise self._failure(request, "a token is needed: `siptapi token add NAME` makes one")
        session = self.sessions.find(cookie, self._clock.monotonic())
        token = None if session is None else self._tokens.tokens().get(session.token)
        if session is None or token is None or not (token.one_login or self._is_good(token)):
            raise self._failure(request, "this session is over: log in again")
        if request.method not in SAFE_METHODS:
            shown = request.headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(shown.encode(), session.csrf.encode()):
                raise Problem(403, "csrf", f"the header {CSRF_HEADER} is missing or wrong")
        return Access(token=token, session=session)

    # --- sessions ----------------------------------------------------------------------------

    def log_in(self, text: str, request: Request) -> tuple[Access, str]:
        """Open a session for who has the token ``text``; what comes with it is a Set-Cookie."""
        token = self._tokens.tokens().get(digest_of(text))
        if token is not None and token.one_login:
            if token.digest in self._used_logins or not self._is_good(token):
                raise self._failure(request, f"the token {token.name!r} was used, or has expired")
            self._used_logins.add(token.digest)
        else:
            token = self.token(text, request)
        cookie, session = self.sessions.open(token.digest, self._clock.monotonic())
        self._logger.info("logged in", token=token.name, client=client_of(request))
        return Access(token=token, session=session), self._cookie(cookie)

    def log_out(self, access: Access) -> str:
        """End the session; what is returned is a Set-Cookie that forgets it."""
        if access.session is not None:
            self.sessions.end(access.session)
        return self._cookie("", "; Max-Age=0")

    def _cookie(self, value: str, rest: str = "") -> str:
        secure = "; Secure" if self._secure else ""
        return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{rest}"

    def _failure(self, request: Request, detail: str) -> Problem:
        """Somebody is not let in: the answer, in which many tries leave no more to learn."""
        client, now = client_of(request), self._clock.monotonic()
        self._failures.check(client, "wrong tokens", now)
        self._failures.take(client, now)
        return Problem(401, "auth", detail, headers={"WWW-Authenticate": "Bearer"})


def client_of(request: Request) -> str:
    """The address that a request came from, for the log."""
    return request.client.host if request.client else ""
