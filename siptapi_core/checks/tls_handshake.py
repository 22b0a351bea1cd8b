"""``tls``: whether the server shows a certificate that we accept, and for how long still."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterable

from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import UnexaminedError, fine, note, problem
from siptapi_core.contracts import Finding
from siptapi_core.errors import NetworkError
from siptapi_core.net.certificate_names import identities
from siptapi_core.net.tls import TlsClient
from siptapi_core.targets import Address, Transport

HANDSHAKE_SECONDS = 5.0
SOON = 14 * 86_400
"""Seconds: a certificate that expires within is said so."""


async def check_tls(line: ExaminedLine) -> Iterable[Finding]:
    """Look at each TLS address."""
    way = await line.way()
    addresses = [each for each in way.addresses if each.transport is Transport.TLS]
    if not addresses:
        if way.problem:
            raise UnexaminedError("there is no address to send anything to")
        return [
            note(
                f"{way.target} is reached without TLS.",
                "Who is on the way can read who calls whom; the password is not sent in clear.",
                "Where the server speaks TLS: `outbound_proxy` with transport=tls.",
            )
        ]
    return await asyncio.gather(*(_shake_hands(line, address) for address in addresses))


async def _shake_hands(line: ExaminedLine, address: Address) -> Finding:
    options = line.installation.lines.stream_options(line.name)
    client = TlsClient(options, line.context.logger)
    try:
        async with asyncio.timeout(HANDSHAKE_SECONDS):
            _, writer = await asyncio.open_connection(
                address.host, address.port, **client.arguments(address)
            )
    except TimeoutError:
        return _unreached(address)
    except ssl.SSLError as error:
        return _refused(await client.explain(error, address))
    except OSError:
        return _unreached(address)
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert() or {}
    try:
        client.check(tls, address)
    except NetworkError as error:
        return _refused(str(error))
    finally:
        writer.transport.abort()
    if not options.tls_verify:
        return note(
            f"{address}: the certificate is not checked (tls_verify = false).",
            "Anybody on the way can read and change your calls.",
            "Name the server's authority as `tls_ca_file` and take tls_verify out.",
        )
    names = ", ".join(identities(certificate))
    left = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
    until = f"valid until {certificate['notAfter']}"
    if left < SOON:
        return note(
            f"{address}: its certificate, for {names}, is {until}.",
            f"It expires within {left / 86_400:.0f} days; no call gets through then.",
            "Have it renewed.",
        )
    return fine(f"{address}: its certificate is for {names}, {until}; {tls.version()}.")


def _unreached(address: Address) -> Finding:
    return note(f"{address} takes no connection.", "The check `reachability` says why.")


def _refused(words: str) -> Finding:
    if "has expired" in words or "not valid yet" in words:
        do = "Have the server's certificate renewed; check this computer's clock."
    elif "self-signed" in words or "unknown here" in words:
        do = "If it is the right server, save its certificate, or its authority's, and name that "
        do += "file as `tls_ca_file`."
    elif "certificate is for" in words:
        do = "Use a name that it is for in `outbound_proxy` or `domain`."
    elif "tls_certificate" in words:
        do = "Ask the server's owner for a certificate and name it as `tls_certificate`."
    else:
        do = "See that this port speaks TLS 1.2 or later: 5061 mostly; 5060 does not."
    return problem(f"{words}.", "TLS is refused, so nothing is sent there.", do)
