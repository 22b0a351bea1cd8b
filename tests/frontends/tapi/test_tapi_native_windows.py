"""The edge to Windows, with its functions played: that it calls what it means, and frees what it
is given. Whether Windows does what is meant, only the acceptance run of docs/windows.md shows.
"""

from __future__ import annotations

import codecs
import ctypes
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from siptapi_frontends.tapi import asking_service, native_security, native_windows
from siptapi_frontends.tapi.registry_values import Kind, RegistryValue, number, text

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\X"
SDDL = "D:PAI(A;CI;KA;;;SY)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there it is not played")


class Registry(ModuleType):
    """winreg, with keys in a dictionary; every access must be to the 64-bit view."""

    KEY_READ, KEY_WRITE, KEY_WOW64_64KEY = 0x20019, 0x20006, 0x100
    HKEY_LOCAL_MACHINE = 0x80000002

    def __init__(self) -> None:
        super().__init__("winreg")
        self.keys: dict[str, dict[str, tuple[Any, int]]] = {}

    class Key:
        def __init__(self, values: dict[str, tuple[Any, int]]) -> None:
            self.values = values

        def __enter__(self) -> Registry.Key:
            return self

        def __int__(self) -> int:
            return 77

        def __exit__(self, *_: object) -> None:
            self.Close()

        def Close(self) -> None:  # noqa: N802  # its name
            pass

    def OpenKeyEx(self, root: int, path: str, reserved: int, access: int) -> Key:  # noqa: N802
        assert (root, reserved, access & 0x100) == (self.HKEY_LOCAL_MACHINE, 0, 0x100)
        if path not in self.keys:
            raise FileNotFoundError(2, "not found")
        return self.Key(self.keys[path])

    def CreateKeyEx(self, root: int, path: str, reserved: int, access: int) -> Key:  # noqa: N802
        self.keys.setdefault(path, {})
        return self.OpenKeyEx(root, path, reserved, access)

    def QueryInfoKey(self, key: Key) -> tuple[int, int, int]:  # noqa: N802
        return 0, len(key.values), 0

    def EnumValue(self, key: Key, index: int) -> tuple[str, Any, int]:  # noqa: N802
        name = list(key.values)[index]
        return name, *key.values[name]

    def SetValueEx(self, key: Key, name: str, reserved: int, kind: int, data: Any) -> None:  # noqa: N802
        assert reserved == 0
        key.values[name] = (data, int(kind))

    def DeleteValue(self, key: Key, name: str) -> None:  # noqa: N802
        del key.values[name]

    def DeleteKeyEx(self, root: int, path: str, access: int, reserved: int) -> None:  # noqa: N802
        assert (root, access, reserved) == (self.HKEY_LOCAL_MACHINE, 0x100, 0)
        del self.keys[path]


class Function:
    """A function of a DLL: ``do`` says what it answers."""

    def __init__(self, do: Callable[..., int]) -> None:
        self.argtypes: tuple[object, ...] = ()
        self.restype: object = None
        self.do = do

    def __call__(self, *arguments: Any) -> int:
        assert len(self.argtypes) in (0, len(arguments))
        return self.do(*(getattr(each, "_obj", each) for each in arguments))


class Libraries:
    """Windows' DLLs, by name and function; ``calls`` are what was called with what."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.functions: dict[str, Callable[..., int]] = {}
        self.loaded: dict[str, SimpleNamespace] = {}

    def load(self, name: str, **_: object) -> SimpleNamespace:
        return self.loaded.setdefault(name, _Library(self))


class _Library(SimpleNamespace):
    def __init__(self, libraries: Libraries) -> None:
        super().__init__()
        self._libraries = libraries

    def __getattr__(self, name: str) -> Function:
        def do(*arguments: Any) -> int:
            self._libraries.calls.append((name, *arguments))
            return self._libraries.functions.get(name, lambda *_: 0)(*arguments)

        function = Function(do)
        setattr(self, name, function)
        return function


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()
    monkeypatch.setitem(sys.modules, "winreg", made)
    return made


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> Libraries:
    made = Libraries()
    monkeypatch.setattr(ctypes, "WinDLL", made.load, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: 5, raising=False)
    monkeypatch.setattr(
        ctypes, "WinError", lambda code: PermissionError(code, "refused"), raising=False
    )
    return made


@pytest.fixture
def windows(
    registry: Registry, libraries: Libraries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path / "Windows"))
    monkeypatch.setenv("PROGRAMDATA", r"C:\ProgramData")
    monkeypatch.setenv("PUBLIC", "/Users/Public")
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0, raising=False)
    oem = codecs.lookup("cp850")

    def search(name: str) -> codecs.CodecInfo | None:
        return oem if name == "oem" else None

    codecs.register(search)
    for module in (native_security, native_windows):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        with pytest.MonkeyPatch.context() as playing:
            playing.setattr(sys, "platform", "win32")
            importlib.reload(module)
    yield native_windows.native_windows()
    monkeypatch.undo()
    importlib.reload(native_security)
    importlib.reload(native_windows)
    codecs.unregister(search)


@pytest.mark.parametrize(
    ("own", "native", "providers"),
    [
        (0, 0x8664, {"x86_64": "System32", "x86": "SysWOW64"}),
        (0x014C, 0x8664, {"x86_64": "Sysnative", "x86": "SysWOW64"}),
        (0, 0xAA64, {"aarch64": "System32", "x86": "SysWOW64"}),
        (0, 0x014C, {"x86": "System32"}),
    ],
)
def test_where_the_provider_belongs(
    windows: Any,
    libraries: Libraries,
    tmp_path: Path,
    own: int,
    native: int,
    providers: dict[str, str],
) -> None:
    def machines(_process: int, mine: Any, computers: Any) -> int:
        mine.value, computers.value = own, native
        return 1

    libraries.functions["IsWow64Process2"] = machines
    computer = windows.computer()
    root = tmp_path / "Windows"
    assert computer.providers == {name: rf"{root}\{each}" for name, each in providers.items()}
    assert computer.settings == r"C:\ProgramData\siptapi"
    assert computer.users == "/Users"


def test_who_we_are(windows: Any, libraries: Libraries) -> None:
    assert not windows.is_elevated()
    libraries.functions["IsUserAnAdmin"] = lambda: 1
    assert windows.is_elevated()


def test_files_and_folders(windows: Any, tmp_path: Path) -> None:
    folder, file = str(tmp_path / "f"), str(tmp_path / "f" / "x")
    assert not windows.is_folder(folder)
    windows.make_folder(folder)
    assert windows.is_folder(folder)
    assert windows.read_file(file) is None
    windows.write_file(file, b"1")
    windows.write_file(file, b"2")
    assert windows.read_file(file) == b"2"
    assert [each.name for each in Path(folder).iterdir()] == ["x"]
    assert not windows.remove_folder(folder)
    windows.remove_file(file)
    assert windows.remove_folder(folder)
    windows.make_folder(folder)
    windows.write_file(file, b"3")
    assert windows.remove_folder(folder, with_content=True)
    assert not windows.is_folder(folder)


def test_the_registry(windows: Any, registry: Registry) -> None:
    assert windows.key_values(KEY) is None
    windows.make_key(KEY)
    values = {
        "a": text("x"),
        "b": number(5),
        "c": RegistryValue(Kind.TEXTS, ("y", "z")),
        "d": RegistryValue(Kind.BINARY, b"\0"),
    }
    for name, value in values.items():
        windows.set_value(KEY, name, value)
    assert registry.keys == {
        r"SOFTWARE\X": {"a": ("x", 1), "b": (5, 4), "c": (["y", "z"], 7)} | {"d": (b"\0", 3)}
    }
    assert windows.key_values(KEY) == values
    registry.keys[r"SOFTWARE\X"]["e"] = (None, 0)
    assert windows.key_values(KEY)["e"] == RegistryValue(0, b"")
    assert not windows.remove_key(KEY)
    for name in "abcde":
        windows.remove_value(KEY, name)
    assert windows.remove_key(KEY)
    assert registry.keys == {}


def test_rights_are_read_and_the_memory_given_back(windows: Any, libraries: Libraries) -> None:
    windows.make_key(KEY)
    buffer = ctypes.create_unicode_buffer(SDDL)
    address = ctypes.addressof(buffer)

    def get(*arguments: Any) -> int:
        arguments[-1].value = 4711
        return 0

    def convert(_made: Any, _revision: int, _what: int, written: Any, _length: Any) -> int:
        written.value = address
        return 1

    libraries.functions["GetNamedSecurityInfoW"] = libraries.functions["GetSecurityInfo"] = get
    libraries.functions["ConvertSecurityDescriptorToStringSecurityDescriptorW"] = convert
    assert windows.key_access(KEY) == SDDL
    assert windows.folder_access("C:\\x") == SDDL
    assert windows.owner("C:\\x") == SDDL
    asked = [call[:4] for call in libraries.calls if call[0].startswith("Get")]
    assert asked == [
        ("GetSecurityInfo", 77, 4, 4),
        ("GetNamedSecurityInfoW", "C:\\x", 1, 4),
        ("GetNamedSecurityInfoW", "C:\\x", 1, 1),
    ]
    freed = [call[1].value for call in libraries.calls if call[0] == "LocalFree"]
    assert freed == [address, 4711] * 3
    libraries.functions["GetNamedSecurityInfoW"] = lambda *_: 5
    with pytest.raises(PermissionError):
        windows.owner("C:\\x")


def test_rights_are_set(windows: Any, libraries: Libraries) -> None:
    def make(_sddl: str, _revision: int, made: Any, _length: Any) -> int:
        made.value = 4711
        return 1

    def entries(_made: Any, _present: Any, found: Any, _defaulted: Any) -> int:
        found.value = 4712
        return 1

    libraries.functions["ConvertStringSecurityDescriptorToSecurityDescriptorW"] = make
    libraries.functions["GetSecurityDescriptorDacl"] = entries
    windows.make_key(KEY)
    windows.set_key_access(KEY, "D:P(A;CI;KA;;;SY)")
    windows.set_folder_access("C:\\x", "D:")
    done = [call for call in libraries.calls if call[0].startswith("Set")]
    assert [(*call[:4], call[6].value) for call in done] == [
        ("SetSecurityInfo", 77, 4, 0x80000004, 4712),
        ("SetNamedSecurityInfoW", "C:\\x", 1, 0x20000004, 4712),
    ]
    assert [call[1].value for call in libraries.calls if call[0] == "LocalFree"] == [4711, 4711]
    libraries.functions["SetNamedSecurityInfoW"] = lambda *_: 5
    with pytest.raises(PermissionError):
        windows.set_folder_access("C:\\x", "D:")
    del libraries.functions["ConvertStringSecurityDescriptorToSecurityDescriptorW"]
    with pytest.raises(PermissionError):
        windows.set_folder_access("C:\\x", "nonsense")


def test_tapis_list(windows: Any, libraries: Libraries) -> None:
    windows.add_provider("siptapi.tsp")
    windows.remove_provider(7)
    assert [call[:2] for call in libraries.calls] == [
        ("lineAddProviderW", "siptapi.tsp"),
        ("lineRemoveProvider", 7),
    ]
    libraries.functions["lineAddProviderW"] = lambda *_: -0x7FFFFFB8
    with pytest.raises(OSError, match="TAPI says 0x80000048"):
        windows.add_provider("siptapi.tsp")


def test_whether_the_telephony_service_runs(windows: Any, libraries: Libraries) -> None:
    libraries.functions["OpenSCManagerW"] = lambda *_: 1
    libraries.functions["OpenServiceW"] = lambda *_: 2

    def query(_service: int, status: Any) -> int:
        status[1] = state
        return 1

    libraries.functions["QueryServiceStatus"] = query
    state = 4
    assert windows.telephony_runs()
    state = 1
    assert not windows.telephony_runs()
    closed = [call[1] for call in libraries.calls if call[0] == "CloseServiceHandle"]
    assert closed == [2, 1, 2, 1]
    libraries.functions["OpenServiceW"] = lambda *_: 0
    with pytest.raises(PermissionError):
        windows.telephony_runs()


def test_windows_own_commands(windows: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("schtasks", "net"):
        command = Path(rf"{tmp_path / 'Windows'}\System32\{name}.exe")
        command.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {log}\n[ "$2" != /tn ] && cp "$5" {log}.xml\n'
            '[ "$1" = /query ] && echo "<Task/>"\n[ "$2" != fails ] && true\n'
        )
        command.chmod(0o755)
    assert windows.task("SIPTAPI") == "<Task/>\n"
    windows.run_task("SIPTAPI")
    windows.end_task("SIPTAPI")
    windows.remove_task("SIPTAPI")
    windows.start_telephony()
    windows.stop_telephony()
    windows.set_task("SIPTAPI", "<Task>ö</Task>\n")
    lines = log.read_text().splitlines()
    assert lines[:-1] == [
        "schtasks /query /tn SIPTAPI /xml",
        "schtasks /run /tn SIPTAPI",
        "schtasks /end /tn SIPTAPI",
        "schtasks /delete /tn SIPTAPI /f",
        "net start tapisrv",
        "net stop tapisrv",
    ]
    assert lines[-1].startswith("schtasks /create /tn SIPTAPI /xml ")
    assert lines[-1].endswith(" /f")


def test_what_a_command_says_is_told(windows: Any, tmp_path: Path) -> None:
    command = Path(rf"{tmp_path / 'Windows'}\System32\net.exe")
    command.write_text(
        "#!/bin/sh\nprintf 'The service\\r\\n\\r\\nwas not found. \\201\\n' >&2\nexit 2\n"
    )
    command.chmod(0o755)
    with pytest.raises(OSError, match=r"^net says: The service was not found\. ü$"):
        windows.stop_telephony()
    schtasks = Path(rf"{tmp_path / 'Windows'}\System32\schtasks.exe")
    schtasks.write_text("#!/bin/sh\nexit 1\n")
    schtasks.chmod(0o755)
    assert windows.task("SIPTAPI") is None


def test_lines_are_asked_for(windows: Any) -> None:
    assert asking_service  # imported before this system is said to be another
    with pytest.raises(OSError, match="does not answer"):
        windows.lines("127.0.0.1:1", "", 0.0)
