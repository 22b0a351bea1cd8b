"""A line to be looked at whose answers are given."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from siptapi_core.checks.asking import Answer
from siptapi_core.checks.examined_line import Way
from siptapi_core.contracts import Finding
from siptapi_core.settings import LineSettings
from siptapi_core.sip.message import Headers, Response
from siptapi_core.targets import Address

PROXY = Address("192.0.2.1", 5060)


def answer(
    status: int = 200, reason: str = "OK", address: Address = PROXY, **headers: str
) -> Answer:
    """An answer; ``Www_Authenticate`` is WWW-Authenticate."""
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Answer(address=address, response=Response(status, reason, Headers(named)))


def failure(problem: str = "it refuses our packets", *, silent: bool = False) -> Answer:
    return Answer(address=PROXY, problem=problem, silent=silent)


class FakeLine:
    """An `ExaminedLine` that is told what it hears; an exception is raised instead."""

    def __init__(self, *, installation: Any = None, **line: Any) -> None:
        self.name = "office"
        self.settings = LineSettings(**({"domain": "example.com", "user": "201"} | line))
        self.identity = self.settings.identity(self.name, "")
        self.installation = installation
        self.context = SimpleNamespace(clock=SimpleNamespace(time=lambda: 1_000_000_000.0))
        self.network: Any = None
        self.answers: dict[str, Any] = {
            "way": Way(target=self.identity.address_of_record, steps=(), addresses=(PROXY,)),
            "credentials": None,
            "options": (answer(),),
            "bindings": answer(),
            "phone_options": answer(),
            "heard": (answer(),),
            "proxy_answers_for_phone": False,
        }

    @property
    def calls_directly(self) -> bool:
        return self.identity.phone_address is not None

    def __getattr__(self, name: str) -> Any:
        if name == "answers" or name not in self.answers:
            raise AttributeError(name)

        async def give() -> Any:
            given = self.answers[name]
            if isinstance(given, Exception):
                raise given
            return given

        return give


def found(check: Any, line: Any) -> list[Finding]:
    """What ``check`` finds."""
    return list(asyncio.run(check(line)))


def one(check: Any, line: Any) -> tuple[str, str]:
    """Verdict and words of the only finding."""
    [finding] = found(check, line)
    assert finding.verdict == "ok" or finding.means
    return finding.verdict.value, finding.seen
