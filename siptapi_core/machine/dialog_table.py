"""The dialogs that a subscription's documents tell of, put together (RFC 4235 section 4.3)."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from siptapi_core.sip.dialog_info import DialogInfo, DialogState, WatchedDialog

MAXIMUM_DIALOGS = 512
"""So many are kept: no phone has them, but a partial document may always bring new ones.
(A full one is bounded itself.)"""


class Standing(enum.Enum):
    """How a document stands to those before it."""

    LATE = enum.auto()
    """It is older than the last, and was left out."""
    IN_ORDER = enum.auto()
    """It follows on the last: what it tells came about since."""
    MAKES_UP = enum.auto()
    """It tells all, but not since when: it is the first, or one before it is missing."""
    AFTER_GAP = enum.auto()
    """One before it is missing, and it does not make up for that: ask for the full state."""


class DialogTable:
    """One subscription's; a new one begins with a new table, for it counts its own versions."""

    __slots__ = ("_rows", "_version", "is_complete")

    def __init__(self) -> None:
        self.is_complete = False
        """Whether there is no dialog but those in it: a full document told, and all since."""
        self._rows: dict[str, WatchedDialog] = {}
        self._version: int | None = None

    @property
    def dialogs(self) -> Mapping[str, WatchedDialog]:
        """By id. Those that have terminated are there until the next document."""
        return self._rows

    def fold(self, document: DialogInfo) -> Standing:
        """Take a document in. The same version may come again: some senders do not count."""
        if self._version is not None and document.version < self._version:
            return Standing.LATE
        follows = self._version is not None and document.version <= self._version + 1
        self._version = document.version
        self.is_complete = document.is_full or (self.is_complete and follows)
        kept = () if document.is_full else self._rows.items()
        self._rows = {name: row for name, row in kept if row.state is not DialogState.TERMINATED}
        for row in document.dialogs:
            if document.is_full or row.id in self._rows or len(self._rows) < MAXIMUM_DIALOGS:
                self._rows[row.id] = row
        if follows:
            return Standing.IN_ORDER
        return Standing.MAKES_UP if document.is_full else Standing.AFTER_GAP
