"""Tokens: what lets a program, or the page, in. The file has their hashes only.

A token is 256 random bits, so a plain hash keeps it as safe as a slow one would.
"""

from __future__ import annotations

import enum
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from siptapi_core.control.private_files import make_folder, write_private
from siptapi_core.errors import RefusedError, SettingsError, UnknownNameError, UsageError
from siptapi_core.file_lock import try_lock
from siptapi_core.state_folder import state_folder
from siptapi_core.value_encoding import ValueEncoding
from siptapi_core.values import Value

PREFIX = "siptapi_"
"""By which people, and programs that look for leaked secrets, know one."""
_encoding = ValueEncoding()


class Scope(enum.StrEnum):
    """What a token may be used for."""

    READ = "read"
    """See lines, calls, events and the history; explain and resolve numbers."""
    DIAL = "dial"
    """Make calls, and end, transfer, reject and redirect them."""
    ADMIN = "admin"
    """Read the settings again, and see them and how the process is."""


class Token(Value, kw_only=True):
    """What is known of a token, besides itself.

    ``digest`` is its SHA-256 in hexadecimal, ``lines`` those it may be used for (None: all).
    ``created`` and ``expires`` are seconds since the epoch; None: it never does. One that is good
    for ``one_login`` opens a session of the page, once, and nothing else.
    """

    name: str
    digest: str
    scopes: frozenset[Scope]
    lines: frozenset[str] | None = None
    created: float
    expires: float | None = None
    one_login: bool = False


class _Content(Value):
    tokens: tuple[Token, ...]


def tokens_file() -> Path:
    """Where the tokens of this user are kept."""
    return Path(state_folder()) / "http" / "tokens.json"


def digest_of(token: str) -> str:
    """What is kept of ``token``."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class TokenFile:
    """The tokens in ``path``; they are read again when another process has changed them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._tokens: Mapping[str, Token] = {}

    def tokens(self) -> Mapping[str, Token]:
        """Those that there are, by their digests.

        Raises:
            SettingsError: the file cannot be read.
        """
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp != self._stamp:
                self._tokens = {token.digest: token for token in self._read()}
                self._stamp = stamp
        except FileNotFoundError:
            self._tokens, self._stamp = {}, None
        except OSError as error:
            raise SettingsError(
                f"it cannot be read: {error.strerror}", where=str(self._path)
            ) from None
        return self._tokens

    def add(
        self,
        name: str,
        *,
        scopes: frozenset[Scope],
        lines: frozenset[str] | None,
        created: float,
        expires: float | None = None,
        one_login: bool = False,
    ) -> str:
        """Make a token and return it: it cannot be shown a second time.

        Raises:
            UsageError: there is one of that name.
            RefusedError: another process changes the tokens.
            SettingsError: the file cannot be read.
            NetworkError: the file cannot be written.
        """
        token = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as known:
            if any(each.name == name for each in known):
                raise UsageError(
                    f"there is a token named {name!r} already; `siptapi token remove` takes it away"
                )
            new = Token(
                name=name,
                digest=digest_of(token),
                scopes=scopes,
                lines=lines,
                created=created,
                expires=expires,
                one_login=one_login,
            )
            self._write((*known, new))
        return token

    def remove(self, name: str) -> None:
        """Let the token of that name be good for nothing from now on.

        Raises:
            UnknownNameError: there is none.
            RefusedError, SettingsError, NetworkError: as `add`.
        """
        with self._changing() as known:
            rest = tuple(each for each in known if each.name != name)
            if len(rest) == len(known):
                raise UnknownNameError("token", name, known=tuple(each.name for each in known))
            self._write(rest)

    @contextmanager
    def _changing(self) -> Iterator[tuple[Token, ...]]:
        """The tokens, which no other process changes meanwhile."""
        make_folder(self._path.parent)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not try_lock(lock):
                raise RefusedError("another process changes the tokens just now: try again")
            yield tuple(self.tokens().values())
        finally:
            os.close(lock)

    def _read(self) -> tuple[Token, ...]:
        try:
            data = json.loads(self._path.read_text(encoding="ascii"))
            content: _Content = _encoding.decode(_Content, data)
        except (ValueError, UsageError) as error:
            raise SettingsError(f"it is damaged: {error}", where=str(self._path)) from None
        return content.tokens

    def _write(self, tokens: tuple[Token, ...]) -> None:
        content = _encoding.encode_fields(_Content(tokens))
        write_private(self._path, json.dumps(content, indent=1) + "\n")
