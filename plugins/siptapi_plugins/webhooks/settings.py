"""What the section ``[observers.webhooks]`` says: who is told of what, and how."""

from __future__ import annotations

import base64
import binascii
import enum
from typing import Any, get_args
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen, validators

from siptapi_core import Happening, LineHappening, Secret

_SECRET_MARK = "whsec_"  # noqa: S105  # a prefix of secrets, not one


class Preset(enum.StrEnum):
    """What is sent."""

    EVENTS = "events"
    """Each event as `siptapi dial --json` prints it."""
    ZAMMAD = "zammad"
    """What Zammad's generic CTI integration understands."""


def _is_url(_instance: Any, _attribute: Attribute[str], value: str) -> None:
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535, an address in half of its brackets
        is_one = False
    if not is_one or not value.isprintable():
        raise ValueError("expected a URL such as https://crm.example/hooks/calls")


def origin(url: str) -> str:
    """As much of a URL as may be shown: a path, a query or a password may be what lets us in."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/..."


def _are_events(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    known = {cls.name for cls in (*get_args(Happening), *get_args(LineHappening))}
    for name in value:
        if name not in known:
            raise ValueError(f"no event is named {name!r}; there is {', '.join(sorted(known))}")


@frozen(kw_only=True)
class WebhookTarget:
    """One program that is told."""

    url: str = field(
        validator=_is_url,
        metadata={
            "help": "where to POST; what it takes to be let in may be part of it",
            "example": "https://crm.example/hooks/calls",
            "shown": origin,
        },
    )
    secret: Secret | None = field(
        default=None,
        metadata={"help": "what deliveries are signed with, by the Standard Webhooks' rules"},
    )
    preset: Preset = field(default=Preset.EVENTS, metadata={"help": "what is sent"})
    events: tuple[str, ...] = field(
        default=(),
        validator=_are_events,
        metadata={
            "help": "names of the events to send; left out: all that the preset knows",
            "example": ["call_placed", "call_ended"],
        },
    )
    lines: tuple[str, ...] = field(
        default=(), metadata={"help": "lines to tell of; left out: all of them"}
    )
    timeout: float = field(
        default=10.0,
        validator=validators.gt(0),
        metadata={"help": "seconds to wait for an answer"},
    )
    queue_limit: int = field(
        default=10_000,
        validator=validators.gt(0),
        metadata={"help": "deliveries that may wait, on disk; beyond it the oldest is dropped"},
    )


def _some(_instance: Any, _attribute: Attribute[Any], value: tuple[WebhookTarget, ...]) -> None:
    if not value:
        raise ValueError("expected at least one table [[observers.webhooks.targets]] with a url")


@frozen(kw_only=True)
class WebhookSettings:
    """The programs that are told, each by itself: one that is down holds no other up."""

    targets: tuple[WebhookTarget, ...] = field(
        validator=_some, metadata={"help": "who is told, one table each"}
    )


def signing_key(secret: str) -> bytes:
    """The key that a secret stands for: ``whsec_`` and base64, or the text itself."""
    if secret.startswith(_SECRET_MARK):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_MARK), validate=True)
        except binascii.Error:
            pass  # then it only looks like one
    return secret.encode()
