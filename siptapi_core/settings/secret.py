"""The one type for every secret: read when it is needed, where it is kept, and never shown.

In the settings a secret is text, or a table that says where it is kept::

    password = "in the open"
    password = { env = "NAME" }                       # an environment variable
    password = { file = "sip-password" }              # relative to the settings' folder
    password = { command = ["pass", "show", "sip"] }  # what a program prints; without a shell
    password = { credential = "sip-password" }        # systemd's LoadCredential=

One line break at the end of a file, or of what a command prints, does not count.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from siptapi_core.errors import SettingsError

Content = str | tuple[str, ...]
"""What stands after the equals sign: a name, a path, a command."""

KINDS = ("env", "file", "command", "credential")
_TEXT = "text"


class Secret:
    """A secret that shows nothing of itself: not in repr, str, format, pickle, JSON or attrs.

    Not an attrs class, because ``attrs.asdict`` and cattrs would open it. Two secrets are equal
    when they are kept in the same place. ``where`` (the settings file) and ``key`` (dotted) are
    for errors, and for files relative to the settings.

    Raises:
        SettingsError: ``given`` is neither text nor one of the tables above.
    """

    __slots__ = ("_content", "_key", "_kind", "_where")

    _kind: str
    _content: Content

    def __init__(self, given: object, *, where: str = "", key: str = "") -> None:
        self._where = where
        self._key = key
        if isinstance(given, str):
            self._kind, self._content = _TEXT, given
            if not given:
                raise self._error('it is empty; { env = "NAME" } reads it from elsewhere')
            return
        table = given if isinstance(given, Mapping) else {}
        kind = next((each for each in KINDS if table.keys() == {each}), None)
        if kind is None:
            raise self._error(
                'expected text, or a table such as { env = "NAME" } with one key of '
                + ", ".join(KINDS)
            )
        content = table[kind]
        if kind == "command" and isinstance(content, list):
            content = tuple(content)
        parts = content if isinstance(content, tuple) else (content,)
        if not all(isinstance(part, str) for part in parts) or not "".join(parts[:1]).strip():
            raise self._error(f"{kind} is empty or of the wrong type: expected text")
        self._kind, self._content = kind, content

    @property
    def is_at_hand(self) -> bool:
        """Whether `reveal` answers at once: it asks no file and no program."""
        return self._kind in (_TEXT, "env")

    def reveal(self) -> str:
        """Read the secret. May block: a command has a minute.

        Raises:
            SettingsError: it is not there or cannot be read; the words say why, not what.
        """
        if self._kind == _TEXT:
            return str(self._content)
        from siptapi_core.settings.secret_places import READERS  # noqa: PLC0415  # see there

        try:
            secret = READERS[self._kind](self._content, self._folder)
        except SettingsError as error:
            raise self._error(error.problem) from None
        if not secret:
            raise self._error(f"the {self._kind} is there, but empty")
        return secret

    @property
    def file(self) -> str:
        """The file that holds the secret, as the settings name it; empty: it is in none."""
        if self._kind == "file":
            return str(self._content)
        return self._where if self._kind == _TEXT else ""

    def warning(self) -> str | None:
        """Say so where every user of this computer can read the file that holds the secret."""
        from siptapi_core.settings.exposure import readable_by_others  # noqa: PLC0415  # rare

        if not self.file:
            return None
        is_settings = self._kind == _TEXT
        file = Path(self._where) if is_settings else path_of(self.file, self._folder)
        if not readable_by_others(file):
            return None
        return f"every user of this computer can read {file}, which holds a secret: {_remedy(file)}"

    def __repr__(self) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled or copied.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret cannot be pickled")

    @property
    def _place(self) -> tuple[str, Content, Path]:
        return self._kind, self._content, self._folder

    @property
    def _folder(self) -> Path:
        return Path(self._where).parent

    def _error(self, problem: str) -> SettingsError:
        return SettingsError(problem, where=self._where, key=self._key)


if sys.platform == "win32":

    def _remedy(file: Path) -> str:
        import getpass  # noqa: PLC0415  # for warnings only

        mine = f"{getpass.getuser()}:F"
        return f'icacls "{file}" /inheritance:r /grant:r "{mine}" leaves it to you alone'

else:

    def _remedy(file: Path) -> str:
        import shlex  # noqa: PLC0415  # as above

        return f"chmod 600 {shlex.quote(str(file))} leaves it to you alone"


def path_of(file: str, folder: Path) -> Path:
    """Where a secret file is: relative to the settings' ``folder``; ``~`` is the user's home."""
    return folder / os.path.expanduser(file)  # noqa: PTH111  # Path's raises without a home
