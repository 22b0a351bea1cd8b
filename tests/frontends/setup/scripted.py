"""A person who answers as written, and checks that find what they are told."""

from __future__ import annotations

from collections.abc import Sequence

from siptapi_core.contracts import Finding, Verdict
from siptapi_frontends.setup.asker import Problem


class ScriptedAsker:
    """Gives ``answers`` to questions that begin so, in this order; hears ``complaints``."""

    def __init__(self, *answers: tuple[str, str]) -> None:
        self._answers = list(answers)
        self.complaints: list[str] = []

    @property
    def is_done(self) -> bool:
        return not self._answers

    def text(self, question: str, *, default: str = "", problem: Problem = lambda _: "") -> str:
        while True:
            answer = self._next(question) or default
            wrong = problem(answer)
            if not wrong:
                return answer
            self.complaints.append(wrong)

    def secret(self, question: str) -> str:
        return self._next(question)

    def choice(self, question: str, choices: Sequence[str], *, default: str) -> str:
        answer = self._next(question) or default
        assert answer in choices
        return answer

    def _next(self, question: str) -> str:
        assert self._answers, f"nobody expected {question!r}"
        expected, answer = self._answers.pop(0)
        assert question.startswith(expected), f"{question!r} where {expected!r} was expected"
        return answer


def finding(check: str, verdict: Verdict = Verdict.OK, seen: str = "Seen.") -> Finding:
    return Finding(check=check, verdict=verdict, seen=seen, means="It means.", do="Do it.")


class ScriptedChecks:
    """Finds what ``finds(line's settings, names)`` says; ``tried`` are the checks' names."""

    def __init__(self, finds) -> None:
        self._finds = finds
        self.tried: list[tuple[str, ...]] = []

    def __call__(self, settings, line, names):
        self.tried.append(tuple(names))
        return tuple(self._finds(settings.lines[line], names))
