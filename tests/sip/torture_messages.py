"""The cases of RFC 4475 and RFC 5118, each in a message of our own, and what must be done.

The names and the faults are the RFCs', the words are ours. `ANSWERS` says what a user agent that
only places calls answers to a stranger: a status, or None where it must keep silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Lines = Mapping[str, str | tuple[str, ...] | None]
NOTHING: Lines = MappingProxyType({})

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.41\r\ns=-\r\nc=IN IP4 192.0.2.41\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0\r\n"
)
TRYING = "SIP/2.0 100 Trying"


def message(
    start: str, lines: Lines = NOTHING, *, body: bytes = b"", end: bytes = b"\r\n"
) -> bytes:
    """A message with the usual headers, in which ``lines`` replaces, adds, or (None) takes out."""
    method = start.partition(" ")[0] if start[:4] != "SIP/" else "INVITE"
    headers: dict[str, str | tuple[str, ...] | None] = {
        "Via": "SIP/2.0/UDP client.example.com:5062;branch=z9hG4bK-torture;rport",
        "Max-Forwards": "70",
        "From": "<sip:anna@example.com>;tag=a1",
        "To": "<sip:201@example.org>",
        "Call-ID": "torture@client.example.com",
        "CSeq": f"7 {method}",
        "Content-Length": str(len(body)),
    }
    headers.update(lines)
    text = [start]
    for name, value in headers.items():
        values = (value,) if isinstance(value, str) else value or ()
        text.extend(f"{name}: {each}" for each in values)
    return "\r\n".join(text).encode() + b"\r\n" + end + body


def options(lines: Lines = NOTHING, **more: bytes) -> bytes:
    return message("OPTIONS sip:201@example.org SIP/2.0", lines, **more)


def register(lines: Lines = NOTHING, **more: bytes) -> bytes:
    return message("REGISTER sip:example.org SIP/2.0", lines, **more)


def invite(lines: Lines = NOTHING, **more: bytes) -> bytes:
    with_offer = {"Contact": "<sip:anna@192.0.2.41>", "Content-Type": "application/sdp", **lines}
    return message(
        "INVITE sip:201@example.org SIP/2.0", with_offer, body=more.pop("body", SDP), **more
    )


VALID: dict[str, bytes] = {  # RFC 4475 section 3.1.1
    "wsinv": (
        b"INVITE sip:201@example.org;strange SIP/2.0\r\n"
        b"TO :\r\n sip:201@example.org ;   tag   = 77n\r\n"
        b'from   : "Anna \\\\\\""       <sip:anna@example.com>\r\n  ;\r\n  tag = a1\r\n'
        b"MaX-fOrWaRdS: 0070\r\nCall-ID: wsinv@example.com\r\n"
        b"Content-Length   : 5\r\ncseq: 0007\r\n  INVITE\r\n"
        b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=one\r\n"
        b"s :\r\nNewHeader:   first line\r\n second line;;,,;;,;\r\n"
        b"v:  SIP  / 2.0  / TCP     relay.example.com   ;\r\n branch = two ,"
        b" SIP  /    2.0   / UDP  192.0.2.5   ; branch= three\r\n"
        b'm:"Quoted \\"\\"" <sip:anna@example.com> ; newparam = newvalue ;\r\n  other ; q = 0.5\r\n'
        b"\r\nhello"
    ),
    "intmeth": message(
        "!odd.Method0_*+`.%'~ sip:1_odd~(user!)&'s+it$/?,/;;*:&a=1,b!*$c~d_.(e)@h.example SIP/2.0",
        {
            "To": '"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:201@example.org>',
            "From": "tok1~` tok2'+_ tok3*%!.- <sip:anna@example.com>;p''~+*_!.-%=\"Жук\";"
            "tag=_t~1'+`*%!-.",
            "CSeq": "7 !odd.Method0_*+`.%'~",
            "other-!.%*+_`'~": "\ufeff漢字",
        },
    ),
    "esc01": message(
        "INVITE sip:sips%3A201%40example.com@example.org SIP/2.0",
        {
            "From": "<sip:I%20have%20blanks@example.com>;tag=a1",
            "Contact": "<sip:ann%61@192.0.2.41;%6C%72;n%61me=v%41>",
        },
    ),
    "escnull": register({"Contact": ("<sip:%00@192.0.2.41>", "<sip:%00%00@192.0.2.41>")}),
    "esc02": message(
        "RE%47IST%45R sip:example.org SIP/2.0",
        {
            "To": '"%Z%45" <sip:201@example.org>',
            "Contact": ("<sip:alias1@192.0.2.41>", "<sip:alias2@192.0.2.41>"),
            "Via": "SIP/2.0/UDP client.example.com;branch=z9hG4bK%fz",
        },
    ),
    "lwsdisp": options({"From": "anna<sip:anna@example.com>;tag=a1"}),
    "longreq": invite(
        {
            "To": f'"I have a {"very " * 60}long name" <sip:201@example.org>',
            "From": f"<sip:{'long' * 80}@example.com>;tag={'12345678' * 60}",
            "Call-ID": "call" * 70,
            "Via": tuple(f"SIP/2.0/TCP hop{n}.example.com;branch=z9hG4bK{n}" for n in range(34)),
            f"Unknown-{'Very' * 50}": f"{'value ' * 60}; param={'x' * 200}",
        }
    ),
    "dblreq": register() + invite({"Call-ID": "second"}),
    "semiuri": message("OPTIONS sip:user;par=u%40example.net@example.org SIP/2.0"),
    "transports": options(
        {
            "Via": tuple(
                f"SIP/2.0/{each} t{each.lower()}.example.com;branch=z9hG4bK-t"
                for each in ("UDP", "SCTP", "TLS", "UNKNOWN", "TCP")
            )
        }
    ),
    "mpart01": message(
        "MESSAGE sip:201@example.org SIP/2.0",
        {"Content-Type": "multipart/mixed;boundary=cut"},
        body=b"--cut\r\nContent-Type: text/plain\r\n\r\nHello\r\n--cut\r\n"
        b"Content-Type: application/octet-stream\r\n\r\n\x00\x01\xfe\xff\r\n\r\n--cut--",
    ),
    "unreason": message("SIP/2.0 200 = 2**3 + 4 für 120 € вот", {"Contact": "<sip:201@192.0.2.7>"}),
    "noreason": message("SIP/2.0 100 "),
}

INVALID: dict[str, tuple[int, bytes]] = {  # RFC 4475 section 3.1.2; the status to refuse with
    "badinv01": (
        400,
        invite({"Via": "SIP/2.0/UDP 192.0.2.41;;,;,,", "Contact": '"Anna" <sip:anna@h>;;,;;'}),
    ),
    "clerr": (400, invite({"Content-Length": "9999"})),
    "ncl": (400, invite({"Content-Length": "-999"})),
    "scalar02": (
        400,
        register({"CSeq": "36893488147419103232 REGISTER", "Expires": "1" + "0" * 100}),
    ),
    "scalarlg": (400, message(TRYING, {"CSeq": "9292394834772304023312 OPTIONS"})),
    "quotbal": (400, invite({"To": '"Mr. 201 <sip:201@example.org>'})),
    "ltgtruri": (400, message("OPTIONS <sip:201@example.org> SIP/2.0")),
    "lwsruri": (400, message("OPTIONS sip:201@example.org; lr SIP/2.0")),
    "lwsstart": (400, message("OPTIONS  sip:201@example.org  SIP/2.0")),
    "trws": (400, message("OPTIONS sip:201@example.org SIP/2.0  ")),
    "escruri": (400, message("INVITE sip:201@example.org?Route=%3Csip:example.com%3E SIP/2.0")),
    "baddate": (400, options({"Date": "Fri, 01 Jan 2010 16:00:00 EST"})),
    "regbadct": (400, register({"Contact": "sip:201@example.org?Route=%3Csip:example.com%3E"})),
    "badaspec": (400, options({"To": '"201" < sip:201@example.org >'})),
    "baddn": (400, options({"From": "Muster, Anna <sip:anna@example.com>;tag=a1"})),
    "badvers": (505, message("OPTIONS sip:201@example.org SIP/7.0")),
    "mismatch01": (400, options({"CSeq": "7 INVITE"})),
    "mismatch02": (501, message("NEWMETHOD sip:201@example.org SIP/2.0", {"CSeq": "7 INVITE"})),
    "bigcode": (400, message("SIP/2.0 4294967301 too much")),
}

ABOVE: dict[str, tuple[int | None, bytes]] = {
    # RFC 4475 sections 3.2 to 3.4: what is wrong, if anything, is not the syntax. The status is
    # that of the message layer, None where others decide.
    "badbranch": (None, options({"Via": "SIP/2.0/UDP 192.0.2.41;branch=z9hG4bK"})),
    "insuf": (400, invite({"Call-ID": None, "From": None, "To": None})),
    "unkscm": (416, message("OPTIONS nobodyKnowsThisScheme:opaque SIP/2.0")),
    "novelsc": (416, message("OPTIONS soap.beep://192.0.2.41:3002 SIP/2.0")),
    "unksm2": (
        None,
        register(
            {
                "To": "isbn:2983792873",
                "From": "<http://www.example.com>;tag=a1",
                "Contact": "<name:Anna_Muster>",
            }
        ),
    ),
    "bext01": (None, options({"Require": "one, two", "Proxy-Require": "three, four"})),
    "invut": (None, invite({"Content-Type": "application/unknownformat"}, body=b"<audio/>")),
    "regaut01": (None, register({"Authorization": "NobodyKnows opaque-data=here"})),
    "multi01": (
        400,
        invite(
            {
                "From": ("<sip:anna@example.com>;tag=a1", "<sip:ben@example.com>;tag=b1"),
                "To": ("<sip:201@example.org>", "<sip:202@example.org>"),
                "Call-ID": ("one@h", "two@h"),
                "CSeq": ("5 INVITE", "59 INVITE"),
                "Max-Forwards": ("70", "5"),
            }
        ),
    ),
    "mcl01": (
        400,
        options({"Content-Length": ("13", "5"), "Content-Type": "text/plain"}, body=b"x" * 60),
    ),
    "bcast": (
        None,
        message(
            "SIP/2.0 200 OK",
            {
                "Via": (
                    "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-1",
                    "SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK-2",
                )
            },
        ),
    ),
    "zeromf": (None, options({"Max-Forwards": "0"})),
    "cparam01": (None, register({"Contact": "sip:+43@gw.example.net;unknownparam"})),
    "cparam02": (None, register({"Contact": "<sip:+43@gw.example.net;unknownparam>"})),
    "regescrt": (None, register({"Contact": "<sip:201@h?Route=%3Csip:example.com%3E>"})),
    "sdp01": (None, invite({"Accept": "text/nobodyKnowsThis"})),
    "inv2543": (
        None,
        b"INVITE sip:201@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.41\r\n"
        b"From: <sip:anna@example.com>\r\nTo: <sip:201@example.org>\r\nCall-ID: old@192.0.2.41\r\n"
        b"Contact: <sip:anna@192.0.2.41>\r\nCSeq: 1 INVITE\r\n\r\n" + SDP,
    ),
}

IPV6: dict[str, tuple[int | None, bytes]] = {  # RFC 5118 section 4, in its order
    "ipv6-good": (
        None,
        message(
            "REGISTER sip:[2001:db8::10] SIP/2.0",
            {
                "Via": "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK-6",
                "Contact": '"Anna" <sip:anna@[2001:db8::1]>',
            },
        ),
    ),
    "ipv6-bad": (
        400,
        message(
            "REGISTER sip:2001:db8::10 SIP/2.0",
            {"Via": "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bK-6"},
        ),
    ),
    "port-ambiguous": (None, message("REGISTER sip:[2001:db8::10:5070] SIP/2.0")),
    "port-unambiguous": (None, message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0")),
    "via-received-param-with-delim": (
        None,
        message(
            "BYE sip:[2001:db8::10] SIP/2.0",
            {"Via": "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bK-6"},
        ),
    ),
    "via-received-param-no-delim": (
        None,
        message(
            "OPTIONS sip:[2001:db8::10] SIP/2.0",
            {"Via": "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bK-6"},
        ),
    ),
    "ipv6-in-sdp": (
        None,
        message(
            "INVITE sip:201@[2001:db8::10] SIP/2.0",
            {"Contact": "<sip:anna@[2001:db8::1]>", "Content-Type": "application/sdp"},
            body=SDP.replace(b"IP4 192.0.2.41", b"IP6 2001:db8::20"),
        ),
    ),
    "mult-ip-in-header": (
        None,
        message(
            "BYE sip:201@host.example.net SIP/2.0",
            {
                "Via": (
                    "SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bK-1",
                    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-2",
                    "SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK-3",
                )
            },
        ),
    ),
    "mult-ip-in-sdp": (
        None,
        invite(
            body=b"v=0\r\no=- 1 1 IN IP4 192.0.2.41\r\ns=-\r\nt=0 0\r\n"
            b"m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n"
            b"m=audio 4002 RTP/AVP 0\r\nc=IN IP4 192.0.2.41\r\n"
        ),
    ),
    "ipv4-mapped-ipv6": (
        None,
        invite(
            {
                "Via": (
                    "SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bK-1",
                    "SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bK-2",
                ),
                "Contact": "<sip:anna@[::ffff:192.0.2.2]>",
            },
            body=SDP.replace(b"IP4 192.0.2.41", b"IP6 ::ffff:192.0.2.2"),
        ),
    ),
    "ipv6-bug-abnf-3-colons": (None, message("OPTIONS sip:201@[2001:db8:::192.0.2.1] SIP/2.0")),
    "ipv6-correct-abnf-2-colons": (None, message("OPTIONS sip:201@[2001:db8::192.0.2.1] SIP/2.0")),
}

ANSWERS: dict[str, int | None] = {
    **dict.fromkeys(("lwsdisp", "semiuri", "transports", "zeromf", "badbranch"), 200),
    **dict.fromkeys(("esc01", "longreq", "inv2543", "invut", "sdp01"), 480),
    **dict.fromkeys(("escnull", "dblreq", "mpart01", "unksm2", "regaut01"), 405),
    **dict.fromkeys(("cparam01", "cparam02", "regescrt"), 405),
    **dict.fromkeys(("intmeth", "esc02"), 501),
    "wsinv": 481,  # its To has a tag, and there is no such dialog
    "bext01": 420,
    **dict.fromkeys(("unreason", "noreason", "scalarlg", "bigcode", "bcast"), None),
    **{
        name: status for name, (status, _) in INVALID.items() if name not in {"scalarlg", "bigcode"}
    },
    **{name: status for name, (status, _) in (ABOVE | IPV6).items() if status is not None},
    **dict.fromkeys(("ipv6-good", "port-ambiguous", "port-unambiguous"), 405),
    **dict.fromkeys(("via-received-param-with-delim", "mult-ip-in-header"), 481),
    **dict.fromkeys(("ipv6-in-sdp", "mult-ip-in-sdp", "ipv4-mapped-ipv6"), 480),
    "via-received-param-no-delim": 200,
    **dict.fromkeys(("ipv6-bug-abnf-3-colons", "ipv6-correct-abnf-2-colons"), 200),
}
"""By the name of the message, RFC 4475's own too."""

TO_A_LINE: dict[str, int] = {"invut": 415, "sdp01": 180, "inv2543": 180, "longreq": 180}
"""What a line answers that shows calls. It never sends a session: no Accept is too narrow."""

OURS: dict[str, bytes] = {
    **VALID,
    **{name: data for name, (_, data) in (INVALID | ABOVE | IPV6).items()},
}
