"""The table ``[control]``: how other programs reach the daemon."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, field, frozen

from siptapi_core.sip.pattern import Pattern
from siptapi_core.values import Compared

_read = Pattern(r"(127(?:\.[0-9]{1,3}){3}|\[::1\]):([0-9]{1,5})")
_LARGEST_PORT = 65535


def loopback_address(text: str) -> tuple[str, int] | None:
    """The IP address and port that ``text`` means, None where it is empty.

    Raises:
        ValueError: it is none, or other computers could reach it.
    """
    if not text:
        return None
    match = _read.fullmatch(text)
    if match is None or not 0 < int(match[2]) <= _LARGEST_PORT:
        raise ValueError("expected an address of this computer alone, such as 127.0.0.1:5039")
    return match[1].strip("[]"), int(match[2])


def _is_loopback(_instance: Any, _attribute: Attribute[Any], value: str) -> None:
    loopback_address(value)


@frozen(kw_only=True, eq=False, repr=False)
class ControlSettings(Compared):
    """How the daemon is reached besides by the user's own commands.

    Raises:
        ValueError: a value cannot be; the words say what was expected.
    """

    listen: str = field(
        default="",
        validator=_is_loopback,
        metadata={
            "help": "an address and port of this computer on which `siptapi serve` takes commands "
            "too, from programs that know the token in control.address; the TAPI service provider "
            "needs it",
            "example": "127.0.0.1:5039",
        },
    )

    @property
    def address(self) -> tuple[str, int] | None:
        """IP address and port to listen on, None where there is none."""
        return loopback_address(self.listen)
