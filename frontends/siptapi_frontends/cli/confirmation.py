"""Ask the person about a number that the rules of the line want confirmed."""

from __future__ import annotations

import sys
from typing import TypeVar

from siptapi_core.errors import DeniedError
from siptapi_core.values import Value
from siptapi_frontends.cli.output import is_terminal, say_aside

C = TypeVar("C", bound=Value)


def confirmed(command: C, denied: DeniedError) -> C:
    """Return ``command`` again, confirmed, where the person says yes.

    Raises:
        DeniedError: the person said no, there is nobody to ask, or yes would not help.
    """
    if not denied.confirmable:
        raise denied
    if not is_terminal(sys.stdin, sys.stderr):
        raise DeniedError(f"{denied}, and nobody can be asked here: --yes confirms it")
    say_aside(f"{denied}. Dial it? Type yes or no:")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeniedError("not confirmed, so nothing was dialled")
    return command.evolve(confirmed=True)
