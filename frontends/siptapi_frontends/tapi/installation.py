r"""What is to be done to install SIPTAPI for the TAPI of a Windows, and to take it away.

In the folder for settings (``C:\ProgramData\siptapi``):

====================================  =========================================================
``siptapi.toml``                      the settings: the administrator's, who writes them first
``service\siptapi\control.address``   where the service listens, and the token
``service\siptapi.log``               what the service says
``service\siptapi\...``               what it keeps: the history, tokens for HTTP
====================================  =========================================================
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence

from siptapi_core.errors import UsageError
from siptapi_core.settings import Settings, structure
from siptapi_core.values import Value
from siptapi_core.version import VERSION
from siptapi_frontends.tapi import (
    access,
    file_steps,
    places,
    provider_steps,
    registry_steps,
    service_steps,
)
from siptapi_frontends.tapi.provider_files import HOW_TO_GET
from siptapi_frontends.tapi.registry_values import RegistryValue, text
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.task import task_xml
from siptapi_frontends.tapi.windows import Computer, Windows


class Wanted(Value, kw_only=True):
    """What is to be installed.

    ``address`` and ``page`` are `service_address` and `settings_page`, ``files`` the provider for
    each architecture. ``python`` is the ``pythonw.exe`` that runs the service, which must be able
    to read ``code``: folders of Python and of SIPTAPI.
    """

    address: str
    page: str
    token: str
    files: Mapping[str, bytes]
    python: str
    code: tuple[str, ...] = ()


def settings_file(computer: Computer) -> str:
    """The settings of the service."""
    return rf"{computer.settings}\{places.SETTINGS}"


def address_file(computer: Computer) -> str:
    """The file with address and token."""
    return rf"{computer.settings}\service\siptapi\control.address"


def log_file(computer: Computer) -> str:
    """The log of the service."""
    return rf"{computer.settings}\service\siptapi.log"


def service_address(settings: Settings) -> str:
    """Where the provider finds the service.

    Raises:
        UsageError: the settings say no address that the provider can use.
    """
    address = settings.control.address
    if address is None or ":" in address[0]:
        raise UsageError(
            f"{settings.where}: control.listen: the TAPI service provider needs an address such as "
            f'"{places.DEFAULT_ADDRESS}"'
        )
    return settings.control.listen


def settings_page(settings: Settings, file: str) -> str:
    """What the provider's dialogs open: the page of the HTTP front end, else the settings file."""
    if "http" not in settings.frontends:
        return file
    from siptapi_frontends.http.settings import HttpSettings  # noqa: PLC0415  # only then

    section = settings.section("frontends", "http")
    http = structure(section, HttpSettings, where=settings.where, key="frontends.http")
    return f"http{'s' if http.tls_certificate else ''}://{http.listen}/"


def token_of(windows: Windows) -> str:
    """The token of an earlier installation, else a new one."""
    value = (windows.key_values(places.KEY) or {}).get("Token")
    known = re.fullmatch("[0-9a-f]{64}", str(value.data)) if value else None
    return known[0] if known else new_token()


def new_token() -> str:
    """A token such as `siptapi serve` makes, and takes over where it finds one."""
    return secrets.token_hex(32)


def key_values(wanted: Wanted) -> Mapping[str, RegistryValue]:
    """What the provider reads, and which version it is of."""
    return {
        "Address": text(wanted.address),
        "Token": text(wanted.token),
        "SettingsPage": text(wanted.page),
        "Version": text(VERSION),
    }


def check(windows: Windows, wanted: Wanted) -> None:
    """Look whether it can be installed at all, before anything is changed.

    Raises:
        UsageError: something is missing, or in the way; the words say what to do.
    """
    computer = windows.computer()
    missing = [each for each in computer.providers if each not in wanted.files]
    if missing:
        raise UsageError(f"there is no {places.PROVIDER} for {', '.join(missing)}: {HOW_TO_GET}")
    for path in (wanted.python, *wanted.code):
        if is_within(path, computer.users):
            raise UsageError(
                f"{path} is one user's, and the service is nobody's: install Python and SIPTAPI "
                "for all users, outside of any user's folder"
            )
    state = rf"{computer.settings}\service"
    earlier = (state,) if windows.is_folder(state) else ()
    for path in (computer.settings, settings_file(computer), *earlier):
        if windows.owner(path) not in access.TRUSTED_OWNERS:
            remedy = f'icacls "{computer.settings}" /setowner *S-1-5-32-544 /T'
            raise UsageError(
                f"{path} is not the administrators', so somebody else could change what the service"
                f" does; if it says what it should, {remedy} makes it theirs"
            )
    if not is_installed(windows):
        for folder in computer.providers.values():
            path = rf"{folder}\{places.PROVIDER}"
            if windows.read_file(path) is not None:
                raise UsageError(f"{path} is of another program: remove that first")


def is_installed(windows: Windows) -> bool:
    """Whether the provider there is ours: SIPTAPI 0.2 had one of that name."""
    return "Version" in (windows.key_values(places.KEY) or {})


def install_steps(windows: Windows, wanted: Wanted) -> Sequence[Step]:
    """Everything, the provider last: where it is used, all that it needs is there."""
    computer = windows.computer()
    state = rf"{computer.settings}\service"
    files = [
        file_steps.PutFile(rf"{folder}\{places.PROVIDER}", wanted.files[architecture])
        for architecture, folder in computer.providers.items()
    ]
    is_replaced = any(windows.read_file(each.path) not in (None, each.content) for each in files)
    restarted = is_replaced and windows.telephony_runs()
    return [
        file_steps.LimitFolder(computer.settings, access.SETTINGS),
        file_steps.MakeFolder(state),
        file_steps.LimitFolder(state, access.STATE),
        file_steps.MakeFolder(rf"{state}\siptapi"),
        service_steps.EndTask(places.TASK),
        file_steps.PutFile(address_file(computer), f"{wanted.address}\n{wanted.token}\n".encode()),
        service_steps.SetTask(
            places.TASK, task_xml(command=wanted.python, folder=computer.settings)
        ),
        service_steps.RunTask(places.TASK),
        service_steps.AwaitService(wanted.address, wanted.token, log_file(computer)),
        registry_steps.MakeKey(places.KEY),
        registry_steps.LimitKey(places.KEY, access.KEY),
        *(registry_steps.SetValue(places.KEY, *each) for each in key_values(wanted).items()),
        *([provider_steps.StopTelephony()] if restarted else []),
        *files,
        *([provider_steps.StartTelephony()] if restarted else []),
        provider_steps.AddProvider(places.PROVIDER),
    ]


def uninstall_steps(windows: Windows, *, with_settings: bool) -> Sequence[Step]:
    """What is ours goes, and the settings folder only ``with_settings``."""
    computer = windows.computer()
    ours = is_installed(windows)
    folders = computer.providers.values() if ours else ()
    files = [rf"{folder}\{places.PROVIDER}" for folder in folders]
    values = windows.key_values(places.KEY) or {}
    return [
        *([provider_steps.RemoveProvider(places.PROVIDER)] if ours else []),
        *([provider_steps.StopTelephony()] if any(map(windows.read_file, files)) else []),
        *map(file_steps.RemoveFile, files),
        *([provider_steps.StartTelephony()] if windows.telephony_runs() else []),
        service_steps.EndTask(places.TASK),
        service_steps.SetTask(places.TASK, None),
        file_steps.RemoveFile(address_file(computer)),
        *(
            registry_steps.SetValue(places.KEY, name, None)
            for name in values
            if name.lower() in places.OWN_VALUES
        ),
        registry_steps.RemoveKey(places.KEY),
        *([registry_steps.LimitKey(places.KEY, access.INHERITED)] if ours else []),
        *([file_steps.RemoveAll(computer.settings)] if with_settings else []),
    ]


def is_within(path: str, folder: str) -> bool:
    """Whether a path is below a folder; Windows does not tell upper from lower case."""
    return path.lower().startswith(f"{folder}\\".lower())
