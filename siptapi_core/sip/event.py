"""The headers of event notification (RFC 6665): Event and Subscription-State."""

from __future__ import annotations

import re

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import excerpt, is_token, remembered
from siptapi_core.values import Value


class EventHeader(Value):
    """What a NOTIFY is about: ``refer;id=93809823``. ``id`` tells several REFERs apart.

    ``package`` is lower-case; other parameters, and an id that is none, are dropped.
    """

    package: str
    id: str | None = None

    @classmethod
    def parse(cls, text: str) -> EventHeader:
        """Read the header's value.

        Raises:
            MessageError: it names no event package.
        """
        return _parse_event(text)

    def __str__(self) -> str:
        """The value of the header."""
        return self.package if self.id is None else f"{self.package};id={self.id}"


class SubscriptionState(Value):
    """How a subscription stands: ``active;expires=60``, ``terminated;reason=noresource``.

    ``state`` and ``reason`` are lower-case; ``expires`` and ``retry_after`` are seconds.
    """

    state: str
    reason: str | None = None
    expires: int | None = None
    retry_after: int | None = None

    @classmethod
    def parse(cls, text: str) -> SubscriptionState:
        """Read the header's value; a parameter that makes no sense counts as missing.

        Raises:
            MessageError: it names no state.
        """
        return _parse_state(text)

    def __str__(self) -> str:
        """The value of the header."""
        parameters = (
            ("reason", self.reason),
            ("expires", self.expires),
            ("retry-after", self.retry_after),
        )
        return self.state + "".join(
            f";{name}={value}" for name, value in parameters if value is not None
        )

    @property
    def is_terminated(self) -> bool:
        """Whether no further NOTIFY belongs to this subscription."""
        return self.state == "terminated"


@remembered
def _parse_event(text: str) -> EventHeader:
    package, parameters = _parse(text, "Event")
    return EventHeader(package, _token(parameters.get("id", "")))


@remembered
def _parse_state(text: str) -> SubscriptionState:
    state, parameters = _parse(text, "Subscription-State")
    # Some phones write "reason=reason=noresource".
    reason = parameters.get("reason", "").lower().rpartition("=")[2]
    return SubscriptionState(
        state,
        _token(reason),
        _seconds(parameters.get("expires")),
        _seconds(parameters.get("retry-after")),
    )


def _parse(text: str, header: str) -> tuple[str, dict[str, str]]:
    first, *rest = text.split(";")
    value = first.strip().lower()
    if not is_token(value):
        raise MessageError(f"{header} header {excerpt(text)} does not begin with a name")
    parameters: dict[str, str] = {}
    for parameter in rest:
        name, _, given = parameter.partition("=")
        parameters.setdefault(name.strip().lower(), given.strip('" \t'))
    return value, parameters


def _token(text: str) -> str | None:
    return text if is_token(text) else None


def _seconds(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch("[0-9]{1,10}", text) else None
