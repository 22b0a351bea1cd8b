"""The addresses in a line's settings, as people write them, and the URIs that they mean."""

from __future__ import annotations

import functools

from attrs import evolve

from siptapi_core.errors import MessageError
from siptapi_core.sip.uri import SipUri, escape_user


def account_uri(user: str, domain: str) -> SipUri:
    """The address of record of ``user`` at ``domain``, which is a host, rarely with a port.

    Raises:
        ValueError: ``domain`` is something else.
    """
    uri = _parse(f"sip:{escape_user(user)}@{_bracketed(domain)}")
    if uri is None or uri.parameters:
        raise ValueError("expected a host name or IP address, such as pbx.example")
    return uri


@functools.lru_cache(maxsize=1024)
def line_uris(user: str, domain: str, phone: str | None) -> tuple[SipUri, SipUri, SipUri | None]:
    """The address of record, the phone as the proxy knows it, and the phone's static address.

    Those of lines that make calls are remembered.

    Raises:
        ValueError: as `account_uri` and `phone_parts`.
    """
    account = account_uri(user, domain)
    extension, address = phone_parts(phone) if phone else (account.user, None)
    return account, evolve(account, user=extension), address


@functools.lru_cache(maxsize=64)
def proxy_uri(text: str) -> SipUri:
    """The route to an outbound proxy: ``host``, ``host:port`` or a SIP URI; gets ``;lr``.

    One object for all lines with the same proxy.

    Raises:
        ValueError: it is none of these.
    """
    uri = _parse(text if _has_scheme(text) else f"sip:{_bracketed(text)}")
    if uri is None or uri.user is not None:
        raise ValueError("expected host, host:port or a SIP URI such as sip:host;transport=tcp")
    return uri if uri.is_loose_router else uri.with_parameter("lr")


def phone_parts(text: str) -> tuple[str, SipUri | None]:
    """The user of a phone, escaped, and its static address where there is one.

    Written as ``201``, ``201@192.0.2.20:5062`` or ``sip:201@192.0.2.20;transport=tcp``.

    Raises:
        ValueError: it is none of these.
    """
    user, at, host = text.rpartition("@")
    if _has_scheme(text) or at:
        full = text if _has_scheme(text) else f"sip:{escape_user(user)}@{_bracketed(host)}"
        uri = _parse(full)
        if uri is not None and uri.user:
            return uri.user, uri
    elif text:
        return escape_user(text), None
    raise ValueError("expected an extension such as 201, or 201@host:port")


def _parse(text: str) -> SipUri | None:
    try:
        uri = SipUri.parse(text)
    except MessageError:
        return None
    return None if uri.password is not None or uri.headers else uri


def _bracketed(host: str) -> str:
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host


def _has_scheme(text: str) -> bool:
    return text.lower().startswith(("sip:", "sips:"))
