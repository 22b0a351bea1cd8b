"""From whom a registered line takes calls."""

from __future__ import annotations

import enum


class AcceptFrom(enum.StrEnum):
    """The addresses that calls to a line may come from, by name in the settings; each has more."""

    PROXY = "proxy"
    """Those that the line's proxy or domain resolves to; not those of another line's."""
    PHONE = "phone"
    """... and those that we sent a request to of late: a phone that we call without a proxy."""
    ANY = "any"
    """... and any from which our Contact is called by its token: whoever knows it has it from our
    registrar."""
