"""``/api/v1/docs``: the description of the API as a page, without scripts or files of others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

Described = dict[str, Any]

STYLE = """\
:root { color-scheme: light dark; --edge: #8885; --soft: #8882; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.92em; }
code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 0.2em; }
section { border-top: 1px solid var(--edge); margin-top: 2rem; }
h3 code { background: none; padding: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem 0.3rem 0; }
tr { border-bottom: 1px solid var(--soft); }
.method { display: inline-block; min-width: 4rem; font-weight: 700; }
"""


def page(api: Described) -> str:
    """The page that shows ``api``, an OpenAPI document of ours."""
    return "\n".join(_page(api))


def _page(api: Described) -> Iterator[str]:
    info, base = api["info"], api["servers"][0]["url"]
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><title>SIPTAPI: the API</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield '<link rel="stylesheet" href="docs.css"></head><body><main>'
    yield f"<h1>{escape(info['title'])} {escape(info['version'])}: the API</h1>"
    yield f"<p>{_prose(info['description'])} The same as a document for programs: "
    yield '<a href="openapi.json">openapi.json</a>.</p>'
    yield "<p>Show a token as <code>Authorization: Bearer TOKEN</code>; "
    yield "<code>siptapi token add NAME</code> makes one.</p>"
    yield "<h2>Endpoints</h2>"
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield from _operation(f"{base}{path}", method, operation, api)
    yield "<h2>What is sent and answered</h2>"
    for name, schema in api["components"]["schemas"].items():
        yield f'<section id="{name}"><h3>{name}</h3>'
        yield from _schema(schema)
        yield "</section>"
    yield "</main></body></html>"


def _operation(path: str, method: str, operation: Described, api: Described) -> Iterator[str]:
    yield f'<section id="{operation["operationId"]}">'
    yield f'<h3><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>'
    scopes = operation["security"][0]["token"] if operation["security"] else []
    needed = f" Needs the scope <code>{', '.join(scopes)}</code>." if scopes else ""
    yield f"<p><strong>{escape(operation['summary'])}.</strong>{needed}</p>"
    if "description" in operation:
        yield f"<p>{_prose(operation['description'])}</p>"
    rows = [
        (each["name"], each["in"], each["schema"], each.get("description", ""))
        for each in operation.get("parameters", ())
    ]
    if rows:
        yield "<table><tr><th>parameter</th><th>in</th><th>type</th></tr>"
        for name, place, schema, words in rows:
            kind = f"{_type(schema)} {_prose(words)}"
            yield f"<tr><td><code>{escape(name)}</code></td><td>{place}</td><td>{kind}</td></tr>"
        yield "</table>"
    if "requestBody" in operation:
        yield "<p>A JSON object:</p>"
        yield from _schema(operation["requestBody"]["content"]["application/json"]["schema"])
    yield "<table><tr><th>answer</th><th></th></tr>"
    for status, response in operation["responses"].items():
        shown = _resolved(response, api)
        (content, *_) = shown.get("content", {"": {}}).items()
        schema = content[1].get("schema")
        kind = f" ({_type(schema)})" if schema else ""
        words = f"{_prose(shown['description'])}{kind}"
        yield f"<tr><td><code>{status}</code></td><td>{words}</td></tr>"
    yield "</table></section>"


def _schema(schema: Described) -> Iterator[str]:
    if schema.get("description"):
        yield f"<p>{_prose(schema['description'])}</p>"
    if "properties" in schema:
        required = schema.get("required", ())
        yield "<table><tr><th>field</th><th>type</th><th></th></tr>"
        for name, each in schema["properties"].items():
            left_out = "" if name in required else "may be left out"
            kind = f"{_type(each)}"
            yield f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{left_out}</td></tr>"
        yield "</table>"
    else:
        yield f"<p>{_type(schema)}</p>"


def _type(schema: Described) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(map(_type, schema[key]))
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"a list of {_type(schema['items'])}"
    words = " or ".join(kind) if isinstance(kind, list) else kind
    return escape(words)


def _resolved(response: Described, api: Described) -> Described:
    if "$ref" not in response:
        return response
    found: Described = api["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found


def _prose(text: str) -> str:
    paragraphs = re.sub(r"\n\n+", "</p><p>", escape(text))
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", paragraphs)
