"""Where the daemon of this user is found; hardly anything is imported: every dial looks there.

==================  ==========================================  =====================
file                what it is                                  where
==================  ==========================================  =====================
control.sock        the Unix socket (not on Windows)            runtime, state folder
control.address     two lines: ``127.0.0.1:PORT`` and a token   state folder
control.lock        locked while the daemon runs; its process   state folder
==================  ==========================================  =====================

The runtime folder is ``$XDG_RUNTIME_DIR/siptapi``, where that is a folder of this user's.
"""

from __future__ import annotations

import os

from siptapi_core.state_folder import state_folder

SOCKET = "control.sock"


def socket_files() -> list[str]:
    """Where the socket may be, the daemon's first choice first."""
    folders = [state_folder()]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.access(runtime, os.W_OK):  # not another user's, taken over by sudo
        folders.insert(0, os.path.join(runtime, "siptapi"))  # noqa: PTH118  # see above
    return [os.path.join(folder, SOCKET) for folder in folders]  # noqa: PTH118


def address_file() -> str:
    """The file that tells address and token of a daemon that listens on TCP."""
    return os.path.join(state_folder(), "control.address")  # noqa: PTH118


def lock_file() -> str:
    """The file that the daemon locks."""
    return os.path.join(state_folder(), "control.lock")  # noqa: PTH118
