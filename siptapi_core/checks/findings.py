"""How a check says what it found."""

from __future__ import annotations

from siptapi_core.contracts import Finding, Verdict


class UnexaminedError(Exception):
    """It could not be looked at, because of what another check says; the words say what."""


class AnsweredOurselvesError(UnexaminedError):
    """It was SIPTAPI that answered in the phone's place."""


def fine(seen: str, means: str = "") -> Finding:
    """All is well."""
    return Finding(verdict=Verdict.OK, seen=seen, means=means)


def note(seen: str, means: str, do: str = "") -> Finding:
    """Nothing is wrong, but it is good to know."""
    return Finding(verdict=Verdict.NOTE, seen=seen, means=means, do=do)


def problem(seen: str, means: str, do: str) -> Finding:
    """Something is wrong."""
    return Finding(verdict=Verdict.PROBLEM, seen=seen, means=means, do=do)
