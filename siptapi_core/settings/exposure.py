"""Whether a file with secrets can be read by users whom they do not concern."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path

# Everyone, authenticated users, users, interactive users, guests, anonymous: by their SDDL names.
_ANYBODY = frozenset({"WD", "AU", "BU", "IU", "BG", "AN"})
_READ_RIGHTS = frozenset({"FA", "FR", "GA", "GR", "CC"})
_FILE_READ_DATA = 0x1
_ENTRY = r"\(([^;()]*);([^;()]*);([^;()]*);[^;()]*;[^;()]*;([^;()]*)"


def grants_anybody(sddl: str) -> bool:
    """Whether a security descriptor (in Microsoft's SDDL) lets everyone read the file.

    A deny entry is not weighed: the answer is for a warning, which had better come too often.
    """
    if "NO_ACCESS_CONTROL" in sddl:
        return True
    return any(
        kind in {"A", "XA"} and "IO" not in _pairs(flags) and who in _ANYBODY and _reads(rights)
        for kind, flags, rights, who in re.findall(_ENTRY, sddl)
    )


def _reads(rights: str) -> bool:
    if rights.lower().startswith("0x"):
        return bool(int(rights, 16) & _FILE_READ_DATA)
    return not _READ_RIGHTS.isdisjoint(_pairs(rights))


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(0, len(text), 2)}


if sys.platform == "win32":

    def readable_by_others(file: Path) -> bool:
        """Whether every user of this computer can read ``file``; False where there is none."""
        return grants_anybody(_access_control_list(file))

    def _access_control_list(file: Path) -> str:
        """The file's discretionary access control list as SDDL; "" where it cannot be read."""
        import ctypes  # noqa: PLC0415  # Windows only

        security, memory = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        is_a_file, access_control_list, revision = 1, 4, 1
        descriptor, text = ctypes.c_void_p(), ctypes.c_wchar_p()
        if security.GetNamedSecurityInfoW(
            *(str(file), is_a_file, access_control_list),
            *(None, None, None, None, ctypes.byref(descriptor)),
        ):
            return ""
        security.ConvertSecurityDescriptorToStringSecurityDescriptorW(
            descriptor, revision, access_control_list, ctypes.byref(text), None
        )
        sddl = text.value or ""
        memory.LocalFree(text)
        memory.LocalFree(descriptor)
        return sddl

else:

    def readable_by_others(file: Path) -> bool:
        """Whether every user of this computer can read ``file``; False where there is none.

        A group may: that is how a service shares its settings with its administrators.
        """
        try:
            return bool(file.stat().st_mode & stat.S_IROTH)
        except (OSError, ValueError):  # ValueError: a NUL in the path
            return False
