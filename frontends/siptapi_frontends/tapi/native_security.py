"""Who may do what with a file or key of Windows, in Microsoft's SDDL.

Every function raises OSError where Windows refuses.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from collections.abc import Iterator
    from contextlib import contextmanager
    from ctypes import wintypes

    _FILE, _KEY = 1, 4  # SE_FILE_OBJECT, SE_REGISTRY_KEY of accctrl.h
    _OWNER, _ACCESS = 0x1, 0x4  # OWNER_ and DACL_SECURITY_INFORMATION of winnt.h
    _PROTECTED, _UNPROTECTED = 0x80000000, 0x20000000
    _REVISION = 1  # of SDDL

    def owner_of(file: str) -> str:
        """Who owns a file or folder, in SDDL."""
        return _read(file, _OWNER)

    def access_of(which: str | int) -> str:
        """The access control list of a file, by its path, or a key, by its handle, in SDDL."""
        return _read(which, _ACCESS)

    def set_access(which: str | int, access: str) -> None:
        """Replace that of a file or key; what is below it and inherits gets it too."""
        functions = _security_functions()
        is_file = isinstance(which, str)
        change = functions.SetNamedSecurityInfoW if is_file else functions.SetSecurityInfo
        kind = _FILE if is_file else _KEY
        made, entries = ctypes.c_void_p(), ctypes.c_void_p()
        present, defaulted = wintypes.BOOL(), wintypes.BOOL()
        check(
            functions.ConvertStringSecurityDescriptorToSecurityDescriptorW(
                access, _REVISION, ctypes.byref(made), None
            )
        )
        with _given_back(made):
            check(
                functions.GetSecurityDescriptorDacl(
                    made, ctypes.byref(present), ctypes.byref(entries), ctypes.byref(defaulted)
                )
            )
            inheriting = _PROTECTED if access.startswith("D:P") else _UNPROTECTED
            failed = change(which, kind, _ACCESS | inheriting, None, None, entries, None)
        if failed:
            raise ctypes.WinError(failed)

    def check(result: int | None) -> int:
        """The result of a function of Windows' that is 0 where it failed."""
        if not result:
            raise ctypes.WinError(ctypes.get_last_error())
        return result

    def _read(which: str | int, what: int) -> str:
        functions = _security_functions()
        is_file = isinstance(which, str)
        get = functions.GetNamedSecurityInfoW if is_file else functions.GetSecurityInfo
        made, text = ctypes.c_void_p(), ctypes.c_void_p()
        kind = _FILE if is_file else _KEY
        failed = get(which, kind, what, None, None, None, None, ctypes.byref(made))
        if failed:
            raise ctypes.WinError(failed)
        with _given_back(made):
            check(
                functions.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                    made, _REVISION, what, ctypes.byref(text), None
                )
            )
            with _given_back(text):
                return ctypes.wstring_at(text.value or 0)

    @contextmanager
    def _given_back(pointer: ctypes.c_void_p) -> Iterator[ctypes.c_void_p]:
        """What Windows made for us, and wants back."""
        memory = ctypes.WinDLL("kernel32")
        memory.LocalFree.argtypes = (ctypes.c_void_p,)
        try:
            yield pointer
        finally:
            memory.LocalFree(pointer)

    def _security_functions() -> ctypes.WinDLL:
        functions = ctypes.WinDLL("advapi32", use_last_error=True)
        pointer = ctypes.c_void_p
        kind, what = ctypes.c_int, wintypes.DWORD
        path, handle = wintypes.LPCWSTR, wintypes.HANDLE
        functions.GetNamedSecurityInfoW.argtypes = (path, kind, what, *[pointer] * 5)
        functions.SetNamedSecurityInfoW.argtypes = (path, kind, what, *[pointer] * 4)
        functions.GetSecurityInfo.argtypes = (handle, kind, what, *[pointer] * 5)
        functions.SetSecurityInfo.argtypes = (handle, kind, what, *[pointer] * 4)
        functions.ConvertSecurityDescriptorToStringSecurityDescriptorW.argtypes = (
            *(pointer, wintypes.DWORD, wintypes.DWORD, pointer, pointer),
        )
        functions.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = (
            *(wintypes.LPCWSTR, wintypes.DWORD, pointer, pointer),
        )
        functions.GetSecurityDescriptorDacl.argtypes = (pointer, pointer, pointer, pointer)
        return functions
