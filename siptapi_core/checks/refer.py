"""``refer``: whether proxy and phone let themselves be told to call somebody (RFC 3515)."""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.checks.asking import Answer
from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import UnexaminedError, fine, note, problem
from siptapi_core.contracts import Finding

REFER = "REFER"


async def check_refer(line: ExaminedLine) -> Iterable[Finding]:
    """Look at the Allow headers of the answers to OPTIONS."""
    try:
        phone: Answer | None = await line.phone_options()
    except UnexaminedError:
        if line.calls_directly:
            raise
        phone = None
    proxy = None if line.calls_directly else await _proxy(line)
    if phone is not None and phone.methods and phone.status < 300:  # noqa: PLR2004
        if await line.proxy_answers_for_phone():
            return [_of_proxy(phone.methods)]
        return [_of_phone(phone.methods, proxy)]
    if proxy is not None and proxy.methods:
        return [_of_proxy(proxy.methods)]
    return [
        note(
            "Neither the proxy nor the phone says what it allows.",
            "Whether REFER is accepted shows only at a call.",
            "Dial once: `siptapi dial NUMBER`.",
        )
    ]


async def _proxy(line: ExaminedLine) -> Answer | None:
    """The answer of an address of the proxy, one that says what is allowed before others."""
    answers = sorted(await line.options(), key=lambda answer: not answer.methods)
    return answers[0] if answers else None


def _of_phone(methods: frozenset[str], proxy: Answer | None) -> Finding:
    if REFER not in methods:
        return problem(
            f"The phone allows {_list(methods)}, and no REFER.",
            "It will ring, but refuse to call the number.",
            "Allow transfer by the network (REFER) on the phone or for its account; or another "
            "strategy: `acd` and `reverse` refer the other side.",
        )
    if proxy is not None and proxy.methods and REFER not in proxy.methods:
        return note(
            f"The phone allows REFER; the proxy itself allows {_list(proxy.methods)}.",
            "A proxy passes on what it does not allow for itself; only a call shows whether this "
            "one does.",
            "If REFER is refused at a call: the strategy `refer-to-phone`.",
        )
    return fine("The phone allows REFER.")


def _of_proxy(methods: frozenset[str]) -> Finding:
    if REFER in methods:
        return fine("The proxy allows REFER; what the phone allows is not known.")
    return problem(
        f"The proxy allows {_list(methods)}, and no REFER; the phone does not say what it allows.",
        "A proxy that is a PBX will refuse to have the phone call the number.",
        "Allow REFER, or transfers, for the account; or call the phone at its own address: the "
        "strategy `refer-to-phone`.",
    )


def _list(methods: frozenset[str]) -> str:
    return ", ".join(sorted(methods))
