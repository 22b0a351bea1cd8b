import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth import Challenge, challenges_of, strongest
from siptapi_core.sip.message import Headers, Response

values = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
challenges = st.builds(
    Challenge,
    realm=values,
    nonce=values,
    algorithm=st.sampled_from(["MD5", "md5-SESS", "SHA-256", "SHA-512-256-sess", "odd, one"]),
    qop=st.lists(st.sampled_from(["auth", "auth-int", "other"]), max_size=3).map(tuple),
    opaque=st.none() | values,
    stale=st.booleans(),
)


def response(status, *lines):
    return Response(status, "", Headers(lines), b"")


@given(challenges)
def test_what_is_written_is_read_back(challenge):
    assert Challenge.parse(str(challenge)) == challenge


@given(st.text() | st.text("Digest realmnoncqp=\", \\'").map(lambda text: "Digest " + text))
def test_any_text_is_a_challenge_or_a_message_error(text):
    try:
        challenge = Challenge.parse(text)
    except MessageError:
        return
    assert Challenge.parse(str(challenge)) == challenge


@given(values | st.text("Digest realmnoncqp=\", \\'"))
def test_challenges_of_never_raises(line):
    line = line.replace("\0", "")  # which no header has
    for challenge in challenges_of(response(401, ("WWW-Authenticate", line))):
        assert Challenge.parse(str(challenge)) == challenge


def test_every_parameter():
    challenge = Challenge.parse(
        'Digest realm="The \\"Lab\\" \\\\ one", nonce="84a4cc6f", algorithm=SHA-256,'
        'qop="auth, Auth-Int", opaque="", stale=TRUE, domain="sip:lab", charset=UTF-8',
        proxy=True,
    )
    assert challenge == Challenge(
        realm='The "Lab" \\ one',
        nonce="84a4cc6f",
        algorithm="SHA-256",
        qop=("auth", "auth-int"),
        opaque="",
        stale=True,
        proxy=True,
    )


@pytest.mark.parametrize(
    "text",
    [
        'digest REALM="Büro 1", NONCE="a=="',
        "Digest realm=Büro 1,nonce=a==",
        'Digest\trealm = "Büro 1" , nonce = "a=="',
        'Digest nonce="a==",,realm="Büro 1",',
        'Digest realm="Büro 1", nonce="a==", stale="FALSE", algorithm="MD5", qop=""',
        'Digest realm="Büro 1", nonce="a==", algorithm=, realm="second", nonce=again',
    ],
)
def test_spelling_does_not_matter(text):
    assert Challenge.parse(text) == Challenge(realm="Büro 1", nonce="a==")


def test_qop_list_without_quotes():
    challenge = Challenge.parse("Digest realm=lab, qop=auth,auth-int, nonce=n1")
    assert challenge.qop == ("auth", "auth-int")
    assert challenge.nonce == "n1"


def test_a_scheme_without_parameters_ends_the_list_of_qops():
    found = challenges_of(
        response(401, ("WWW-Authenticate", "Digest realm=lab, nonce=n1, qop=auth, NTLM, auth"))
    )
    assert found == (Challenge("lab", "n1", qop=("auth",)),)


def test_a_bare_qop_elsewhere_is_a_scheme():
    with pytest.raises(MessageError, match="got 'Digest, auth'"):
        Challenge.parse("Digest realm=lab, auth, nonce=n1")


def test_exact_form():
    assert str(Challenge("lab", "n1")) == 'Digest realm="lab", nonce="n1", algorithm=MD5'
    assert str(Challenge("l", "n", "SHA-256", ("auth", "auth-int"), "o", stale=True)) == (
        'Digest realm="l", nonce="n", algorithm=SHA-256, qop="auth,auth-int", opaque="o", '
        "stale=true"
    )


def test_commas_and_equals_signs_inside_quotes():
    challenge = Challenge.parse('Digest realm="a, Digest nonce=x", nonce="n,1"')
    assert (challenge.realm, challenge.nonce) == ("a, Digest nonce=x", "n,1")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "got 'nothing'"),
        ('Basic realm="lab"', "got 'Basic'"),
        ('Digest realm="lab", nonce="1", Digest realm="lab", nonce="2"', "got 'Digest, Digest'"),
        ('Digest nonce="1"', "without 'realm'"),
        ('Digest realm="lab"', "without 'nonce'"),
        ('Digest realm="lab, nonce="1"', "does not end"),
        ('Digest realm="lab', "does not end"),
        ('Digest realm="lab\\"', "does not end"),
        ('Digest realm="lab" x, nonce=1', "quoted only in part"),
        ('realm="lab", nonce="1"', "before any authentication scheme"),
        ("Digest = x", "before any authentication scheme"),
        ("@", "is no authentication parameter"),
        ('Digest realm="a\rb", nonce=1', "^a line break"),
        ('Digest realm="a\nb", nonce=1', "^a line break"),
    ],
)
def test_what_is_no_challenge_says_why(text, problem):
    with pytest.raises(MessageError, match=problem):
        Challenge.parse(text)


def test_line_break_in_a_value_is_never_written():
    with pytest.raises(MessageError, match="line break"):
        str(Challenge("lab\r\nX: y", "n1"))


def test_challenges_of_several_lines_and_several_in_a_line():
    found = challenges_of(
        response(
            401,
            ("WWW-Authenticate", 'Digest realm="a", nonce="1", Digest realm="b", nonce="2"'),
            ("Proxy-Authenticate", 'Digest realm="proxy", nonce="3"'),
            ("www-authenticate", 'Digest realm="c", nonce="4", algorithm=SHA-256'),
        )
    )
    assert [(challenge.realm, challenge.nonce, challenge.proxy) for challenge in found] == [
        ("a", "1", False),
        ("b", "2", False),
        ("c", "4", False),
    ]


def test_challenges_of_a_407_are_a_proxys():
    found = challenges_of(
        response(
            407,
            ("WWW-Authenticate", 'Digest realm="a", nonce="1"'),
            ("Proxy-Authenticate", 'Digest realm="proxy", nonce="3"'),
        )
    )
    assert found == (Challenge("proxy", "3", proxy=True),)


def test_challenges_of_other_schemes_and_unreadable_ones_are_left_out():
    found = challenges_of(
        response(
            401,
            ("WWW-Authenticate", 'NTLM, Basic realm="x", Negotiate YII==, digest realm=a, nonce=1'),
            ("WWW-Authenticate", 'Digest realm="b'),
            ("WWW-Authenticate", 'Digest realm="no nonce"'),
            ("WWW-Authenticate", ""),
            ("WWW-Authenticate", "Digest realm=c, nonce=2"),
        )
    )
    assert found == (Challenge("a", "1"), Challenge("c", "2"))


def test_other_statuses_have_no_challenges():
    assert challenges_of(response(403, ("WWW-Authenticate", "Digest realm=a, nonce=1"))) == ()


def test_strongest_prefers_the_stronger_then_the_first():
    md5 = Challenge("lab", "1", "md5")
    md5_session = Challenge("lab", "2", "MD5-sess")
    sha256 = Challenge("lab", "3", "sha-256")
    sha512 = Challenge("lab", "4", "SHA-512-256")
    assert strongest([md5, sha256, sha512]) == sha512
    assert strongest([md5, sha256]) == sha256
    assert strongest([md5, md5_session]) == md5
    assert strongest([md5_session, md5]) == md5_session


def test_strongest_skips_what_we_cannot_answer():
    assert strongest([]) is None
    assert strongest([Challenge("lab", "1", "AKAv1-MD5")]) is None
    md5 = Challenge("lab", "2")
    assert strongest([Challenge("lab", "1", "SHA-256", ("auth-conf",)), md5]) == md5
    integrity = Challenge("lab", "1", "SHA-256", ("auth-conf", "auth-int"))
    assert strongest([integrity, md5]) == integrity


def test_auth_is_chosen_before_auth_int():
    assert Challenge("lab", "1", qop=("auth-int", "auth")).chosen_qop == "auth"
    assert Challenge("lab", "1", qop=("auth-int", "x")).chosen_qop == "auth-int"
    assert Challenge("lab", "1").chosen_qop is None
    with pytest.raises(MessageError, match="no qop of 'auth-conf' is known"):
        _ = Challenge("lab", "1", qop=("auth-conf",)).chosen_qop
