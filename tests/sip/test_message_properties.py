"""What holds for every message and for any bytes at all."""

from __future__ import annotations

import re
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.message import Message, Request, Response, parse_message
from siptapi_core.sip.uri import OtherUri, SipUri, TelUri

TOKENS = st.from_regex(r"[A-Za-z0-9.!%*_+`'~-]{1,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=30)
URIS = st.sampled_from(
    [SipUri("h"), SipUri("::1", "a;b", 5060), TelUri("+43"), OtherUri("urn", "service:sos")]
)
VIAS = st.sampled_from(["SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/TCP [::1]:5060;rport"])
ADDRESSES = st.sampled_from(["<sip:a@h>", '"A, \\"B" <sip:a,b@h;lr>;tag=1', '<tel:+43>;x=","'])
OTHERS = st.tuples(
    TOKENS.filter(lambda name: Headers([(name, "")]).lines("X-" + name) == ()), TEXTS
).filter(lambda pair: pair[0].lower() not in {*"vftilm", "via", "from", "to", "call-id", "cseq"})


@st.composite
def messages(draw: st.DrawFn) -> Message:
    method = draw(TOKENS)
    headers = Headers(
        [
            *[("Via", via) for via in draw(st.lists(VIAS, min_size=1, max_size=3))],
            ("From", draw(ADDRESSES)),
            ("To", draw(ADDRESSES)),
            ("Call-ID", draw(TOKENS)),
            ("CSeq", f"{draw(st.integers(0, 2**32 - 1))} {method}"),
            *[("Contact", contact) for contact in draw(st.lists(ADDRESSES, max_size=3))],
            *draw(st.lists(OTHERS, max_size=4)),
        ]
    )
    body = draw(st.binary(max_size=50))
    if draw(st.booleans()):
        return Request(method, draw(URIS), headers, body)
    return Response(draw(st.integers(100, 699)), draw(TEXTS), headers, body)


@given(messages())
def test_a_message_reads_back_as_itself(message: Message) -> None:
    again = parse_message(message.encode())
    assert again.start_line == message.start_line
    assert again.headers.without("Content-Length") == message.headers
    assert again.body == message.body
    assert again.encode() == message.encode()


COMPACT = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m"}
LISTS = ("Via", "Contact")


@st.composite
def disguised(draw: st.DrawFn, message: Message) -> bytes:
    """The same message with other spellings, line ends, folds, blanks and comma lists."""
    pairs: list[tuple[str, str]] = []
    for name, value in message.headers:
        if name in LISTS and pairs and pairs[-1][0] == name and draw(st.booleans()):
            pairs[-1] = (name, f"{pairs[-1][1]}{draw(BLANKS)},{draw(BLANKS)}{value}")
        else:
            pairs.append((name, value))
    end = draw(st.sampled_from(["\r\n", "\n"]))
    lines = [message.start_line]
    for name, value in pairs:
        spelling = draw(
            st.sampled_from([name, name.upper(), name.lower(), COMPACT.get(name, name)])
        )
        before, after = draw(BLANKS), draw(BLANKS)
        lines.append(f"{spelling}{before}:{after}{value}{draw(BLANKS)}")
    folded = [re.sub(r"(?<=[;,>]) ", f"{end} \t", line) for line in lines[1:]]
    length = f"l: {len(message.body)}"
    head = end.join([lines[0], *(folded if draw(st.booleans()) else lines[1:]), length])
    return draw(st.sampled_from([b"", b"\r\n\r\n"])) + (head + end * 2).encode() + message.body


BLANKS = st.sampled_from(["", " ", "\t", "  "])


@given(st.data(), messages())
def test_a_message_in_disguise_means_the_same(data: st.DataObject, message: Message) -> None:
    plain = parse_message(message.encode())
    other = parse_message(data.draw(disguised(message)))
    assert other.start_line == plain.start_line
    assert other.body == plain.body
    assert (other.via, other.vias) == (plain.via, plain.vias)
    assert (other.from_, other.to) == (plain.from_, plain.to)
    assert (other.call_id, other.cseq) == (plain.call_id, plain.cseq)
    assert (other.contact, other.contacts) == (plain.contact, plain.contacts)
    for name, _ in message.headers:
        assert " ".join(other.headers.values(name)).split() == (
            " ".join(plain.headers.values(name)).split()
        )


PIECES = st.sampled_from(
    [
        *(
            b"INVITE ",
            b"sip:a@h ",
            b"SIP/2.0",
            b" 200 OK",
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b"\t",
            b"\0",
        ),
        *(
            b"Via: ",
            b"v:",
            b"SIP/2.0/UDP h",
            b";branch=z",
            b"From: ",
            b"<sip:a@h>",
            b";tag=1",
            b",",
        ),
        *(b"To:", b"CSeq: 1 INVITE", b"Call-ID: x", b"Content-Length: ", b"0", b"9", b'"', b"\\"),
        *(b"<", b">", b";", b"=", b"?", b"*", b"%", b"[", b"]", b"\xc3\xb6", b"\xff", b"Contact:"),
    ]
)
VALID = (
    b'INVITE sip:a@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z\r\nFrom: "A" <sip:a@h>;tag=1\r\n'
    b"To: <sip:b@h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:a@h>, <sip:b@h>\r\n"
    b"Route: <sip:r;lr>\r\nExpires: 60\r\nl: 2\r\n\r\nhi"
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid message with some of its bytes replaced, dropped or doubled."""
    data = VALID
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 8))
        data = data[:start] + draw(PIECES | st.binary(max_size=4) | st.just(b"")) + data[end:]
    return data


@given(st.binary() | st.lists(PIECES, max_size=40).map(b"".join) | damaged())
@example(b"x \r\n\r\n")
def test_any_bytes_are_a_message_or_a_message_error(data: bytes) -> None:
    try:
        message = parse_message(data)
    except MessageError as error:
        if isinstance(error.request, Request):
            error.request.response(error.status, to_tag="t").encode()
        return
    assert parse_message(message.encode()).encode() == message.encode()
    for name in (
        "contacts",
        "contact",
        "vias",
        "routes",
        "record_routes",
        "expires",
        "content_type",
    ):
        with suppress(MessageError):
            getattr(message, name)
    with suppress(MessageError):
        message.validate()
    if isinstance(message, Request):
        response = message.response(200, to_tag="t")
        assert parse_message(response.encode()).call_id == message.call_id


@given(damaged())
def test_every_part_that_was_read_can_be_put_into_a_new_message(data: bytes) -> None:
    try:
        message = parse_message(data)
    except MessageError:
        return
    headers = Headers(message.headers.items())
    assert headers == message.headers
    for value in (message.via, message.from_, message.to, message.cseq):
        Headers([("X", str(value))])
