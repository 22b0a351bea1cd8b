from __future__ import annotations

import aioice.stun
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.stun import LARGEST, MAGIC_COOKIE, StunClass, StunMessage, is_stun

ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")

# RFC 5769, sections 2.1 to 2.3.
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
RESPONSE_V4 = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
RESPONSE_V6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)

transaction_ids = st.binary(min_size=12, max_size=12)
hosts = st.ip_addresses().map(str)
ports = st.integers(0, 65535)
attributes = st.lists(
    st.tuples(
        st.integers(0, 0xFFFF).filter(lambda kind: kind not in (8, 0x1C, 0x8028)),
        st.binary(max_size=40),
    ),
    max_size=8,
).map(tuple)


def test_the_sample_request() -> None:
    message = StunMessage.parse(REQUEST)
    assert (message.message_class, message.method) == (StunClass.REQUEST, 1)
    assert message.transaction_id == ID
    assert message.attribute(0x8022) == b"STUN test client"
    assert message.attribute(0x0006) == b"evtj:h6vY"
    assert message.attribute(0x8028) == bytes.fromhex("e57a3bcf")
    assert message.attribute(0x0020) is None


@pytest.mark.parametrize(
    ("data", "host"),
    [(RESPONSE_V4, "192.0.2.1"), (RESPONSE_V6, "2001:db8:1234:5678:11:2233:4455:6677")],
)
def test_the_sample_responses(data: bytes, host: str) -> None:
    assert StunMessage.parse(data).mapped_address() == (host, 32853)


@pytest.mark.parametrize("data", [REQUEST, RESPONSE_V4, RESPONSE_V6])
def test_one_wrong_bit_before_the_fingerprint_is_noticed(data: bytes) -> None:
    for position in (0, 9, 25, len(data) - 9, len(data) - 1):
        damaged = bytearray(data)
        damaged[position] ^= 1
        with pytest.raises(MessageError):
            StunMessage.parse(bytes(damaged))


def test_a_fingerprint_that_is_not_the_last_attribute() -> None:
    without = StunMessage(StunClass.SUCCESS, ID, ((0x8028, RESPONSE_V4[-4:]), (0x8022, b"late")))
    with pytest.raises(MessageError, match="FINGERPRINT"):
        StunMessage.parse(without.encode())


@given(transaction_ids, hosts, ports)
def test_a_mapped_address_survives_the_wire(transaction_id: bytes, host: str, port: int) -> None:
    sent = StunMessage.binding_success(transaction_id, (host, port))
    received = StunMessage.parse(sent.encode())
    assert received == sent
    assert received.mapped_address() == (host, port)


@given(st.sampled_from(StunClass), transaction_ids, attributes, st.integers(0, 0xFFF))
def test_every_message_survives_the_wire(
    message_class: StunClass,
    transaction_id: bytes,
    given: tuple[tuple[int, bytes], ...],
    method: int,
) -> None:
    message = StunMessage(message_class, transaction_id, given, method)
    data = message.encode()
    assert is_stun(data)
    assert len(data) % 4 == 0
    assert StunMessage.parse(data) == message


@given(transaction_ids, hosts, ports)
def test_another_implementation_reads_and_writes_the_same(
    transaction_id: bytes, host: str, port: int
) -> None:
    theirs = aioice.stun.Message(
        message_method=aioice.stun.Method.BINDING,
        message_class=aioice.stun.Class.RESPONSE,
        transaction_id=transaction_id,
    )
    theirs.attributes["XOR-MAPPED-ADDRESS"] = (host, port)
    assert bytes(theirs) == StunMessage.binding_success(transaction_id, (host, port)).encode()
    theirs.add_fingerprint()
    assert StunMessage.parse(bytes(theirs)).mapped_address() == (host, port)
    request = aioice.stun.parse_message(StunMessage.binding_request(transaction_id).encode())
    assert request.message_class is aioice.stun.Class.REQUEST
    assert request.transaction_id == transaction_id


@given(
    st.binary(max_size=80)
    | st.builds(
        lambda head, tail: head + MAGIC_COOKIE + tail,
        st.binary(min_size=4, max_size=4),
        st.binary(max_size=80),
    )
)
def test_garbage_is_an_error_and_nothing_else(data: bytes) -> None:
    try:
        message = StunMessage.parse(data)
        message.mapped_address()
    except MessageError:
        return
    assert is_stun(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "magic cookie"),
        (b"SIP/2.0 200 OK\r\n\r\n", "magic cookie"),
        (REQUEST[:19], "magic cookie"),
        (REQUEST[:-4], "says that it has"),
        (REQUEST + bytes(4), "says that it has"),
        (b"\1\1\0\2" + MAGIC_COOKIE + ID + b"\0\0", "says that it has"),
        (b"\1\1\0\4" + MAGIC_COOKIE + ID + b"\0\x20\0\1", "ends too early"),
        (b"\1\1\5\xdc" + MAGIC_COOKIE + ID + bytes(1500), f"at most {LARGEST}"),
    ],
)
def test_what_is_no_message(data: bytes, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        StunMessage.parse(data)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (StunMessage(StunClass.REQUEST, ID), "a REQUEST of method 0x1"),
        (StunMessage(StunClass.SUCCESS, ID, method=3), "a SUCCESS of method 0x3"),
        (StunMessage(StunClass.ERROR, ID), "a ERROR"),
        (StunMessage(StunClass.ERROR, ID, ((9, b"\0\0"),)), "ERROR of method"),
        (StunMessage(StunClass.ERROR, ID, ((9, b"\0\0\4\0Bad Request"),)), "400 Bad Request$"),
        (StunMessage(StunClass.ERROR, ID, ((9, b"\0\0\5\0"),)), "500$"),
        (StunMessage(StunClass.SUCCESS, ID), "no mapped address"),
        (StunMessage(StunClass.SUCCESS, ID, ((0x7000, b""),)), "wants 0x7000 understood"),
        (StunMessage(StunClass.SUCCESS, ID, ((0x20, b""),)), "cannot be read"),
        (StunMessage(StunClass.SUCCESS, ID, ((0x20, b"\0\3\0\0abcd"),)), "cannot be read"),
        (StunMessage(StunClass.SUCCESS, ID, ((0x20, b"\0\2\0\0abcd"),)), "cannot be read"),
    ],
)
def test_an_answer_that_tells_no_address(message: StunMessage, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        message.mapped_address()


def test_a_server_of_rfc_3489_sends_the_address_as_it_is() -> None:
    message = StunMessage(StunClass.SUCCESS, ID, ((1, b"\0\1\x13\xc4\xc0\0\2\7"),))
    assert message.mapped_address() == ("192.0.2.7", 5060)


def test_of_two_attributes_of_a_type_the_first_counts() -> None:
    first = StunMessage.binding_success(ID, ("192.0.2.1", 1))
    second = StunMessage.binding_success(ID, ("192.0.2.2", 2))
    both = StunMessage(StunClass.SUCCESS, ID, first.attributes + second.attributes)
    assert both.mapped_address() == ("192.0.2.1", 1)


def test_what_follows_the_integrity_is_ignored() -> None:
    mapped = StunMessage.binding_success(ID, ("192.0.2.1", 1)).attributes
    message = StunMessage(StunClass.SUCCESS, ID, ((8, bytes(20)), *mapped))
    assert StunMessage.parse(message.encode()).attributes == ((8, bytes(20)),)


@pytest.mark.parametrize(
    "message",
    [
        StunMessage(StunClass.REQUEST, b"short"),
        StunMessage(StunClass.REQUEST, ID, ((1, bytes(1500)),)),
    ],
)
def test_what_cannot_be_encoded(message: StunMessage) -> None:
    with pytest.raises(ValueError, match="bytes"):
        message.encode()


@given(st.binary(min_size=1, max_size=60))
def test_sip_is_never_taken_for_stun(text: bytes) -> None:
    assert not is_stun(b"SIP/2.0 " + text)
    assert not is_stun(b"\r\n\r\n" + text)
