"""Every error that SIPTAPI raises on purpose, and what a front end does with each.

::

    SiptapiError
    ├── UsageError            what was asked for cannot be meant
    │   ├── SettingsError     a value in the settings: file, dotted key, what was expected
    │   │   └── NoSettingsError  there is no settings file at all
    │   ├── NumberError       a text that is no number: why, and where in the text
    │   ├── DeniedError       the rules forbid that number, or want it confirmed; who asks may not
    │   └── UnknownNameError  no strategy, resolver, line, ... of that name: what there is instead
    ├── PluginError           a plugin that cannot be loaded or breaks its contract
    ├── MessageError          bytes that are no SIP message, or a header that cannot be read
    ├── ProtocolError
    │   ├── LocalProtocolError   we asked a machine for what its state forbids: a bug of ours
    │   └── RemoteProtocolError  the other side broke the protocol
    ├── ResolveError          a name could not be resolved: for now, or for good
    ├── NetworkError          a socket, an address, a transport
    ├── NotSupportedError     this attempt or strategy cannot do that at all
    └── RefusedError          it can, but not in this state (a hang-up after the hand-over)
        └── BusyError         nor now: there is as much to do as can be done; try again soon

``str(error)`` is one sentence for a person: what was wrong, where, and what to do. ``code`` is
for programs: it stays the same when the words change, and crosses the control line and HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar


class SiptapiError(Exception):
    """The root: catch this and you catch everything that is no bug."""

    code: ClassVar[str] = "error"


class UsageError(SiptapiError):
    """The user's words, settings or number are at fault; nothing was done."""

    code: ClassVar[str] = "usage"


class SettingsError(UsageError):
    """A setting is wrong. ``where`` is the file, ``key`` the dotted key or ``line 3, column 5``.

    `problems` are all that were found at once; the error itself speaks of the first.
    """

    code: ClassVar[str] = "settings"

    def __init__(
        self, problem: str, *, where: str = "", key: str = "", more: Sequence[SettingsError] = ()
    ) -> None:
        place = ": ".join(part for part in (where, key) if part)
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem = problem
        self.where = where
        self.key = key
        self.more = tuple(more)

    @property
    def problems(self) -> tuple[SettingsError, ...]:
        """This problem and those found with it, one error each."""
        alone = SettingsError(self.problem, where=self.where, key=self.key)
        return (alone, *self.more) if self.more else (self,)

    def in_file(self, where: str) -> SettingsError:
        """This error, of the file ``where`` unless it names one itself."""
        if self.where:
            return self
        return SettingsError(self.problem, where=where, key=self.key, more=self.more)

    def __str__(self) -> str:
        rest = f" (and {len(self.more)} more: `siptapi config check` lists all)"
        return super().__str__() + (rest if self.more else "")


class NoSettingsError(SettingsError):
    """There is no settings file where one is looked for."""


class NumberError(UsageError):
    """A text is no number that can be dialled. ``position`` counts characters from 0."""

    code: ClassVar[str] = "number"

    def __init__(self, reason: str, *, text: str = "", position: int | None = None) -> None:
        place = "" if position is None else f" (at character {position + 1})"
        super().__init__(f"{text!r}{place}: {reason}" if text else reason)
        self.reason = reason
        self.text = text
        self.position = position


class DeniedError(UsageError):
    """The line's rules forbid a number, or who asks may not do that.

    ``confirmable``: a person may say yes to the number all the same.
    """

    code: ClassVar[str] = "denied"

    def __init__(self, problem: str, *, confirmable: bool = False) -> None:
        super().__init__(problem)
        self.confirmable = confirmable


_NAMES_SHOWN = 30
"""How many names an error lists: every command, but not ten thousand lines."""


class UnknownNameError(UsageError):
    """Nothing of that kind has that name; ``known`` names do, ``failed`` ones did not load."""

    code: ClassVar[str] = "unknown-name"

    def __init__(
        self, kind: str, name: str, *, known: Sequence[str] = (), failed: Sequence[str] = ()
    ) -> None:
        more = len(known) - _NAMES_SHOWN
        names = ", ".join(known[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        there = f"there is {names}" if known else f"there is no {kind} at all"
        broken = f"; not loaded: {', '.join(failed)}" if failed else ""
        near = nearest(name, known)
        meant = f"; did you mean {near}?" if near else ""
        super().__init__(f"no {kind} is named {name!r}; {there}{broken}{meant}")
        self.kind = kind
        self.name = name
        self.known = tuple(known)
        self.failed = tuple(failed)


class PluginError(SiptapiError):
    """A plugin cannot be loaded, or breaks the contract of what it offers."""

    code: ClassVar[str] = "plugin"


class MessageError(SiptapiError):
    """Bytes are no SIP message, or a part of one cannot be read.

    ``status`` is what a request with that fault is answered with (RFC 3261 section 21);
    ``request`` is that request (a `siptapi_core.sip.message.Request`), where
    `siptapi_core.sip.message.parse_message` found enough of it to answer, else None.
    """

    code: ClassVar[str] = "message"

    def __init__(self, problem: str, *, status: int = 400) -> None:
        super().__init__(problem)
        self.status = status
        self.request: object | None = None


class ProtocolError(SiptapiError):
    """Somebody broke a protocol."""

    code: ClassVar[str] = "protocol"


class LocalProtocolError(ProtocolError):
    """We did: a machine was asked for something that its state forbids."""


class RemoteProtocolError(ProtocolError):
    """They did."""


class ResolveError(SiptapiError):
    """A target could not be resolved. ``temporary``: the same question may work later."""

    code: ClassVar[str] = "resolve"

    def __init__(self, problem: str, *, temporary: bool = False) -> None:
        super().__init__(problem)
        self.temporary = temporary


class NetworkError(SiptapiError):
    """A socket could not be opened or used."""

    code: ClassVar[str] = "network"


class NotSupportedError(SiptapiError):
    """The strategy that makes this call cannot do what was asked."""

    code: ClassVar[str] = "not-supported"


class RefusedError(SiptapiError):
    """It cannot be done now, and the words say why."""

    code: ClassVar[str] = "refused"


class BusyError(RefusedError):
    """There is as much to do as can be done; what was begun is finished first."""

    code: ClassVar[str] = "busy"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name in ``known`` that ``name`` may be a misspelling of."""
    from difflib import get_close_matches  # noqa: PLC0415  # for errors only

    return next(iter(get_close_matches(name, known, n=1, cutoff=0.7)), None)
