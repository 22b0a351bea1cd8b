"""Installing and taking away on a Windows in memory: all of it or nothing, and twice is as once."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from fake_windows import INHERITED, LINES, MODEM, OF_32_BITS, SETTINGS, SYSTEM, FakeWindows

from siptapi_core.errors import RefusedError, UsageError
from siptapi_core.settings import parse
from siptapi_core.version import VERSION
from siptapi_frontends.tapi import (
    access,
    file_steps,
    installation,
    places,
    provider_steps,
    registry_steps,
    service_steps,
)
from siptapi_frontends.tapi.carrying_out import carry_out
from siptapi_frontends.tapi.installation import (
    Wanted,
    check,
    install_steps,
    service_address,
    settings_page,
    token_of,
    uninstall_steps,
)
from siptapi_frontends.tapi.registry_values import text
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.task import task_xml

TOKEN = "0123456789abcdef" * 4
FILES = {"x86_64": b"64 bits", "x86": b"32 bits", "aarch64": b"ARM"}
WANTED = Wanted(
    address="127.0.0.1:5039",
    page="http://127.0.0.1:5088/",
    token=TOKEN,
    files=FILES,
    python=r"C:\Program Files\Python311\pythonw.exe",
)


def install(windows: FakeWindows, wanted: Wanted = WANTED) -> tuple[Step, ...]:
    check(windows, wanted)
    return carry_out(install_steps(windows, wanted), windows)


def uninstall(windows: FakeWindows, *, with_settings: bool = False) -> tuple[Step, ...]:
    return carry_out(uninstall_steps(windows, with_settings=with_settings), windows)


def installed() -> FakeWindows:
    windows = FakeWindows()
    install(windows)
    return windows


def test_everything_is_where_windows_and_the_provider_look_for_it() -> None:
    windows = installed()
    assert windows.files == {
        rf"{SETTINGS}\siptapi.toml": b"settings",
        rf"{SETTINGS}\service\siptapi\control.address": f"127.0.0.1:5039\n{TOKEN}\n".encode(),
        rf"{SYSTEM}\siptapi.tsp": b"64 bits",
        rf"{OF_32_BITS}\siptapi.tsp": b"32 bits",
    }
    assert windows.keys[places.KEY] == {
        "Address": text("127.0.0.1:5039"),
        "Token": text(TOKEN),
        "SettingsPage": text("http://127.0.0.1:5088/"),
        "Version": text(VERSION),
    }
    assert windows.keys[places.PROVIDERS_KEY]["ProviderFilename1"] == text("siptapi.tsp")
    assert windows.running == {"SIPTAPI"}
    assert not windows.telephony


def test_the_token_is_nobody_elses() -> None:
    windows = installed()
    key, state = windows.key_accesses[places.KEY], windows.access[rf"{SETTINGS}\service"]
    assert key == "D:PAI(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;NS)"
    assert state == "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;LS)"
    assert windows.access[SETTINGS] == (
        "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;LS)"
    )


def test_nobody_can_read_the_token_before_the_key_is_limited() -> None:
    names = [
        type(step).__name__ + getattr(step, "name", "")
        for step in install_steps(FakeWindows(), WANTED)
        if getattr(step, "key", "") == places.KEY
    ]
    assert names[:2] == ["MakeKey", "LimitKey"]
    assert names.index("SetValueToken") > 1


def test_twice_is_the_same_as_once() -> None:
    windows = installed()
    before = windows.state()
    changed = install(windows)
    assert windows.state() == before
    assert {type(step) for step in changed} == {
        service_steps.EndTask,
        service_steps.SetTask,
        service_steps.RunTask,
    }
    uninstall(windows)
    before = windows.state()
    assert uninstall(windows) == ()
    assert windows.state() == before


def test_what_is_taken_away_is_ours_alone() -> None:
    windows = FakeWindows()
    windows.keys[places.KEY] = {"password1": text("old"), "LogFile": text("x")}
    windows.key_accesses[places.KEY] = INHERITED
    before = windows.state()
    install(windows)
    uninstall(windows)
    after = windows.state()
    assert after["keys"][places.KEY] == {"password1": text("old")}
    assert after["key_accesses"] == before["key_accesses"]
    assert after["keys"][places.PROVIDERS_KEY] == before["keys"][places.PROVIDERS_KEY]
    assert after["files"] == before["files"]
    assert (after["tasks"], after["running"]) == ({}, set())


def test_the_settings_go_only_where_that_is_said() -> None:
    windows = installed()
    assert SETTINGS in windows.folders
    uninstall(windows, with_settings=True)
    assert not any(each.startswith(SETTINGS) for each in (*windows.folders, *windows.files))
    assert places.KEY not in windows.keys
    assert uninstall(windows, with_settings=True) == ()


def test_an_update_stops_the_telephony_service_that_holds_the_file() -> None:
    windows = installed()
    windows.start_telephony()
    newer = WANTED.evolve(files={**FILES, "x86_64": b"newer"})
    changed = install(windows, newer)
    assert windows.files[rf"{SYSTEM}\siptapi.tsp"] == b"newer"
    assert windows.telephony
    assert {provider_steps.StopTelephony(), provider_steps.StartTelephony()} < set(changed)
    install(windows, newer)
    assert windows.telephony


@pytest.mark.parametrize("telephony", [False, True])
@pytest.mark.parametrize("what", ["install", "update", "uninstall", "uninstall with the old"])
def test_whatever_is_refused_nothing_is_changed(what: str, telephony: bool) -> None:  # noqa: FBT001
    def made() -> FakeWindows:
        windows = FakeWindows()
        if what == "uninstall with the old":
            windows.keys[places.KEY] = {"password1": text("old")}
            windows.key_accesses[places.KEY] = INHERITED
        if what != "install":
            install(windows)
        windows.telephony = telephony
        windows.changes = 0
        return windows

    def act(windows: FakeWindows) -> None:
        if what == "install":
            install(windows)
        elif what == "update":
            files = {name: content + b"!" for name, content in FILES.items()}
            install(windows, WANTED.evolve(files=files, address="127.0.0.1:5040"))
        else:
            uninstall(windows)

    whole = made()
    act(whole)
    assert whole.changes > 5
    for index in range(whole.changes):
        windows = made()
        before = windows.state()
        windows.refuse_from = index
        with pytest.raises(RefusedError, match=r"^could not .*: Access is denied; nothing is"):
            act(windows)
        after = windows.state()
        for state in (before, after):  # to Windows, an access list that says nothing is inherited
            state["access"] = {each: state["access"][each] for each in before["access"]}
            state["access"] = _meant(state["access"])
            state["key_accesses"] = _meant(state["key_accesses"])
        assert after == before, index


def _meant(accesses: dict[str, str]) -> dict[str, str]:
    return {each: access.own_access(accesses[each]) for each in accesses}


def test_what_could_not_be_undone_is_named() -> None:
    windows = FakeWindows()
    windows.refuse_from, windows.refused = 3, 3
    with pytest.raises(RefusedError) as caught:
        install(windows)
    assert str(caught.value) == (
        rf"could not make the folder {SETTINGS}\service\siptapi: Access is denied; not all could "
        rf"be undone: could not say who may use the folder {SETTINGS}\service: Access is denied; "
        rf"could not remove the folder {SETTINGS}\service: Access is denied"
    )


def test_a_defect_is_undone_too() -> None:
    class Defect(file_steps.MakeFolder):
        def apply(self, windows: object) -> None:
            raise KeyError("defect")

    windows = FakeWindows()
    before = windows.state()
    with pytest.raises(KeyError):
        carry_out([file_steps.MakeFolder(rf"{SETTINGS}\x"), Defect("y")], windows)
    assert windows.state() == before


def test_a_service_that_does_not_answer_is_not_left_installed() -> None:
    windows = FakeWindows()
    windows.service = None
    windows.files[rf"{SETTINGS}\service\siptapi.log"] = b"starting\nlines.office: no password\n\n"
    before = windows.state()
    with pytest.raises(RefusedError) as caught:
        install(windows)
    assert str(caught.value) == (
        "could not wait for the service at 127.0.0.1:5039: the service at 127.0.0.1:5039 does not "
        rf"answer: refused; its log {SETTINGS}\service\siptapi.log: lines.office: no password; "
        "nothing is changed"
    )
    assert windows.files == before["files"]
    assert windows.tasks == {}
    del windows.files[rf"{SETTINGS}\service\siptapi.log"]
    with pytest.raises(RefusedError, match=r"siptapi\.log: is empty"):
        install(windows)


def test_what_is_in_the_way_is_said_before_anything_is_done() -> None:
    def refused(windows: FakeWindows, wanted: Wanted = WANTED) -> str:
        with pytest.raises(UsageError) as caught:
            install(windows, wanted)
        assert windows.changes == 0
        return str(caught.value)

    assert "no siptapi.tsp for x86: the wheels of" in refused(
        FakeWindows(), WANTED.evolve(files={"x86_64": b""})
    )
    mine = r"c:\users\me\AppData\Python\pythonw.exe"
    assert f"{mine} is one user's" in refused(FakeWindows(), WANTED.evolve(python=mine))
    assert r"C:\Users\me is one" in refused(
        FakeWindows(), WANTED.evolve(code=(r"C:\Program Files", r"C:\Users\me"))
    )
    for path in (SETTINGS, rf"{SETTINGS}\siptapi.toml", rf"{SETTINGS}\service"):
        windows = FakeWindows()
        windows.folders.add(rf"{SETTINGS}\service")
        windows.owners[path] = "O:S-1-5-21-1-2-3-1001"
        words = refused(windows)
        assert words.startswith(f"{path} is not the administrators'")
        assert f'icacls "{SETTINGS}" /setowner *S-1-5-32-544 /T makes it theirs' in words
    windows = FakeWindows()
    windows.files[rf"{OF_32_BITS}\siptapi.tsp"] = b"of SIPTAPI 0.2"
    assert rf"{OF_32_BITS}\siptapi.tsp is of another program" in refused(windows)


def test_an_other_programs_provider_of_that_name_is_left() -> None:
    windows = FakeWindows()
    windows.files[rf"{SYSTEM}\siptapi.tsp"] = b"of SIPTAPI 0.2"
    windows.add_provider("siptapi.tsp")
    before = windows.state()
    assert uninstall(windows) == ()
    assert windows.state() == before


def test_the_provider_is_found_in_windows_list_however_it_is_written() -> None:
    windows = FakeWindows()
    assert provider_steps.provider_number(windows, "siptapi.tsp") is None
    assert provider_steps.provider_number(windows, MODEM) == 1
    windows.keys[places.PROVIDERS_KEY] = {
        "PROVIDERFILENAME7": text(rf"{SYSTEM}\SIPTAPI.TSP"),
        "providerid7": text("no number"),
        "ProviderFilename8": text("other.tsp"),
    }
    assert provider_steps.provider_number(windows, "siptapi.tsp") is None
    del windows.keys[places.PROVIDERS_KEY]
    assert provider_steps.provider_number(windows, "siptapi.tsp") is None


def test_the_token_stays_if_the_service_would_take_it() -> None:
    windows = FakeWindows()
    first, second = token_of(windows), token_of(windows)
    assert first != second
    assert len(first) == len(TOKEN)
    install(windows)
    assert token_of(windows) == TOKEN
    windows.keys[places.KEY]["Token"] = text("short")
    assert token_of(windows) not in ("short", TOKEN)


LINE = '[lines.office]\ndomain = "d"\nuser = "u"\n'


@pytest.mark.parametrize("listen", ["", "[control]\n", '[control]\nlisten = "[::1]:5039"\n'])
def test_the_provider_needs_an_address_of_ipv4(listen: str) -> None:
    with pytest.raises(UsageError, match=r"x\.toml: control\.listen: .*127\.0\.0\.1:5039"):
        service_address(parse(listen + LINE, where="x.toml"))


def test_the_dialogs_open_the_page_where_there_is_one() -> None:
    http = "[frontends.http]\n"
    settings = parse('[control]\nlisten = "127.0.0.1:5040"\n' + LINE)
    assert service_address(settings) == "127.0.0.1:5040"
    assert settings_page(settings, "file") == "file"
    assert settings_page(parse(http + LINE), "file") == "http://127.0.0.1:5088/"
    tls = 'listen = "127.0.0.1:1"\ntls_certificate = "c"\ntls_key = "k"\n'
    assert settings_page(parse(http + tls + LINE), "file") == "https://127.0.0.1:1/"


def test_the_task_is_xml_and_never_ended_by_windows() -> None:
    xml = task_xml(command=r"C:\A & B\pythonw.exe", folder=r"C:\<x>")
    root = ET.fromstring(xml.partition("\n")[2])
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    found = {each.tag.removeprefix(space): each.text for each in root.iter()}
    assert found["Command"] == r"C:\A & B\pythonw.exe"
    assert found["Arguments"] == r'-I -m siptapi_frontends.tapi.service "C:\<x>"'
    assert found["UserId"] == "S-1-5-19"
    assert found["ExecutionTimeLimit"] == "PT0S"
    assert found["MultipleInstancesPolicy"] == "IgnoreNew"


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ("D:PAI(A;CI;KA;;;SY)(A;CIID;KR;;;BU)", "D:P(A;CI;KA;;;SY)"),
        ("D:AI(A;ID;KA;;;BA)", "D:"),
        ("D:ARAI(A;;KA;;;BA)", "D:(A;;KA;;;BA)"),
        ("D:P(A;OICI;FA;;;SY)", "D:P(A;OICI;FA;;;SY)"),
        ("D:NO_ACCESS_CONTROL", "D:"),
    ],
)
def test_rights_of_ones_own(given: str, own: str) -> None:
    assert access.own_access(given) == own


STEPS: tuple[Step, ...] = (
    file_steps.PutFile(rf"{SETTINGS}\x", b"x"),
    file_steps.PutFile(rf"{SETTINGS}\siptapi.toml", b"x"),
    file_steps.RemoveFile(rf"{SETTINGS}\siptapi.toml"),
    file_steps.MakeFolder(rf"{SETTINGS}\x"),
    file_steps.RemoveFolder(rf"{SETTINGS}\empty"),
    file_steps.LimitFolder(SETTINGS, "D:P(A;OICI;FA;;;SY)"),
    registry_steps.MakeKey(r"HKEY_LOCAL_MACHINE\x"),
    registry_steps.RemoveKey(r"HKEY_LOCAL_MACHINE\empty"),
    registry_steps.LimitKey(places.PROVIDERS_KEY, "D:P(A;CI;KA;;;SY)"),
    registry_steps.SetValue(places.PROVIDERS_KEY, "x", text("x")),
    registry_steps.SetValue(places.PROVIDERS_KEY, "NumProviders", None),
    provider_steps.AddProvider("other.tsp"),
    provider_steps.RemoveProvider(MODEM),
    service_steps.SetTask("new", "<Task/>"),
    service_steps.SetTask("old", "<Task/>"),
    service_steps.SetTask("old", None),
    service_steps.RunTask("old"),
    service_steps.EndTask("running"),
    provider_steps.StartTelephony(),
)


def with_something() -> FakeWindows:
    windows = FakeWindows()
    windows.folders.add(rf"{SETTINGS}\empty")
    windows.keys[r"HKEY_LOCAL_MACHINE\empty"] = {}
    windows.key_accesses[r"HKEY_LOCAL_MACHINE\empty"] = "D:PAI(A;CI;KA;;;SY)"
    windows.tasks = {"old": "<Old/>", "running": "<Old/>"}
    windows.running = {"running"}
    windows.files |= dict.fromkeys((rf"{SYSTEM}\other.tsp", rf"{SYSTEM}\{MODEM}"), b"")
    return windows


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_is_undone_by_the_one_that_it_gives(step: Step) -> None:
    windows = with_something()
    before = windows.state()
    undo = step.apply(windows)
    changed = windows.state()
    assert undo is not None
    assert changed != before
    redo = undo.apply(windows)
    after = windows.state()
    for state in (before, after):
        state["access"], state["key_accesses"] = map(
            _meant, (state["access"] | {rf"{SETTINGS}\empty": ""}, state["key_accesses"])
        )
        state["keys"][places.PROVIDERS_KEY].pop("ProviderID0", None)
    assert after == before
    assert redo is not None
    assert redo.apply(windows) is not None
    assert str(step)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_that_has_nothing_to_do_does_nothing(step: Step) -> None:
    windows = with_something()
    step.apply(windows)
    before = windows.state()
    undo = step.apply(windows)
    assert windows.state() == before
    if not isinstance(step, service_steps.SetTask | service_steps.RunTask | service_steps.EndTask):
        assert undo is None


def test_what_is_not_there_cannot_be_limited_or_removed() -> None:
    windows = FakeWindows()
    for step in (
        registry_steps.LimitKey(r"HKEY_LOCAL_MACHINE\none", "D:"),
        registry_steps.RemoveKey(r"HKEY_LOCAL_MACHINE\none"),
        registry_steps.RemoveKey(places.PROVIDERS_KEY),
        file_steps.RemoveFolder(rf"{SETTINGS}\none"),
        file_steps.RemoveFolder(SETTINGS),
        service_steps.EndTask("none"),
        service_steps.SetTask("none", None),
        provider_steps.StopTelephony(),
    ):
        assert step.apply(windows) is None


def test_every_step_says_what_it_does() -> None:
    windows = installed()
    plans = (*install_steps(windows, WANTED), *uninstall_steps(windows, with_settings=True))
    for step in plans:
        assert not str(step).startswith(type(step).__name__)
        assert TOKEN not in str(step)


def test_is_within() -> None:
    assert installation.is_within(r"c:\users\me\x", r"C:\Users")
    assert not installation.is_within(r"C:\UsersOfOthers\x", r"C:\Users")


def test_the_fake_has_lines() -> None:
    windows = installed()
    assert windows.lines("127.0.0.1:5039", TOKEN, 1.0) == LINES
