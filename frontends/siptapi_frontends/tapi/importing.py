"""From the registry settings of SIPTAPI 0.2 and 0.3 to settings of ours.

What cannot be carried over is left out, and a note says so: nobody shall find that out by a call
that does not work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import PurePath

from siptapi_core.errors import SettingsError
from siptapi_core.settings import parse, toml_writer
from siptapi_core.values import Value
from siptapi_frontends.tapi.parent_settings import (
    KEYS,
    LINES_OF_ITS_DIALOG,
    setting_of,
)
from siptapi_frontends.tapi.places import DEFAULT_ADDRESS, OWN_VALUES
from siptapi_frontends.tapi.reg_reader import Keys, ValueEntry

_AUTO_ANSWER = ("call-info", "alert-info-autoanswer", "alert-info-ring-answer")
_STRATEGIES = {1: ("acd",), 2: ("reverse",)}
_TEXT_OR_NUMBER = {True: ("text", str), False: ("a number", int)}


class ImportedLine(Value):
    """A line: its number there, its name and keys here (without the password), its password."""

    number: int
    name: str
    keys: Mapping[str, object]
    password: str


class Imported(Value):
    """The settings: ``defaults`` for all lines, the lines, and ``notes`` on what was lost."""

    defaults: Mapping[str, object]
    lines: tuple[ImportedLine, ...]
    notes: tuple[str, ...]


def import_settings(keys: Keys, *, where: str = "") -> Imported:
    """Convert what stands in the key of SIPTAPI 0.3; ``where`` is the file, for errors.

    Raises:
        SettingsError: there is no such key, or no line in it that can be carried over.
    """
    by_key = {key.replace("\\wow6432node\\", "\\"): keys[key] for key in reversed(keys)}
    known = [key for key in KEYS if by_key.get(key.lower())]
    if not known:
        raise SettingsError(f"there are no settings of SIPTAPI 0.3: no {KEYS[0]}", where=where)
    importing = _Importing(by_key[known[0].lower()])
    importing.notes += [f"{key}: left out, as {known[0]} is newer" for key in known[1:]]
    lines = tuple(importing.lines())
    if not lines:
        problem = "; ".join(("there is no line that can be used", *importing.notes))
        raise SettingsError(problem, where=where)
    return Imported(importing.defaults(), lines, tuple(importing.notes))


def as_toml(imported: Imported, *, passwords: PurePath, source: str) -> str:
    """A settings file; ``passwords`` is the folder with `password_file` for each line."""
    first = next((line.name for line in imported.lines if "active" not in line.keys), "")
    parts = [f"# The settings of SIPTAPI 0.3 in {toml_writer.quoted(source)}\n\n"]
    parts += [f"default_line = {toml_writer.quoted(first)}\n\n"] if first else []
    parts.append(toml_writer.table("control", {"listen": DEFAULT_ADDRESS}))
    parts.append(toml_writer.table("defaults", imported.defaults))
    for line in imported.lines:
        file = (passwords / password_file(line)).as_posix()
        secret = {"password": {"file": file}} if line.password else {}
        keys = {**line.keys, **secret}
        parts.append(toml_writer.table(toml_writer.heading("lines", line.name), keys))
    return "".join(parts).rstrip("\n") + "\n"


def password_file(line: ImportedLine) -> str:
    """The name of the file for its password."""
    return f"line-{line.number}"


class _Importing:
    """One import; ``notes`` grow on the way."""

    def __init__(self, values: Mapping[str, ValueEntry]) -> None:
        self.notes: list[str] = []
        self._shared: dict[str, str | int] = {}
        self._lines: dict[int, dict[str, str | int]] = {}
        for entry in values.values():
            self._take(entry)
        self._realm_is_checked = self._realm_check()
        self._mode = self._choice("reversemode", (0, 1, 2))
        self._tcp = bool(self._choice("transportprotocol", (0, 1)))
        by_registry = self._shared.get("lineconfigviaregistry")
        self._shown = int(self._shared.get("numLines", 0)) if by_registry else LINES_OF_ITS_DIALOG
        self._names: set[str] = set()

    def defaults(self) -> dict[str, object]:
        """What all lines have."""
        defaults: dict[str, object] = {"send_180": bool(self._shared.get("send180ringing"))}
        if self._mode:
            defaults["strategies"] = _STRATEGIES[self._mode]
        return defaults

    def lines(self) -> Iterator[ImportedLine]:
        """Every line that can be used, in order."""
        empty = []
        for number in sorted(self._lines):
            given = self._lines[number]
            if not any(given.get(name) for name in ("proxy", "username", "password")):
                empty.append(number)
            elif line := self._line(number, given):
                yield line
        if empty:
            self.notes.append(f"{_numbered(empty)}: empty, left out")

    def _take(self, entry: ValueEntry) -> None:
        meant = setting_of(entry.name)
        data = entry.value.data if entry.value else b""
        if meant is None:
            if entry.name.lower() not in OWN_VALUES:
                self.notes.append(f"{_shown(entry.name)}: left out, SIPTAPI 0.3 has no such value")
            return
        setting, number = meant
        words, kind = _TEXT_OR_NUMBER[setting.is_text]
        given = self._lines.setdefault(number, {}) if number else self._shared
        if not isinstance(data, (str, int)) or not isinstance(data, kind):
            self.notes.append(f"{entry.name}: left out, it is not {words}, as SIPTAPI 0.3 wants it")
        else:
            given[setting.name] = data

    def _realm_check(self) -> bool:
        on = self._shared.get("enablerealmcheck")
        off = self._shared.get("disablerealmcheck")
        if on is not None and off is not None and bool(on) == bool(off):
            self.notes.append("disablerealmcheck: left out, enablerealmcheck is newer and differs")
        return bool(on) if on is not None else off == 0

    def _choice(self, name: str, choices: tuple[int, ...]) -> int:
        given = int(self._shared.get(name, 0))
        if given in choices:
            return given
        known = ", ".join(map(str, choices))
        self.notes.append(f"{name}: {given} left out, SIPTAPI 0.3 knows {known}")
        return 0

    def _line(self, number: int, given: Mapping[str, str | int]) -> ImportedLine | None:
        def text(name: str) -> str:
            return str(given.get(name, ""))

        domain, user, phone = text("proxy"), text("username"), text("phoneusername")
        extension, _, host = phone.partition("@")
        if host not in ("", domain):
            words = "its host is left out: a phone is reached by its domain, or by refer-to-phone"
            self.notes.append(f"phoneusername{number}: {words}")
        keys: dict[str, object] = {"domain": domain, "user": user}
        if number > self._shown:
            words = f"not active: SIPTAPI 0.3 shows the first {self._shown} lines"
            self.notes.append(f"line {number}: {words}")
        optional: dict[str, object] = {
            "auth_user": text("authusername"),
            "realm": domain if self._realm_is_checked else "",
            "phone": extension,
            "outbound_proxy": self._outbound_proxy(domain, text("obproxy")),
            "auto_answer": _AUTO_ANSWER if given.get("autoanswer") else (),
            "register": bool(given.get("register")),
        }
        keys |= {name: value for name, value in optional.items() if value}
        if not given.get("lineactive") or number > self._shown:
            keys["active"] = False
        password = text("password")
        if not password.isprintable():
            self.notes.append(f"password{number}: left out, it has control characters")
            password = ""
        fitting = self._fitting(number, keys)
        if not fitting:
            return None
        return ImportedLine(number, self._name(user, number), fitting, password)

    def _outbound_proxy(self, domain: str, given: str) -> str:
        wanted = given.removeprefix("sip:") or (domain if self._tcp else "")
        if self._tcp and ";transport=" not in wanted.lower():
            wanted += ";transport=tcp"
        return f"sip:{wanted}" if ";" in wanted else wanted

    def _fitting(self, number: int, keys: dict[str, object]) -> dict[str, object]:
        """The keys that our settings take; none where one is missing that a line must have."""
        while True:
            try:
                parse(toml_writer.table("lines.trial", keys))
            except SettingsError as error:
                wrong = {each.key.rpartition(".")[2]: each.problem for each in error.problems}
                for key, problem in wrong.items():
                    self.notes.append(f"{_THERE[key]}{number}: {key} left out: {problem}")
                if not wrong.keys().isdisjoint(("domain", "user")):
                    self.notes.append(f"line {number}: left out, as a line must have these")
                    return {}
                keys = {key: value for key, value in keys.items() if key not in wrong}
            else:
                return keys

    def _name(self, user: str, number: int) -> str:
        name = user if user.isprintable() and user.strip() else f"line {number}"
        while name in self._names:
            name += f"-{number}"
        self._names.add(name)
        return name


_THERE = {
    "domain": "proxy",
    "user": "username",
    "auth_user": "authusername",
    "realm": "proxy",
    "phone": "phoneusername",
    "outbound_proxy": "obproxy",
}


def _shown(name: str) -> str:
    return repr(name) if name else "the key's default value"


def _numbered(numbers: list[int]) -> str:
    """``line 4``, ``lines 4 to 7, 9``."""
    runs = (
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda each: each[1] - each[0])
    )
    spans = [f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(spans)}"
