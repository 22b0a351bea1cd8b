"""Where the daemon of this user is found; nothing is imported, as every ``siptapi dial`` looks.

==================  ==========================================  =====================
file                what it is                                  where
==================  ==========================================  =====================
control.sock        the Unix socket (not on Windows)            runtime, state folder
control.address     two lines: ``127.0.0.1:PORT`` and a token   state folder
control.lock        locked while the daemon runs; its process   state folder
==================  ==========================================  =====================

The runtime folder is ``$XDG_RUNTIME_DIR/siptapi``, where there is such a variable.
"""

from __future__ import annotations

import os
import sys

SOCKET = "control.sock"


def socket_files() -> list[str]:
    """Where the socket may be, the daemon's first choice first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folders = [state_folder()]
    if runtime:
        folders.insert(0, os.path.join(runtime, "siptapi"))  # noqa: PTH118  # see above
    return [os.path.join(folder, SOCKET) for folder in folders]  # noqa: PTH118


def address_file() -> str:
    """The file that tells address and token of a daemon that listens on TCP."""
    return os.path.join(state_folder(), "control.address")  # noqa: PTH118


def lock_file() -> str:
    """The file that the daemon locks."""
    return os.path.join(state_folder(), "control.lock")  # noqa: PTH118


if sys.platform == "win32":

    def state_folder() -> str:
        """The folder of what the user's programs keep, as platformdirs has it."""
        return os.path.join(os.environ.get("LOCALAPPDATA") or _home(), "siptapi")  # noqa: PTH118

elif sys.platform == "darwin":

    def state_folder() -> str:
        """The folder of what the user's programs keep, as platformdirs has it."""
        return os.path.join(_home(), "Library/Application Support/siptapi")  # noqa: PTH118

else:

    def state_folder() -> str:
        """The folder of what the user's programs keep, as platformdirs has it."""
        state = os.environ.get("XDG_STATE_HOME", "").strip()
        return os.path.join(state or os.path.join(_home(), ".local/state"), "siptapi")  # noqa: PTH118


def _home() -> str:
    return os.path.expanduser("~")  # noqa: PTH111
