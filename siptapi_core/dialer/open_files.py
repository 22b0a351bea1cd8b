"""How many files, sockets among them, this process may have open at once."""

from __future__ import annotations

import sys
from contextlib import suppress

ENOUGH = 10_240
"""As many as macOS gives. A process gets 1024 or 256 of most systems, unless it asks for more."""
_USUAL = 1024

if sys.platform == "win32":

    def allow_open_files() -> int:
        """As many as anybody needs: sockets are no files there."""
        return ENOUGH

else:
    import resource

    def allow_open_files() -> int:
        """Ask for `ENOUGH`, or as many as the administrator allows; returns how many they are."""
        try:
            allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        except OSError:  # a service manager may forbid to ask
            return _USUAL
        wanted = ENOUGH if most == resource.RLIM_INFINITY else min(ENOUGH, most)
        if allowed != resource.RLIM_INFINITY and allowed < wanted:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
                allowed = wanted
        return ENOUGH if allowed == resource.RLIM_INFINITY else allowed
