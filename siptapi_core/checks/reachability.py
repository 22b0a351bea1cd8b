"""``reachability``: whether each address of the proxy answers, on its transport."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from siptapi_core.checks.asking import Answer
from siptapi_core.checks.examined_line import ExaminedLine
from siptapi_core.checks.findings import fine, note, problem
from siptapi_core.contracts import Finding
from siptapi_core.targets import Address, Transport

CONNECT_SECONDS = 3.0


async def check_reachability(line: ExaminedLine) -> Iterable[Finding]:
    """Look at each address."""
    answers = await line.options()
    lives = any(answer.response is not None for answer in answers)
    found = await asyncio.gather(*(_finding(line, answer) for answer in answers))
    if not lives:
        return found
    return [
        note(each.seen, f"{each.means} Another address answers, so calls go there.", each.do)
        if answer.response is None
        else each
        for each, answer in zip(found, answers, strict=True)
    ]


async def can_connect(address: Address) -> str:
    """Why there is no TCP connection to that address; "": there is one."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(address.host, address.port)
    except TimeoutError:
        return f"no connection within {CONNECT_SECONDS:g} s"
    except OSError as error:
        return error.strerror or str(error)
    writer.transport.abort()
    return ""


async def _finding(line: ExaminedLine, answer: Answer) -> Finding:
    address = answer.address
    if answer.response is not None:
        return fine(f"{address} answers: {answer.words}, after {answer.seconds * 1000:.0f} ms.")
    from_dns = await _comes_from_dns(line)
    source = " DNS leads there by its SRV records: they may be out of date." if from_dns else ""
    where = "the SRV records, or `outbound_proxy`" if from_dns else "`outbound_proxy` or `domain`"
    if address.transport is Transport.UDP and answer.silent:
        return await _silence(address, source, where)
    if address.transport.reliable and not await can_connect(address):
        if address.transport is Transport.TLS:
            return note(f"{address} takes connections.", "Its TLS is looked at by itself: `tls`.")
        return problem(
            f"{address} takes a connection, and then nothing comes: {answer.problem}.",
            "Something listens there that does not speak SIP, or not with us.",
            f"Check host, port and transport in {where}.",
        )
    return problem(
        f"{answer.problem}.",
        f"The computer is there, but nobody listens on that port, or a firewall says no.{source}"
        if not answer.silent
        else f"Nothing comes back: a firewall, or nobody is there.{source}",
        f"Check port and transport in {where}; see that the server runs.",
    )


async def _silence(address: Address, source: str, where: str) -> Finding:
    tcp = not await can_connect(address)
    other = (
        f'TCP works there: `outbound_proxy = "sip:{_host(address)};transport=tcp"` goes round it.'
        if tcp
        else f"Check host and port in {where}; see that no firewall drops UDP there and back; "
        "try transport=tcp or tls."
    )
    return problem(
        f"Silence: {address} says nothing to OPTIONS and REGISTER.",
        "UDP is blocked on the way there or back, or nobody is at that address. "
        + ("The server itself is up: it takes TCP connections." if tcp else "")
        + source,
        other,
    )


def _host(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.port}"


async def _comes_from_dns(line: ExaminedLine) -> bool:
    way = await line.way()
    return any(step.resolver == "srv" and step.targets for step in way.steps)
