"""Who is logged in to the page: a cookie that only the server can read, and a token against CSRF.

They are kept in memory: a restart logs everybody out.
"""

from __future__ import annotations

import secrets

from siptapi_frontends.http.tokens import digest_of

COOKIE = "siptapi_session"
IDLE_SECONDS = 12 * 3600.0
"""How long a session may be unused."""
MOST_SESSIONS = 1000
"""When there are more, the one that was unused for longest is ended."""


class Session:
    """One browser's. ``token`` is the digest of the token that it was opened with."""

    __slots__ = ("csrf", "digest", "token", "used")

    def __init__(self, digest: str, token: str, now: float) -> None:
        self.digest = digest
        self.token = token
        self.csrf = secrets.token_urlsafe(32)
        self.used = now


class Sessions:
    """Every session. ``now`` is monotonic seconds throughout."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}  # those that were used last are at the end

    def __len__(self) -> int:
        return len(self._sessions)

    def open(self, token: str, now: float) -> tuple[str, Session]:
        """Begin one for who showed the token of that digest; the text is for the cookie."""
        cookie = secrets.token_urlsafe(32)
        session = Session(digest_of(cookie), token, now)
        self._sessions[session.digest] = session
        if len(self._sessions) > MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return cookie, session

    def find(self, cookie: str, now: float) -> Session | None:
        """The session of that cookie, which is used now."""
        session = self._sessions.pop(digest_of(cookie), None)
        if session is None or now - session.used > IDLE_SECONDS:
            return None
        session.used = now
        self._sessions[session.digest] = session
        return session

    def has(self, session: Session) -> bool:
        """Whether it goes on."""
        return session.digest in self._sessions

    def end(self, session: Session) -> None:
        """Log out."""
        self._sessions.pop(session.digest, None)
