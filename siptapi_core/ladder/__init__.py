"""The SIP messages of a call, drawn as a ladder: one column a party, one row a message.

`lay_out` decides what stands where, as values; `draw_ladder` draws that as text.
"""

from siptapi_core.ladder.layout import Ladder, Row, lay_out
from siptapi_core.ladder.text import draw_ladder

__all__ = ["Ladder", "Row", "draw_ladder", "lay_out"]
