r"""What SIPTAPI 0.2 and 0.3 keep in the registry, and what each setting becomes here.

They stand in one key, those of a line with its number at the end: ``proxy1``, ``proxy2``. Its
program reads texts as REG_SZ, numbers as REG_DWORD, and takes what is missing for empty or 0.
"""

from __future__ import annotations

import re

from siptapi_core.values import Value

KEYS = (
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Telephony\SIPTAPI",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\IPCom\SIPTAPI",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\enum.at\SipTapi",
)
"""Where: since 0.3.9, in 0.3.7 and 0.3.8, and before; the first that is there counts."""

LINES_OF_ITS_DIALOG = 40


class ParentSetting(Value):
    """A setting by its name there; ``becomes`` tells people what it is here, in Markdown."""

    name: str
    is_text: bool
    becomes: str


OF_A_LINE = (
    ParentSetting("proxy", True, "`domain`; `realm` too, where the realm is checked"),
    ParentSetting("obproxy", True, "`outbound_proxy`"),
    ParentSetting("username", True, "`user`, and the line's name"),
    ParentSetting("password", True, "`password`, in a file of its own"),
    ParentSetting("authusername", True, "`auth_user`"),
    ParentSetting("phoneusername", True, "`phone`, without a host"),
    ParentSetting("lineactive", False, "`active`"),
    ParentSetting("register", False, "`register`"),
    ParentSetting(
        "autoanswer",
        False,
        "`auto_answer`: `call-info`, `alert-info-autoanswer`, `alert-info-ring-answer`",
    ),
)
OF_ALL_LINES = (
    ParentSetting("transportprotocol", False, "1: `;transport=tcp` in `outbound_proxy`"),
    ParentSetting("enablerealmcheck", False, "1: `realm` of each line, its `proxy`"),
    ParentSetting(
        "disablerealmcheck", False, "0: `realm`, where there is no `enablerealmcheck` (from 0.3.14)"
    ),
    ParentSetting("send180ringing", False, "`send_180`"),
    ParentSetting("reversemode", False, '`strategies`: 1 `["acd"]`, 2 `["reverse"]`'),
    ParentSetting(
        "lineconfigviaregistry", False, "nothing: every line is in the file; see `numLines`"
    ),
    ParentSetting(
        "numLines",
        False,
        "`active = false` for lines above it, or above 40 without `lineconfigviaregistry`",
    ),
)

_BY_NAME = {setting.name.lower(): setting for setting in OF_ALL_LINES}
_BY_START = {setting.name.lower(): setting for setting in OF_A_LINE}
_NUMBERED = re.compile("([a-z]+)([1-9][0-9]{0,8})")


def setting_of(name: str) -> tuple[ParentSetting, int] | None:
    """The setting that a value's name means, and its line: 0 is all of them. None: it is none."""
    lower = name.lower()
    if lower in _BY_NAME:
        return _BY_NAME[lower], 0
    numbered = _NUMBERED.fullmatch(lower)
    if numbered is None or numbered[1] not in _BY_START:
        return None
    return _BY_START[numbered[1]], int(numbered[2])
