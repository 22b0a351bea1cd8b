"""The addresses in a line's settings, as people write them, and the URIs that they mean."""

from __future__ import annotations

from attrs import evolve

from siptapi_core.errors import MessageError
from siptapi_core.sip.uri import SipUri, escape_user


def account_uri(user: str, domain: str) -> SipUri:
    """The address of record of ``user`` at ``domain``, which is a host, rarely with a port.

    Raises:
        ValueError: ``domain`` is something else.
    """
    uri = _server(domain)
    if uri is None or uri.scheme != "sip" or uri.parameters:
        raise ValueError("expected a host name or IP address, such as pbx.example")
    return evolve(uri, user=escape_user(user))


def proxy_uri(text: str) -> SipUri:
    """The route to an outbound proxy: ``host``, ``host:port`` or a SIP URI; gets ``;lr``.

    Raises:
        ValueError: it is none of these.
    """
    uri = _server(text)
    if uri is None:
        raise ValueError("expected host, host:port or a SIP URI such as sip:host;transport=tcp")
    return uri if uri.is_loose_router else uri.with_parameter("lr")


def phone_parts(text: str) -> tuple[str, SipUri | None]:
    """The user of a phone, escaped, and its static address where there is one.

    Written as ``201``, ``201@192.0.2.20:5062`` or ``sip:201@192.0.2.20;transport=tcp``.

    Raises:
        ValueError: it is none of these.
    """
    bare = text[text.find(":") + 1 :] if _has_scheme(text) else text
    scheme = text.removesuffix(bare)
    name, at, server = bare.rpartition("@")
    address = _server(scheme + server) if at else None
    user = name if at else bare
    if not user or (address is None and (scheme or at)):
        raise ValueError("expected an extension such as 201, or 201@host:port")
    user = user if scheme else escape_user(user)
    return user, address and evolve(address, user=user)


def _server(text: str) -> SipUri | None:
    """Read a host, with a port or not, or the SIP URI of one; None if it is no such thing."""
    if not _has_scheme(text):
        ipv6 = text.count(":") > 1 and not text.startswith("[")
        text = f"sip:[{text}]" if ipv6 else f"sip:{text}"
    try:
        uri = SipUri.parse(text)
    except MessageError:
        return None
    return None if uri.user is not None or uri.headers else uri


def _has_scheme(text: str) -> bool:
    return text.lower().startswith(("sip:", "sips:"))
