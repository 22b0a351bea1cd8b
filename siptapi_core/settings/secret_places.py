"""Where a secret may be kept, and how it is read from there.

No error says a word of what was read, nor carries it along (``__context__`` has none).
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from siptapi_core.errors import SettingsError
from siptapi_core.settings.secret import Content, path_of

_LONGEST = 65536  # bytes: no secret is longer, but /dev/zero is
_PATIENCE = 60.0  # seconds: some commands ask a person for a passphrase


def read_environment(name: Content, folder: Path) -> str:  # noqa: ARG001  # readers are alike
    """Read an environment variable."""
    value = os.environ.get(str(name))
    if value is None:
        raise SettingsError(f"the environment variable {name} is not set")
    return value


def read_file(file: Content, folder: Path) -> str:
    """Read a file."""
    path = path_of(str(file), folder)
    try:
        with path.open("rb") as stream:
            octets = stream.read(_LONGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise SettingsError(f"the file {path} cannot be read: {_reason(error)}") from None
    if len(octets) > _LONGEST:
        raise SettingsError(f"the file {path} is longer than {_LONGEST} bytes")
    return _text(octets, f"the file {path}")


def read_credential(name: Content, folder: Path) -> str:  # noqa: ARG001  # readers are alike
    """Read what systemd passed with LoadCredential= (systemd.exec(5))."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if not credentials:
        raise SettingsError(
            f"the credential {name} is not there: CREDENTIALS_DIRECTORY is not set, as it is in a"
            " systemd service with LoadCredential="
        )
    return read_file(os.path.basename(str(name)), Path(credentials))  # noqa: PTH119  # no ".."


def read_command(command: Content, folder: Path) -> str:
    """Run a command in ``folder``, without a shell, and read what it prints."""
    arguments: str | list[str] = list(command) if isinstance(command, tuple) else command
    try:
        if isinstance(arguments, str) and os.name != "nt":  # Windows does it itself
            arguments = shlex.split(arguments)
        done = subprocess.run(  # noqa: S603  # the settings are the user's own
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        failure = f"took longer than {_PATIENCE:g} seconds"
    except (OSError, ValueError) as error:  # ValueError: an open quotation mark, a NUL
        failure = f"cannot be run: {_reason(error)}"
    else:
        failure = f"failed with exit code {done.returncode}" if done.returncode else ""
    program = command[0] if isinstance(command, tuple) else command.split()[0]
    if failure:
        raise SettingsError(f"the command {program} {failure}")
    return _text(done.stdout, f"what the command {program} printed")


READERS: Mapping[str, Callable[[Content, Path], str]] = {
    "env": read_environment,
    "file": read_file,
    "command": read_command,
    "credential": read_credential,
}


def _text(octets: bytes, what: str) -> str:
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    if text is None:  # out here, because the decoder's error has all the octets
        raise SettingsError(f"{what} is no UTF-8 text")
    return text.removesuffix("\n").removesuffix("\r")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
