"""What stands where in a ladder, before it is drawn as text, SVG or anything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder.summary import summarise
from siptapi_core.values import Value


class Row(Value):
    """One message, between our column and that of a peer.

    ``seconds`` counts from the first row; ``column`` is the peer's, from 1; a ``retransmission``
    repeats an earlier message byte by byte.
    """

    seconds: float
    direction: Direction
    column: int
    summary: str
    retransmission: bool


class Ladder(Value):
    """Columns by name, ours first, then each peer as it first appears; rows as time goes by."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def lay_out(
    messages: Sequence[TracedMessage], *, names: Mapping[str, str], local_name: str
) -> Ladder:
    """Place messages in columns and rows, in the order given.

    ``names`` gives the name of a peer for its address as in `TracedMessage`; a peer without one
    goes by its address. The text is as it came: who draws it neutralises what his medium takes
    for more than text.
    """
    columns: dict[str, int] = {}
    seen: set[tuple[Direction, str, str]] = set()
    rows = []
    for message in messages:
        identity = (message.direction, message.peer, message.text)
        rows.append(
            Row(
                seconds=message.time - messages[0].time,
                direction=message.direction,
                column=columns.setdefault(message.peer, len(columns) + 1),
                summary=summarise(message),
                retransmission=identity in seen,
            )
        )
        seen.add(identity)
    return Ladder((local_name, *(names.get(peer, peer) for peer in columns)), tuple(rows))
