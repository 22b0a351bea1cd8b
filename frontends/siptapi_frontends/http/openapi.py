"""The API's description by OpenAPI 3.1, made from the commands, replies and events themselves."""

from __future__ import annotations

from typing import Any

from siptapi_core.commands import Dial, Done
from siptapi_core.events import TracedMessage
from siptapi_core.value_encoding import class_fields
from siptapi_core.version import VERSION
from siptapi_frontends.http import problems
from siptapi_frontends.http.operations import API, OPERATIONS, Operation
from siptapi_frontends.http.schemas import Schema, Schemas, description, reference
from siptapi_frontends.http.tokens import Scope

_TEXT: Schema = {"type": "string"}
_WORDS = {
    400: "It is no HTTP, or no JSON.",
    401: "No token, or one that is good for nothing.",
    403: "The token lacks the scope, or the rules of the line forbid the number.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "It cannot be done now; with `confirmable`, a person may say yes to it.",
    413: "The body is too long.",
    415: "The body is no `application/json`.",
    421: "The name that was asked for is not ours.",
    422: "What was asked for cannot be meant; nothing was done.",
    429: "Too often: Retry-After says when to come again.",
    500: "The settings or a plugin are at fault.",
    502: "The network or a name server did not answer.",
    503: "There are too many listeners, or too many calls: Retry-After says when to come again.",
}
_PROBLEM: Schema = {
    "type": "object",
    "description": "What went wrong (RFC 9457); `detail` is for people, `code` for programs.",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
        "confirmable": {"const": True},
    },
    "required": ["type", "title", "status", "detail", "code"],
}
_SESSION: Schema = {
    "type": "object",
    "properties": {
        "csrf": {"type": ["string", "null"], "description": "for X-CSRF-Token; null for a token"},
        "scopes": {"type": "array", "items": {"enum": [scope.value for scope in Scope]}},
        "lines": {"type": ["array", "null"], "items": _TEXT, "description": "null: every line"},
    },
    "required": ["csrf", "scopes", "lines"],
}


def describe() -> dict[str, Any]:
    """The whole document."""
    schemas = Schemas()
    paths: dict[str, Schema] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
    for path, methods in _others(schemas).items():
        paths.setdefault(path, {}).update(methods)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SIPTAPI",
            "version": VERSION,
            "description": "Makes a person's own SIP phone place a call.",
        },
        "servers": [{"url": API}],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Problem": _PROBLEM, "Session": _SESSION},
            "responses": {
                f"Problem{status}": {
                    "description": words,
                    "content": {problems.MEDIA_TYPE: {"schema": reference("Problem")}},
                }
                for status, words in _WORDS.items()
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "siptapi_session"},
            },
        },
    }


def _operation(operation: Operation, schemas: Schemas) -> Schema:
    in_path, fields = operation.in_path, class_fields(operation.command)
    is_get = operation.method == "GET"
    parameters: list[Schema] = [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": each.required,
            "schema": _given(schemas.of(each.type)),
        }
        for name, each in fields.items()
        if is_get or name in in_path
    ]
    if operation.command is Dial:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The same request with the same key dials once.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    done: Schema = {"description": "Done."}
    if operation.reply is not Done:
        done = _json(schemas.of(operation.reply), description(operation.reply).split("\n")[0])
    if operation.command is Dial:
        done["headers"] = {"Location": {"description": "Where the call is shown.", "schema": _TEXT}}
    found: Schema = _secured(operation.scope) | {
        "operationId": operation.command.__name__,
        "summary": operation.summary,
        "description": description(operation.command),
        "responses": {str(operation.status): done} | _problems(*_statuses(operation)),
    }
    if parameters:
        found["parameters"] = parameters
    if not is_get:
        content = {"application/json": {"schema": schemas.command(operation.command, in_path)}}
        needed = any(each.required for name, each in fields.items() if name not in in_path)
        found["requestBody"] = {"content": content, "required": needed}
    return found


def _statuses(operation: Operation) -> set[int]:
    always = {401, 403, 404, 409, 422, 429, 500, 502}
    dials = {503} if operation.command is Dial else set()
    return always | dials | ({408, 413, 415} if operation.method != "GET" else set())


def _others(schemas: Schemas) -> dict[str, Schema]:
    """The endpoints that are no command."""
    schemas.of(TracedMessage)
    session = _json(reference("Session"), "Who you are.")
    schemas.event()
    login = {
        "type": "object",
        "properties": {"token": _TEXT},
        "required": ["token"],
        "additionalProperties": False,
    }
    return {
        "/events": {
            "get": _secured(Scope.READ)
            | {
                "operationId": "Listen",
                "summary": "What happens, as server-sent events",
                "description": "Each has an `id`, its name as `event`, and as `data` a JSON object "
                "of the schema Event. `after`, or the header Last-Event-ID, is the id of the last "
                "one you know. With `trace=1` SIP messages come too, as events `message` without "
                "an id, of the schema TracedMessage. The last event of who is let go is "
                "`goodbye`, with `code` and `message`.",
                "parameters": [
                    _parameter("after", "query", {"type": "integer", "minimum": 0}),
                    _parameter("trace", "query", {"enum": ["0", "1"]}),
                    _parameter("Last-Event-ID", "header"),
                ],
                "responses": {
                    "200": {
                        "description": "It goes on until you leave.",
                        "content": {"text/event-stream": {"schema": _TEXT}},
                    }
                }
                | _problems(401, 403, 422, 429, 503),
            }
        },
        "/session": {
            "get": _secured()
            | {
                "operationId": "ShowSession",
                "summary": "Who you are",
                "responses": {"200": session} | _problems(401, 403, 429),
            },
            "post": {
                "operationId": "LogIn",
                "summary": "Open a session of the page with a token",
                "description": "Sets the cookie `siptapi_session`. Whoever has that sends `csrf` "
                "as X-CSRF-Token with every request that is no GET.",
                "security": [],
                "requestBody": {
                    "content": {"application/json": {"schema": login}},
                    "required": True,
                },
                "responses": {"201": session} | _problems(401, 403, 408, 413, 415, 422, 429),
            },
            "delete": _secured()
            | {
                "operationId": "LogOut",
                "summary": "End the session",
                "responses": {"204": {"description": "Done."}} | _problems(401, 403, 429),
            },
        },
        "/health": {"get": _open("Health", "Whether the process lives")},
        "/ready": {"get": _open("Ready", "Whether calls are taken", 503)},
        "/metrics": {
            "get": _secured(Scope.READ)
            | {
                "operationId": "Metrics",
                "summary": "Figures for Prometheus",
                "responses": {
                    "200": {
                        "description": "In Prometheus' text format.",
                        "content": {"text/plain": {"schema": _TEXT}},
                    }
                }
                | _problems(401, 403, 429),
            }
        },
    }


def _given(schema: Schema) -> Schema:
    """The schema of a parameter, which is left out where JSON would have null."""
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    return choices[0] if choices else schema


def _parameter(name: str, place: str, schema: Schema | None = None) -> Schema:
    return {"name": name, "in": place, "required": place == "path", "schema": schema or _TEXT}


def _open(name: str, summary: str, *statuses: int) -> Schema:
    health = {"type": "object", "properties": {"status": _TEXT}, "required": ["status"]}
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {"200": _json(health, "It does.")} | _problems(403, *statuses),
    }


def _secured(*scopes: Scope) -> Schema:
    names = [scope.value for scope in scopes]
    return {"security": [{"token": names}, {"session": names}]}


def _json(schema: Schema, words: str) -> Schema:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _problems(*statuses: int) -> Schema:
    return {
        str(status): {"$ref": f"#/components/responses/Problem{status}"}
        for status in sorted({400, 421, *statuses})  # what any request may be answered
    }
