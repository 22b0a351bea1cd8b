"""``secrets`` and ``credentials``: whether the password is there, and whether it is right."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.asking import Answer
from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import fine, note, problem
from siptapi_core.contracts import Finding
from siptapi_core.errors import SettingsError
from siptapi_core.sip.auth import Challenge, challenges_of
from siptapi_core.sip.credentials import Credentials

_CHALLENGED = (401, 407)
_NO_ACCOUNT = (404, 410, 604)
_NO_REGISTRAR = (405, 481, 483, 501)


async def check_secrets(line: ExaminedLine) -> Iterable[Finding]:
    """Look whether the line's password can be read."""
    try:
        credentials = await line.credentials()
    except SettingsError as error:
        return [
            problem(
                f"{error}.",
                "The password is not where the settings say, so no challenge can be answered.",
                "Put it there, or name another place: password in the line's table.",
            )
        ]
    if credentials is None:
        return [note("The line has no password.", "Few proxies take calls without one.")]
    return [fine("The password can be read.")]


async def check_credentials(line: ExaminedLine) -> Iterable[Finding]:
    """Look whether the account is accepted: a REGISTER without Contact changes nothing."""
    answer = await line.bindings()
    credentials = await line.credentials()
    account = line.identity.address_of_record
    if answer.response is None:
        return [
            note(
                f"REGISTER: {answer.problem}.",
                "Whether the password is right cannot be known without a call.",
            )
        ]
    if answer.status < 300:  # noqa: PLR2004
        return [_accepted(line, answer, credentials)]
    if answer.status in _CHALLENGED:
        return [_challenged(answer, challenges_of(answer.response), credentials)]
    if answer.status in _NO_ACCOUNT:
        return [
            problem(
                f"The registrar says {answer.words} of {account}.",
                "It does not know the account.",
                "Check `user` and `domain`.",
            )
        ]
    if answer.status in _NO_REGISTRAR:
        return [
            note(
                f"The server says {answer.words} to REGISTER.",
                "It is no registrar: whether the password is right is seen at the first call.",
            )
        ]
    if answer.status == 403:  # noqa: PLR2004
        return [
            problem(
                f"The registrar says {answer.words} of {account}.",
                "It knows the account or the password, and does not let it in: some servers say so "
                "of a wrong password, or lock whoever tried too often.",
                "Check `user`, `auth_user` and the password; ask the provider.",
            )
        ]
    return [
        note(
            f"The registrar says {answer.words}.",
            "It may be an answer of the moment; nothing is known of the password.",
            "Try again in a while.",
        )
    ]


def _accepted(line: ExaminedLine, answer: Answer, credentials: Credentials | None) -> Finding:
    account = line.identity.address_of_record
    if credentials is None:
        return note(
            f"The registrar answers {answer.words} for {account} without a password.",
            "It asks none of us; it may ask one at a call.",
        )
    return fine(f"The registrar accepts {credentials.username!r} for {account}.")


def _challenged(
    answer: Answer, challenges: tuple[Challenge, ...], credentials: Credentials | None
) -> Finding:
    realms = list(dict.fromkeys(each.realm for each in challenges))
    named = " and ".join(map(repr, realms)) or "none that can be read"
    if credentials is None:
        return problem(
            f"The registrar wants a password ({answer.words}, realm {named}).",
            "The line has none.",
            "Set `password` in the line's table.",
        )
    if not realms:
        return problem(
            f"The registrar says {answer.words} and names no authentication that is known here.",
            "It wants something else than digest (RFC 8760).",
            "Ask the provider which authentication there is.",
        )
    if credentials.realm is not None and credentials.realm not in realms:
        return problem(
            f"The registrar's realm is {named}, that of the line {credentials.realm!r}.",
            "`realm` keeps the password for another server, so it was not sent.",
            f'Leave `realm` out, or set realm = "{realms[0]}" if you trust that server.',
        )
    return problem(
        f"The registrar refuses user {credentials.username!r} with this password "
        f"({answer.words}, realm {named}).",
        "The password is wrong, or the user is, which most servers do not tell apart.",
        "Check the password; where the provider gives a separate name for authentication, set "
        "`auth_user`.",
    )
