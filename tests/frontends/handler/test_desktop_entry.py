from __future__ import annotations

import json
import subprocess
import sys

import pytest
from desktop_launcher import arguments_for, entry_keys
from hypothesis import given, settings
from hypothesis import strategies as st

from siptapi_core.errors import UsageError
from siptapi_frontends.handler.desktop_entry import desktop_entry

ARGUMENTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PROGRAMS = ARGUMENTS.filter(lambda text: text and "=" not in text)
SHOW = "import json, sys; print(json.dumps(sys.argv[1:]))"
NASTY = (
    "tel:+43-1-505641",
    "",
    "-",
    "--",
    "--config=/etc/passwd",
    "tel:1 --yes",
    'tel:1" --yes "',
    "tel:'$(reboot)`reboot`\\",
    "sip:%75%u%%@[2001:db8::1];x=<y>?a=b&c=d",
    "tel:1\nNoDisplay=false\r\n\t",
    "callto:\u202eJ\u00f6rg \U0001f4de;*~|#()",
)


def test_what_it_says() -> None:
    text = desktop_entry(("/usr/bin/python3", "-m", "x", "--"), ("tel", "callto"))
    assert text == (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Version=1.5\n"
        "Name=SIPTAPI\n"
        "GenericName=Click to dial\n"
        "Comment=Make your phone call a number\n"
        "Exec=/usr/bin/python3 -m x -- %u\n"
        "Terminal=false\n"
        "NoDisplay=true\n"
        "MimeType=x-scheme-handler/tel;x-scheme-handler/callto;\n"
    )


@pytest.mark.parametrize(
    ("argument", "written"),
    [
        ("/opt/my python/bin", '"/opt/my python/bin"'),
        ("100%", "100%%"),
        ("$HOME", r'"\\$HOME"'),
        ("a\\b", r'"a\\\\b"'),
        ('a"b', r'"a\\"b"'),
        ("a\nb", r'"a\nb"'),
        ("", '""'),
    ],
)
def test_quotes_and_escapes_are_those_of_the_specification(argument: str, written: str) -> None:
    assert f"\nExec={written} %u\n" in desktop_entry((argument,), ())


def test_a_program_that_no_desktop_starts_is_refused() -> None:
    with pytest.raises(UsageError, match="with a = in its path: /a=b/python"):
        desktop_entry(("/a=b/python", "-m"), ())


@given(PROGRAMS, st.lists(ARGUMENTS), ARGUMENTS)
def test_every_argument_arrives_as_it_was(program: str, others: list[str], link: str) -> None:
    text = desktop_entry((program, *others), ("tel",))
    assert arguments_for(text, link) == [program, *others, link]
    assert entry_keys(text)["MimeType"] == "x-scheme-handler/tel;"  # and nothing was added


@settings(max_examples=25)
@given(st.one_of(st.sampled_from(NASTY), ARGUMENTS))
def test_any_link_reaches_a_real_process_as_one_argument(link: str) -> None:
    text = desktop_entry((sys.executable, "-I", "-S", "-c", SHOW, "--"), ("tel",))
    ended = subprocess.run(arguments_for(text, link), capture_output=True, check=True, timeout=30)
    assert json.loads(ended.stdout) == ["--", link]
