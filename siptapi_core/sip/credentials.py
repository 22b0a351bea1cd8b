"""A user's name and password: what `siptapi_core.sip.auth` answers challenges with."""

from __future__ import annotations

from siptapi_core.values import Value


class Credentials(Value):
    """A user's name and password, in clear; the password never shows in ``repr``.

    With ``realm`` set they are meant for that realm only.
    """

    username: str
    password: str
    realm: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, realm={self.realm!r})"
