"""Writes dialog-info documents as notifiers do, as far as the tests of watching need."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr


def dialog(
    name: str,
    state: str,
    *,
    call_id: str = "",
    direction: str = "",
    remote: str = "",
    duration: int | None = None,
    event: str = "",
) -> str:
    """One dialog; what is empty is left out."""
    attributes = {"id": name, "call-id": call_id, "direction": direction}
    shown = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if value)
    inside = f"<state{f' event={quoteattr(event)}' if event else ''}>{state}</state>"
    if duration is not None:
        inside += f"<duration>{duration}</duration>"
    if remote:
        inside += f"<remote><identity>{escape(remote)}</identity></remote>"
    return f"<dialog{shown}>{inside}</dialog>"


def document(version: int, *dialogs: str, full: bool = True) -> bytes:
    """A whole document about ``sip:201@example.com``."""
    state = "full" if full else "partial"
    return (
        '<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"'
        f' version="{version}" state="{state}" entity="sip:201@example.com">'
        f"{''.join(dialogs)}</dialog-info>"
    ).encode()
