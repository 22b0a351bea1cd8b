"""Write ``commands.md`` and ``events.md`` from the code: ``python docs/reference.py``.

A test compares the pages with what this makes, so that they cannot grow old.
"""

from __future__ import annotations

import enum
import inspect
import json
import re
import typing
from argparse import Action, ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from siptapi_core import events
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.values import Value
from siptapi_frontends.cli.application import global_options
from siptapi_frontends.cli.exit_codes import ExitCode

DOCS = Path(__file__).parent
_MADE = "<!-- Made by docs/reference.py from the code: a change belongs there. -->"

_COMMANDS = f"""\
# Commands

{_MADE}

`siptapi COMMAND --help` says the same. A value in capitals is yours to fill in, `[...]` may be
left out. Behind `--` nothing is an option: `siptapi dial -- -5`.
"""
_EXIT_CODES = """
## Exit codes

| code | meaning |
|---|---|
"""
_EVENTS = f"""\
# Events

{_MADE}

What is told of a call, in the same words everywhere: `siptapi dial --json`, the event stream of the
[HTTP API](http.md), the [control line](control.md), [webhooks](observers.md) and the
[history](history.md). An event is a JSON object: `event` is its name, and beside the fields below
it has those of its envelope.

An outgoing call, where the user's phone comes first:

```text
call_placed ─ phone_calling ─ phone_ringing ─ phone_answered
  ─ refer_accepted ─ callee_trying ─ callee_ringing ─ callee_answered ─ handed_over
  ─ call_ended ─ conversation_ended
```

Where the callee is called first, those of the callee come before `refer_accepted` and those of the
phone after it. Any of the middle ones may be missing, and `call_failed` may follow any of them; a
transfer after a failure begins with `refer_accepted` again. Each call ends with exactly one
`call_ended`. An incoming call:

```text
incoming_ringing ─┬─ incoming_answered_elsewhere ─ conversation_ended
                  └─ incoming_ended
```

`call_corrected` and `conversation_ended` come after the end of our part, from a dialog watch, or
never.
"""


_written = [
    each for each in vars(events).values() if "name" in getattr(each, "__annotations__", ())
]
_names = {each.__name__: each.name for each in _written}


def commands_reference() -> str:
    """The page of every command that SIPTAPI itself brings along."""
    parts = [_COMMANDS, "\n## Options of every command\n", *_table(global_options(), "siptapi")]
    for command in sorted(
        load_plugins(third_party=False, daemon=True).commands.values(), key=lambda each: each.name
    ):
        parser = ArgumentParser(prog=f"siptapi {command.name}")
        command.configure(parser)
        words = parser.description or _sentence(command.summary)
        parts += [f"\n## siptapi {command.name}\n", f"\n{words}\n"]
        parts += _table(parser, f"siptapi {command.name}")
    codes = (f"| {code.value} | {meaning} |\n" for code, meaning in _documented(ExitCode))
    return "".join([*parts, _EXIT_CODES, *codes])


def _table(parser: ArgumentParser, name: str) -> Iterator[str]:
    """The parser's options and arguments, then each of its subcommands."""
    actions = [each for each in parser._actions if each.dest != "help"]  # noqa: SLF001
    nested = [each for each in actions if isinstance(each.choices, dict)]
    rows = [f"| {_form(each)} | {_meaning(each)} |\n" for each in actions if each not in nested]
    if rows:
        yield from ("\n| argument | meaning |\n|---|---|\n", *rows)
    for action in nested:
        helps = {each.dest: each.help for each in action._choices_actions}  # type: ignore[attr-defined]  # noqa: SLF001
        for word, subparser in action.choices.items():  # type: ignore[union-attr]
            yield f"\n### {name} {word}\n\n{_sentence(helps[word])}\n"
            yield from _table(subparser, f"{name} {word}")


def _form(action: Action) -> str:
    value = ""
    if action.nargs != 0:
        choices = "|".join(map(str, action.choices or ()))
        value = str(action.metavar or choices or action.dest.upper())
        if action.nargs == "+":
            value = f"{value} [{value} ...]"
        elif action.nargs in {"?", "*"}:
            value = f"[{value}]"
    escaped = value.replace("|", "\\|")
    words = ", ".join(action.option_strings)
    return f"`{' '.join(filter(None, (words, escaped)))}`"


def _meaning(action: Action) -> str:
    return (action.help or "").replace("%%", "%").replace("|", "\\|")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def events_reference() -> str:
    """The page of every event and its fields."""
    parts = [_EVENTS]
    for title, envelope, happenings in (
        ("Events of a call", events.CallEvent, events.Happening),
        ("Events of a line", events.LineEvent, events.LineHappening),
    ):
        parts.append(f"\n## {title}\n\n{_markdown(inspect.getdoc(envelope) or '')}\n")
        for happening in sorted(typing.get_args(happenings), key=_written.index):
            parts += _event(happening)
    parts.append("\n## Words\n")
    for words in (
        events.Outcome, events.Stage, events.Disturbed, events.Reporter,
        events.IncomingOutcome, events.RegistrationState,
    ):  # fmt: skip
        parts += _words(words)
    return "".join(parts)


def _event(happening: type[Value]) -> Iterator[str]:
    yield f"\n### {happening.name}\n\n{_markdown(inspect.getdoc(happening) or '')}\n"  # type: ignore[attr-defined]
    hints = typing.get_type_hints(happening)
    if fields := happening.attribute_names:
        yield "\n| field | type | default |\n|---|---|---|\n"
        for field in fields:
            default = _default(getattr(happening, field)) if hasattr(happening, field) else ""
            yield f"| `{field.rstrip('_')}` | {_type(hints[field])} | {default} |\n"


def _type(hint: object) -> str:
    if typing.get_args(hint):
        return " or ".join(map(_type, typing.get_args(hint)))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    named = {str: "text", float: "number", int: "whole number", bool: "true or false"}
    return named.get(hint, "null")  # type: ignore[call-overload,no-any-return]


def _default(value: object) -> str:
    return f"`{json.dumps(value.value if isinstance(value, enum.Enum) else value)}`"


def _words(words: type[enum.Enum]) -> Iterator[str]:
    yield f"\n### {words.__name__}\n\n{_markdown(inspect.getdoc(words) or '')}\n\n"
    for word, meaning in _documented(words):
        yield f"- `{word.value}`{': ' + meaning if meaning else ''}\n"


def _documented(words: type[enum.Enum]) -> Iterator[tuple[enum.Enum, str]]:
    """Each member with the docstring below it, which Python itself throws away."""
    below = dict(
        re.findall(
            r'^    (\w+) = \S+\n    """(.+?)"""$',
            inspect.getsource(words),
            re.MULTILINE | re.DOTALL,
        )
    )
    for word in words:
        yield word, " ".join(below.get(word.name, "").split())


def _markdown(text: str) -> str:
    """A docstring of ours as Markdown; an event goes by the name that is written down."""
    text = re.sub(r"\b(?:[A-Z][a-z]+){2,}\b", lambda found: _names.get(found[0], found[0]), text)
    return re.sub(r"``([^`\n]+)``", r"`\1`", text)


if __name__ == "__main__":
    (DOCS / "commands.md").write_text(commands_reference(), encoding="utf-8")
    (DOCS / "events.md").write_text(events_reference(), encoding="utf-8")
