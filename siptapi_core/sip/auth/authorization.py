"""What a client answers: Authorization and Proxy-Authorization (RFC 7616 section 3.4)."""

from __future__ import annotations

import re

from attrs import evolve, field, frozen

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth.challenge import Challenge
from siptapi_core.sip.auth.digest import KNOWN_QOPS, compute_response, is_session, strength
from siptapi_core.sip.auth.parameters import format_digest, parse_digest, quote_unless_token
from siptapi_core.sip.credentials import Credentials
from siptapi_core.sip.parameters import excerpt, quote


@frozen(kw_only=True)
class Authorization:
    """Digest credentials as sent. ``str`` gives the header's value.

    ``qop`` None is the form of RFC 2069, without ``nonce_count``.
    """

    username: str
    realm: str
    nonce: str
    uri: str
    response: str = field(repr=False)
    algorithm: str = "MD5"
    cnonce: str | None = None
    opaque: str | None = None
    qop: str | None = None
    nonce_count: int | None = None

    @classmethod
    def parse(cls, text: str) -> Authorization:
        """Read the value of an Authorization or Proxy-Authorization header.

        Raises:
            MessageError: it is not of scheme Digest, or lacks what the scheme requires.
        """
        digest = parse_digest(text)
        parameters = digest.parameters
        qop = parameters.get("qop") or None
        count = parameters.get("nc")
        if count is not None and not re.fullmatch("[0-9A-Fa-f]{1,8}", count):
            raise MessageError(f"nonce count {excerpt(count)} is not eight hexadecimal digits")
        if qop is not None:
            digest.required("cnonce")
            digest.required("nc")
        return cls(
            username=digest.required("username"),
            realm=digest.required("realm"),
            nonce=digest.required("nonce"),
            uri=digest.required("uri"),
            response=digest.required("response"),
            algorithm=parameters.get("algorithm") or "MD5",
            cnonce=parameters.get("cnonce"),
            opaque=parameters.get("opaque"),
            qop=qop,
            nonce_count=None if count is None else int(count, 16),
        )

    def __str__(self) -> str:
        """The value of the header."""
        return format_digest(
            (
                ("username", quote(self.username)),
                ("realm", quote(self.realm)),
                ("nonce", quote(self.nonce)),
                ("uri", quote(self.uri)),
                ("response", quote(self.response)),
                ("algorithm", quote_unless_token(self.algorithm)),
                ("cnonce", None if self.cnonce is None else quote(self.cnonce)),
                ("opaque", None if self.opaque is None else quote(self.opaque)),
                ("qop", None if self.qop is None else quote_unless_token(self.qop)),
                ("nc", None if self.nonce_count is None else f"{self.nonce_count:08x}"),
            )
        )

    def verify(self, method: str, body: bytes, password: str) -> bool:
        """Whether the sender knew ``password`` for this very request.

        It checks the arithmetic alone: that the nonce is fresh, the count new, the realm ours and
        the URI the request's is the server's business. An unknown algorithm or qop is False.
        """
        from hmac import compare_digest  # noqa: PLC0415  # servers only

        known_qop = self.qop is None or self.qop.lower() in KNOWN_QOPS
        if not known_qop or not strength(self.algorithm):
            return False
        expected = _response(self, method, body, password)
        return compare_digest(self.response.lower().encode(errors="replace"), expected.encode())


def answer(
    challenge: Challenge,
    credentials: Credentials,
    *,
    method: str,
    uri: str,
    body: bytes,
    cnonce: str,
    nonce_count: int,
) -> tuple[str, str]:
    """Answer a challenge: the name and the value of the header to send (RFC 3261 section 22.4).

    ``uri`` is the Request-URI as sent. ``nonce_count`` counts the requests sent with this nonce,
    from 1; give the same ``cnonce`` with each of them, because a ``-sess`` algorithm derives its
    key from the first. Of the qops offered ``auth`` is preferred.

    Raises:
        MessageError: the algorithm or every qop is unknown (`Challenge.is_answerable`), or a
            value cannot stand in a header.
    """
    qop = challenge.chosen_qop
    unsigned = Authorization(
        username=credentials.username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        cnonce=cnonce if qop or is_session(challenge.algorithm) else None,
        opaque=challenge.opaque,
        qop=qop,
        nonce_count=nonce_count if qop else None,
    )
    response = _response(unsigned, method, body, credentials.password)
    name = "Proxy-Authorization" if challenge.proxy else "Authorization"
    return name, str(evolve(unsigned, response=response))


def _response(sent: Authorization, method: str, body: bytes, password: str) -> str:
    return compute_response(
        algorithm=sent.algorithm,
        username=sent.username,
        realm=sent.realm,
        password=password,
        method=method,
        uri=sent.uri,
        body=body,
        nonce=sent.nonce,
        cnonce=sent.cnonce or "",
        qop=sent.qop,
        nonce_count=f"{sent.nonce_count or 0:08x}",
    )
