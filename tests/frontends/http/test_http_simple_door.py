"""``/dial``, for programs that know how to open a URL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import evolve
from http_lab import DIALLING, Lab, run, serving

from siptapi_core.commands import Dial
from siptapi_core.errors import DeniedError, UnknownNameError
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope

OPEN = evolve(HttpSettings(), simple_door=True)


@pytest.mark.parametrize("method", ["GET", "POST", "POST with a form"])
def test_it_dials_and_answers_with_a_line_of_text(method: str, tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path, settings=OPEN) as lab, lab.client() as client:
            lab.dialer.answers = {Dial: DIALLING}
            given = {"number": "+43 1 505641", "line": "office", "token": lab.token()}
            if method == "POST with a form":
                answer = await client.post("/dial", data=given)
            else:
                answer = await client.request(method, "/dial", params=given)
            assert answer.status_code == 201
            assert answer.headers["content-type"].startswith("text/plain")
            assert answer.headers["cache-control"] == "no-store"
            assert answer.text == "Dialling +43 1 505641 on line office\n"
            [(command, caller)] = lab.dialer.executed
            assert command == Dial(number="+43 1 505641", line="office")
            assert caller.frontend == "http"

    run(main())


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+431505641", "+431505641"),
        ("%2B43+1+505641", "+43 1 505641"),
        ("+%2B431505641", " +431505641"),
        ("01+505641", "01 505641"),
    ],
)
def test_a_plus_that_is_not_escaped_is_one_all_the_same(
    written: str, number: str, tmp_path: Path
) -> None:
    """In a query it means a space, and another number would be dialled."""

    async def main():
        async with serving(tmp_path, settings=OPEN) as lab, lab.client() as client:
            lab.dialer.answers = {Dial: DIALLING}
            answer = await client.get(f"/dial?number={written}&token={lab.token()}")
            assert answer.status_code == 201
            [(command, _)] = lab.dialer.executed
            assert command.number == number

    run(main())


async def ask(lab: Lab, method: str = "GET", headers: Mapping[str, str] = {}, **given: str) -> str:
    """What is answered: status and text."""
    async with lab.client(**headers) as client:
        answer = await client.request(method, "/dial", params=given)
        return f"{answer.status_code} {answer.text}"


def test_who_may_not_is_told_so_in_text(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path, settings=OPEN) as lab:
            token = lab.token()
            reader = lab.token("reader", Scope.READ)
            assert (await ask(lab, number="1")).startswith("401 no such token")
            assert (await ask(lab, number="1", token="wrong")).startswith("401 no such token")
            assert "lacks the scope dial" in await ask(lab, number="1", token=reader)
            assert (await ask(lab, token=token)).startswith("422 expected number=")
            assert (await ask(lab, number="1", token=token, wrong="")).startswith("422 expected")
            ahead = {"Sec-Purpose": "prefetch;prerender"}
            assert (await ask(lab, headers=ahead, number="1", token=token)).startswith("403 nobody")
            assert (await ask(lab, "HEAD", number="1", token=token)).startswith("405")
            assert await ask(lab, "PUT", number="1", token=token) == "405 GET or POST dials\n"
            evil = {"Origin": "https://evil.example"}
            assert (await ask(lab, "POST", evil, number="1", token=token)).startswith("403")
            rebound = {"Host": "evil.example"}
            assert (await ask(lab, headers=rebound, number="1", token=token)).startswith("421")
            assert lab.dialer.executed == []
            assert len(lab.log.refusals()) == 10
            assert token not in str(lab.log.lines)

    run(main())


def test_a_session_is_no_way_in(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path, settings=OPEN) as lab, lab.client() as page:
            assert (await page.post("/api/v1/session", json={"token": lab.token()})).is_success
            assert (await page.get("/dial?number=1")).status_code == 401
            assert lab.dialer.executed == []

    run(main())


def test_what_the_dialer_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path, settings=OPEN) as lab:
            token = lab.token()
            denied = DeniedError("+1 900 1 must be confirmed", confirmable=True)
            lab.dialer.answers = {Dial: denied}
            assert await ask(lab, number="1", token=token) == f"409 {denied}\n"
            lab.dialer.answers = {Dial: UnknownNameError("line", "x")}
            assert (await ask(lab, number="1", line="x", token=token)).startswith("404 no line")

    run(main())


def test_it_is_shut_unless_it_is_opened(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            shut = await ask(lab, number="1", token=lab.token())
            assert shut.startswith("404")
            assert "simple_door = true in [frontends.http] opens it" in shut
            assert lab.dialer.executed == []

    run(main())
