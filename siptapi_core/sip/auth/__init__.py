"""Digest authentication: RFC 7616 and RFC 8760, as RFC 3261 section 22 uses them.

::

    challenges = challenges_of(response)          # of a 401 or 407
    challenge = strongest(challenges)             # None: nothing there that we can answer
    name, value = answer(challenge, credentials, method="INVITE", uri=..., body=b"",
                         cnonce=..., nonce_count=1)

The other side, for a proxy: ``Authorization.parse(value).verify(method, body, password)``.

Known algorithms: MD5, SHA-256, SHA-512-256 and their ``-sess`` variants; qop ``auth``,
``auth-int`` and none at all (RFC 2069). A server that offers ``userhash`` gets the plain user
name, which RFC 7616 section 3.4.4 allows.
"""

from siptapi_core.sip.auth.authorization import Authorization, answer
from siptapi_core.sip.auth.challenge import Challenge, challenges_of, strongest
from siptapi_core.sip.credentials import Credentials

__all__ = ["Authorization", "Challenge", "Credentials", "answer", "challenges_of", "strongest"]
