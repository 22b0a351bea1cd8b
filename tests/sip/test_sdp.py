import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.sdp import answer_to, recvonly_offer


def lines_of(description):
    text = description.decode()
    assert text.endswith("\r\n")
    return text[:-2].split("\r\n")


def answered(*offer, version=2):
    """The answer to an offer with these lines after the usual ones, without its usual lines."""
    start = ("v=0", "o=phone 1 1 IN IP4 192.0.2.9", "s=call", "c=IN IP4 192.0.2.9", "t=0 0")
    lines = lines_of(answer_to("\r\n".join((*start, *offer)).encode(), "192.0.2.1", 7, version))
    assert lines[:5] == [
        "v=0",
        f"o=- 7 {version} IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
    ]
    return lines[5:]


def test_offer():
    assert lines_of(recvonly_offer("192.0.2.1", 7)) == [
        "v=0",
        "o=- 7 1 IN IP4 192.0.2.1",
        "s=-",
        "c=IN IP4 192.0.2.1",
        "t=0 0",
        "m=audio 9 RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=recvonly",
    ]


@pytest.mark.parametrize("address", ["2001:db8::1", "fe80::1%eth0"])
def test_ipv6_without_its_zone(address):
    bare = address.removesuffix("%eth0")
    for description in (
        recvonly_offer(address, 7, 3),
        answer_to(recvonly_offer("192.0.2.1", 1), address, 7, 3),
    ):
        lines = lines_of(description)
        assert lines[1] == f"o=- 7 3 IN IP6 {bare}"
        assert lines[3] == f"c=IN IP6 {bare}"


def test_first_codec_and_telephone_event_are_accepted():
    assert answered(
        "m=audio 4000 RTP/AVP 96 8 13 98 101",
        "b=AS:64",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:98 telephone-event/48000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=ptime:20",
        "a=sendrecv",
    ) == [
        "m=audio 9 RTP/AVP 96 98",
        "a=rtpmap:96 opus/48000/2",
        "a=fmtp:96 useinbandfec=1",
        "a=rtpmap:98 telephone-event/48000",
        "a=recvonly",
    ]


@pytest.mark.parametrize(
    ("formats", "chosen"),
    [("0", "0"), ("13 0", "0"), ("101 0", "0 101"), ("13", "13"), ("101 13", "101"), ("8 0", "8")],
)
def test_comfort_noise_and_events_are_no_codec(formats, chosen):
    answer = answered(f"m=audio 4000 RTP/AVP {formats}", "a=rtpmap:101 Telephone-Event/8000")
    assert answer[0] == f"m=audio 9 RTP/AVP {chosen}"


@pytest.mark.parametrize(
    ("offered", "ours"),
    [
        ("sendrecv", "recvonly"),
        ("sendonly", "recvonly"),
        ("recvonly", "inactive"),
        ("inactive", "inactive"),
    ],
)
def test_direction(offered, ours):
    media = "m=audio 4000 RTP/AVP 0"
    assert answered(media, f"a={offered}")[-1] == f"a={ours}"
    assert answered(f"a={offered}", media)[-1] == f"a={ours}"  # for the whole session
    assert answered("a=inactive", media, f"a={offered}")[-1] == f"a={ours}"  # but for this one
    assert answered(media, f"a={offered.upper()} ")[-1] == f"a={ours}"


def test_no_direction_is_sendrecv():
    assert answered("m=audio 4000 RTP/AVP 0") == ["m=audio 9 RTP/AVP 0", "a=recvonly"]


def test_each_media_line_is_answered_in_order():
    assert answered(
        "m=video 5000/2 RTP/AVP 31 34",
        "a=rtpmap:31 H261/90000",
        "m=audio 0 RTP/AVP 0",
        "m=audio 4000 RTP/SAVP 0",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
        "m=AUDIO 4000/1 rtp/avpf 8 ",
        "m=image 6000 udptl t38",
    ) == [
        "m=video 0 RTP/AVP 31 34",
        "m=audio 0 RTP/AVP 0",
        "m=audio 0 RTP/SAVP 0",
        "m=AUDIO 9 rtp/avpf 8",
        "a=recvonly",
        "m=image 0 udptl t38",
    ]


def test_an_offer_without_media_is_answered_without():
    assert answered() == []


def test_times_are_repeated():
    lines = lines_of(answer_to(b"v=0\nt=1 2\nt=3 4\nm=audio 4000 RTP/AVP 0\nt=9 9", "::1", 7, 2))
    assert lines[4:7] == ["t=1 2", "t=3 4", "m=audio 9 RTP/AVP 0"]


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_line_ends(line_end):
    offer = line_end.join(("v=0", "m=audio 4000 RTP/AVP 0", "a=sendonly")).encode()
    assert lines_of(answer_to(offer, "::1", 7, 2))[4:] == [
        "t=0 0",
        "m=audio 9 RTP/AVP 0",
        "a=recvonly",
    ]


def test_bytes_that_are_no_text_come_back_as_they_were():
    offer = b"v=0\r\nm=audio 4000 RTP/AVP 96\r\na=rtpmap:96 \xfc\xff/8000\r\n"
    assert b"a=rtpmap:96 \xfc\xff/8000\r\n" in answer_to(offer, "::1", 7, 2)


@pytest.mark.parametrize(
    ("offer", "problem"),
    [
        (b"", "does not begin with v=0"),
        (b"<xml/>", "does not begin with v=0"),
        (b"v=0\r\nm=audio", "'m=audio' is no media line"),
        (b"v=0\r\nm=audio 1 RTP/AVP", "no media line"),
        (b"v=0\r\nm=audio x RTP/AVP 0", "no media line"),
        (b"v=0\r\nm=audio 999999 RTP/AVP 0", "no media line"),
    ],
)
def test_what_is_no_offer_says_why(offer, problem):
    with pytest.raises(MessageError, match=problem):
        answer_to(offer, "::1", 7, 2)


fragments = st.sampled_from(
    [b"v=0", b"\r\n", b"\n", b"m=", b"audio ", b"9 ", b"RTP/AVP ", b"0 ", b"a=rtpmap:0 PCMU/1"]
)


@given(
    st.binary()
    | st.lists(fragments | st.binary(max_size=5)).map(lambda parts: b"v=0\n" + b"".join(parts))
)
def test_any_bytes_get_an_answer_or_a_message_error(offer):
    try:
        answer = answer_to(offer, "192.0.2.1", 7, 2)
    except MessageError:
        return
    media = [line for line in offer.replace(b"\r", b"\n").split(b"\n") if line.startswith(b"m=")]
    answered_media = [line for line in answer.split(b"\r\n") if line.startswith(b"m=")]
    assert len(answered_media) == len(media)
    # We send nothing: what we offer in turn is answered so that neither side sends.
    again = answer_to(answer, "192.0.2.1", 7, 3)
    assert b"a=recvonly" not in again
