"""Logging in to the page, and tokens that let somebody do so."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from attrs import evolve
from http_lab import run, serving

from siptapi_core.commands import ListLines
from siptapi_frontends.http import sessions
from siptapi_frontends.http.sessions import IDLE_SECONDS, Sessions
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope


def test_a_session_does_what_its_token_may(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            office = frozenset({"office"})
            token = lab.token("page", Scope.DIAL, Scope.READ, lines=office)
            async with lab.client() as page:
                opened = await page.post("/api/v1/session", json={"token": token})
                assert opened.status_code == 201
                session = opened.json()
                assert (session["scopes"], session["lines"]) == (["dial", "read"], ["office"])
                cookie = opened.headers["set-cookie"]
                assert "; HttpOnly" in cookie
                assert "; SameSite=Strict" in cookie
                assert "Secure" not in cookie  # over HTTP no browser would keep it
                assert (await page.get("/api/v1/session")).json() == session
                await page.get("/api/v1/lines")
                [(command, caller)] = lab.dialer.executed
                assert (command, caller.lines) == (ListLines(), office)
                csrf = {"X-CSRF-Token": session["csrf"]}
                hung_up = await page.post("/api/v1/calls/c1/hangup", headers=csrf)
                assert hung_up.status_code == 204
                closed = await page.delete("/api/v1/session", headers=csrf)
                assert closed.status_code == 204
                assert "Max-Age=0" in closed.headers["set-cookie"]
                page.cookies.set("siptapi_session", cookie.split("=")[1].split(";")[0])
                assert (await page.get("/api/v1/session")).status_code == 401
            told = [values["token"] for _, event, values in lab.log.lines if event == "logged in"]
            assert told == ["page"]

    run(main())


def test_behind_a_proxy_the_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    async def main():
        behind = evolve(HttpSettings(), behind_proxy=True, hosts=("phone.example",))
        async with serving(tmp_path, settings=behind) as lab:
            origin = {"Host": "phone.example", "Origin": "https://phone.example"}
            async with lab.client(**origin) as page:
                opened = await page.post("/api/v1/session", json={"token": lab.token()})
                assert "; Secure" in opened.headers["set-cookie"]

    run(main())


def test_a_session_ends_with_its_token(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client() as page:
            token = lab.token("page", expires=time.time() + 60)
            assert (await page.post("/api/v1/session", json={"token": token})).is_success
            lab.tokens.remove("page")
            assert (await page.get("/api/v1/session")).status_code == 401

    run(main())


def test_a_token_for_one_login_is_good_for_one_login_and_nothing_else(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            token = lab.token("once", one_login=True)
            async with lab.client(token) as program:
                assert (await program.get("/api/v1/session")).status_code == 401
            async with lab.client() as page:
                assert (await page.post("/api/v1/session", json={"token": token})).is_success
                assert (await page.get("/api/v1/session")).status_code == 200
            async with lab.client() as other:
                again = await other.post("/api/v1/session", json={"token": token})
                assert again.status_code == 401
                assert "was used" in again.json()["detail"]

    run(main())


def test_a_session_goes_on_after_its_login_token_has_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client() as page:
            now = time.time()
            token = lab.token("once", one_login=True, expires=now + 600)
            late = lab.token("late", one_login=True, expires=now - 1)
            assert (await page.post("/api/v1/session", json={"token": late})).status_code == 401
            assert (await page.post("/api/v1/session", json={"token": token})).is_success
            clock = lab.frontend._context.clock
            monkeypatch.setattr(type(clock), "time", lambda _self: now + 3600)
            assert (await page.get("/api/v1/session")).status_code == 200

    run(main())


def test_sessions_that_nobody_uses_end() -> None:
    all_ = Sessions()
    cookie, session = all_.open("digest", 0.0)
    assert all_.find(cookie, IDLE_SECONDS - 1) is session
    assert all_.find(cookie, 2 * IDLE_SECONDS - 2) is session
    assert all_.find(cookie, 3 * IDLE_SECONDS) is None
    assert all_.find(cookie, 3 * IDLE_SECONDS) is None
    assert len(all_) == 0


def test_of_too_many_sessions_the_one_unused_for_longest_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions, "MOST_SESSIONS", 2)
    all_ = Sessions()
    first, _ = all_.open("digest", 0.0)
    second, _ = all_.open("digest", 1.0)
    all_.find(first, 2.0)
    third, _ = all_.open("digest", 3.0)
    assert all_.find(second, 4.0) is None
    assert all_.find(first, 4.0) is not None
    assert all_.find(third, 4.0) is not None


def test_a_cookie_shows_nothing_of_what_is_kept() -> None:
    all_ = Sessions()
    cookie, session = all_.open("digest", 0.0)
    assert cookie not in (session.digest, session.csrf)
    assert not hasattr(session, "cookie")
