"""The SIP messages of a call, drawn as a ladder: one column a party, one row a message.

`lay_out` decides what stands where, as values; `draw_ladder` draws that as text, `draw_ladder_svg`
as SVG.
"""

from siptapi_core.ladder.layout import Ladder, Row, lay_out
from siptapi_core.ladder.svg import draw_ladder_svg
from siptapi_core.ladder.text import draw_ladder

__all__ = ["Ladder", "Row", "draw_ladder", "draw_ladder_svg", "lay_out"]
