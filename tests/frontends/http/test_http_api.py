"""Every endpoint over a real socket: the command that it executes, and what it answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from attrs import evolve
from http_lab import DIALLING, EXPLANATION, events_of, run, serving, serving_demo

from siptapi_core.commands import (
    CallDirection,
    CallRecord,
    Calls,
    CallState,
    CallStatus,
    Dial,
    Done,
    Explain,
    HangUp,
    History,
    Lines,
    LineStatus,
    ListCalls,
    ListHistory,
    ListLines,
    ListPlugins,
    Messages,
    Plugins,
    Redirect,
    Reject,
    Reload,
    Reloaded,
    Resolve,
    ShowCall,
    ShowMessages,
    ShownSettings,
    ShowSettings,
    ShowStatus,
    Status,
    Transfer,
)
from siptapi_core.demo import Ending
from siptapi_core.errors import (
    BusyError,
    DeniedError,
    NetworkError,
    NotSupportedError,
    NumberError,
    PluginError,
    RefusedError,
    ResolveError,
    SettingsError,
    SiptapiError,
    UnknownNameError,
    UsageError,
)
from siptapi_core.resolution import Resolution
from siptapi_frontends.http.settings import HttpSettings
from siptapi_frontends.http.tokens import Scope

STATUS = Status(
    version="1", started=1.0, settings_file="", counters={"calls": 2}, registered=1, lines=2
)
RECORD = CallRecord(
    call="c1", line="office", direction=CallDirection.OUTGOING, number="1", started=1.5
)
REPLIES = {
    ListLines: Lines((LineStatus(name="office", account="a", phone="b", strategies=("x",)),)),
    ListCalls: Calls(()),
    Dial: DIALLING,
    ShowCall: RECORD,
    ShowMessages: Messages(()),
    ListHistory: History(calls=(RECORD,), next_page="1.5_c1"),
    Explain: EXPLANATION,
    Resolve: Resolution(target="a", line="office", steps=()),
    Reload: Reloaded(changed=("office",)),
    ShowStatus: STATUS,
    ListPlugins: Plugins(()),
    ShowSettings: ShownSettings(file="f", settings={}),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "command", "status"),
    [
        ("GET", "lines", None, ListLines(), 200),
        ("GET", "calls", None, ListCalls(), 200),
        ("POST", "calls", {"number": "01"}, Dial(number="01"), 201),
        (
            "POST",
            "calls",
            {"number": "0", "line": "a", "strategy": "acd", "confirmed": True},
            Dial(number="0", line="a", strategy="acd", confirmed=True),
            201,
        ),
        ("GET", "calls/c1", None, ShowCall(call="c1"), 200),
        ("GET", "calls/c1/messages", None, ShowMessages(call="c1"), 200),
        ("POST", "calls/c1/hangup", None, HangUp(call="c1"), 204),
        ("POST", "calls/c1/hangup", {}, HangUp(call="c1"), 204),
        ("POST", "calls/c1/transfer", {"number": "3"}, Transfer(call="c1", number="3"), 204),
        ("POST", "calls/c1/reject", None, Reject(call="c1"), 204),
        ("POST", "calls/c1/redirect", {"number": "3"}, Redirect(call="c1", number="3"), 204),
        ("GET", "history", None, ListHistory(), 200),
        (
            "GET",
            "history?line=a&direction=incoming&search=%2B43&since=1.5&until=2&before=p&limit=7",
            None,
            ListHistory(
                line="a",
                direction=CallDirection.INCOMING,
                search="+43",
                since=1.5,
                until=2.0,
                before="p",
                limit=7,
            ),
            200,
        ),
        ("GET", "numbers?text=01&line=a", None, Explain(text="01", line="a"), 200),
        ("GET", "resolve?target=a", None, Resolve(target="a"), 200),
        ("POST", "reload", None, Reload(), 200),
        ("GET", "status", None, ShowStatus(), 200),
        ("GET", "plugins", None, ListPlugins(), 200),
        ("GET", "settings", None, ShowSettings(), 200),
    ],
)
def test_an_endpoint_executes_one_command(method, path, body, command, status, tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = REPLIES
            answer = await client.request(method, f"/api/v1/{path}", json=body)
            assert (answer.status_code, answer.content != b"") == (status, status != 204)
            [(executed, caller)] = lab.dialer.executed
            assert executed == command
            assert (caller.frontend, caller.lines) == ("http", None)

    run(main())


def test_what_was_dialled_is_shown_where_the_answer_says(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = REPLIES
            answer = await client.post("/api/v1/calls", json={"number": "01/505641"})
            assert answer.headers["location"] == "/api/v1/calls/c1"
            assert answer.json()["call"] == "c1"
            assert answer.json()["explanation"]["formatted"] == "+43 1 505641"
            assert (await client.get(answer.headers["location"])).json()["number"] == "1"

    run(main())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("w"), 422),
        (NumberError("w", text="x", position=0), 422),
        (UnknownNameError("line", "x"), 404),
        (DeniedError("w"), 403),
        (RefusedError("w"), 409),
        (BusyError("w"), 503),
        (NotSupportedError("w"), 409),
        (NetworkError("w"), 502),
        (ResolveError("w"), 502),
        (SettingsError("w", where="f", key="k"), 500),
        (PluginError("w"), 500),
        (SiptapiError("w"), 500),
    ],
    ids=lambda each: getattr(each, "code", ""),
)
def test_an_error_is_a_problem_in_the_words_of_the_command_line(error, status, tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = {Dial: error}
            answer = await client.post("/api/v1/calls", json={"number": "1"})
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["detail"] == str(error)
            assert (problem["code"], problem["status"]) == (error.code, status)
            assert problem["type"] == "about:blank"
            assert problem["title"]
            assert "confirmable" not in problem
            assert answer.headers.get("retry-after") == ("5" if status == 503 else None)

    run(main())


OF_A_CALL = {
    "GET calls/c1/messages": ShowMessages,
    "POST calls/c1/hangup": HangUp,
    "POST calls/c1/transfer": Transfer,
    "POST calls/c1/reject": Reject,
    "POST calls/c1/redirect": Redirect,
}
IN_PROGRESS = CallStatus(
    call="c1", line="office", number="1", state=CallState.CONNECTED, started=1.5
)


@pytest.mark.parametrize("operation", OF_A_CALL)
@pytest.mark.parametrize(
    ("calls", "record", "status"),
    [
        ((), RefusedError("the history has no call 'c1'"), 404),
        ((), RECORD, 409),
        ((IN_PROGRESS,), RefusedError("no history is kept"), 409),
        ((IN_PROGRESS.evolve(call="c2"),), RefusedError("no history is kept"), 404),
    ],
    ids=["unknown", "over", "in progress", "another in progress"],
)
def test_a_call_that_nobody_knows_is_not_found(operation, calls, record, status, tmp_path):
    command, (method, path) = OF_A_CALL[operation], operation.split()

    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            answers = {ListCalls: Calls(calls), ShowCall: record, command: RefusedError("not now")}
            lab.dialer.answers = answers
            body = {"number": "3"} if command in {Transfer, Redirect} else None
            answer = await client.request(method, f"/api/v1/{path}", json=body)
            problem = answer.json()
            assert (answer.status_code, problem["status"]) == (status, status)
            assert (problem["code"], problem["detail"]) == ("refused", "not now")
            assert problem["title"] == {404: "Not Found", 409: "Conflict"}[status]

    run(main())


def test_a_number_that_a_person_may_confirm_says_so(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = {Dial: DeniedError("must be confirmed", confirmable=True)}
            answer = await client.post("/api/v1/calls", json={"number": "1"})
            assert answer.status_code == 409
            assert (answer.json()["code"], answer.json()["confirmable"]) == ("denied", True)

    run(main())


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "calls", {}, "number: missing"),
        ("POST", "calls", {"number": 1}, "number: expected text, given 1"),
        ("POST", "calls", {"number": "1", "lien": "a"}, "no field is named 'lien'"),
        ("POST", "calls", [], "expected a JSON object"),
        ("POST", "calls/c1/hangup", {"call": "c2"}, "no field is named 'call'"),
        ("POST", "calls", {"command": "reload"}, "no field is named 'command'"),
        ("GET", "history?limit=many", None, "limit: expected a whole number"),
        ("GET", "history?since=now", None, "since: expected a number"),
        ("GET", "history?since=nan", None, "since: expected a number"),
        ("GET", "history?direction=up", None, "direction: expected one of outgoing, incoming"),
        ("GET", "history?wrong=1", None, "no field is named 'wrong'"),
        ("GET", "history?limit=1&limit=2", None, "'limit': given twice"),
        ("GET", "numbers", None, "text: missing"),
        ("GET", "events?after=x", None, "after: expected the id of an event, given 'x'"),
        ("GET", "events?trace=2", None, "expected after=ID, trace=1"),
        ("GET", "events?wrong=2", None, "expected after=ID, trace=1"),
        ("GET", "calls/c1/messages?wrong=2", None, "no field is named 'wrong'; there is call"),
        ("POST", "session", {"token": 1}, "expected {"),
        ("POST", "session", {"token": "a", "b": 1}, "expected {"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_done(
    method, path, body, words, tmp_path
):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            answer = await client.request(method, f"/api/v1/{path}", json=body)
            assert answer.status_code == 422
            assert words in answer.json()["detail"]
            assert lab.dialer.executed == []

    run(main())


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("DELETE", "calls", 405, {"GET", "HEAD", "POST"}),
        ("PUT", "session", 405, {"GET", "HEAD", "POST", "DELETE"}),
        ("GET", "nothing", 404, set()),
        ("GET", "calls/", 404, set()),
        ("GET", "", 404, set()),
    ],
)
def test_what_is_not_there_is_a_problem_as_well(method, path, status, allow, tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            answer = await client.request(method, f"/api/v1/{path}")
            assert answer.status_code == status
            assert answer.json()["status"] == status
            expected = "there is nothing at" if status == 404 else f"{method} means nothing here"
            assert answer.json()["detail"].startswith(expected)
            assert set(answer.headers.get("allow", "").split(", ")) - {""} == allow

    run(main())


@pytest.mark.parametrize("body", ['{"number": "1", "number": "2"}', '{"number": {"a": 1, "a": 1}}'])
def test_what_is_said_twice_is_refused(body, tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            headers = {"Content-Type": "application/json"}
            answer = await client.post("/api/v1/calls", content=body, headers=headers)
            assert answer.status_code == 422
            assert answer.json()["detail"] == "a name is given twice in a JSON object"
            assert lab.dialer.executed == []

    run(main())


def test_head_is_answered_like_get(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            answer = await client.head("/api/v1/session")
            assert (answer.status_code, answer.content) == (200, b"")

    run(main())


def test_the_same_request_with_the_same_key_dials_once(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            begun = asyncio.Event()

            async def dial(command):
                begun.set()
                await asyncio.sleep(0.2)
                return DIALLING.evolve(call=f"c{len(lab.dialer.executed)}")

            lab.dialer.answers = {Dial: dial}

            async def post(number="1", key="k", who=client):
                headers = {"Idempotency-Key": key}
                return await who.post("/api/v1/calls", json={"number": number}, headers=headers)

            first = asyncio.create_task(post())
            await begun.wait()
            same = await post()  # while the first is under way
            again = await post()
            assert [each.json()["call"] for each in (await first, same, again)] == ["c1"] * 3
            assert again.headers["location"] == "/api/v1/calls/c1"
            assert (await post(number="2")).status_code == 422
            assert (await post(key="other")).json()["call"] == "c2"
            async with lab.client(lab.token("other")) as other:
                assert (await post(who=other)).json()["call"] == "c3"
            assert (await post(key="")).status_code == 422
            assert (await post(key="k" * 201)).status_code == 422

    run(main())


def test_after_an_error_the_same_key_dials(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            headers = {"Idempotency-Key": "k"}
            lab.dialer.answers = {Dial: NetworkError("no network")}
            failed = await client.post("/api/v1/calls", json={"number": "1"}, headers=headers)
            assert failed.status_code == 502
            lab.dialer.answers = REPLIES
            dialled = await client.post("/api/v1/calls", json={"number": "1"}, headers=headers)
            assert dialled.status_code == 201

    run(main())


def test_a_token_may_ask_so_often_and_is_told_when_again(tmp_path):
    async def main():
        few = evolve(HttpSettings(), requests_per_minute=3)
        async with serving(tmp_path, settings=few) as lab:
            async with lab.client(lab.token()) as client:
                answers = [await client.get("/api/v1/session") for _ in range(4)]
            assert [each.status_code for each in answers] == [200, 200, 200, 429]
            assert 0 < int(answers[3].headers["retry-after"]) <= 20
            assert answers[3].json()["code"] == "rate"
            async with lab.client(lab.token("other")) as client:
                assert (await client.get("/api/v1/session")).status_code == 200

    run(main())


@pytest.mark.parametrize("line", ["office", None])
def test_a_line_is_dialled_on_so_often(line, tmp_path):
    async def main():
        few = evolve(HttpSettings(), calls_per_minute=2)
        async with serving(tmp_path, settings=few) as lab:
            lab.dialer.answers = REPLIES
            for number in range(3):  # whoever asks
                async with lab.client(lab.token(str(number))) as client:
                    body = {"number": "1", "line": line}
                    answer = await client.post("/api/v1/calls", json=body)
            assert answer.status_code == 429
            assert "calls" in answer.json()["detail"]
            assert len(lab.dialer.executed) == 2
            async with lab.client(lab.token("other")) as client:
                body = {"number": "1", "line": "home"}
                answer = await client.post("/api/v1/calls", json=body)
                assert answer.status_code == 201

    run(main())


def test_the_limit_of_a_line_holds_for_who_names_it_and_who_does_not(tmp_path):
    async def main():
        few = evolve(HttpSettings(), calls_per_minute=2)
        async with serving(tmp_path, settings=few) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = REPLIES
            for _ in range(2):
                await client.post("/api/v1/calls", json={"number": "1"})
            named = await client.post("/api/v1/calls", json={"number": "1", "line": "office"})
            assert named.status_code == 429

    run(main())


def test_health_needs_no_token_and_says_little(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client() as client:
            for path in ("health", "ready"):
                answer = await client.get(f"/api/v1/{path}")
                assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
            lab.dialer.close()
            answer = await client.get("/api/v1/ready")  # the broadcaster has its turn meanwhile
            answer = await client.get("/api/v1/ready")
            assert answer.status_code == 503
            assert (await client.get("/api/v1/health")).status_code == 200

    run(main())


def test_figures_for_prometheus(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token("p", Scope.READ)) as client:
            lab.dialer.answers = REPLIES
            answer = await client.get("/api/v1/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=")
            lines = answer.text.splitlines()
            for line in (
                'siptapi_info{version="1"} 1.0',
                'siptapi_alive{kind="calls"} 2.0',
                "siptapi_lines 2.0",
                "siptapi_lines_registered_now 1.0",
                "siptapi_http_listeners 0.0",
                "siptapi_http_events_total 0.0",
            ):
                assert line in lines

    run(main())


def test_a_dialer_that_breaks_its_contract_is_a_bug_of_ours(tmp_path):
    async def main():
        async with serving(tmp_path) as lab, lab.client(lab.token()) as client:
            lab.dialer.answers = {Dial: Done(), ShowStatus: Done()}
            answer = await client.post("/api/v1/calls", json={"number": "1"})
            assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
            assert (await client.get("/api/v1/metrics")).status_code == 500

    run(main())


def test_a_whole_call_on_simulated_phones(tmp_path: Path):
    async def main():
        async with serving_demo(tmp_path) as lab, lab.client(lab.token()) as client:
            [line] = (await client.get("/api/v1/lines")).json()["lines"]
            assert line["name"] == "demo"
            async with client.stream("GET", "/api/v1/events?trace=1") as stream:
                events = events_of(stream)
                await anext(events)
                explained = (await client.get("/api/v1/numbers", params={"text": "301"})).json()
                assert explained["decision"] == "allow"
                dialled = await client.post("/api/v1/calls", json={"number": "301"})
                call = dialled.json()["call"]
                [status] = (await client.get("/api/v1/calls")).json()["calls"]
                assert (status["call"], status["number"]) == (call, "301")
                names = []
                async for event in events:
                    names.append(event["event"])
                    if event["event"] == "call_ended":
                        break
            assert names[0] == "call_placed"
            assert names.count("message") > 10
            told = [name for name in names if name != "message"]
            shown = (await client.get(f"/api/v1/calls/{call}")).json()
            assert [event["event"] for event in shown["events"]] == told
            assert shown["outcome"] == "answered"
            [past] = (await client.get("/api/v1/history?search=301")).json()["calls"]
            assert past == {**shown, "events": []}
            messages = (await client.get(f"/api/v1/calls/{call}/messages")).json()["messages"]
            assert messages[0]["text"].startswith("INVITE sip:201@")
            assert {message["call"] for message in messages} == {call}
            assert messages == sorted(messages, key=lambda message: message["time"])
            refused = await client.post(f"/api/v1/calls/{call}/hangup")
            assert (refused.status_code, refused.json()["code"]) == (409, "refused")
            unknown = await client.post("/api/v1/calls/nobodys/hangup")
            assert (unknown.status_code, unknown.json()["code"]) == (404, "refused")
            assert (await client.get("/api/v1/settings")).json()["settings"]["lines"]["demo"]
            status = (await client.get("/api/v1/status")).json()
            assert status["lines"] == 1
            async with lab.client(
                lab.token("one", Scope.READ, lines=frozenset({"demo"}))
            ) as of_one_line:
                figures = await of_one_line.get("/api/v1/metrics")
            assert (figures.status_code, figures.json()["code"]) == (403, "denied")
            assert "http" in str((await client.get("/api/v1/plugins")).json())

    run(main())


def test_a_hang_up_while_the_phone_rings(tmp_path: Path):
    async def main():
        async with (
            serving_demo(tmp_path, Ending.PHONE_NO_ANSWER) as lab,
            lab.client(lab.token()) as client,
            client.stream("GET", "/api/v1/events") as stream,
        ):
            events = events_of(stream)
            call = (await client.post("/api/v1/calls", json={"number": "301"})).json()["call"]
            async for event in events:
                if event.get("event") == "phone_ringing":
                    ended = await client.post(f"/api/v1/calls/{call}/hangup")
                    assert ended.status_code == 204
                if event.get("event") == "call_ended":
                    break
            assert '"outcome":"cancelled"' in event["data"]

    run(main())


def test_the_history_is_read_page_by_page(tmp_path: Path):
    async def main():
        async with (
            serving_demo(tmp_path, Ending.PHONE_BUSY) as lab,
            lab.client(lab.token()) as client,
        ):
            dialled = []
            for _ in range(5):
                answer = await client.post("/api/v1/calls", json={"number": "301"})
                dialled.append(answer.json()["call"])
            found, query = [], {"limit": "2"}
            while query.get("before", "") is not None:
                page = (await client.get("/api/v1/history", params=query)).json()
                found += [call["call"] for call in page["calls"]]
                assert len(page["calls"]) <= 2
                query["before"] = page["next_page"]
            assert found == dialled[::-1]
            assert (await client.get("/api/v1/history?before=nonsense")).status_code == 422
            assert (await client.get("/api/v1/history?limit=0")).status_code == 422

    run(main())
