"""``siptapi handler open``: a link that was clicked, or text that was selected, becomes a call.

::

    read the number ──may be dialled──> ask ──yes──> dial ──> follow to the end
          │                              │ no                   │ failed on this side
          └──cannot──> tell              └──> nothing           └──> tell

Nobody looks at a terminal here, so asking and telling are the desktop's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from siptapi_core.commands import Dial, Dialling, Explain
from siptapi_core.errors import RefusedError, SiptapiError
from siptapi_core.events import CallEnded, CallEvent, CallFailed, Outcome
from siptapi_core.logs import printable
from siptapi_core.numbers import Explanation
from siptapi_core.numbers.explanation import Decision
from siptapi_frontends.cli.asking import ask
from siptapi_frontends.cli.calling import PlannedCall, place_call
from siptapi_frontends.cli.exit_codes import ExitCode, of_call
from siptapi_frontends.cli.output import say_aside
from siptapi_frontends.cli.sentences import sentence
from siptapi_frontends.cli.verdict import verdict
from siptapi_frontends.cli.view import View

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session
    from siptapi_frontends.handler.dialog import Dialog

_LONGEST = 400
"""Characters of a line: what somebody put into a link may be of any length."""


def open_link(link: str, session: Session, dialog: Dialog) -> ExitCode:
    """Dial ``link``, whatever it is, once the person at ``dialog`` has said yes.

    Raises:
        SiptapiError: nothing was dialled; the person was told.
    """
    try:
        return _open_link(link, session, dialog)
    except SiptapiError as error:
        _tell(dialog, str(error))
        raise
    except Exception as error:
        _tell(dialog, f"something unexpected happened: {type(error).__name__}: {error}")
        raise


def _open_link(link: str, session: Session, dialog: Dialog) -> ExitCode:
    explanation = ask(session.connect, Explain(text=link), Explanation)
    wants_yes = session.settings.confirm_links or explanation.decision is Decision.CONFIRM
    asked = wants_yes and explanation.decision is not Decision.DENY
    if asked and not dialog.ask(_question(explanation)):
        say_aside("siptapi: not confirmed, so nothing was dialled")
        return ExitCode.USAGE

    @asynccontextmanager
    async def connect() -> AsyncIterator[PlannedCall]:
        async with session.connect() as dialer:
            yield PlannedCall(dialer, Dial(number=link, confirmed=asked))

    view = LinkView()
    code = place_call(connect, view)
    if view.problem:
        _tell(dialog, *view.problem)
    return code


class LinkView(View):
    """Keeps what the person must be told: what is to be heard on the phone is none of it."""

    problem: tuple[str, ...] = ()
    """In lines."""

    def __init__(self) -> None:
        self._failure: CallFailed | None = None

    def begin(self, dialling: Dialling) -> None:
        """Remember who is called."""
        self._callee = dialling.explanation.formatted

    def event(self, event: CallEvent) -> None:
        """Look whether it failed before the phone called."""
        happening = event.happening
        if isinstance(happening, CallFailed):
            self._failure = happening
        elif isinstance(happening, CallEnded) and self._is_our_problem(happening):
            self.problem = self._told(happening)

    def note(self, text: str) -> None:
        """The dialer went away, or could not hang up."""
        self.problem = (*self.problem, text)

    def _is_our_problem(self, ended: CallEnded) -> bool:
        code = of_call(ended, self._failure)
        hung_up = ended.outcome is Outcome.CANCELLED
        return code in (ExitCode.NOT_PLACED, ExitCode.USAGE) and not hung_up

    def _told(self, ended: CallEnded) -> tuple[str, ...]:
        words, to_do = verdict(ended, self._failure)
        failed = (sentence(self._failure, self._callee),) if self._failure else ()
        return (*failed, words, *((f"What to do: {to_do}.",) if to_do else ()))


def _question(explanation: Explanation) -> str:
    rule = f"The rules of this line want a yes ({explanation.rule})." if explanation.rule else ""
    lines = (f"Call {explanation.formatted}?", rule, *explanation.warnings)
    return "\n".join(_shown(line) for line in lines if line)


def _tell(dialog: Dialog, *lines: str) -> None:
    with suppress(RefusedError):  # it is said on standard error as well
        dialog.tell("\n".join(map(_shown, lines)))


def _shown(line: str) -> str:
    return printable(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}...")
