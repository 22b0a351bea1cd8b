"""Ask the person about a number that the rules of the line want confirmed."""

from __future__ import annotations

import sys

from siptapi_core.commands import Dial
from siptapi_core.errors import DeniedError
from siptapi_frontends.cli.output import is_terminal, say_aside


def confirmed(dial: Dial, denied: DeniedError) -> Dial:
    """Return ``dial`` again, confirmed, where the person says yes.

    Raises:
        DeniedError: the person said no, there is nobody to ask, or yes would not help.
    """
    if not denied.confirmable:
        raise denied
    if not is_terminal(sys.stdin, sys.stderr):
        raise DeniedError(f"{denied}, and nobody can be asked here: siptapi dial --yes confirms it")
    say_aside(f"{denied}. Dial it? Type yes or no:")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeniedError("not confirmed, so nothing was dialled")
    return dial.evolve(confirmed=True)
