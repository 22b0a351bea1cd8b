"""Where what must outlive a process is kept, for this user.

platformdirs knows, and is what the tests compare with; but importing it takes 6 ms, and a call is
written down before its first packet leaves.
"""

from __future__ import annotations

import os
import sys

_HOME_FOLDER = {"win32": "~/AppData/Local", "darwin": "~/Library/Application Support"}
_VARIABLE = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME"


def state_folder() -> str:
    """The folder, whether it is there or not.

    Raises:
        SettingsError: neither a variable nor a home folder says where, as it may be for a service.
    """
    named = os.environ.get(_VARIABLE, "")
    if not os.path.isabs(named):  # noqa: PTH117  # a Path costs more than all of this
        home_folder = _HOME_FOLDER.get(sys.platform, "~/.local/state")
        named = os.path.expanduser(home_folder)  # noqa: PTH111  # as above
        if not os.path.isabs(named):  # noqa: PTH117  # as above
            from siptapi_core.errors import SettingsError  # noqa: PLC0415  # rarely needed

            raise SettingsError(
                f"this user has no home folder: say where its state belongs with {_VARIABLE}"
            )
    return os.path.join(named, "siptapi")  # noqa: PTH118  # as above
