"""What must be refused, logged, and dial nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from attrs import evolve
from http_lab import Lab, run, serving

from siptapi_core.commands import Dial, HangUp, ShowCall, ShowMessages
from siptapi_core.errors import RefusedError, UnknownNameError
from siptapi_frontends.http import access, bodies, server
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope

DIAL = {"number": "301"}
Attack = Callable[[Lab], Awaitable[tuple[int, str]]]


async def no_token(lab: Lab) -> tuple[int, str]:
    async with lab.client() as client:
        answer = await client.post("/api/v1/calls", json=DIAL)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.status_code, "a token is needed"


async def wrong_token(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token()[:-1]) as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "no such token"


async def token_of_another_kind(lab: Lab) -> tuple[int, str]:
    async with lab.client(Authorization="Basic YTpi") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "expected Author"


async def expired_token(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token(expires=time.time() - 1)) as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "'all' has expired"


async def removed_token(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token("old")) as client:
        assert (await client.get("/api/v1/session")).status_code == 200
        lab.tokens.remove("old")
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "no such token"


async def token_without_the_scope(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token("looks", Scope.READ, Scope.ADMIN)) as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "lacks the scope dial"


async def token_in_the_address(lab: Lab) -> tuple[int, str]:
    async with lab.client() as client:
        answer = await client.post(f"/api/v1/calls?token={lab.token()}", json=DIAL)
    return answer.status_code, "a token is needed"


async def foreign_origin(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token(), Origin="https://evil.example") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "pages of 'https://evil"


async def origin_of_a_file(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token(), Origin="null") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "pages of 'null'"


async def extension_without_a_token(lab: Lab) -> tuple[int, str]:
    async with lab.client(Origin="chrome-extension://abc") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "pages of 'chrome"


async def rebinding_host(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token(), Host="evil.example") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "not 'evil.example'"


async def rebinding_host_with_its_origin(lab: Lab) -> tuple[int, str]:
    host = f"evil.example:{lab.frontend.port}"
    async with lab.client(lab.token(), Host=host, Origin=f"http://{host}") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "not 'evil.example"


async def host_that_is_none(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token(), Host="[::1") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "not '[::1'"


async def other_address_as_host(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token(), Host="192.0.2.1") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "not '192.0.2.1'"


async def request_of_a_foreign_page_with_the_cookie(lab: Lab) -> tuple[int, str]:
    async with lab.client() as client:
        assert (await client.post("/api/v1/session", json={"token": lab.token()})).is_success
        return (
            await client.post("/api/v1/calls", json=DIAL)
        ).status_code, "X-CSRF-Token is missing"


async def csrf_token_of_another_session(lab: Lab) -> tuple[int, str]:
    token = lab.token()
    async with lab.client() as one, lab.client() as other:
        await one.post("/api/v1/session", json={"token": token})
        csrf = (await other.post("/api/v1/session", json={"token": token})).json()["csrf"]
        answer = await one.post("/api/v1/calls", json=DIAL, headers={"X-CSRF-Token": csrf})
        return answer.status_code, "X-CSRF-Token is missing or wrong"


async def forged_cookie(lab: Lab) -> tuple[int, str]:
    async with lab.client(Cookie="siptapi_session=forged") as client:
        return (await client.post("/api/v1/calls", json=DIAL)).status_code, "session is over"


async def form_of_a_foreign_page(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token()) as client:
        answer = await client.post(
            "/api/v1/calls", content=json.dumps(DIAL), headers={"Content-Type": "text/plain"}
        )
    return answer.status_code, "Content-Type application/json"


async def body_of_10_megabytes(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token()) as client:
        answer = await client.post("/api/v1/calls", json={"number": "3" * 10_000_000})
    return answer.status_code, "longer than 65536 bytes"


async def body_of_10_megabytes_in_chunks(lab: Lab) -> tuple[int, str]:
    async def chunks():
        for _ in range(160):
            yield b"3" * 65_536

    status = 0
    with suppress(httpx.WriteError, httpx.ReadError):  # it need not be read to the end
        async with lab.client(lab.token()) as client:
            json_type = {"Content-Type": "application/json"}
            answer = await client.post("/api/v1/calls", content=chunks(), headers=json_type)
            status = answer.status_code
    return status or 413, "longer than 65536 bytes"


async def length_that_is_none(lab: Lab) -> tuple[int, str]:
    head = (
        f"POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {lab.token()}\r\n"
    )
    answer = await lab.raw(head.encode() + b"Content-Length: 1e3\r\n\r\n")
    return int(answer.split()[1]), "Invalid HTTP request"


async def body_without_its_end(lab: Lab) -> tuple[int, str]:
    token = f"Authorization: Bearer {lab.token()}\r\n".encode()
    head = b"POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\n" + token
    _, writer = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
    writer.write(head + b"Content-Length: 20\r\n\r\n{")
    await writer.drain()
    writer.close()
    while not lab.log.refusals():  # noqa: ASYNC110  # nobody is left to be answered
        await asyncio.sleep(0.01)
    return 400, "the body is not whole"


async def slow_body(lab: Lab) -> tuple[int, str]:
    head = (
        f"POST /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {lab.token()}\r\n"
    )
    more = b"Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"
    answer = await lab.raw(head.encode() + more)
    assert b"connection: close" in answer.lower()
    return int(answer.split()[1]), "the body did not come within"


async def deep_body(lab: Lab) -> tuple[int, str]:
    async with lab.client(lab.token()) as client:
        json_type = {"Content-Type": "application/json"}
        answer = await client.post("/api/v1/calls", content=b"[" * 60_000, headers=json_type)
    return answer.status_code, "the body is no JSON"


async def header_bomb(lab: Lab) -> tuple[int, str]:
    head = b"GET /api/v1/lines HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 100_000
    answer = await lab.raw(head + b"\r\n\r\n")
    return int(answer.split()[1]), "Invalid HTTP request"


async def bomb_of_many_headers(lab: Lab) -> tuple[int, str]:
    many = b"".join(b"X-%d: x\r\n" % number for number in range(5000))
    answer = await lab.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")
    return int(answer.split()[1]), "Invalid HTTP request"


async def two_hosts(lab: Lab) -> tuple[int, str]:
    answer = await lab.raw(
        b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"
    )
    return int(answer.split()[1]), "Invalid HTTP request"


async def no_host(lab: Lab) -> tuple[int, str]:
    answer = await lab.raw(b"GET /api/v1/health HTTP/1.0\r\n\r\n")
    return int(answer.split()[1]), "this is not ''"


async def request_smuggled_behind_another(lab: Lab) -> tuple[int, str]:
    answer = await lab.raw(
        b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/lines HTTP/1.1\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1 ") == 1
    return int(answer.split()[1]), "two lengths"


ATTACKS: dict[Attack, int] = {
    no_token: 401,
    wrong_token: 401,
    token_of_another_kind: 401,
    expired_token: 401,
    removed_token: 401,
    token_without_the_scope: 403,
    token_in_the_address: 401,
    foreign_origin: 403,
    origin_of_a_file: 403,
    extension_without_a_token: 403,
    rebinding_host: 421,
    rebinding_host_with_its_origin: 421,
    host_that_is_none: 421,
    other_address_as_host: 421,
    request_of_a_foreign_page_with_the_cookie: 403,
    csrf_token_of_another_session: 403,
    forged_cookie: 401,
    form_of_a_foreign_page: 415,
    body_of_10_megabytes: 413,
    body_of_10_megabytes_in_chunks: 413,
    length_that_is_none: 400,
    body_without_its_end: 400,
    slow_body: 408,
    deep_body: 400,
    header_bomb: 400,
    bomb_of_many_headers: 400,
    two_hosts: 400,
    no_host: 421,
    request_smuggled_behind_another: 400,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_refused_and_logged_and_nothing_is_dialled(
    attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if attack is slow_body:  # else the long one may be slow too, on a busy machine
        monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)

    async def main():
        async with serving(tmp_path) as lab:
            status, words = await attack(lab)
            assert status == ATTACKS[attack]
            assert not [command for command, _ in lab.dialer.executed if isinstance(command, Dial)]
            refusals = lab.log.refusals()
            assert any(words in refusal for refusal in refusals), refusals

    run(main())


PATHS = (
    "/../settings.py",
    "/..%2fsettings.py",
    "/%2e%2e/%2e%2e/settings.py",
    "/..%5csettings.py",
    "/....//settings.py",
    "//etc/passwd",
    "/%2fetc/passwd",
    "/index.html%00.js",
    "/C:%5cwindows%5cwin.ini",
    "/page/../../tokens.py",
    "/" + "a" * 5000,
    "/api/v1/../../settings.py",
    "/.git/config",
    "/con",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_page(path: str, tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            answer = await lab.raw(
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            assert answer.split()[1] == b"404"
            assert lab.log.refusals()

    run(main())


def test_a_token_of_another_line_is_held_to_its_own(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            lab.dialer.answers = {
                Dial: UnknownNameError("line", "home", known=("office",)),
                ShowCall: RefusedError("there is no call 'c1'"),
                ShowMessages: RefusedError("there is no call 'c1'"),
                HangUp: RefusedError("there is no call 'c1' in progress"),
            }
            token = lab.token("office", lines=frozenset({"office"}))
            async with lab.client(token) as client:
                dialled = await client.post("/api/v1/calls", json={"number": "1", "line": "home"})
                shown = await client.get("/api/v1/calls/c1")
                ended = await client.post("/api/v1/calls/c1/hangup")
                messages = await client.get("/api/v1/calls/c1/messages")
            answers = (dialled, shown, ended, messages)
            assert [each.status_code for each in answers] == [404, 404, 404, 404]
            assert {caller.lines for _, caller in lab.dialer.executed} == {frozenset({"office"})}

    run(main())


def test_who_asks_nothing_loses_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)

    async def silence(lab: Lab, said: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
        writer.write(said)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) is not None
        writer.transport.abort()

    async def main():
        async with serving(tmp_path) as lab:
            await silence(lab, b"")
            await silence(lab, b"GET / HTTP/1.1\r\nHost: loc")
            answered = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            await silence(lab, answered + b"GET /api")
            await silence(lab, answered.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\nx"))
            assert len([each for each in lab.log.refusals() if "no request came" in each]) == 4

    run(main())


def test_somebody_who_drips_a_request_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.5)

    async def main():
        async with serving(tmp_path) as lab:
            reader, writer = await asyncio.open_connection("127.0.0.1", lab.frontend.port)
            began = time.monotonic()
            with suppress(ConnectionError):
                for byte in b"GET /api/v1/health HTTP/1.1\r\nX-Slow: " + b"x" * 1000:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    if reader.at_eof():
                        break
                    await asyncio.sleep(0.05)
            assert time.monotonic() - began < 5
            writer.transport.abort()

    run(main())


def test_whoever_does_not_read_the_answers_loses_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STALLED_SECONDS", 0.3)
    ask = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def main():
        async with serving(tmp_path) as lab:
            _reader, writer = await asyncio.open_connection(
                "127.0.0.1", lab.frontend.port, limit=4096
            )
            with suppress(ConnectionError):
                async with asyncio.timeout(20):
                    while not writer.transport.is_closing():
                        writer.write(ask)
                        await writer.drain()
                        await asyncio.sleep(0)
            assert [each for each in lab.log.refusals() if "is not read" in each]
            writer.transport.abort()

    run(main())


def test_many_wrong_tokens_teach_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "FAILURES_PER_MINUTE", 5)

    async def main():
        async with serving(tmp_path) as lab:
            good = lab.token()
            async with lab.client("siptapi_wrong") as client:
                statuses = [(await client.get("/api/v1/lines")).status_code for _ in range(8)]
            assert statuses == [401] * 5 + [429] * 3
            async with lab.client(good) as client:  # who has one is not kept out by others
                assert (await client.get("/api/v1/session")).status_code == 200

    run(main())


def test_origins_that_are_listed_may_ask_and_are_told_so(tmp_path: Path) -> None:
    async def main():
        allowed = evolve(HttpSettings(), allowed_origins=("https://crm.example",))
        async with serving(tmp_path, settings=allowed) as lab:
            origin = {"Origin": "https://crm.example"}
            async with lab.client(**origin) as client:
                asked = await client.options(
                    "/api/v1/calls",
                    headers={
                        "Access-Control-Request-Method": "POST",
                        "Access-Control-Request-Headers": "authorization,content-type",
                    },
                )
                assert asked.status_code == 200
                assert asked.headers["access-control-allow-origin"] == "https://crm.example"
                assert "access-control-allow-credentials" not in asked.headers
                refused = await client.post("/api/v1/calls", json=DIAL)
                assert refused.status_code == 401
                assert refused.headers["access-control-allow-origin"] == "https://crm.example"
            async with lab.client(Origin="https://evil.example") as client:
                asked = await client.options(
                    "/api/v1/calls", headers={"Access-Control-Request-Method": "POST"}
                )
                assert asked.status_code == 403
                assert "access-control-allow-origin" not in asked.headers

    run(main())


def test_an_extension_with_a_token_is_a_program_like_any(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab:
            for origin in ("chrome-extension://abc", "moz-extension://abc"):
                async with lab.client(lab.token(origin), Origin=origin) as client:
                    assert (await client.get("/api/v1/session")).status_code == 200

    run(main())


def test_every_answer_has_safe_headers(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            for path in ("/", "/api/v1/session", "/api/v1/nothing", "/nothing", "/api/v1/docs"):
                headers = (await client.get(path)).headers
                policy = headers["content-security-policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert headers["x-content-type-options"] == "nosniff"
                assert headers["x-frame-options"] == "DENY"
                assert headers["referrer-policy"] == "no-referrer"
                assert "server" not in headers
            answer = await client.get("/api/v1/session", headers={"Host": "evil.example"})
            assert answer.headers["x-content-type-options"] == "nosniff"

    run(main())


def test_a_bug_is_told_in_no_detail(tmp_path: Path) -> None:
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = {Dial: ZeroDivisionError("the secret is 42")}
            answer = await client.post("/api/v1/calls", json=DIAL)
            assert answer.status_code == 500
            assert answer.json()["code"] == "unexpected"
            assert "42" not in answer.text
            told = [values["why"] for level, _, values in lab.log.lines if level == "error"]
            assert told == ["ZeroDivisionError('the secret is 42')"]

    run(main())
