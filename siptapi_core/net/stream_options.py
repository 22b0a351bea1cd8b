"""How the connections of one line are made."""

from __future__ import annotations

from siptapi_core.values import Value


class StreamOptions(Value, kw_only=True):
    """The settings of a line that its TCP and TLS connections need, as `LineSettings` has them.

    ``keepalive`` is seconds between pings, 0 for none; the files are PEM.
    """

    tls_verify: bool = True
    tls_ca_file: str | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    tls_allow_wildcard: bool = False
    keepalive: float = 0.0
