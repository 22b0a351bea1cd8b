"""The table ``[history]``: which calls are remembered, where, and for how long."""

from __future__ import annotations

from attrs import field, frozen, validators

from siptapi_core.values import Compared


@frozen(kw_only=True, eq=False, repr=False)
class HistorySettings(Compared):
    """What is kept of calls.

    Raises:
        ValueError: a value cannot be; the words say what was expected.
    """

    enabled: bool = field(
        default=True,
        metadata={"help": "remember every call, outgoing and incoming, with what happened to it"},
    )
    file: str = field(
        default="",
        metadata={
            "help": "the SQLite database to keep them in, on a disk of this computer; relative to "
            "this file, ~ is your home; left out: history.db in the user's state folder",
            "example": "~/siptapi/history.db",
        },
    )
    keep_days: int = field(
        default=365,
        validator=validators.ge(0),
        metadata={"help": "calls that began longer ago are forgotten; 0: however long ago"},
    )
    keep_calls: int = field(
        default=100_000,
        validator=validators.ge(0),
        metadata={"help": "as many calls are kept, the latest; 0: all of them"},
    )
