"""The session descriptions that we need to be in a call without media (RFC 4566, RFC 3264).

We offer to receive audio on the discard port and never send any. Of all offers that carry no
media this is the one that every phone tried so far accepts and does not re-INVITE about: some
drop the call on ``inactive``, others re-INVITE when offered ``sendrecv`` or a null address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import excerpt

_DISCARD_PORT = 9
_DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_NO_CODEC = frozenset({"telephone-event", "cn"})
_MEDIA = r"m=\s*(\S+)\s+([0-9]{1,5})(?:/[0-9]+)?\s+(\S+)\s+(\S.*)"


def recvonly_offer(address: str, session_id: int, version: int = 1) -> bytes:
    """Offer to receive PCMU or PCMA at ``address``, an IP literal without brackets.

    ``session_id`` and ``version`` go into the o= line: one id for a dialog, and a version that
    grows with each change (RFC 3264 section 5).
    """
    audio = (
        f"m=audio {_DISCARD_PORT} RTP/AVP 0 8 101",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
        "a=recvonly",
    )
    return _encode(address, session_id, version, ("t=0 0",), audio)


def answer_to(offer: bytes, address: str, session_id: int, version: int) -> bytes:
    """Answer an offer (RFC 3264 section 6): each m= line of it gets one, in the same order.

    Plain RTP audio is accepted on the discard port with the first codec offered, and
    telephone-event beside it; the rest is rejected with port 0. We never send: what offers to
    send to us becomes ``recvonly``, anything else ``inactive``.

    Raises:
        MessageError: it is no session description.
    """
    lines = re.split(r"\r\n|\r|\n", offer.decode("latin-1"))  # any bytes, and back unchanged
    if lines[0].strip() != "v=0":
        raise MessageError("the body is no session description: it does not begin with v=0")
    sections: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    session, *medias = sections
    times = [line for line in session if line.startswith("t=")] or ["t=0 0"]
    default = _direction(session) or "sendrecv"
    answers = (line for media in medias for line in _answer(media, default))
    return _encode(address, session_id, version, times, answers)


def _answer(section: Sequence[str], default_direction: str) -> list[str]:
    """The answer to one m= line and the lines that belong to it."""
    match = re.fullmatch(_MEDIA, section[0].strip())
    if match is None:
        raise MessageError(f"session description: {excerpt(section[0])} is no media line")
    media, port, protocol, formats = match[1], int(match[2]), match[3], match[4].split()
    plain_rtp = protocol.upper() in {"RTP/AVP", "RTP/AVPF"}
    if media.lower() != "audio" or not plain_rtp or port == 0:
        return [f"m={media} 0 {protocol} {' '.join(formats)}"]
    chosen = _choose(formats, section)
    direction = _direction(section) or default_direction
    return [
        f"m={media} {_DISCARD_PORT} {protocol} {' '.join(chosen)}",
        *(line for line in section if _describes(line, chosen)),
        "a=recvonly" if direction in {"sendrecv", "sendonly"} else "a=inactive",
    ]


def _choose(formats: Sequence[str], section: Iterable[str]) -> list[str]:
    """The first codec, and telephone-event where it is offered."""
    names = {"13": "cn"}  # the one without a codec among those that need no rtpmap (RFC 3551)
    for line in section:
        if match := re.match(r"a=rtpmap:(\S+)\s+([^/\s]+)", line):
            names[match[1]] = match[2].lower()
    codecs = [code for code in formats if names.get(code) not in _NO_CODEC]
    events = [code for code in formats if names.get(code) == "telephone-event"]
    return [*codecs[:1], *events[:1]] or [formats[0]]


def _describes(line: str, formats: Sequence[str]) -> bool:
    match = re.match(r"a=(?:rtpmap|fmtp):(\S+)\s", line)
    return match is not None and match[1] in formats


def _direction(lines: Iterable[str]) -> str | None:
    names = (line[2:].strip().lower() for line in lines if line.startswith("a="))
    return next((name for name in names if name in _DIRECTIONS), None)


def _encode(
    address: str, session_id: int, version: int, times: Iterable[str], media: Iterable[str]
) -> bytes:
    network = f"IN {'IP6' if ':' in address else 'IP4'} {address.partition('%')[0]}"
    lines = (
        "v=0",
        f"o=- {session_id} {version} {network}",
        "s=-",
        f"c={network}",
        *times,
        *media,
    )
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")
