"""Hiding secrets in the text of a SIP message, before it is traced, drawn or logged.

What stays readable is what a person needs to see why authentication fails: user name, realm,
nonce, URI, algorithm, qop and count. What goes is what a password could be guessed from, and any
password itself. Only known-harmless parts of credentials are kept, so that text that cannot be
parsed is hidden, not shown.
"""

from __future__ import annotations

import re

from siptapi_core.sip.parameters import QUOTED, TOKEN

MASK = "***"

_HARMLESS = frozenset(
    {"username", "realm", "nonce", "uri", "algorithm", "qop", "nc", "opaque", "stale", "userhash"}
)

# The patterns are compiled when first used: most processes never trace.

# A header with its folded lines. Before a line stands nothing, or a line break of any kind.
_HEADER = (
    r"(?i)(?<![^\r\n])((?:proxy-)?(?:authorization|authentication-info)[ \t]*:)"
    r"([^\r\n]*(?:(?:\r\n|\r|\n)[ \t][^\r\n]*)*)"
)
_SCHEME = r"(\s*)([A-Za-z0-9\-]++)(?=\s+[^\s=]|\s*\Z)"
_ELEMENT = rf'(?s)(\s*+)(?:({TOKEN})(\s*+=\s*+))?((?:[^",]|"(?:[^"\\]|\\.)*+"?)*+)(,?)'
_WHOLE_VALUE = rf'(?s)(?:{QUOTED}|[^\s",]*+)\s*+'

# The whole of a URI's beginning is consumed, password or not, so that each character is seen once.
_URI = r'(?i)(sips?:|://)([^\s<>"@:]*+)(?::([^\s<>"@]*+)(@)?)?'
_URI_PARAMETER = (
    r"(?is)([;?&][\w.\-]{0,32}(?:passw(?:or)?d|pwd|secret|token|authorization)=)"
    rf"(?:{QUOTED}[^\s;?&<>,]*+|[^\s;?&<>,]++)"
)
_MEDIA_KEY = r"(?i)(\binline:|(?<![^\r\n])a=ice-pwd:)[^\s|;]++"


def mask_credentials(text: str) -> str:
    """``text``, a SIP message or part of one, with ``***`` for each secret in it.

    Secrets are: in Authorization, Proxy-Authorization and their -Info headers all but the
    harmless parameters; the password of a URI (RFC 3261 section 19.1.1), and of its parameters
    and headers those with such a name; keys for media in SDP (RFC 4568, RFC 8839).
    """
    text = re.sub(_HEADER, _mask_header, text)
    text = re.sub(_URI, _mask_password, text)
    text = re.sub(_URI_PARAMETER, rf"\1{MASK}", text)
    return re.sub(_MEDIA_KEY, rf"\1{MASK}", text)


def _mask_header(header: re.Match[str]) -> str:
    name, value = header.groups()
    scheme = re.match(_SCHEME, value)
    if scheme is None:  # an -Info header, or a damaged one
        return name + re.sub(_ELEMENT, _mask_element, value)
    start = scheme.end()
    if scheme[2].lower() != "digest":
        return f"{name}{value[:start]} {MASK}"
    return name + value[:start] + re.sub(_ELEMENT, _mask_element, value[start:])


def _mask_element(element: re.Match[str]) -> str:
    space, name, equals, value, comma = element.groups()
    if name is None and not value.strip():
        return element[0]
    if name is not None and name.lower() in _HARMLESS and re.fullmatch(_WHOLE_VALUE, value):
        return element[0]
    mask = f'"{MASK}"' if value.startswith('"') else MASK
    return f"{space}{name}{equals}{mask}{comma}" if name is not None else f"{space}{mask}{comma}"


def _mask_password(uri: re.Match[str]) -> str:
    scheme, user, _, at = uri.groups()
    return f"{scheme}{user}:{MASK}@" if at else uri[0]
