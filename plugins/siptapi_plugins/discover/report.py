"""What ``siptapi discover`` says: before it sends anything, and of what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from siptapi_plugins.discover.answers import written
from siptapi_plugins.discover.phones import (
    PLACEHOLDER,
    Device,
    can_be_set,
    phone_setting,
    proposal,
)
from siptapi_plugins.discover.scanning import Findings, Scan

_SHOWN = 5
"""Ports and blocks of addresses that are named one by one."""


def announcement(scan: Scan) -> Iterator[str]:
    """What will be sent, to whom, how fast; to be read before it is."""
    ports = ", ".join(map(str, scan.ports)) if len(scan.ports) <= _SHOWN else "many"
    whom = f", for the extension {scan.extension}" if scan.extension else ""
    yield (
        f"SIP OPTIONS requests by UDP to {_count(scan.hosts, 'host')}, "
        f"{_count(len(scan.ports), 'port')} ({ports}){whom}:"
    )
    for block in scan.blocks[:_SHOWN]:
        public = "" if block.first.is_private and block.last.is_private else " (public addresses)"
        yield f"  {block}{public}"
    if len(scan.blocks) > _SHOWN:
        yield f"  and {len(scan.blocks) - _SHOWN} more"
    yield (
        f"{_count(scan.requests, 'packet')}, at most {scan.rate:g} a second, "
        f"{_duration(scan.seconds)}. Nothing else is sent."
    )
    yield "Scan only networks that are yours, or whose owner has allowed it."


def report(scan: Scan, findings: Findings, devices: Sequence[Device]) -> Iterator[str]:
    """What came of it, for people. Strangers wrote some of it: whoever shows it escapes it."""
    for device in devices:
        yield f"{written(device.answer.place)}  {device.name}  ({_remarks(device)})"
    if not devices:
        yield "Nobody answered."
    yield from _troubles(scan, findings)
    phones = [device for device in devices if can_be_set(device, scan.extension)]
    if not phones:
        if devices and scan.extension:
            yield f"None of them said that it has the extension {scan.extension}."
        return
    yield ""
    yield "To call one directly, paste its lines into the table of your line ([lines.NAME]):"
    for device in phones:
        yield ""
        yield from proposal(device, scan.extension)
    if any(PLACEHOLDER in phone_setting(device, scan.extension) for device in phones):
        yield ""
        yield f"In place of {PLACEHOLDER} comes the phone's own extension, as in 201;"
        yield "--extension 201 shows which phone has it."


def _remarks(device: Device) -> str:
    answer = device.answer
    refer = {None: "does not say whether it takes REFER", True: "takes REFER", False: "no REFER"}
    remarks = [device.kind, f"answered {answer.status}", refer[answer.refer]]
    if answer.source != answer.place:
        remarks.append(f"from {written(answer.source)}")
    return ", ".join(remarks)


def _troubles(scan: Scan, findings: Findings) -> Iterator[str]:
    for odd in findings.odd.values():
        yield f"{written(odd.place)} does not count: {odd.why}"
    for reason, count in findings.not_sent.items():
        yield f"{count:,} of the requests could not be sent: {reason}"
    if findings.flooded:
        yield "Ended early: packets kept coming without end."
    if findings.interrupted:
        yield f"Interrupted after {findings.sent:,} of {scan.requests:,} requests."


def as_json(scan: Scan, findings: Findings, devices: Sequence[Device]) -> dict[str, object]:
    """The same for programs."""
    return {
        "requests": scan.requests,
        "sent": findings.sent,
        "interrupted": findings.interrupted,
        "flooded": findings.flooded,
        "found": [_device(device, scan.extension) for device in devices],
        "odd": [
            {"address": odd.place[0], "port": odd.place[1], "why": odd.why}
            for odd in findings.odd.values()
        ],
        "not_sent": findings.not_sent,
    }


def _device(device: Device, extension: str) -> dict[str, object]:
    answer = device.answer
    settings: dict[str, object] | None = None
    if can_be_set(device, extension):
        phone = phone_setting(device, extension)
        settings = {"strategies": ["refer-to-phone"], "phone": phone}
    return {
        "address": answer.place[0],
        "port": answer.place[1],
        "transport": "udp",
        "answered_from": written(answer.source),
        "status": answer.status,
        "refer": answer.refer,
        "user_agent": device.user_agent,
        "kind": device.kind,
        "maker": device.maker,
        "model": device.model,
        "firmware": device.firmware,
        "auto_answer": list(device.auto_answer),
        "settings": settings,
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"about {seconds / unit:,.0f} {name}"
    return f"about {max(round(seconds), 1)} seconds"
