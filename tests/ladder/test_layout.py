from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder import Ladder, Row, lay_out

PROXY = "udp:192.0.2.1:5060"
PHONE = "udp:192.0.2.7:5060"


def message(time, direction, peer, text):
    return TracedMessage(time, direction, peer, "c", text)


def test_columns_in_order_of_appearance_and_time_from_the_first():
    sent, received = Direction.SENT, Direction.RECEIVED
    ladder = lay_out(
        [
            message(100.0, sent, PROXY, "first"),
            message(100.5, received, PHONE, "second"),
            message(103.0, sent, PROXY, "third"),
        ],
        names={PROXY: "proxy", "udp:192.0.2.99:5060": "nobody"},
        local_name="us",
    )
    assert ladder == Ladder(
        ("us", "proxy", PHONE),
        (
            Row(0.0, sent, 1, "first", retransmission=False),
            Row(0.5, received, 2, "second", retransmission=False),
            Row(3.0, sent, 1, "third", retransmission=False),
        ),
    )


def test_a_retransmission_is_the_same_text_on_the_same_way():
    sent, received = Direction.SENT, Direction.RECEIVED
    ladder = lay_out(
        [
            message(0.0, sent, PROXY, "a"),
            message(0.1, received, PROXY, "a"),
            message(0.2, sent, PHONE, "a"),
            message(0.3, sent, PROXY, "b"),
            message(0.4, sent, PROXY, "a"),
            message(0.5, sent, PROXY, "a"),
        ],
        names={},
        local_name="us",
    )
    assert [row.retransmission for row in ladder.rows] == [False, False, False, False, True, True]


def test_no_messages():
    assert lay_out([], names={}, local_name="us") == Ladder(("us",), ())
