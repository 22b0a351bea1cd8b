from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import UsageError
from siptapi_frontends.handler.registry import install_file, registry_keys, remove_file

COMMAND = (r"C:\Program Files\Python\pythonw.exe", "-P", "handler", "open", "--")
START = r'"C:\Program Files\Python\pythonw.exe" -P handler open -- "%1"'


def test_what_the_registry_is_told() -> None:
    program = r"Software\Classes\SIPTAPI.Link"
    assert registry_keys(COMMAND, ("tel", "sip")) == {
        program: {"": "URL:Telephone link", "URL Protocol": ""},
        rf"{program}\shell\open\command": {"": START},
        rf"{program}\Capabilities": {
            "ApplicationName": "SIPTAPI",
            "ApplicationDescription": "Make your phone call a number",
        },
        rf"{program}\Capabilities\URLAssociations": {
            "tel": "SIPTAPI.Link",
            "sip": "SIPTAPI.Link",
        },
        r"Software\RegisteredApplications": {"SIPTAPI": rf"{program}\Capabilities"},
    }


def test_a_command_that_windows_would_change_is_refused() -> None:
    with pytest.raises(UsageError, match=r"take the % for something else: C:\\100%\\python"):
        registry_keys((r"C:\100%\python", "--"), ("tel",))


def test_the_file_that_does_it_by_hand() -> None:
    content = install_file({"A": {"": 'say "a\\b"', "URL Protocol": ""}, "A\\B": {"x": "y"}})
    assert content.startswith(b"\xff\xfeW\0i\0n\0")
    assert content.decode("utf-16") == (
        "Windows Registry Editor Version 5.00\r\n"
        "\r\n"
        "[HKEY_CURRENT_USER\\A]\r\n"
        '@="say \\"a\\\\b\\""\r\n'
        '"URL Protocol"=""\r\n'
        "\r\n"
        "[HKEY_CURRENT_USER\\A\\B]\r\n"
        '"x"="y"\r\n'
        "\r\n"
    )


def test_the_file_that_undoes_it_takes_nothing_of_others() -> None:
    assert remove_file().decode("utf-16") == (
        "Windows Registry Editor Version 5.00\r\n"
        "\r\n"
        "[-HKEY_CURRENT_USER\\Software\\Classes\\SIPTAPI.Link]\r\n"
        "\r\n"
        "[HKEY_CURRENT_USER\\Software\\RegisteredApplications]\r\n"
        '"SIPTAPI"=-\r\n'
        "\r\n"
    )


LINKS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='\0"'))


@given(LINKS.filter(lambda link: not link.endswith("\\")))
def test_a_link_without_quotes_arrives_as_one_argument(link: str) -> None:
    assert read_command_line(START.replace("%1", link)) == [*COMMAND, link]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_link_comes_behind_the_hyphens(link: str) -> None:
    """So that nothing in it is an option, however many arguments it becomes."""
    assert read_command_line(START.replace("%1", link))[: len(COMMAND)] == list(COMMAND)


def read_command_line(line: str) -> list[str]:
    """The arguments that Microsoft's C runtime makes of a command line."""
    program, rest = re.fullmatch(r'"([^"]*)"(.*)', line, re.DOTALL).groups()
    arguments, word, quoted = [program], None, False
    for backslashes, quotes, space, other in re.findall(
        r'(\\*)(?:("+)|([ \t]+)|([^\\" \t]|$))', rest, re.DOTALL
    ):
        if quotes:
            word = (word or "") + "\\" * (len(backslashes) // 2)
            literal = len(backslashes) % 2
            word += '"' * literal
            quoted ^= (len(quotes) - literal) % 2 == 1
        elif space and not quoted:
            if backslashes or word is not None:
                arguments.append((word or "") + backslashes)
            word = None
        elif backslashes or space or other:
            word = (word or "") + backslashes + space + other
    return arguments if word is None else [*arguments, word]
