"""A ladder as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder.cells import cell_len, fit, pad, printable
from siptapi_core.ladder.layout import Row, lay_out
from siptapi_core.values import Value

_NARROWEST = 20
"""Cells from column to column, at least; what then exceeds the width is cut off."""
_ARROW = 6
"""Cells of an arrow that are not its label's: ``── label ─►``."""
_REPEATED = " (again)"


class _Strokes(Value):
    """What a ladder is drawn with; each but the ellipsis takes one cell."""

    column: str
    line: str
    crossing: str
    to_peer: str
    from_peer: str
    ellipsis: str


_UNICODE = _Strokes("│", "─", "┼", "►", "◄", "…")
_ASCII = _Strokes("|", "-", "+", ">", "<", "...")


def draw_ladder(
    messages: Sequence[TracedMessage],
    *,
    names: Mapping[str, str] = {},
    local_name: str = "SIPTAPI",
    unicode: bool,
    width: int,
) -> str:
    """Draw messages as a sequence diagram: a line with the columns' names, then a line each.

    ``names`` gives peers' names by address (see `lay_out`). Without ``unicode`` there is only
    ASCII. A retransmission says ``(again)``. No line is wider than ``width`` cells; line breaks
    between lines are the only control characters. Without messages the text is empty.
    """
    if not messages:
        return ""
    ladder = lay_out(messages, names=names, local_name=local_name)
    strokes = _UNICODE if unicode else _ASCII
    columns = [printable(name, unicode=unicode) for name in ladder.columns]
    labels = [printable(row.summary, unicode=unicode) for row in ladder.rows]
    times = [f"{row.seconds:.3f} s " for row in ladder.rows]
    margin = max(map(len, times))
    gap = min(_widest_gap(columns, ladder.rows, labels), (width - margin - 1) // (len(columns) - 1))
    gap = max(gap, _NARROWEST)
    lines = [" " * margin + _header(columns, gap, strokes)]
    for row, label, time in zip(ladder.rows, labels, times, strict=True):
        arrow = _arrow(row, label, gap, strokes)
        beyond = (" " * (gap - 1) + strokes.column) * (len(columns) - 1 - row.column)
        lines.append(f"{time:>{margin}}{strokes.column}{arrow}{strokes.column}{beyond}")
    return "\n".join(fit(line, width, "") for line in lines)


def _widest_gap(columns: Sequence[str], rows: Sequence[Row], labels: Sequence[str]) -> int:
    """Cells from column to column that let every name and label stand in full."""
    needed = [2 * cell_len(columns[0]), 2 * cell_len(columns[-1])]
    needed += [cell_len(name) + 2 for name in columns[1:-1]]
    for row, label in zip(rows, labels, strict=True):
        cells = cell_len(label) + len(_REPEATED) * row.retransmission + _ARROW + 1
        needed.append(-(-cells // row.column))
    return max(needed)


def _header(columns: Sequence[str], gap: int, strokes: _Strokes) -> str:
    """Our name to the right of our line, the last to the left of its own, others amid theirs."""
    last = len(columns) - 1
    header = ""
    for column, name in enumerate(columns):
        room = {0: gap // 2, last: last * gap - cell_len(header)}.get(column, gap - 2)
        shown = fit(name, room, strokes.ellipsis)
        before = {0: 0, last: cell_len(shown) - 1}.get(column, cell_len(shown) // 2)
        header = pad(header, column * gap - before) + shown
    return header


def _arrow(row: Row, label: str, gap: int, strokes: _Strokes) -> str:
    """What stands between our line and the peer's; the arrow crosses the lines between them."""
    cells = row.column * gap - 1
    room = cells - _ARROW
    mark = _REPEATED * row.retransmission
    label = fit(label, room - len(mark), strokes.ellipsis) + mark
    sent = row.direction is Direction.SENT
    start = f"{strokes.line if sent else strokes.from_peer}{strokes.line} {label} "
    rest = "".join(
        strokes.crossing if (cell + 1) % gap == 0 else strokes.line
        for cell in range(cell_len(start), cells)
    )
    return start + (rest[:-1] + strokes.to_peer if sent else rest)
