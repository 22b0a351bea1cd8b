"""Who may do what with what is installed: access control lists in Microsoft's SDDL."""

from __future__ import annotations

import re

SETTINGS = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;LS)"
"""Of the settings: SYSTEM and Administrators all; the service, which is LOCAL SERVICE, reads."""
STATE = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)"
"""Of what the service keeps: it may change that too."""
KEY = "D:P(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;NS)"
"""Of `places.KEY`, which has the token, and who knows that can dial: the Telephony service reads,
which is NETWORK SERVICE."""
INHERITED = "D:"
"""No rights of its own: those of the key or folder around it."""
TRUSTED_OWNERS = ("O:BA", "O:SY")
"""Administrators, SYSTEM: whoever owns a file can give himself every right to it."""


def own_access(sddl: str) -> str:
    """An access control list in SDDL without what is inherited, and what Windows notes beside."""
    flags = re.match("D:((?:P|AI|AR)*)", sddl)
    entries = re.findall(r"\(([^()]*)\)", sddl)
    own = (entry for entry in entries if "ID" not in entry.split(";")[1])
    return f"D:{'P' if flags and 'P' in flags[1] else ''}{''.join(f'({each})' for each in own)}"
