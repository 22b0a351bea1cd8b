"""``registration``: whether the phone that is to ring can be reached at all."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.asking import Answer
from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import (
    AnsweredOurselvesError,
    UnexaminedError,
    fine,
    note,
    problem,
)
from siptapi_core.contracts import Finding
from siptapi_core.machine.line_of_request import LINE_PARAMETER

_NOT_THERE = (404, 410, 430, 480, 604)
_ALIVE = (200, 486, 603, 600)


async def check_registration(line: ExaminedLine) -> Iterable[Finding]:
    """Look whether the phone is there: by what the registrar has, and by asking it."""
    if line.calls_directly:
        return [_direct(line, await line.phone_options())]
    contacts = await _contacts(line)
    phone = line.identity.phone
    try:
        answer = await line.phone_options()
    except AnsweredOurselvesError as error:
        return [_beside_us(str(phone), contacts, str(error))]
    bound = "" if contacts is None else f"; registered: {_places(contacts)}"
    if answer.status in _ALIVE and not (contacts == [] and await line.proxy_answers_for_phone()):
        return [fine(f"{phone} answers OPTIONS with {answer.words}{bound}.")]
    if contacts:
        return [
            note(
                f"{phone} answers OPTIONS with {answer.words}{bound}.",
                "Something is registered, which may be your phone, but it or the proxy does not "
                "answer OPTIONS. A call may get through all the same.",
                "If it does not ring: see on the phone whether it is registered.",
            )
        ]
    if contacts is not None or answer.status in _NOT_THERE:
        return [
            problem(
                f"No phone answers at {phone}: {answer.words}{bound}.",
                "The proxy has no phone to ring under that name.",
                "Register the phone with this account; where it has another one, name that as "
                "`phone`.",
            )
        ]
    return [
        note(
            f"{phone} answers OPTIONS with {answer.words}.",
            "Whether a phone is registered there cannot be known without a call.",
        )
    ]


def _beside_us(phone: str, contacts: list[str] | None, why: str) -> Finding:
    if contacts is None:
        raise UnexaminedError(why)
    others = [each for each in contacts if f";{LINE_PARAMETER}=" not in each]
    if others:
        return fine(f"Registered for {phone}: {_places(others)}; {why}.")
    return problem(
        f"No phone is registered for {phone}; {why}.",
        "The proxy has nobody but SIPTAPI to ring, which has no voice.",
        "Register the phone with this account; where it has another one, name that as `phone`.",
    )


def _direct(line: ExaminedLine, answer: Answer) -> Finding:
    phone = line.identity.phone_address
    if answer.response is not None:
        return fine(f"{phone} answers OPTIONS with {answer.words}.")
    return problem(
        f"The phone does not answer at {phone}: {answer.problem}.",
        "It is off, has another address or port, or takes nothing that does not come from its "
        "proxy.",
        "Check `phone`; let the phone take direct calls; give it a fixed address.",
    )


async def _contacts(line: ExaminedLine) -> list[str] | None:
    """What is registered for the account; None: it is not known."""
    if line.identity.phone != line.identity.address_of_record:
        return None  # a registrar tells an account of nobody else
    answer = await line.bindings()
    if answer.response is None or answer.status >= 300:  # noqa: PLR2004
        if answer.status in (401, 403, 407):
            raise UnexaminedError("the registrar does not accept the account")
        return None
    return list(answer.response.headers.values("Contact"))


def _places(contacts: list[str]) -> str:
    return ", ".join(contact.partition(">")[0].lstrip("<") for contact in contacts) or "nothing"
