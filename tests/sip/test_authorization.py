import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth import Authorization, Challenge, Credentials, answer

ALGORITHMS = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "sha-512-256-SESS"]
QOPS = [(), ("auth",), ("auth-int",), ("auth", "auth-int"), ("other", "auth-int")]

values = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
counts = st.integers(1, 0xFFFFFFFF)


def sent(challenge, *, username="alice", password="secret", body=b"", nonce_count=1):
    _, value = answer(
        challenge,
        Credentials(username, password),
        method="INVITE",
        uri="sip:bob@lab",
        body=body,
        cnonce="c1",
        nonce_count=nonce_count,
    )
    return Authorization.parse(value)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("qop", QOPS)
@settings(max_examples=20)  # for each of 30 combinations
@given(
    username=values,
    password=st.text(st.characters(exclude_categories=["Cs"])),
    realm=values,
    nonce=values,
    opaque=st.none() | values,
    body=st.binary(max_size=20),
    nonce_count=counts,
)
def test_an_answer_verifies_and_nothing_else_does(
    *, algorithm, qop, username, password, realm, nonce, opaque, body, nonce_count
):
    challenge = Challenge(realm, nonce, algorithm, qop, opaque)
    authorization = sent(
        challenge, username=username, password=password, body=body, nonce_count=nonce_count
    )
    assert authorization.username == username
    assert authorization.opaque == opaque
    assert authorization.verify("INVITE", body, password)
    assert not authorization.verify("INVITE", body, password + "x")
    assert not authorization.verify("REFER", body, password)
    assert not evolve(authorization, uri="sip:eve@lab").verify("INVITE", body, password)
    assert not evolve(authorization, nonce=nonce + "x").verify("INVITE", body, password)
    assert not evolve(authorization, realm=realm + "x").verify("INVITE", body, password)
    covers_body = challenge.chosen_qop == "auth-int"
    assert authorization.verify("INVITE", body + b"x", password) is not covers_body
    if qop:
        assert authorization.nonce_count == nonce_count
        other_count = evolve(authorization, nonce_count=nonce_count ^ 1)
        assert not other_count.verify("INVITE", body, password)


authorizations = st.builds(
    Authorization,
    username=values,
    realm=values,
    nonce=values,
    uri=values,
    response=values,
    algorithm=st.sampled_from([*ALGORITHMS, "odd, one"]),
    cnonce=values,
    opaque=st.none() | values,
    qop=st.none() | st.sampled_from(["auth", "auth-int", "od d"]),
    nonce_count=counts,
)


@given(authorizations)
def test_what_is_written_is_read_back(authorization):
    assert Authorization.parse(str(authorization)) == authorization


COMPLETE = 'Digest username=a, realm=b, nonce=c, uri="sip:d", response=e'


@given(st.text() | st.text().map(lambda text: f"{COMPLETE}, {text}"), st.text())
def test_any_text_is_an_authorization_or_a_message_error(text, password):
    try:
        authorization = Authorization.parse(text)
    except MessageError:
        return
    assert Authorization.parse(str(authorization)) == authorization


def test_the_header_is_named_after_the_challenger():
    arguments = {"method": "INVITE", "uri": "sip:b", "body": b"", "cnonce": "c", "nonce_count": 1}
    credentials = Credentials("alice", "secret")
    assert answer(Challenge("lab", "n1"), credentials, **arguments)[0] == "Authorization"
    name, value = answer(Challenge("lab", "n1", proxy=True), credentials, **arguments)
    assert name == "Proxy-Authorization"
    assert value == (
        'Digest username="alice", realm="lab", nonce="n1", uri="sip:b", '
        'response="d52db4c5ab6e0c4bb5e33161cabfb211", algorithm=MD5'
    )


def test_exact_form_with_qop():
    _, value = answer(
        Challenge("lab", "n1", "SHA-256", ("auth",), opaque='o"1'),
        Credentials("DOMAIN\\alice", "secret"),
        method="REGISTER",
        uri="sip:lab",
        body=b"",
        cnonce="c1",
        nonce_count=26,
    )
    before, _, rest = value.partition('response="')
    assert before == ('Digest username="DOMAIN\\\\alice", realm="lab", nonce="n1", uri="sip:lab", ')
    assert rest[64:] == '", algorithm=SHA-256, cnonce="c1", opaque="o\\"1", qop=auth, nc=0000001a'


def test_session_algorithm_without_qop_still_sends_its_cnonce():
    authorization = sent(Challenge("lab", "n1", "MD5-sess"))
    assert (authorization.cnonce, authorization.qop) == ("c1", None)
    assert authorization.verify("INVITE", b"", "secret")


@pytest.mark.parametrize(
    ("challenge", "problem"),
    [
        (Challenge("lab", "n1", "AKAv1-MD5"), "not known"),
        (Challenge("lab", "n1", qop=("auth-conf",)), "no qop"),
        (Challenge("lab", "n1\r\nX: y"), "line break"),
        (Challenge("lab", "\ud800"), "surrogate"),
    ],
)
def test_what_cannot_be_answered_is_refused(challenge, problem):
    with pytest.raises(MessageError, match=problem):
        sent(challenge)


def test_user_name_with_a_line_break_is_refused():
    with pytest.raises(MessageError, match="line break"):
        sent(Challenge("lab", "n1"), username="alice\r\nX: y")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Bearer abc", "got 'Bearer'"),
        ("Digest username=a, realm=b, nonce=c, uri=d", "without 'response'"),
        (f"{COMPLETE}, qop=auth", "without 'cnonce'"),
        (f"{COMPLETE}, qop=auth, cnonce=f", "without 'nc'"),
        (f"{COMPLETE}, nc=xyz", "nonce count 'xyz'"),
        (f"{COMPLETE}, nc=000000001", "nonce count"),
    ],
)
def test_what_is_no_authorization_says_why(text, problem):
    with pytest.raises(MessageError, match=problem):
        Authorization.parse(text)


def test_verify_takes_any_case_and_refuses_what_it_does_not_know():
    authorization = sent(Challenge("lab", "n1", qop=("auth",)))
    upper = evolve(authorization, response=authorization.response.upper(), algorithm="md5")
    assert upper.verify("INVITE", b"", "secret")
    assert not evolve(authorization, algorithm="SHA-1").verify("INVITE", b"", "secret")
    assert not evolve(authorization, qop="auth-conf").verify("INVITE", b"", "secret")
    assert not evolve(authorization, response="ä\udcfc").verify("INVITE", b"", "secret")
    assert not evolve(authorization, response="").verify("INVITE", b"", "secret")


def test_without_an_algorithm_it_is_md5():
    assert Authorization.parse(COMPLETE).algorithm == "MD5"
    assert Authorization.parse(f"{COMPLETE}, algorithm=").algorithm == "MD5"


def test_a_session_key_without_a_cnonce_is_made_with_an_empty_one():
    bare = evolve(sent(Challenge("lab", "n1", "MD5-sess")), cnonce=None)
    expected = evolve(bare, response="1f620f3fd71687898abae15bf7df7563")
    assert expected.verify("INVITE", b"", "secret")


def test_no_secret_shows():
    credentials = Credentials("alice", "open sesame", "lab")
    assert "sesame" not in repr(credentials)
    authorization = sent(Challenge("lab", "n1"), password="open sesame")
    assert "sesame" not in str(authorization)
    assert authorization.response not in repr(authorization)


@pytest.mark.parametrize("count", ["0000001a", "0000001A", "1A"])
def test_a_nonce_count_is_hexadecimal_in_any_case(count):
    assert Authorization.parse(f"{COMPLETE}, nc={count}").nonce_count == 26
