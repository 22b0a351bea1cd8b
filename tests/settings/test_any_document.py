"""Whatever stands in a file, the answer is settings or a settings error, and no secret is told."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import cattrs
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from siptapi_core.errors import SettingsError
from siptapi_core.settings import LineSettings, Settings, parse
from siptapi_core.settings.auto_answer import AutoAnswer
from siptapi_core.settings.initial import initial_config
from siptapi_core.settings.loading import SECTIONS

HIDDEN = "hunter2"


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(k))} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    text = json.dumps(value, ensure_ascii=False)
    return {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(text, text)


def document(tables: dict[str, object]) -> str:
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in tables.items())


texts = st.sampled_from(
    ["", "a", "office", "pbx.example", "201@192.0.2.20", "sip:a@b;c", "{number}", "on-answer", "AT"]
) | st.text(max_size=8)
scalars = texts | st.booleans() | st.integers() | st.floats()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def mostly(right: st.SearchStrategy[Any], wrong: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*[right] * 7, wrong)


def table(
    required: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Any]:
    def or_wrong(keys: dict[str, st.SearchStrategy[Any]]) -> dict[str, st.SearchStrategy[Any]]:
        return {name: mostly(right, values) for name, right in keys.items()}

    known = st.fixed_dictionaries(or_wrong(required), optional=or_wrong(optional))
    extra = mostly(st.just({}), st.dictionaries(texts, values, max_size=1))
    return st.builds(lambda one, other: one | other, known, extra)


secrets = mostly(
    st.just(HIDDEN),
    st.sampled_from(
        [
            [HIDDEN],
            {HIDDEN: "x"},
            {"text": HIDDEN},
            {"env": [HIDDEN]},
            {"command": [HIDDEN, 5]},
            {"file": {"a": HIDDEN}},
            [{"env": HIDDEN}],
        ]
    ),
)
names = st.lists(texts.filter(bool), min_size=1, max_size=2, unique=True)
seconds = st.floats(0.1, 1000) | st.integers(1, 1000)
rules = table(
    {},
    {
        "region": st.sampled_from(["AT", "US", ""]),
        "area_code": st.just("1"),
        "outside_prefix": st.just("0"),
        "international_prefix": st.just("+"),
        "internal_lengths": st.lists(st.integers(1, 8), max_size=2),
        "internal_patterns": st.just(["[0-9]{3}"]),
        "rewrites": st.lists(
            table({"match": st.just("^0"), "replace": st.just("")}, {"stop": st.booleans()}),
            max_size=2,
        ),
        "deny": st.just(["premium"]),
        "confirm": st.just(["uri"]),
        "dial_as": st.sampled_from(["digits", "tel"]),
        "extensions": st.just("ext"),
    },
)
line_keys = {
    "auth_user": st.just("sip-201"),
    "realm": texts,
    "password": secrets,
    "phone": st.sampled_from(["201", "201@192.0.2.20:5062", "sip:201@phone"]),
    "outbound_proxy": st.sampled_from(["proxy", "proxy:5060", "sip:proxy;transport=tcp"]),
    "display_name": st.sampled_from(["{number}", "SIPTAPI"]),
    "strategies": names,
    "resolvers": names,
    "callee_resolvers": names,
    "ring_timeout": seconds,
    "callee_timeout": seconds,
    "notify_timeout": seconds,
    "failure_linger": seconds,
    "tls_verify": st.booleans(),
    "tls_ca_file": st.just("ca.pem"),
    "tls_certificate": st.just("mine.pem"),
    "tls_key": st.just("~/mine.pem"),
    "tls_allow_wildcard": st.booleans(),
    "keepalive": seconds,
    "learn_address": st.booleans(),
    "bye": st.sampled_from(["on-answer", "on-accept", "never"]),
    "active": st.booleans(),
    "auto_answer": st.lists(st.sampled_from([*AutoAnswer]), max_size=2, unique=True),
    "register": st.booleans(),
    "registration_expires": seconds,
    "send_180": st.booleans(),
    "sends_reason": st.booleans(),
    "accept_from": st.sampled_from(["proxy", "phone", "any"]),
    "watch": st.booleans(),
}
templates = st.sampled_from(["vienna", ["vienna"], ["vienna", "lab"], []])
lines = table(
    {"domain": st.just("pbx.example"), "user": st.just("201")},
    line_keys | {"numbers": rules, "template": templates},
)
sections = st.dictionaries(texts, st.dictionaries(texts, secrets | values, max_size=2), max_size=2)
documents = table(
    {"lines": st.dictionaries(st.sampled_from(["office", "my desk"]), lines, min_size=1)},
    {
        "default_line": st.just("office"),
        "log_level": st.just("debug"),
        "confirm_links": st.booleans(),
        "plugins": table({}, {"blocked": names}),
        "dns": table(
            {},
            {
                "servers": st.just(["192.0.2.53", "[::1]:5353"]),
                "query_timeout": seconds,
                "overall_timeout": seconds,
            },
        ),
        "defaults": table({}, line_keys),
        "templates": st.fixed_dictionaries(
            dict.fromkeys(["vienna", "lab"], table({}, line_keys | {"numbers": rules}))
        ),
        "numbers": rules,
        **dict.fromkeys(SECTIONS, sections),
    },
)


def test_the_documents_have_every_key() -> None:
    given_to_lines = {"domain", "user", "numbers", "template", *line_keys}
    assert given_to_lines == {field.name for field in attrs.fields(LineSettings) if field.init}


def outcome(text: str) -> Settings | SettingsError:
    try:
        return parse(text, where="siptapi.toml")
    except SettingsError as error:
        return error


def told(result: Settings | SettingsError) -> str:
    if isinstance(result, SettingsError):
        assert all(problem.where == "siptapi.toml" for problem in result.problems)
        problems = [*result.problems, result]
        shown: list[str] = [f"{each!s} {each!r} {each.args} {vars(each)}" for each in problems]
        return "".join([*shown, *traceback.format_exception(result)])
    views: list[Callable[[Any], object]] = [repr, str, attrs.asdict, cattrs.unstructure]
    return "".join(str(view(result)) for view in views)


@given(st.text())
def test_any_text(text: str) -> None:
    outcome(text)


@given(documents)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@example({"lines": {"a": {"domain": "d", "user": "u", "password": HIDDEN}}})
@example({"lines": {"a": {"domain": "d", "user": "u"}}, "frontends": {"http": {"key": HIDDEN}}})
def test_any_document(tables: dict[str, object]) -> None:
    assert HIDDEN not in told(outcome(document(tables)))


@given(st.integers(0, len(initial_config())), st.integers(0, 40), st.text(max_size=4))
def test_a_damaged_file(start: int, length: int, inserted: str) -> None:
    text = initial_config()
    told(outcome(text[:start] + inserted + text[start + length :]))


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, min_size=1), st.data())
def test_right_values_are_read_as_they_are(names: list[str], data: st.DataObject) -> None:
    plain = st.text(st.characters(codec="ascii", min_codepoint=33, max_codepoint=126), min_size=1)
    keys = {
        "auth_user": plain,
        "realm": plain,
        "ring_timeout": st.floats(0.001, 1e6),
        "callee_timeout": st.floats(0.001, 1e6),
        "strategies": st.lists(plain, min_size=1, unique=True),
        "tls_verify": st.booleans(),
        "tls_ca_file": st.just("ca.pem"),
        "tls_certificate": st.just("mine.pem"),
        "tls_key": st.just("~/mine.pem"),
        "tls_allow_wildcard": st.booleans(),
        "keepalive": seconds,
        "learn_address": st.booleans(),
        "bye": st.sampled_from(["on-answer", "on-accept", "never"]),
    }
    tables = data.draw(st.fixed_dictionaries(dict.fromkeys(names, st.fixed_dictionaries(keys))))
    account = {"domain": "pbx.example", "user": "201"}
    read = parse(document({"lines": {name: account | tables[name] for name in names}}))
    assert list(read.lines) == names
    for name in names:
        expected = tables[name] | {"strategies": tuple(tables[name]["strategies"])}
        assert {key: getattr(read.line(name), key) for key in keys} == expected
