"""What a server asks for: WWW-Authenticate and Proxy-Authenticate (RFC 7616 section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth.digest import KNOWN_QOPS, strength
from siptapi_core.sip.auth.parameters import (
    SchemeParameters,
    format_digest,
    parse_digest,
    parse_schemes,
    quote_unless_token,
)
from siptapi_core.sip.message import Response
from siptapi_core.sip.parameters import excerpt, quote
from siptapi_core.values import Value


class Challenge(Value):
    """One digest challenge. ``proxy`` says that it came in a 407.

    ``qop`` is lower-case, in the server's order; empty means the form of RFC 2069. ``stale``
    means that the password was right and only the nonce too old. ``str`` gives the header's value.
    """

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False
    proxy: bool = False

    @classmethod
    def parse(cls, text: str, *, proxy: bool = False) -> Challenge:
        """Read one challenge.

        Raises:
            MessageError: it is none, not of scheme Digest, or lacks its realm or nonce.
        """
        return _read(parse_digest(text), proxy=proxy)

    def __str__(self) -> str:
        """The value of the header."""
        return format_digest(
            (
                ("realm", quote(self.realm)),
                ("nonce", quote(self.nonce)),
                ("algorithm", quote_unless_token(self.algorithm)),
                ("qop", quote(",".join(self.qop)) if self.qop else None),
                ("opaque", None if self.opaque is None else quote(self.opaque)),
                ("stale", "true" if self.stale else None),
            )
        )

    @property
    def chosen_qop(self) -> str | None:
        """The qop to answer with: ``auth`` before ``auth-int``; None is the form of RFC 2069.

        Raises:
            MessageError: only others are offered.
        """
        for qop in KNOWN_QOPS:
            if qop in self.qop:
                return qop
        if self.qop:
            raise MessageError(f"no qop of {excerpt(', '.join(self.qop))} is known")
        return None

    @property
    def is_answerable(self) -> bool:
        """Whether algorithm and qop are among those that we know here."""
        known_qop = not self.qop or any(qop in self.qop for qop in KNOWN_QOPS)
        return known_qop and strength(self.algorithm) > 0


def challenges_of(response: Response) -> tuple[Challenge, ...]:
    """Every digest challenge in a 401 (WWW-Authenticate) or 407 (Proxy-Authenticate), in order.

    Other schemes are left out, and so is a challenge that cannot be read: there may be another
    beside it that can be answered. Any other status has none.
    """
    match response.status:
        case 401:
            header, proxy = "WWW-Authenticate", False
        case 407:
            header, proxy = "Proxy-Authenticate", True
        case _:
            return ()
    challenges: list[Challenge] = []
    for line in response.headers.lines(header):
        try:
            schemes = parse_schemes(line)
        except MessageError:
            continue
        challenges.extend(
            _read(scheme, proxy=proxy)
            for scheme in schemes
            if scheme.scheme.lower() == "digest" and {"realm", "nonce"} <= scheme.parameters.keys()
        )
    return tuple(challenges)


def strongest(challenges: Iterable[Challenge]) -> Challenge | None:
    """The challenge to answer: SHA-512-256 before SHA-256 before MD5 (RFC 8760 section 2.4).

    Of equally strong ones the first, since servers put the one they prefer on top. None: there
    is none with an algorithm and a qop that we know.
    """
    answerable = [challenge for challenge in challenges if challenge.is_answerable]
    return max(answerable, key=lambda challenge: strength(challenge.algorithm), default=None)


def _read(scheme: SchemeParameters, *, proxy: bool) -> Challenge:
    parameters = scheme.parameters
    return Challenge(
        realm=scheme.required("realm"),
        nonce=scheme.required("nonce"),
        algorithm=parameters.get("algorithm") or "MD5",
        qop=tuple(re.findall(r"[^\s,]+", parameters.get("qop", "").lower())),
        opaque=parameters.get("opaque"),
        stale=parameters.get("stale", "").lower() == "true",
        proxy=proxy,
    )
