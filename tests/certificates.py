"""Certificates for tests, made when they run: good ones, and each kind of bad one."""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TODAY = dt.datetime.now(dt.UTC)


class Authority:
    """Issues certificates into ``folder``; its own is in the file ``certificate``."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        self._issued = 0
        usage = x509.BasicConstraints(ca=True, path_length=None)
        mine = _builder(self._name, self._name, self._key, (-1, 1))
        signed = mine.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = folder / f"{name.replace(' ', '-')}.pem"
        self.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        *names: str,
        subject: str = "test server",
        days: tuple[int, int] = (-1, 1),
        self_signed: bool = False,
    ) -> Path:
        """A PEM file with key and certificate, valid from ``days[0]`` to ``days[1]`` from now.

        ``names`` become subjectAltName: SIP URIs, IP addresses, DNS names.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = _subject(subject) if self_signed else self._name
        builder = _builder(_subject(subject), issuer, key, days)
        if names:
            alternative = x509.SubjectAlternativeName([_name(name) for name in names])
            builder = builder.add_extension(alternative, critical=False)
        signed = builder.sign(key if self_signed else self._key, hashes.SHA256())
        self._issued += 1
        file = self._folder / f"server-{self._issued}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        return file


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def _name(text: str) -> x509.GeneralName:
    if text.startswith("sip:"):
        return x509.UniformResourceIdentifier(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    days: tuple[int, int],
) -> x509.CertificateBuilder:
    begin, end = (TODAY + dt.timedelta(days=day) for day in days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
