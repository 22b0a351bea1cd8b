"""For whom a certificate speaks: the names of RFC 5922 section 7, and whether one is meant.

Certificates are as `ssl.SSLSocket.getpeercert` gives them, after the chain was verified::

    {"subject": ((("commonName", "pbx.example"),),),
     "subjectAltName": (("URI", "sip:example"), ("DNS", "pbx.example"))}
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from siptapi_core.errors import MessageError
from siptapi_core.sip.uri import SipUri

Certificate = Mapping[str, Any]


def identities(certificate: Certificate) -> tuple[str, ...]:
    """The SIP domains that a certificate is for, in lower case (RFC 5922 section 7.1).

    DNS names count only beside no SIP URI, the subject's common name only where there is no
    subjectAltName at all. IP addresses, which the RFC leaves open, count as RFC 6125 has them.
    """
    names = certificate.get("subjectAltName", ())
    if not names:
        subject = certificate.get("subject", ())
        return tuple(
            value.lower() for part in subject for key, value in part if key == "commonName"
        )
    domains = [domain for kind, value in names if kind == "URI" and (domain := _domain(value))]
    if not domains:
        domains = [value.lower() for kind, value in names if kind == "DNS"]
    return (*domains, *(_address(value) for kind, value in names if kind == "IP Address"))


def is_for(certificate: Certificate, name: str, *, allow_wildcard: bool = False) -> bool:
    """Whether a certificate is for ``name``: a domain, or an IP address without brackets.

    Domains are compared whole (RFC 5922 section 7.2). ``allow_wildcard`` lets ``*`` stand for the
    first label, which that section forbids and some providers use.
    """
    wanted = _address(name.lower().removesuffix("."))
    found = identities(certificate)
    if wanted in found:
        return True
    label, dot, parent = wanted.partition(".")
    return allow_wildcard and bool(label and dot and "." in parent) and f"*.{parent}" in found


def _domain(uri: str) -> str | None:
    """The domain of a SIP URI without a user; other schemes and a user's URI say nothing of it."""
    try:
        parsed = SipUri.parse(uri)
    except MessageError:
        return None
    return parsed.host.lower() if parsed.scheme == "sip" and parsed.user is None else None


def _address(text: str) -> str:
    """An IP address in its shortest spelling, any other text as it is."""
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        return text
