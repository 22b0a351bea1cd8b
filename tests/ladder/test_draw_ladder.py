import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.events import Direction, TracedMessage
from siptapi_core.ladder import draw_ladder, lay_out
from siptapi_core.ladder.cells import cell_len, printable

PROXY = "udp:127.0.0.1:5060"
PHONE = "udp:127.0.0.7:5060"
SENT, RECEIVED = Direction.SENT, Direction.RECEIVED


def message(time, direction, start, *, peer=PROXY, more="", body=""):
    method = "INVITE" if start.startswith("SIP") else start.split()[0]
    text = (
        f"{start}\r\nVia: SIP/2.0/UDP 127.0.0.2;branch=z9hG4bK1\r\nFrom: <sip:alice@lab>;tag=1\r\n"
        f"To: <sip:alice@lab>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n{more}\r\n{body}"
    )
    return TracedMessage(time, direction, peer, "c", text)


CALL = (
    message(50.0, SENT, "INVITE sip:alice@lab SIP/2.0"),
    message(50.5, SENT, "INVITE sip:alice@lab SIP/2.0"),
    message(50.5014, RECEIVED, "SIP/2.0 407 Proxy Authentication Required"),
    message(50.502, SENT, "ACK sip:alice@lab SIP/2.0"),
    message(59.9996, RECEIVED, "SIP/2.0 200 OK"),
    message(
        60.0, SENT, "REFER sip:alice@127.0.0.7 SIP/2.0", peer=PHONE, more="r: <sip:bob@lab>\r\n"
    ),
    message(
        61.0, RECEIVED, "NOTIFY sip:us@127.0.0.2 SIP/2.0", peer=PHONE, body="SIP/2.0 180 Ringing"
    ),
    message(
        61.5, RECEIVED, "NOTIFY sip:us@127.0.0.2 SIP/2.0", peer=PHONE, body="SIP/2.0 180 Ringing"
    ),
    message(62.0, RECEIVED, "SIP/2.0 500 話\x1b[2J中", peer=PHONE),
)


def drawn(*arguments, **options):
    return draw_ladder(*arguments, **options).split("\n")


def test_one_peer_takes_the_room_it_needs():
    assert drawn(CALL[:5], names={PROXY: "proxy"}, unicode=True, width=80) == [
        "         SIPTAPI                             proxy",
        " 0.000 s │── INVITE sip:alice@lab ──────────────►│",
        " 0.500 s │── INVITE sip:alice@lab (again) ──────►│",
        " 0.501 s │◄─ 407 Proxy Authentication Required ──│",
        " 0.502 s │── ACK sip:alice@lab ─────────────────►│",
        "10.000 s │◄─ 200 OK ─────────────────────────────│",
    ]


def test_two_peers_in_ascii_cut_to_the_width():
    assert drawn(CALL, names={PROXY: "proxy"}, local_name="Büro", unicode=False, width=64) == [
        r"         B\xfcro                  proxy       udp:127.0.0.7:5060",
        r" 0.000 s |-- INVITE sip:alice@lab ->|                          |",
        r" 0.500 s |-- INVITE si... (again) ->|                          |",
        r" 0.501 s |<- 407 Proxy Authent... --|                          |",
        r" 0.502 s |-- ACK sip:alice@lab ---->|                          |",
        r"10.000 s |<- 200 OK ----------------|                          |",
        r"10.000 s |-- REFER (sip:bob@lab) ---+------------------------->|",
        r"11.000 s |<- NOTIFY (180 Ringing) --+--------------------------|",
        r"11.500 s |<- NOTIFY (180 Ringing) (again) ---------------------|",
        r"12.000 s |<- 500 \u8a71\x1b[2J\u4e2d --------------------------|",
    ]


def test_three_peers_with_wide_characters():
    peers = {PROXY: "proxy", PHONE: "phone", "tcp:[::1]:5060": "日本"}
    accepted = message(61.0, RECEIVED, "SIP/2.0 202 話\x1b[2J中", peer="tcp:[::1]:5060")
    assert drawn((*CALL[:4], CALL[5], accepted), names=peers, unicode=True, width=74) == [
        "         SIPTAPI            proxy                phone               日本",
        " 0.000 s │── INVITE sip:al… ─►│                    │                    │",
        " 0.500 s │── INVIT… (again) ─►│                    │                    │",
        " 0.501 s │◄─ 407 Proxy Aut… ──│                    │                    │",
        " 0.502 s │── ACK sip:alice… ─►│                    │                    │",
        "10.000 s │── REFER (sip:bob@lab) ─────────────────►│                    │",
        r"11.000 s │◄─ 202 話\x1b[2J中 ─┼────────────────────┼────────────────────│",
    ]


def test_what_is_too_wide_is_cut_off():
    assert drawn(CALL[:3], names={PROXY: "proxy"}, unicode=True, width=20) == [
        "        SIPTAPI     ",
        "0.000 s │── INVITE s",
        "0.500 s │── INVI… (a",
        "0.501 s │◄─ 407 Prox",
    ]


def test_names_get_the_room_they_need():
    peers = ["udp:a", "udp:b", "udp:c"]
    byes = [message(1.0, SENT, "BYE sip:b SIP/2.0", peer=peer) for peer in peers]
    names = {"udp:b": "a rather long name of a peer", "udp:c": "the last one"}
    assert drawn(byes, names=names, unicode=False, width=120)[0] == (
        "        SIPTAPI                     udp:a             a rather long name of a peer"
        "     the last one"
    )
    assert drawn(byes[:1], local_name="a rather long name for us", unicode=False, width=120) == [
        "        a rather long name for us                     udp:a",
        "0.000 s |-- BYE sip:b ----------------------------------->|",
    ]


def test_no_messages_no_lines():
    assert draw_ladder([], unicode=True, width=80) == ""


texts = st.text(max_size=40) | st.sampled_from([traced.text for traced in CALL])
messages = st.lists(
    st.builds(
        TracedMessage,
        time=st.floats(0, 20000),
        direction=st.sampled_from(Direction),
        peer=st.sampled_from([PROXY, PHONE, "tcp:[::1]:5060", "tls:\x1b[31m日本:5061"]),
        call_id=st.just("c"),
        text=texts,
    ),
    min_size=1,
    max_size=12,
)


@given(
    messages,
    st.dictionaries(st.sampled_from([PROXY, PHONE]), st.text(max_size=20)),
    st.text(max_size=10),
    st.booleans(),
    st.integers(1, 200),
)
def test_any_ladder_keeps_to_its_width_and_to_printable_characters(
    traced, names, local_name, unicode, width
):
    lines = drawn(traced, names=names, local_name=local_name, unicode=unicode, width=width)
    assert len(lines) == 1 + len(traced)
    for line in lines:
        assert cell_len(line) <= width
        assert line.isprintable()
        assert unicode or line.isascii()


@given(messages, st.booleans())
def test_every_message_appears_once_in_its_place(traced, unicode):
    _, *lines = drawn(traced, unicode=unicode, width=10_000)
    peers = list(dict.fromkeys(one.peer for one in traced))
    heads = "►◄" if unicode else "><"
    column = "│" if unicode else "|"
    for line, one, row in zip(
        lines, traced, lay_out(traced, names={}, local_name="").rows, strict=True
    ):
        time, _, drawing = line.partition(f" s {column}")
        assert float(time) == pytest.approx(one.time - traced[0].time, abs=0.0005)
        assert printable(row.summary, unicode=unicode) in drawing
        arrow, *beyond = drawing.rsplit(column, len(peers) - peers.index(one.peer))
        assert beyond == [*[beyond[0]] * (len(beyond) - 1), ""]
        assert beyond[0].strip() == ""
        sent = one.direction is SENT
        assert (arrow[-1] == heads[0]) is sent
        assert (arrow[0] == heads[1]) is not sent
        assert " (again) " in drawing or not row.retransmission
