"""A registry export of SIPTAPI 0.3 with forty lines, and what it must become, line by line.

Written here by rules of its own, not by the product's writer or tables.
"""

from __future__ import annotations

from typing import Any

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Telephony\SIPTAPI"
LINES = range(1, 41)


def password(number: int) -> str:
    return f'p"{number}\\ö;#'


def export(header: str, realm: str) -> str:
    """The export; ``realm`` is the line of the realm check, in one of its spellings."""
    lines = [header, "", f"[{KEY}]", realm]
    lines += ['"transportprotocol"=dword:00000001', '"send180ringing"=dword:00000001']
    lines += ['"reversemode"=dword:00000002', '"lineconfigviaregistry"=dword:00000001']
    lines += ['"numLines"=dword:00000028', ""]
    for number in LINES:
        secret = password(number).replace("\\", "\\\\").replace('"', '\\"')
        lines += [
            f'"proxy{number}"="pbx{number % 3}.example"',
            f'"obproxy{number}"="{obproxy(number)}"',
            f'"username{number}"="{200 + number}"',
            f'"password{number}"="{secret}"',
            f'"authusername{number}"="{f"auth-{number}" if number % 2 else ""}"',
            f'"phoneusername{number}"="{500 + number if number % 4 == 0 else ""}"',
            f'"lineactive{number}"=dword:{number % 5 != 0:08x}',
            f'"register{number}"=dword:{number % 2:08x}',
            f'"autoanswer{number}"=dword:{number % 3 == 0:08x}',
            "",
        ]
    return "\r\n".join(lines)


def obproxy(number: int) -> str:
    return ("", "192.0.2.1:5072", "edge.example", "edge.example;transport=udp;lr")[number % 4]


def expected(number: int, *, realm_checked: bool) -> dict[str, Any]:
    """The attributes that line of our settings must have."""
    domain = f"pbx{number % 3}.example"
    outbound_proxies = (
        f"sip:{domain};transport=tcp",
        "sip:192.0.2.1:5072;transport=tcp",
        "sip:edge.example;transport=tcp",
        "sip:edge.example;transport=udp;lr",
    )
    answering = ("call-info", "alert-info-autoanswer", "alert-info-ring-answer")
    return {
        "domain": domain,
        "user": str(200 + number),
        "auth_user": f"auth-{number}" if number % 2 else None,
        "realm": domain if realm_checked else None,
        "phone": str(500 + number) if number % 4 == 0 else None,
        "outbound_proxy": outbound_proxies[number % 4],
        "auto_answer": answering if number % 3 == 0 else (),
        "active": number % 5 != 0,
        "register": number % 2 == 1,
        "send_180": True,
        "strategies": ("reverse",),
    }
