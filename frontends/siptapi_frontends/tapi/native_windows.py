"""The Windows that this process runs on, through winreg, ctypes and Windows' own commands.

It only translates: what is to be done stands in `siptapi_frontends.tapi.installation`.
"""

from __future__ import annotations

import sys

from siptapi_core.errors import UsageError
from siptapi_frontends.tapi.windows import Windows

if sys.platform == "win32":
    import ctypes
    import os
    import shutil
    import subprocess
    import tempfile
    import winreg
    from collections.abc import Mapping
    from ctypes import wintypes
    from pathlib import Path

    from siptapi_core.commands import LineStatus
    from siptapi_frontends.tapi.asking_service import lines_of_service
    from siptapi_frontends.tapi.native_security import access_of, check, owner_of, set_access
    from siptapi_frontends.tapi.registry_values import RegistryValue
    from siptapi_frontends.tapi.windows import Computer

    _ROOT = "HKEY_LOCAL_MACHINE\\"
    _READ = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
    _WRITE = winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY
    _CHANGE_ACCESS = _READ | 0x40000  # WRITE_DAC of winnt.h
    _MACHINES = {0x8664: "x86_64", 0xAA64: "aarch64", 0x014C: "x86"}  # IMAGE_FILE_MACHINE_...
    _CONNECT, _QUERY_STATUS, _RUNNING = 0x1, 0x4, 4  # SC_MANAGER_, SERVICE_ of winsvc.h

    class NativeWindows:
        """See `Windows`."""

        def __init__(self) -> None:
            self._system = os.environ["SYSTEMROOT"]

        def computer(self) -> Computer:
            """See `Windows`."""
            own, native = wintypes.USHORT(), wintypes.USHORT()
            kernel = ctypes.WinDLL("kernel32", use_last_error=True)
            kernel.GetCurrentProcess.restype = wintypes.HANDLE
            kernel.IsWow64Process2.argtypes = (
                wintypes.HANDLE,
                *[ctypes.POINTER(wintypes.USHORT)] * 2,
            )
            check(
                kernel.IsWow64Process2(
                    kernel.GetCurrentProcess(), ctypes.byref(own), ctypes.byref(native)
                )
            )
            machine = _MACHINES[native.value]
            if machine == "x86":
                providers = {machine: rf"{self._system}\System32"}
            else:  # to a 32-bit process, what is called System32 is SysWOW64
                folder = "Sysnative" if own.value else "System32"
                providers = {
                    machine: rf"{self._system}\{folder}",
                    "x86": rf"{self._system}\SysWOW64",
                }
            return Computer(
                providers=providers,
                settings=rf"{os.environ['PROGRAMDATA']}\siptapi",
                users=str(Path(os.environ["PUBLIC"]).parent),
            )

        def is_elevated(self) -> bool:
            """See `Windows`."""
            return bool(ctypes.WinDLL("shell32").IsUserAnAdmin())

        def read_file(self, path: str) -> bytes | None:
            """See `Windows`."""
            try:
                return Path(path).read_bytes()
            except FileNotFoundError:
                return None

        def write_file(self, path: str, content: bytes) -> None:
            """See `Windows`."""
            new = Path(f"{path}.new")
            try:
                new.write_bytes(content)
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)

        def remove_file(self, path: str) -> None:
            """See `Windows`."""
            Path(path).unlink()

        def is_folder(self, path: str) -> bool:
            """See `Windows`."""
            return Path(path).is_dir()

        def make_folder(self, path: str) -> None:
            """See `Windows`."""
            Path(path).mkdir()

        def remove_folder(self, path: str, *, with_content: bool = False) -> bool:
            """See `Windows`."""
            if with_content:
                shutil.rmtree(path)
            elif any(Path(path).iterdir()):
                return False
            else:
                Path(path).rmdir()
            return True

        def owner(self, path: str) -> str:
            """See `Windows`."""
            return owner_of(path)

        def folder_access(self, path: str) -> str:
            """See `Windows`."""
            return access_of(path)

        def set_folder_access(self, path: str, access: str) -> None:
            """See `Windows`."""
            set_access(path, access)

        def key_values(self, key: str) -> Mapping[str, RegistryValue] | None:
            """See `Windows`."""
            try:
                opened = winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, _below(key), 0, _READ)
            except FileNotFoundError:
                return None
            with opened:
                count = winreg.QueryInfoKey(opened)[1]
                found = (winreg.EnumValue(opened, index) for index in range(count))
                return {name: _value(data, kind) for name, data, kind in found}

        def make_key(self, key: str) -> None:
            """See `Windows`."""
            winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, _below(key), 0, _WRITE).Close()

        def remove_key(self, key: str) -> bool:
            """See `Windows`."""
            with winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, _below(key), 0, _READ) as opened:
                keys, values, _ = winreg.QueryInfoKey(opened)
            if not keys and not values:
                winreg.DeleteKeyEx(
                    winreg.HKEY_LOCAL_MACHINE, _below(key), winreg.KEY_WOW64_64KEY, 0
                )
            return not keys and not values

        def set_value(self, key: str, name: str, value: RegistryValue) -> None:
            """See `Windows`."""
            data = list(value.data) if isinstance(value.data, tuple) else value.data
            with winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, _below(key), 0, _WRITE) as opened:
                winreg.SetValueEx(opened, name, 0, value.kind, data)

        def remove_value(self, key: str, name: str) -> None:
            """See `Windows`."""
            with winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, _below(key), 0, _WRITE) as opened:
                winreg.DeleteValue(opened, name)

        def key_access(self, key: str) -> str:
            """See `Windows`."""
            with winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, _below(key), 0, _READ) as opened:
                return access_of(int(opened))

        def set_key_access(self, key: str, access: str) -> None:
            """See `Windows`."""
            path, wanted = _below(key), _CHANGE_ACCESS
            with winreg.OpenKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, wanted) as opened:
                set_access(int(opened), access)

        def add_provider(self, file: str) -> None:
            """See `Windows`."""
            tapi = ctypes.WinDLL("tapi32")
            tapi.lineAddProviderW.argtypes = (
                wintypes.LPCWSTR,
                wintypes.HWND,
                ctypes.POINTER(wintypes.DWORD),
            )
            number = wintypes.DWORD()
            _check_tapi(tapi.lineAddProviderW(file, None, ctypes.byref(number)))

        def remove_provider(self, number: int) -> None:
            """See `Windows`."""
            tapi = ctypes.WinDLL("tapi32")
            tapi.lineRemoveProvider.argtypes = (wintypes.DWORD, wintypes.HWND)
            _check_tapi(tapi.lineRemoveProvider(number, None))

        def task(self, name: str) -> str | None:
            """See `Windows`."""
            done = self._try("schtasks", "/query", "/tn", name, "/xml")
            return done.stdout.decode("oem", "replace") if done.returncode == 0 else None

        def set_task(self, name: str, xml: str) -> None:
            """See `Windows`."""
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "task.xml"
                file.write_text(xml.strip(), encoding="utf-16")
                self._run("schtasks", "/create", "/tn", name, "/xml", str(file), "/f")

        def remove_task(self, name: str) -> None:
            """See `Windows`."""
            self._run("schtasks", "/delete", "/tn", name, "/f")

        def run_task(self, name: str) -> None:
            """See `Windows`."""
            self._run("schtasks", "/run", "/tn", name)

        def end_task(self, name: str) -> None:
            """See `Windows`."""
            self._run("schtasks", "/end", "/tn", name)

        def telephony_runs(self) -> bool:
            """See `Windows`."""
            services = ctypes.WinDLL("advapi32", use_last_error=True)
            services.OpenSCManagerW.restype = services.OpenServiceW.restype = wintypes.HANDLE
            services.OpenServiceW.argtypes = (wintypes.HANDLE, wintypes.LPCWSTR, wintypes.DWORD)
            services.QueryServiceStatus.argtypes = (wintypes.HANDLE, wintypes.LPVOID)
            services.CloseServiceHandle.argtypes = (wintypes.HANDLE,)
            manager = check(services.OpenSCManagerW(None, None, _CONNECT))
            service = services.OpenServiceW(manager, "tapisrv", _QUERY_STATUS)
            status = (wintypes.DWORD * 7)()  # SERVICE_STATUS: the second is the state
            try:
                check(service)
                check(services.QueryServiceStatus(service, ctypes.byref(status)))
            finally:
                services.CloseServiceHandle(service)
                services.CloseServiceHandle(manager)
            return status[1] == _RUNNING

        def start_telephony(self) -> None:
            """See `Windows`."""
            self._run("net", "start", "tapisrv")

        def stop_telephony(self) -> None:
            """See `Windows`. It fails where other services run that need it."""
            self._run("net", "stop", "tapisrv")

        def lines(self, address: str, token: str, patience: float) -> tuple[LineStatus, ...]:
            """See `Windows`."""
            return lines_of_service(address, token, patience)

        def _try(self, command: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
            return subprocess.run(  # noqa: S603  # Windows' own, by its full path
                [rf"{self._system}\System32\{command}.exe", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                creationflags=subprocess.CREATE_NO_WINDOW,
                check=False,
            )

        def _run(self, command: str, *arguments: str) -> None:
            done = self._try(command, *arguments)
            if done.returncode:
                said = (done.stderr or done.stdout).decode("oem", "replace").split()
                raise OSError(f"{command} says: {' '.join(said)}")

    def native_windows() -> Windows:
        """The Windows that we run on."""
        return NativeWindows()

    def _below(key: str) -> str:
        return key.removeprefix(_ROOT)

    def _value(data: object, kind: int) -> RegistryValue:
        if isinstance(data, list):
            return RegistryValue(kind, tuple(map(str, data)))
        if isinstance(data, (str, bytes, int)):
            return RegistryValue(kind, data)
        return RegistryValue(kind, b"")

    def _check_tapi(result: int) -> None:
        if result:
            raise OSError(f"TAPI says {result & 0xFFFFFFFF:#010x} (LINEERR_ of tapi.h)")

else:

    def native_windows() -> Windows:
        """There is none.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "this is no Windows, and TAPI is Windows' own: `siptapi tapi install --into FOLDER` "
            "makes a folder to take to one"
        )
