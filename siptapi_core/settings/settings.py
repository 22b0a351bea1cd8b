"""The settings as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import Attribute, field, frozen, validators

from siptapi_core.errors import UnknownNameError
from siptapi_core.locating import is_ip_address
from siptapi_core.settings.control import ControlSettings
from siptapi_core.settings.dns import DnsSettings
from siptapi_core.settings.history import HistorySettings
from siptapi_core.settings.line import LineSettings
from siptapi_core.settings.ports import port_range
from siptapi_core.values import Compared

LogLevel = Literal["debug", "info", "warning", "error"]


def _are_ip_addresses(_instance: Any, _attribute: Attribute[Any], value: tuple[str, ...]) -> None:
    if not all(map(is_ip_address, value)) or len(set(value)) < len(value):
        raise ValueError("expected IP addresses such as 192.0.2.5, and none twice")


class Sections:
    """The sections of what plugins offer, as TOML has them: only the offer knows its class.

    ``kind`` is ``strategies``, ``resolvers``, ``frontends`` or ``observers``. Shows names
    only, because a value may be a secret.
    """

    __slots__ = ("_tables",)

    def __init__(
        self, tables: Mapping[str, Mapping[str, Mapping[str, object]]] | None = None
    ) -> None:
        self._tables = tables or {}

    def names(self, kind: str) -> tuple[str, ...]:
        """The names that have a section, in the file's order."""
        return tuple(self._tables.get(kind, ()))

    def get(self, kind: str, name: str) -> Mapping[str, object]:
        """The section ``[kind.name]``; empty where there is none."""
        return self._tables.get(kind, {}).get(name, {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sections) and self._tables == other._tables

    __hash__ = None  # type: ignore[assignment]  # tables have none

    def __repr__(self) -> str:
        named = (f"{kind}.{name}" for kind in self._tables for name in self.names(kind))
        return f"<sections {', '.join(named)}>"


@frozen(kw_only=True, eq=False, repr=False)
class PluginSettings(Compared):
    """What to do with the plugins that are found."""

    blocked: tuple[str, ...] = field(
        default=(),
        metadata={"help": "plugins that are not loaded; `siptapi plugins list` shows their names"},
    )


@frozen(kw_only=True, eq=False, repr=False)
class Settings(Compared):
    """All settings. ``lines`` are by name, in the file's order; ``where`` is the file.

    ``default_line`` is one of ``lines``: where the file says nothing, `load` takes the first.
    """

    lines: Mapping[str, LineSettings]
    default_line: str = field(
        default="",
        metadata={
            "help": "the line to use when none is named; left out: the first in the file",
            "example": "office",
        },
    )
    log_level: LogLevel = field(
        default="warning", metadata={"help": "what is worth a line in the log, and all above it"}
    )
    local_addresses: tuple[str, ...] = field(
        default=(),
        validator=_are_ip_addresses,
        metadata={
            "help": "this machine's IP addresses to use SIP on; left out: all of them",
            "example": ["192.0.2.5"],
        },
    )
    local_ports: str = field(
        default="",
        validator=lambda _instance, _attribute, value: port_range(value),
        metadata={
            "help": "the UDP port to use, or a range of which the first free one is used; left "
            "out: any",
            "example": "5062-5080",
        },
    )
    confirm_links: bool = field(
        default=True,
        metadata={
            "help": "whether a telephone link that was clicked asks before it is dialled "
            "(`siptapi handler`); false: only where `[numbers]` wants a yes"
        },
    )
    max_calls: int = field(
        default=1000,
        validator=validators.ge(1),
        metadata={
            "help": "how many calls the daemon has in progress at once; whoever dials then is told "
            "to try again soon, except for emergency numbers"
        },
    )
    plugins: PluginSettings = field(factory=PluginSettings)
    dns: DnsSettings = field(factory=DnsSettings)
    control: ControlSettings = field(factory=ControlSettings)
    history: HistorySettings = field(factory=HistorySettings)
    sections: Sections = field(factory=Sections)
    where: str = ""

    @property
    def frontends(self) -> tuple[str, ...]:
        """The front ends that ``siptapi serve`` runs: each has a section."""
        return self.sections.names("frontends")

    @property
    def observers(self) -> tuple[str, ...]:
        """The observers that ``siptapi serve`` tells of events: each has a section."""
        return self.sections.names("observers")

    def line(self, name: str) -> LineSettings:
        """The line of that name.

        Raises:
            UnknownNameError: there is none.
        """
        if name not in self.lines:
            raise UnknownNameError("line", name, known=tuple(self.lines))
        return self.lines[name]

    def section(self, kind: str, name: str) -> Mapping[str, object]:
        """The table ``[kind.name]``, for `structure`; empty where there is none.

        ``kind`` is as in `Sections`.
        """
        return self.sections.get(kind, name)

    def warnings(self) -> tuple[str, ...]:
        """What is no error, but should not stay so: readable passwords, unchecked certificates."""
        passwords = (line.password for line in self.lines.values() if line.password is not None)
        by_file = {password.file: password for password in passwords}  # most are in this one
        found = [password.warning() for password in by_file.values()]
        found += [
            f"line {name!r}: TLS CERTIFICATES ARE NOT CHECKED (tls_verify = false): anybody on the "
            "way can read and change its calls"
            for name, line in self.lines.items()
            if not line.tls_verify
        ]
        return tuple(dict.fromkeys(warning for warning in found if warning))
