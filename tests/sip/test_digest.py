import hashlib

import pytest

from siptapi_core.errors import MessageError
from siptapi_core.sip.auth import Challenge, strongest
from siptapi_core.sip.auth.digest import compute_response, is_session, strength

PARTS = {
    "username": "alice",
    "realm": "lab",
    "password": "secret",
    "method": "INVITE",
    "uri": "sip:bob@lab",
    "body": b"v=0\r\n",
    "nonce": "n1",
    "cnonce": "c1",
    "nonce_count": "0000000a",
}
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def spelled_out(hash_name, *parts):
    return hashlib.new(hash_name, ":".join(parts).encode()).hexdigest()


@pytest.fixture
def without_sha512_256(monkeypatch):
    """An OpenSSL that was built without that algorithm."""
    real = hashlib.new

    def new(name, *arguments, **options):
        if name == "sha512_256":
            raise ValueError("unsupported hash type sha512_256")
        return real(name, *arguments, **options)

    monkeypatch.setattr(hashlib, "new", new)


@pytest.mark.parametrize(("algorithm", "name"), HASHES.items())
def test_session_key_and_body_go_into_the_hash(algorithm, name):
    secret = spelled_out(name, spelled_out(name, "alice", "lab", "secret"), "n1", "c1")
    body = hashlib.new(name, b"v=0\r\n").hexdigest()
    request = spelled_out(name, "INVITE", "sip:bob@lab", body)
    expected = spelled_out(name, secret, "n1", "0000000a", "c1", "auth-int", request)
    assert compute_response(algorithm=f"{algorithm}-sess", qop="auth-int", **PARTS) == expected


@pytest.mark.parametrize(("algorithm", "name"), HASHES.items())
def test_form_of_rfc_2069_has_no_count_in_the_hash(algorithm, name):
    secret = spelled_out(name, "alice", "lab", "secret")
    expected = spelled_out(name, secret, "n1", spelled_out(name, "INVITE", "sip:bob@lab"))
    assert compute_response(algorithm=algorithm, qop=None, **PARTS) == expected


def test_names_of_algorithms_have_no_case():
    assert compute_response(algorithm="sha-256-SESS", qop="auth", **PARTS) == compute_response(
        algorithm="SHA-256-sess", qop="auth", **PARTS
    )


def test_strength_orders_algorithms():
    assert strength("SHA-512-256") > strength("SHA-256") > strength("MD5") > strength("AKAv1-MD5")
    assert strength("AKAv1-MD5") == 0
    assert strength("sha-256-sess") == strength("SHA-256")


def test_session_variants_are_told_apart():
    assert is_session("MD5-sess")
    assert is_session("sha-256-SESS")
    assert not is_session("MD5")


def test_unknown_algorithm_is_refused_by_name():
    with pytest.raises(MessageError, match="'AKAv1-MD5' is not known"):
        compute_response(algorithm="AKAv1-MD5", qop="auth", **PARTS)


def test_password_without_bytes_is_refused():
    with pytest.raises(MessageError, match=r"^authentication with half of a surrogate pair"):
        compute_response(algorithm="MD5", qop="auth", **PARTS | {"password": "\ud800"})


def test_what_openssl_lacks_is_an_unknown_algorithm(without_sha512_256):
    assert strength("SHA-512-256") == 0
    md5 = Challenge("lab", "n1")
    sha512 = Challenge("lab", "n1", "SHA-512-256-sess")
    assert strongest([sha512, md5]) == md5
    assert strongest([sha512]) is None
    with pytest.raises(MessageError, match="not known"):
        compute_response(algorithm="SHA-512-256", qop="auth", **PARTS)


def test_md5_is_used_where_policy_forbids_it_for_security(monkeypatch):
    real = hashlib.new

    def new(name, data=b"", *, usedforsecurity=True):
        if usedforsecurity is not False:
            raise ValueError("disabled for FIPS")
        return real(name, data, usedforsecurity=False)

    expected = compute_response(algorithm="MD5", qop="auth", **PARTS)
    monkeypatch.setattr(hashlib, "new", new)
    assert compute_response(algorithm="MD5", qop="auth", **PARTS) == expected
