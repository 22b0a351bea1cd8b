from __future__ import annotations

from itertools import count

import pytest
from bench import make_request, without_via

from siptapi_core.machine.authentication import ANSWERS, Authentication
from siptapi_core.sip.auth import Authorization, Credentials
from siptapi_core.sip.message import Request
from siptapi_core.testing.counting_identifiers import CountingIdentifiers

CREDENTIALS = Credentials("200", "secret")
PROXY_CHALLENGE = 'Digest realm="pbx", nonce="n1", qop="auth"'


class Rig:
    """An authentication and one request under way; `challenge` answers as the exchange would."""

    def __init__(self, credentials: Credentials | None = CREDENTIALS, **request):
        self.authentication = Authentication(credentials, CountingIdentifiers())
        self.cseqs = count(2)
        self.request = without_via(make_request(**request))

    def challenge(self, *challenges: str, status: int = 407) -> Request | None:
        name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
        response = self.request.response(status, headers=[(name, text) for text in challenges])
        again = self.authentication.answer(self.request, response, lambda: next(self.cseqs))
        if again is not None:
            self.request = again
        return again

    def sent(self, header: str = "Proxy-Authorization") -> list[Authorization]:
        return [Authorization.parse(line) for line in self.request.headers.lines(header)]


@pytest.mark.parametrize(
    ("status", "header"), [(407, "Proxy-Authorization"), (401, "Authorization")]
)
def test_the_request_goes_again_with_credentials_and_the_next_cseq(status, header):
    rig = Rig(body=b"v=0", headers=(("Contact", "<sip:200@192.0.2.9>"),))
    first = rig.request
    again = rig.challenge(PROXY_CHALLENGE, status=status)
    [sent] = rig.sent(header)
    assert (sent.username, sent.realm, sent.nonce, sent.qop) == ("200", "pbx", "n1", "auth")
    assert (sent.uri, sent.nonce_count, sent.cnonce) == ("sip:200@192.0.2.9", 1, "cnonce-1")
    assert sent.verify("INVITE", b"v=0", "secret")
    assert not sent.verify("INVITE", b"v=0", "wrong")
    assert again.cseq.number == 2
    assert again.cseq.method == "INVITE"
    rest = again.headers.without(header).replaced("CSeq", "1 INVITE")
    assert rest == first.headers
    assert (again.uri, again.body) == (first.uri, first.body)


def test_the_integrity_of_the_body_is_protected_where_that_is_asked():
    rig = Rig(body=b"v=0")
    rig.challenge('Digest realm="pbx", nonce="n1", qop="auth-int"')
    [sent] = rig.sent()
    assert sent.verify("INVITE", b"v=0", "secret")
    assert not sent.verify("INVITE", b"v=1", "secret")


@pytest.mark.parametrize(
    ("credentials", "challenge"),
    [
        (None, PROXY_CHALLENGE),
        (CREDENTIALS, "Basic realm=pbx"),
        (CREDENTIALS, 'Digest realm="pbx", nonce="n1", algorithm=SHA3-256'),
        (CREDENTIALS, 'Digest realm="pbx", nonce="n1", qop="other"'),
        (Credentials("200", "secret", "home"), PROXY_CHALLENGE),
    ],
    ids=["no password", "not digest", "algorithm", "qop", "realm"],
)
def test_what_cannot_or_must_not_be_answered_is_given_up(credentials, challenge):
    rig = Rig(credentials)
    assert rig.challenge(challenge) is None
    assert next(rig.cseqs) == 2  # no number was used up


@pytest.mark.parametrize("status", [200, 403, 401])
def test_only_a_401_or_407_with_its_own_header_is_a_challenge(status):
    rig = Rig()
    response = rig.request.response(status, headers=[("Proxy-Authenticate", PROXY_CHALLENGE)])
    assert rig.authentication.answer(rig.request, response, lambda: 2) is None


def test_the_realm_counts_only_where_the_line_sets_one():
    rig = Rig(Credentials("200", "secret", "pbx"))
    rig.challenge('Digest realm="elsewhere", nonce="n0"', PROXY_CHALLENGE)
    assert [sent.realm for sent in rig.sent()] == ["pbx"]
    rig = Rig()
    rig.challenge('Digest realm="elsewhere", nonce="n0"')
    assert [sent.realm for sent in rig.sent()] == ["elsewhere"]


def test_of_two_challenges_the_strongest_is_answered():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE, 'Digest realm="pbx", nonce="n2", algorithm=SHA-256, qop="auth"')
    assert [(sent.algorithm, sent.nonce) for sent in rig.sent()] == [("SHA-256", "n2")]


@pytest.mark.parametrize("status", [401, 407])
def test_a_wrong_password_is_not_tried_twice(status):
    rig = Rig()
    assert rig.challenge(PROXY_CHALLENGE, status=status)
    assert rig.challenge('Digest realm="pbx", nonce="n2", qop="auth"', status=status) is None


def test_nobody_downgrades_us_after_a_refusal():
    rig = Rig()
    rig.challenge('Digest realm="pbx", nonce="n1", algorithm=SHA-256, qop="auth"')
    assert rig.challenge('Digest realm="pbx", nonce="n2", algorithm=MD5') is None


def test_nobody_downgrades_us_by_calling_a_nonce_stale():
    rig = Rig()
    rig.challenge('Digest realm="pbx", nonce="n1", algorithm=SHA-256, qop="auth"')
    assert rig.challenge('Digest realm="pbx", nonce="n2", qop="auth", stale=true') is None
    stronger = 'Digest realm="pbx", nonce="n3", algorithm=SHA-512-256, qop="auth", stale=true'
    assert rig.challenge(stronger)


def test_nor_in_a_later_request_to_the_same_realm():
    rig = Rig()
    rig.challenge('Digest realm="pbx", nonce="n1", algorithm=SHA-256, qop="auth"')
    later = Rig()
    later.authentication = Authentication(
        CREDENTIALS, CountingIdentifiers(), rig.authentication.answered
    )
    assert later.challenge(PROXY_CHALLENGE) is None
    assert later.challenge(PROXY_CHALLENGE.replace("pbx", "another"))


def test_a_stale_nonce_is_replaced():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    again = rig.challenge('Digest realm="pbx", nonce="n2", qop="auth", stale=true')
    [sent] = rig.sent()
    assert (sent.nonce, sent.nonce_count, sent.cnonce) == ("n2", 1, "cnonce-2")
    assert again.cseq.number == 3


def test_two_realms_are_both_answered_and_both_kept():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    again = rig.challenge('Digest realm="trunk", nonce="n2"')
    assert [sent.realm for sent in rig.sent()] == ["pbx", "trunk"]
    assert again.cseq.number == 3
    rig.challenge('Digest realm="phone", nonce="n3"', status=401)
    assert [sent.realm for sent in rig.sent()] == ["pbx", "trunk"]
    assert [sent.realm for sent in rig.sent("Authorization")] == ["phone"]


def test_the_same_realm_of_a_proxy_and_a_phone_are_two():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    assert rig.challenge(PROXY_CHALLENGE, status=401)
    assert len(rig.sent()) == len(rig.sent("Authorization")) == 1


def test_the_uses_of_a_nonce_are_counted_over_all_requests_of_the_call():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    rig.request = without_via(make_request("REFER"))
    rig.challenge(PROXY_CHALLENGE)
    [sent] = rig.sent()
    assert (sent.nonce, sent.nonce_count, sent.cnonce) == ("n1", 2, "cnonce-1")
    assert sent.verify("REFER", b"", "secret")
    rig.request = without_via(make_request("BYE"))
    rig.challenge(PROXY_CHALLENGE)
    assert [sent.nonce_count for sent in rig.sent()] == [3]


def test_the_session_key_of_a_sess_algorithm_stays():
    rig = Rig()
    challenge = 'Digest realm="pbx", nonce="n1", algorithm=MD5-sess, qop="auth"'
    for method, nonce_count in (("INVITE", 1), ("REFER", 2)):
        rig.request = without_via(make_request(method))
        rig.challenge(challenge)
        [sent] = rig.sent()
        assert (sent.cnonce, sent.nonce_count) == ("cnonce-1", nonce_count)
        assert sent.verify(method, b"", "secret")


@pytest.mark.parametrize("nonce", ["n{}", "same"])
def test_a_server_that_never_has_enough_is_left(nonce):
    rig = Rig()
    challenges = 0
    while rig.challenge(f'Digest realm="pbx", nonce="{nonce.format(challenges)}", stale=true'):
        challenges += 1
        assert challenges <= ANSWERS
    assert challenges == ANSWERS
    rig.request = without_via(make_request("BYE"))
    assert rig.challenge(PROXY_CHALLENGE) is None


def later(rig: Rig, credentials: Credentials | None = CREDENTIALS, **request) -> Rig:
    """Another request long after that of ``rig``, with what was answered there."""
    next_rig = Rig(credentials, **request)
    next_rig.authentication = Authentication(
        credentials, CountingIdentifiers(), rig.authentication.answered
    )
    next_rig.request = next_rig.authentication.authorize(next_rig.request)
    return next_rig


def test_what_was_answered_once_is_sent_along_the_next_time():
    rig = Rig(method="REGISTER")
    rig.challenge(PROXY_CHALLENGE)
    rig.challenge('Digest realm="pbx", nonce="n2", qop="auth", opaque="o"', status=401)
    for uses in (2, 3):
        rig = later(rig, method="REGISTER")
        assert [sent.nonce for sent in rig.sent()] == ["n1"]
        [sent] = rig.sent("Authorization")
        assert (sent.nonce, sent.nonce_count, sent.opaque) == ("n2", uses, "o")
        assert sent.verify("REGISTER", b"", "secret")
        assert rig.request.cseq.number == 1


def test_nothing_is_sent_along_before_a_challenge_or_without_a_password():
    rig = later(Rig())
    assert rig.authentication.answered == ()
    assert rig.sent() == []
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    assert later(rig, credentials=None).sent() == []


def test_a_nonce_of_long_ago_may_be_refused_without_a_word_about_stale():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    rig = later(rig)
    assert rig.challenge('Digest realm="pbx", nonce="n2", qop="auth"')
    [sent] = rig.sent()
    assert (sent.nonce, sent.nonce_count) == ("n2", 1)
    assert rig.challenge('Digest realm="pbx", nonce="n3", qop="auth"') is None
    assert [each.challenge.nonce for each in rig.authentication.answered] == ["n2"]


def test_the_same_nonce_refused_again_says_that_the_password_is_wrong_now():
    rig = Rig()
    rig.challenge(PROXY_CHALLENGE)
    assert later(rig).challenge(PROXY_CHALLENGE) is None


def test_a_session_goes_on_with_its_first_cnonce():
    challenge = 'Digest realm="pbx", nonce="n1", algorithm=MD5-sess, qop="auth"'
    rig = Rig()
    rig.challenge(challenge)
    [first] = rig.sent()
    [second] = later(rig).sent()
    assert (second.cnonce, second.nonce_count) == (first.cnonce, 2)
    assert second.verify("INVITE", b"", "secret")
