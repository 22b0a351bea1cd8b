"""The examples that the RFCs themselves give."""

import pytest

from siptapi_core.sip.auth import Authorization, Challenge, Credentials, answer

RFC_7616_CHALLENGE = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(algorithm, response):
    name, value = answer(
        Challenge.parse(RFC_7616_CHALLENGE.format(algorithm=algorithm)),
        Credentials("Mufasa", "Circle of Life"),
        method="GET",
        uri="/dir/index.html",
        body=b"",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        nonce_count=1,
    )
    assert name == "Authorization"
    sent = Authorization.parse(value)
    assert sent.response == response
    assert (sent.qop, sent.nonce_count) == ("auth", 1)
    assert sent.opaque == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    assert sent.verify("GET", b"", "Circle of Life")
    assert not sent.verify("GET", b"", "Circle of life")
    assert not sent.verify("PUT", b"", "Circle of Life")


def test_rfc_2617_section_3_5():
    _, value = answer(
        Challenge.parse(
            'Digest realm="testrealm@host.com", qop="auth,auth-int", '
            'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
            'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
        ),
        Credentials("Mufasa", "Circle Of Life"),
        method="GET",
        uri="/dir/index.html",
        body=b"",
        cnonce="0a4f113b",
        nonce_count=1,
    )
    assert Authorization.parse(value).response == "6629fae49393a05397450978507c4ef1"


def test_rfc_2069_form_has_neither_qop_nor_count_nor_cnonce():
    _, value = answer(
        Challenge.parse(
            'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
        ),
        Credentials("Mufasa", "CircleOfLife"),
        method="GET",
        uri="/dir/index.html",
        body=b"",
        cnonce="unused",
        nonce_count=7,
    )
    sent = Authorization.parse(value)
    assert sent.response == "1949323746fe6a43ef61f9606e7febea"  # RFC 2069 with its erratum 749
    assert (sent.qop, sent.nonce_count, sent.cnonce) == (None, None, None)
    assert "qop" not in value
    assert "nc=" not in value


def test_rfc_7616_section_3_9_2_with_erratum_4897_and_the_plain_user_name():
    _, value = answer(
        Challenge.parse(
            'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
            'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
            'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'
        ),
        Credentials("Jäsøn Doe", "Secret, or not?"),
        method="GET",
        uri="/doe.json",
        body=b"",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
        nonce_count=1,
    )
    sent = Authorization.parse(value)
    assert sent.username == "Jäsøn Doe"
    assert "userhash" not in value
    expected = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert sent.response == expected
