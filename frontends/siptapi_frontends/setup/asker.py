"""Who is asked: a person at a terminal, or a script in a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from siptapi_core.errors import UsageError
from siptapi_frontends.cli.output import say

Problem = Callable[[str], str]
"""Says what is wrong with an answer; "" where it can be taken."""


class Asker(Protocol):
    """Asks until the answer can be taken."""

    def text(self, question: str, *, default: str = "", problem: Problem = lambda _: "") -> str:
        """A line of text; ``default`` where nothing was typed."""
        ...

    def secret(self, question: str) -> str:
        """A line that is not shown while it is typed."""
        ...

    def choice(self, question: str, choices: Sequence[str], *, default: str) -> str:
        """One of ``choices``."""
        ...


class TerminalAsker:
    """Asks at the terminal.

    Raises:
        UsageError: the input ended.
    """

    def text(self, question: str, *, default: str = "", problem: Problem = lambda _: "") -> str:
        """See `Asker`."""
        shown = f"{question} [{default}]: " if default else f"{question}: "
        while True:
            answer = _read(input, shown).strip() or default
            wrong = problem(answer)
            if not wrong:
                return answer
            say(f"  That cannot be: {wrong}.")

    def secret(self, question: str) -> str:
        """See `Asker`."""
        from getpass import getpass  # noqa: PLC0415  # for setup only

        while True:
            answer = _read(getpass, f"{question}: ")
            if answer:
                return answer
            say("  That cannot be: it is empty.")

    def choice(self, question: str, choices: Sequence[str], *, default: str) -> str:
        """See `Asker`."""

        def problem(answer: str) -> str:
            return "" if answer in choices else f"expected one of {', '.join(choices)}"

        return self.text(f"{question} ({', '.join(choices)})", default=default, problem=problem)


def _read(read: Callable[[str], str], prompt: str) -> str:
    try:
        return read(prompt)
    except EOFError:
        raise UsageError("the input ended, so nothing was written") from None
