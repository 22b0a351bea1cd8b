from __future__ import annotations

import shlex

from siptapi_frontends.handler.macos import steps

COMMAND = ('/Users/anna/my "venv"/bin/python3', "-m", "x", "--")


def line_with(words: str) -> str:
    (line,) = (line.strip() for line in steps(COMMAND, ("tel", "sip")) if words in line)
    return line


def test_the_script_gives_the_link_to_the_command_as_one_argument() -> None:
    line = line_with("do shell script")
    start = "do shell script "
    text, rest = line.removeprefix(start).split(' & " " & ', 1)
    script = text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    assert shlex.split(script) == list(COMMAND)
    assert rest == 'quoted form of link & " >/dev/null 2>&1 &"'


def test_the_application_is_told_which_links_it_takes() -> None:
    assert shlex.split(line_with("defaults write")) == [
        *("defaults", "write", "$HOME/Applications/SIPTAPI Links.app/Contents/Info"),
        "CFBundleURLTypes",
        '({CFBundleURLName="Telephone link";CFBundleURLSchemes=(tel,sip);})',
    ]
    assert shlex.split(line_with("codesign")) == [
        *("codesign", "--force", "--sign", "-", "$HOME/Applications/SIPTAPI Links.app"),
    ]
