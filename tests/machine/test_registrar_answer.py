from __future__ import annotations

import pytest
from bench import make_request

from siptapi_core.machine.registrar_answer import granted, least_expires, refusal, service_route
from siptapi_core.sip.auth import Credentials
from siptapi_core.sip.uri import SipUri

OURS = SipUri.parse("sip:200@192.0.2.9:5062;line=abc")


def response(status=200, *headers):
    return make_request("REGISTER").response(status, headers=headers)


@pytest.mark.parametrize(
    ("contacts", "seconds"),
    [
        (["<sip:200@192.0.2.9:5062;line=abc>;expires=60"], 60),
        (["<sip:200@192.0.2.9:5062;LINE=abc;ob>;q=0.5;Expires=60"], 60),
        (["<sip:200@192.0.2.2>;expires=90, <sip:200@192.0.2.9:5062;line=abc>;expires=60"], 60),
        (["<sip:200@192.0.2.2>;expires=90", "sip:200@192.0.2.9:5062;expires=60"], 60),
        # another life of ours, from another port, is not meant where this one is there
        (
            [
                "<sip:200@192.0.2.9:9999;line=abc>;expires=10",
                "<sip:200@192.0.2.9:5062;line=abc>;expires=60",
            ],
            60,
        ),
        # rewritten, but for its line
        (["<sip:200@192.0.2.2>;expires=90", "<sip:x@203.0.113.1:1;line=abc>;expires=60"], 60),
        # rewritten wholly, and alone
        (["<sip:f00@203.0.113.1>;expires=30"], 30),
        # rewritten wholly among others: what we asked
        (["<sip:f00@203.0.113.1>;expires=30", "<sip:200@192.0.2.2>;expires=90"], 600),
        # whatever a phone may have written
        (["tel:+431505641", "<sip:200@192.0.2.9:5062;line=abc>;expires=60"], 60),
        (["<sip:200@>;;", "<sip:200@192.0.2.9:5062;line=abc>;expires=60"], 60),
        # twice: the sooner
        (
            [
                "<sip:200@192.0.2.9:5062;line=abc>;expires=60",
                "<sip:200@192.0.2.9:5062>;expires=50",
            ],
            50,
        ),
        (["<sip:200@192.0.2.9:5062;line=abc>;expires=0"], 0),
        (["<sip:200@192.0.2.9:5062;line=abc>"], 600),
        (["<sip:200@192.0.2.9:5062;line=abc>;expires=soon"], 600),
        (['<sip:200@192.0.2.9:5062;line=abc>;expires="60"'], 60),
        ([], 600),
    ],
)
def test_the_seconds_are_those_of_our_contact(contacts, seconds):
    headers = [("Contact", contact) for contact in contacts]
    assert granted(response(200, *headers), OURS, 600) == seconds


@pytest.mark.parametrize(("expires", "seconds"), [("120", 120), ("never", 600), ("9" * 11, 600)])
def test_expires_counts_where_our_contact_does_not_say(expires, seconds):
    headers = [("Contact", "<sip:200@192.0.2.9:5062;line=abc>"), ("Expires", expires)]
    assert granted(response(200, *headers), OURS, 600) == seconds
    assert granted(response(200, headers[1]), OURS, 600) == seconds
    mine = ("Contact", "<sip:200@192.0.2.9:5062;line=abc>;expires=60")
    assert granted(response(200, mine, headers[1]), OURS, 600) == 60


def test_the_service_route_keeps_its_order():
    route = service_route(
        response(200, ("Service-Route", "<sip:a;lr>, <sip:b;lr>"), ("Service-Route", "<sip:c;lr>"))
    )
    assert [str(hop) for hop in route] == ["<sip:a;lr>", "<sip:b;lr>", "<sip:c;lr>"]
    assert service_route(response()) == ()


def test_a_broken_service_route_is_none():
    assert service_route(response(200, ("Service-Route", "<sip:a;lr>, <sip:"))) == ()


@pytest.mark.parametrize(
    ("value", "seconds"), [("1800", 1800), ("999999999", 86_400), ("-1", 0), ("", 0)]
)
def test_what_a_423_wants(value, seconds):
    assert least_expires(response(423, ("Min-Expires", value))) == seconds
    assert least_expires(response(423)) == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("18000;duration=3600", 18000.0),
        ("120 (in maintenance)", 120.0),
        ("99999999999", 86_400.0),
        ("soon", 0.0),
    ],
)
def test_how_long_we_are_to_stay_away(value, seconds):
    assert refusal(response(503, ("Retry-After", value)), None, "").retry_after == seconds
    assert refusal(response(503), None, "").retry_after == 0.0


@pytest.mark.parametrize(
    ("status", "refused"),
    [
        *((status, True) for status in (302, 400, 401, 403, 404, 405, 407, 423, 501, 603)),
        *((status, False) for status in (408, 480, 486, 491, 500, 502, 503, 504)),
    ],
)
def test_which_refusals_will_last(status, refused):
    answer = refusal(response(status), None, "")
    assert (answer.status, answer.refused, answer.way) == (status, refused, None)


def test_the_registrar_s_own_words_are_told():
    assert refusal(response(403), None, "Not Your Account").reason == "Not Your Account"


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize(
    ("credentials", "challenges", "reason"),
    [
        (
            None,
            ['Digest realm="pbx", nonce="n"'],
            "the registrar wants a password, and the line has none",
        ),
        (
            Credentials("200", "pw"),
            [],
            "the registrar wants an authentication that is not known here",
        ),
        (
            Credentials("200", "pw"),
            ["Bearer realm=pbx"],
            "the registrar wants an authentication that is not known here",
        ),
        (
            Credentials("200", "pw", "home"),
            ['Digest realm="pbx", nonce="n"', 'Digest realm="pbx", nonce="m", algorithm=SHA-256'],
            "the registrar's realm is 'pbx', that of the line 'home'",
        ),
        (
            Credentials("200", "pw", "home"),
            ['Digest realm="a", nonce="n"', 'Digest realm="b", nonce="n"'],
            "the registrar's realm is 'a' and 'b', that of the line 'home'",
        ),
        (
            Credentials("200", "pw", "pbx"),
            ['Digest realm="pbx", nonce="n"'],
            "the registrar does not accept the password of '200'",
        ),
        (
            Credentials("200", "pw"),
            ['Digest realm="pbx", nonce="n"'],
            "the registrar does not accept the password of '200'",
        ),
    ],
)
def test_why_the_password_was_not_enough(status, credentials, challenges, reason):
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    headers = [(name, challenge) for challenge in challenges]
    answer = refusal(response(status, *headers), credentials, "Unauthorized")
    assert answer.reason == reason
