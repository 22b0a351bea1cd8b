"""A ladder as SVG: for the documentation, for a mail, for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder.cells import cell_len, fit, printable
from siptapi_core.ladder.layout import Row, lay_out

_CELL = 7.25
"""Pixels of a character of the font, at its size."""
_ROW = 26
_TOP = 54
_MARGIN = 96
"""Pixels for the times."""
_WIDEST = 56
"""Characters of a label; what is longer is cut off."""
_STYLE = """\
text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1a2224 }
.name { font-weight: 600 } .time { fill: #546165 } .line { stroke: #b8c2c5 }
.sent { stroke: #0f766e } .received { stroke: #3b5bdb } .again { stroke-dasharray: 4 3 }
.head-sent { fill: #0f766e } .head-received { fill: #3b5bdb }
.ground { fill: #ffffff }"""


def draw_ladder_svg(
    messages: Sequence[TracedMessage],
    *,
    names: Mapping[str, str] = {},
    local_name: str = "SIPTAPI",
) -> str:
    """Draw messages as an SVG document of its own, which needs nothing besides.

    ``names`` gives peers' names by address (see `siptapi_core.ladder.layout.lay_out`). A
    retransmission is drawn dashed. Without messages there are no more than the names.
    """
    ladder = lay_out(messages, names=names, local_name=local_name)
    columns = [printable(name, unicode=True) for name in ladder.columns]
    labels = [
        fit(printable(row.summary, unicode=True) + " (again)" * row.retransmission, _WIDEST, "…")
        for row in ladder.rows
    ]
    gap = _gap(columns, ladder.rows, labels)
    width = round(_MARGIN + (len(columns) - 1) * gap + cell_len(columns[-1]) * _CELL / 2 + 24)
    height = _TOP + _ROW * len(labels) + 12
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                f'viewBox="0 0 {width} {height}" role="img" aria-label="SIP messages of a call">'
            ),
            f"<style>{escape(_STYLE, quote=False)}</style>",
            f'<rect class="ground" width="{width}" height="{height}"/>',
            *_columns(columns, gap, height),
            *_rows(ladder.rows, labels, gap),
            "</svg>\n",
        ]
    )


def _gap(columns: Sequence[str], rows: Sequence[Row], labels: Sequence[str]) -> float:
    """Pixels from column to column that let every label and name stand in full."""
    needed = [20.0]
    needed += [(cell_len(name) + 3) for name in columns]
    needed += [(cell_len(label) + 6) / row.column for row, label in zip(rows, labels, strict=True)]
    return max(needed) * _CELL


def _columns(columns: Sequence[str], gap: float, height: int) -> Iterator[str]:
    for index, name in enumerate(columns):
        x = _MARGIN + index * gap
        yield f'<text class="name" x="{x:g}" y="24" text-anchor="middle">{escape(name)}</text>'
        yield f'<line class="line" x1="{x:g}" y1="34" x2="{x:g}" y2="{height - 8}"/>'


def _rows(rows: Sequence[Row], labels: Sequence[str], gap: float) -> Iterator[str]:
    for index, (row, label) in enumerate(zip(rows, labels, strict=True)):
        y = _TOP + index * _ROW + 10
        left, right = _MARGIN + 4, _MARGIN + row.column * gap - 4
        tip, back = (right, -8) if row.direction is Direction.SENT else (left, 8)
        again = " again" * row.retransmission
        yield f'<text class="time" x="8" y="{y + 4}">{row.seconds:.3f} s</text>'
        yield (
            f'<line class="{row.direction}{again}" x1="{left:g}" y1="{y}" x2="{right:g}" y2="{y}"/>'
        )
        yield (f'<path class="head-{row.direction}" d="M{tip:g} {y}l{back} -4v8z"/>')
        yield (
            f'<text x="{(left + right) / 2:g}" y="{y - 5}" text-anchor="middle">{escape(label)}'
            "</text>"
        )
