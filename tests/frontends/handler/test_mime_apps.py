from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_frontends.handler.mime_apps import leave, listed, put_first

OURS = "siptapi.desktop"
TEL, SIP = "x-scheme-handler/tel", "x-scheme-handler/sip"
OTHERS = """\
# mine
[Added Associations]
x-scheme-handler/tel=phone.desktop;

[Default Applications]
text/html=browser.desktop
x-scheme-handler/tel=phone.desktop;softphone.desktop
#x-scheme-handler/sip=old.desktop

[Removed Associations]
x-scheme-handler/sip=mail.desktop;
"""


def test_it_goes_before_the_others() -> None:
    assert put_first(OTHERS, [TEL, SIP], OURS) == OTHERS.replace(
        "[Default Applications]\n", f"[Default Applications]\n{SIP}={OURS};\n"
    ).replace(
        "tel=phone.desktop;softphone.desktop\n", f"tel={OURS};phone.desktop;softphone.desktop;\n"
    )


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("", "[Default Applications]\nx-scheme-handler/tel=siptapi.desktop;\n"),
        (
            "[Added Associations]\na/b=c.desktop",
            f"[Added Associations]\na/b=c.desktop\n\n[Default Applications]\n{TEL}={OURS};\n",
        ),
        (
            "[Default Applications]\nx-scheme-handler/tel=\n",
            "[Default Applications]\nx-scheme-handler/tel=siptapi.desktop;\n",
        ),
        (
            "[Default Applications]\r\nx-scheme-handler/tel = a.desktop;\r\n",
            "[Default Applications]\r\nx-scheme-handler/tel =siptapi.desktop;a.desktop;\n",
        ),
    ],
)
def test_it_finds_its_place(text: str, made: str) -> None:
    assert put_first(text, [TEL], OURS) == made


def test_who_leaves_lets_the_one_before_be_the_default_again() -> None:
    installed = put_first(OTHERS, [TEL, SIP], OURS)
    assert leave(installed, OURS) == OTHERS.replace("softphone.desktop\n", "softphone.desktop;\n")


def test_who_is_not_there_changes_nothing() -> None:
    text = "[Default Applications]\nx-scheme-handler/tel=\nno pair\n"
    assert leave(text, OURS) == text


def test_which_types_have_a_default() -> None:
    assert listed(OTHERS) == {"text/html", TEL}


LINES = st.sampled_from(
    [
        *("[Default Applications]", "[Added Associations]", "", "# x-scheme-handler/tel=a", "junk"),
        *(f"{TEL}=a.desktop;b.desktop", f"{TEL}=", f"{SIP}=a.desktop;", "text/html=a.desktop"),
        f"{TEL}={OURS};a.desktop;",
    ]
)


@given(st.lists(LINES).map("\n".join))
def test_others_are_left_alone_whatever_the_file_has(text: str) -> None:
    installed = put_first(text, [TEL, SIP], OURS)
    assert put_first(installed, [TEL, SIP], OURS) == installed
    assert {TEL, SIP} <= listed(installed)
    for line in installed.splitlines():
        if line.startswith((f"{TEL}={OURS};", f"{SIP}={OURS};")):
            continue
        assert line in text.splitlines() or line in ("", "[Default Applications]")
    assert all(OURS not in line for line in defaults(leave(installed, OURS)))


def defaults(text: str) -> list[str]:
    """The lines in the group of defaults, wherever it is."""
    found, group = [], ""
    for line in text.splitlines():
        group = line if line.startswith("[") else group
        found += [line] if group == "[Default Applications]" else []
    return found
