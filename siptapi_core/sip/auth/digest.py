"""The arithmetic of a digest: RFC 7616 section 3.4, RFC 8760 section 2."""

from __future__ import annotations

from collections.abc import Callable

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import excerpt

KNOWN_QOPS = ("auth", "auth-int")
"""What may be protected: the request line alone, or the body too. The first is preferred."""

_HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
_SESSION = "-sess"

Hash = Callable[[bytes], str]


def strength(algorithm: str) -> int:
    """How strong an algorithm is among those that we can compute; 0 where we cannot.

    A ``-sess`` variant is as strong as its base. OpenSSL may lack an algorithm here, so what is
    known differs between machines.
    """
    base = _base(algorithm)
    return 0 if _hash(base) is None else 1 + list(_HASHES).index(base)


def is_session(algorithm: str) -> bool:
    """Whether it is a ``-sess`` variant, whose key includes the first cnonce."""
    return algorithm.lower().endswith(_SESSION)


def compute_response(
    *,
    algorithm: str,
    username: str,
    realm: str,
    password: str,
    method: str,
    uri: str,
    body: bytes,
    nonce: str,
    cnonce: str,
    qop: str | None,
    nonce_count: str,
) -> str:
    """The ``response`` parameter, in lower-case hexadecimal (RFC 7616 section 3.4.1).

    ``qop`` None is the form of RFC 2069; ``nonce_count`` is the eight digits as on the wire.

    Raises:
        MessageError: the algorithm is not known here, or a value has no bytes.
    """
    digest = _hash(_base(algorithm))
    if digest is None:
        raise MessageError(f"digest algorithm {excerpt(algorithm)} is not known")

    def joined(*parts: str) -> str:
        try:
            return digest(":".join(parts).encode())
        except UnicodeEncodeError:
            raise MessageError("authentication with half of a surrogate pair") from None

    secret = joined(username, realm, password)
    if is_session(algorithm):
        secret = joined(secret, nonce, cnonce)
    integrity = qop is not None and qop.lower() == "auth-int"
    request = joined(method, uri, digest(body)) if integrity else joined(method, uri)
    if qop is None:
        return joined(secret, nonce, request)
    return joined(secret, nonce, nonce_count, cnonce, qop, request)


def _base(algorithm: str) -> str:
    return algorithm.lower().removesuffix(_SESSION)


def _hash(base: str) -> Hash | None:
    import hashlib  # noqa: PLC0415  # a call that is never challenged never needs it

    name = _HASHES.get(base)
    if name is None:
        return None
    try:
        hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None
    return lambda data: hashlib.new(name, data, usedforsecurity=False).hexdigest()
