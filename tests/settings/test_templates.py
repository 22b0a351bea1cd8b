"""Five hundred lines that are not five hundred copies: templates, and what equal lines share."""

from __future__ import annotations

import tracemalloc
from time import process_time

import pytest

from siptapi_core.errors import SettingsError
from siptapi_core.settings import Settings, parse
from siptapi_core.settings.auto_answer import AutoAnswer

TEMPLATES = """
    [defaults]
    domain = "pbx.example"
    ring_timeout = 20
    display_name = "of defaults"
    [templates.vienna]
    ring_timeout = 30
    callee_timeout = 60
    outbound_proxy = "vienna.example"
    [templates.snom]
    auto_answer = ["call-info"]
    callee_timeout = 90
    [templates.unused]
    register = true
"""


def problems(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_line_goes_before_its_template_and_that_before_the_defaults() -> None:
    settings = parse(f"""{TEMPLATES}
        [lines.a]
        user = "a"
        template = "vienna"
        ring_timeout = 40
        [lines.b]
        user = "b"
        template = ["vienna", "snom"]
        [lines.c]
        user = "c"
        template = ["snom", "vienna"]
        [lines.d]
        user = "d"
    """)
    a, b, c, d = settings.lines.values()
    assert (a.ring_timeout, a.callee_timeout, a.display_name) == (40.0, 60.0, "of defaults")
    assert (b.ring_timeout, b.callee_timeout) == (30.0, 90.0)
    assert (b.outbound_proxy, b.auto_answer) == ("vienna.example", (AutoAnswer.CALL_INFO,))
    assert (c.callee_timeout, c.outbound_proxy) == (60.0, "vienna.example")
    assert (d.ring_timeout, d.outbound_proxy, d.register) == (20.0, None, False)
    assert [each.template for each in (a, b, d)] == [("vienna",), ("vienna", "snom"), ()]
    assert {line.domain for line in settings.lines.values()} == {"pbx.example"}


def test_rules_for_numbers_may_stand_in_a_template() -> None:
    settings = parse("""
        [numbers]
        region = "AT"
        area_code = "1"
        dial_as = "digits"
        [templates.linz]
        domain = "pbx.example"
        numbers = { area_code = "732", outside_prefix = "0" }
        [lines.a]
        user = "a"
        template = "linz"
        [lines.b]
        user = "b"
        template = "linz"
        [lines.c]
        user = "c"
        template = "linz"
        numbers = { outside_prefix = "9" }
    """)
    a, b, c = (line.numbers for line in settings.lines.values())
    assert (a.region, a.area_code, a.outside_prefix, a.dial_as) == ("AT", "732", "0", "digits")
    assert b is a
    assert (c.region, c.area_code, c.outside_prefix) == ("AT", "732", "9")


def test_an_unknown_template() -> None:
    assert problems(f'{TEMPLATES}\n[lines.a]\nuser = "a"\ntemplate = "viena"') == [
        (
            "lines.a.template: no template is named 'viena'; there is vienna, snom, unused; "
            "did you mean vienna?"
        )
    ]
    assert problems('[lines.a]\ndomain = "d"\nuser = "a"\ntemplate = ["x"]') == [
        "lines.a.template: no template is named 'x'; there is no template at all"
    ]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("5", "expected a list of text, given a whole number"),
        ("[5]", "expected text, given a whole number; put it in quotes"),
        ('["vienna", "vienna"]', "expected no name twice"),
    ],
)
def test_what_names_no_template(template: str, words: str) -> None:
    (problem,) = problems(f'{TEMPLATES}\n[lines.a]\nuser = "a"\ntemplate = {template}')
    assert problem.startswith("lines.a.template")
    assert problem.endswith(words)


def test_an_error_in_a_template_is_told_once_and_where_it_was_made() -> None:
    lines = "".join(f'[lines.{n}]\nuser = "{n}"\ntemplate = "t"\n' for n in "abc")
    shared = 'domain = "d"\nring_timeout = 0\n'
    assert problems(f"[templates.t]\n{shared}{lines}") == [
        "templates.t.ring_timeout: expected more than 0, given 0.0"
    ]
    assert problems(f'[templates.t]\n{shared}rign_timeout = 1\nbye = "x"\n{lines}') == [
        "templates.t.rign_timeout: there is no such key; did you mean ring_timeout?",
        'templates.t.bye: expected one of "on-answer", "on-accept", "never", given "x"',
        "templates.t.ring_timeout: expected more than 0, given 0.0",
    ]


def test_every_template_is_read() -> None:
    line = '[lines.a]\ndomain = "d"\nuser = "a"\n'
    assert problems(f"templates.x = 5\n{line}[templates.y]\nusr = 1\n") == [
        "templates.x: expected a table, given a whole number",
        "templates.y.usr: there is no such key; did you mean user?",
    ]
    assert problems(f"templates = 5\n{line}") == [
        "templates: expected a table, given a whole number"
    ]


@pytest.mark.parametrize("table", ["defaults", "templates.x"])
def test_only_a_line_has_templates(table: str) -> None:
    line = '[lines.a]\ndomain = "d"\nuser = "a"\n'
    assert problems(f'{line}[templates.vienna]\n[{table}]\ntemplate = "vienna"') == [
        f"{table}.template: only a line has templates"
    ]


def test_wrong_rules_of_a_template_and_what_else_is_wrong() -> None:
    assert problems("""
        [templates.t]
        numbers = { deny = ["premium"] }
        [lines.a]
        domain = "d"
        user = ""
        template = "t"
    """) == [
        "templates.t.numbers: premium cannot be told without a region: set it",
        "lines.a.user: expected text that is not empty",
    ]


def many(count: int, *, templated: bool) -> str:
    shared = """
        domain = "pbx.example"
        outbound_proxy = "192.0.2.1:5060"
        strategies = ["refer-via-proxy", "refer-to-phone"]
        ring_timeout = 20
    """
    own = 'template = "t"' if templated else shared
    lines = (
        f'[lines.l{n}]\n{own}\nuser = "{n:05}"\npassword = "secret-{n}"\n' for n in range(count)
    )
    return f"[templates.t]\n{shared}\n{''.join(lines)}"


def shared_values(settings: Settings) -> int:
    """How many objects the equal values of all lines are."""
    names = ("domain", "outbound_proxy", "strategies", "ring_timeout", "numbers", "resolvers")
    lines = settings.lines.values()
    return len({id(getattr(line, name)) for line in lines for name in names})


@pytest.mark.parametrize("templated", [False, True])
def test_what_is_equal_is_one_object(templated: bool) -> None:  # noqa: FBT001
    settings = parse(many(50, templated=templated))
    assert shared_values(settings) == 6


@pytest.mark.parametrize("templated", [False, True])
def test_a_line_is_small(templated: bool) -> None:  # noqa: FBT001
    """What may be 3 KiB is some 0.6; each call makes what it needs besides."""
    text = many(500, templated=templated)
    parse(text)  # what is remembered of one is remembered for all
    tracemalloc.start()
    try:
        settings = parse(text)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(settings.lines) == 500
    assert size / 500 < 1024


def test_a_thousand_lines_are_read_quickly() -> None:
    """It takes 0.1 s; the limit is for a busy computer that measures coverage besides."""
    text = many(1000, templated=False)
    parse(many(10, templated=False))
    begun = process_time()
    parse(text)
    assert process_time() - begun < 1.5
