"""The ladder as SVG: well formed whatever the messages say, with every message in it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder import draw_ladder_svg

SVG = "{http://www.w3.org/2000/svg}"
INVITE = "INVITE sip:alice@lab SIP/2.0\r\n\r\n"


def message(
    text: str, time: float = 0.0, direction: Direction = Direction.SENT, peer: str = "udp:a:1"
) -> TracedMessage:
    return TracedMessage(time, direction, peer, "c", text)


def texts(svg: str, kind: str) -> list[str | None]:
    return [
        each.text for each in ET.fromstring(svg).iter(f"{SVG}text") if each.get("class", "") == kind
    ]


def test_every_message_has_its_arrow() -> None:
    svg = draw_ladder_svg(
        [
            message(INVITE, 5.0),
            message(INVITE, 5.5),
            message("SIP/2.0 200 OK\r\n\r\n", 6.0, Direction.RECEIVED, "udp:b:2"),
        ],
        names={"udp:a:1": "proxy"},
    )
    assert texts(svg, "name") == ["SIPTAPI", "proxy", "udp:b:2"]
    assert texts(svg, "time") == ["0.000 s", "0.500 s", "1.000 s"]
    first = INVITE.partition("\r")[0]
    assert texts(svg, "") == [first, f"{first} (again)", "SIP/2.0 200 OK"]
    lines = [each.get("class") for each in ET.fromstring(svg).iter(f"{SVG}line")]
    assert lines == ["line"] * 3 + ["sent", "sent again", "received"]


def test_without_messages_there_is_only_ourselves() -> None:
    assert texts(draw_ladder_svg([]), "name") == ["SIPTAPI"]


@given(st.text(max_size=60), st.text(min_size=1, max_size=20))
def test_whatever_a_stranger_sends_is_text(text: str, peer: str) -> None:
    svg = draw_ladder_svg([message(f"{text} SIP/2.0\r\n\r\n", peer=peer)])
    root = ET.fromstring(svg)
    assert {each.tag for each in root.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "style", "rect", "text", "line", "path")
    }
