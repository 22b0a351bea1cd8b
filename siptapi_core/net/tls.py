"""TLS for SIP connections: whom we trust, whose certificate it must be, and what was wrong."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

from siptapi_core.contracts import Logger
from siptapi_core.errors import NetworkError
from siptapi_core.net.certificate_names import identities, is_for
from siptapi_core.net.stream_options import StreamOptions
from siptapi_core.targets import Address

LOOK_AGAIN_SECONDS = 2.0
"""Time to fetch a certificate that was refused, to say whose it is."""

_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_OURS = {
    "CERTIFICATE_REQUIRED": "wants to know who we are: name a certificate as tls_certificate",
    "HANDSHAKE_FAILURE": "speaks no TLS that we can accept, or wants a tls_certificate of ours",
    "UNKNOWN_CA": "does not know the authority of our certificate (tls_certificate)",
    "BAD_CERTIFICATE": "does not accept our certificate (tls_certificate)",
    "CERTIFICATE_EXPIRED": "says that our certificate (tls_certificate) has expired",
    "CERTIFICATE_REVOKED": "says that our certificate (tls_certificate) is revoked",
    "CERTIFICATE_UNKNOWN": "does not accept our certificate (tls_certificate)",
    "UNSUPPORTED_CERTIFICATE": "does not accept our kind of certificate (tls_certificate)",
}
"""What a server tells us by an alert (RFC 8446 section 6.2), of ourselves."""
_UNKNOWN_AUTHORITY = frozenset((2, 19, 20, 21))
"""Codes of OpenSSL's x509_vfy.h: an issuer is missing, or none of those that we trust."""


class TlsClient:
    """The client's side of TLS 1.2 and later, with the options of one line.

    The name is checked as RFC 5922 wants it, and not by `ssl`, which knows no SIP URIs. Files that
    were renewed, as certificates are while a daemon runs for months, are read again.

    Raises:
        NetworkError: a file that the options name cannot be used.
    """

    def __init__(self, options: StreamOptions, logger: Logger) -> None:
        self._options = options
        self._logger = logger
        self._context, self._written = _context(options), _written(options)

    def arguments(self, peer: Address) -> dict[str, Any]:
        """What ``loop.create_connection`` is given; the name goes into SNI unless it is an IP.

        Raises:
            NetworkError: a file that was renewed cannot be used.
        """
        written = _written(self._options)
        if written != self._written:
            self._context, self._written = _context(self._options), written
        return {"ssl": self._context, "server_hostname": _name(peer)}

    def check(self, tls: ssl.SSLObject, peer: Address) -> None:
        """Whether the certificate, whose chain is verified, is for the name that we look for.

        Raises:
            NetworkError: it is for others.
        """
        if not self._options.tls_verify:
            self._logger.warning(
                "THE SERVER'S CERTIFICATE IS NOT CHECKED (tls_verify = false): "
                "anybody on the way can read and change this connection",
                to=str(peer),
            )
            return
        certificate = tls.getpeercert() or {}
        wildcard = self._options.tls_allow_wildcard
        if not is_for(certificate, _name(peer), allow_wildcard=wildcard):
            names = ", ".join(identities(certificate)) or "no domain"
            whose = _whose(tls.getpeercert(binary_form=True))
            problem = f"its certificate is for {names}, not for {_name(peer)}; {whose}"
            if is_for(certificate, _name(peer), allow_wildcard=True):
                problem += "; tls_allow_wildcard = true accepts it"
            raise NetworkError(f"{peer}: {problem}")

    async def explain(self, error: Exception, peer: Address) -> str:
        """What went wrong, in words, while a connection was opened."""
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = _reason(error)
            return f"{peer}: its certificate {reason}; {_whose(await self._look_again(peer))}"
        if alert := self.alert(error):
            return f"{peer} {alert}"
        if isinstance(error, ssl.SSLError):
            return f"{peer} speaks no TLS that we can accept: {error.reason or error}"
        return f"there is no TLS connection to {peer}: {error}"

    def alert(self, error: Exception | None) -> str:
        """What the server says of us, as the end of a sentence about it; "" where it does not."""
        reason = getattr(error, "reason", None) or ""  # of an ssl.SSLError that OpenSSL made
        return _OURS.get(reason.partition("ALERT_")[2], "")

    async def _look_again(self, peer: Address) -> bytes | None:
        """Fetch the certificate that was refused: `ssl` does not hand it out. Nothing is sent."""
        context = _unverified()
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                _, writer = await asyncio.open_connection(
                    peer.host, peer.port, ssl=context, server_hostname=_name(peer)
                )
                der: bytes | None = writer.get_extra_info("ssl_object").getpeercert(True)
                writer.transport.abort()
        except OSError:
            return None
        return der


def _written(options: StreamOptions) -> list[int]:
    """When each file was; of one that is not there, who reads it says so."""
    files = (options.tls_ca_file, options.tls_certificate, options.tls_key)
    return [path.stat().st_mtime_ns for file in files if file and (path := Path(file)).exists()]


def _context(options: StreamOptions) -> ssl.SSLContext:
    if options.tls_verify:
        context = ssl.create_default_context()
        context.check_hostname = False  # TlsClient.check does it
        # Python 3.13 turns this on: a PBX's home-made CA lacks what it asks for (RFC 5280 4.2.1.1).
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    else:
        context = _unverified()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.tls_ca_file and options.tls_verify:
        try:
            context.load_verify_locations(options.tls_ca_file)
        except OSError as error:
            raise _unusable("tls_ca_file", options.tls_ca_file, error) from error
    if options.tls_certificate:
        try:
            context.load_cert_chain(options.tls_certificate, options.tls_key, password=_no_password)
        except OSError as error:
            raise _unusable("tls_certificate", options.tls_certificate, error) from error
    return context


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _no_password() -> str:
    """OpenSSL would ask for one at the terminal."""
    return ""


def _unusable(key: str, file: str, error: OSError) -> NetworkError:
    why = error.strerror
    if isinstance(error, ssl.SSLError):  # whose words help nobody
        key_too = " and its private key, without a password" if key == "tls_certificate" else ""
        why = f"expected a certificate{key_too}, in PEM"
    return NetworkError(f"{key}: {file} cannot be used: {why}")


def _name(peer: Address) -> str:
    return peer.verify_name or peer.host.partition("%")[0]


def _reason(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return "has expired"
    if error.verify_code == _NOT_YET_VALID:
        return "is not valid yet"
    if error.verify_code == _SELF_SIGNED:
        return "is self-signed; if it is the right one, name it as tls_ca_file"
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return "is issued by an authority that is unknown here; tls_ca_file can name one"
    return f"is refused: {error.verify_message}"


def _whose(der: bytes | None) -> str:
    """The subject and dates of a certificate."""
    if der is None:
        return "whose it is could not be found out"
    from cryptography import x509  # noqa: PLC0415  # heavy, and only for errors

    certificate = x509.load_der_x509_certificate(der)
    subject = certificate.subject.rfc4514_string() or "empty"
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return f"its subject is {subject}, valid from {begin:%Y-%m-%d} to {end:%Y-%m-%d}"
