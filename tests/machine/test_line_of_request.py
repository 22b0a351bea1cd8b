"""Finding the line of an INVITE: by what we registered, by user, by To; and by nothing else."""

from __future__ import annotations

import sys

import pytest
from bench import make_request
from hypothesis import given
from hypothesis import strategies as st
from incoming_side import make_line

from siptapi_core.machine import line_of_request
from siptapi_core.machine.line_of_request import IncomingLine, LineDirectory
from siptapi_core.sip.uri import SipUri

PLACE = "192.0.2.9:5062"
DDI = "<sip:+431505641@elsewhere.example>"


def line(name: str, account: str, token: str = "") -> IncomingLine:
    return make_line(name, token or f"token-of-{name}", account=SipUri.parse(f"sip:{account}"))


def directory(*lines: IncomingLine) -> LineDirectory:
    made = LineDirectory()
    for each in lines:
        made.put(each)
    return made


def found(lines: LineDirectory, uri: str, to: str = DDI) -> str | None:
    it = lines.find(make_request(uri=uri, to=to))
    return None if it is None else it.name


A = line("a", "201@a.example")
B = line("b", "201@b.example")
C = line("c", "202@a.example")


@pytest.mark.parametrize(
    ("uri", "to", "name"),
    [
        # 1. by token, whatever else is said
        (f"sip:201@{PLACE};line=token-of-b", DDI, "b"),
        (f"sip:201@{PLACE};transport=udp;LINE=token-of-a", "<sip:201@b.example>", "a"),
        ("sip:somebody@elsewhere.example;line=token-of-c", DDI, "c"),
        # an unknown token is one of an earlier life
        (f"sip:202@{PLACE};line=token-of-yore", DDI, "c"),
        # 2. the address of record in the Request-URI
        ("sip:201@b.example", DDI, "b"),
        ("sip:201@b.example", "<sip:202@a.example>", "b"),  # diverted from 202
        # 3. by user and the domain of To
        (f"sip:201@{PLACE}", "<sip:201@b.example>", "b"),
        (f"sip:201@{PLACE}", "<sip:+431505641@A.EXAMPLE>", "a"),
        (f"sip:201@{PLACE}", "<sip:202@a.example>", "a"),
        # 4. by user alone
        (f"sip:202@{PLACE}", DDI, "c"),
        ("sip:202@198.51.100.7:1024", "<sip:201@b.example>", "c"),
        # 5. To
        (f"sip:{PLACE}", "<sip:201@b.example;user=phone>;x=y", "b"),
        ("sip:s@192.0.2.9", "<sip:201@b.example>", "b"),
        ("tel:+431505641", "<sip:202@a.example>", "c"),
        # nobody, or nobody knows who
        (f"sip:201@{PLACE}", DDI, None),
        ("sip:201@198.51.100.7", DDI, None),
        ("sip:203@a.example", DDI, None),
        (f"sip:{PLACE}", DDI, None),
        ("tel:+431505641", "<tel:+431505641>", None),
        ("sip:token-of-a@elsewhere.example", DDI, None),
        ("urn:x", DDI, None),
    ],
)
def test_the_line_of_a_request(uri, to, name):
    assert found(directory(A, B, C), uri, to) == name


def test_a_number_is_a_user_too():
    number = line("n", "+431505641@p.example")
    assert found(directory(number), "tel:+431505641") == "n"
    assert found(directory(number), "sip:%2B431505641@x") == "n"


def test_of_lines_of_one_account_the_first_is_meant():
    twin = line("twin", "201@a.example")
    lines = directory(A, twin)
    assert found(lines, f"sip:201@{PLACE}") == "a"
    assert found(lines, f"sip:201@{PLACE};line=token-of-twin") == "twin"
    lines.remove("a")
    assert found(lines, f"sip:201@{PLACE}") == "twin"


def test_a_removed_line_is_not_found():
    lines = directory(A, B)
    lines.remove("b")
    lines.remove("b")
    assert len(lines) == 1
    assert found(lines, f"sip:201@{PLACE};line=token-of-b", "<sip:201@b.example>") == "a"
    lines.remove("a")
    assert found(lines, f"sip:201@{PLACE};line=token-of-a", "<sip:201@a.example>") is None
    assert len(lines) == 0
    assert lines._found == {}


def test_a_line_put_again_is_found_by_what_it_has_now():
    lines = directory(A, B)
    lines.put(line("a", "204@a.example", "new"))
    assert len(lines) == 2
    assert found(lines, "sip:somebody@x;line=new") == "a"
    assert found(lines, "sip:somebody@x;line=token-of-a") is None
    assert found(lines, f"sip:201@{PLACE}") == "b"
    assert found(lines, f"sip:204@{PLACE}") == "a"


def test_a_line_put_again_as_it_is_keeps_its_place():
    lines = directory(A, line("twin", "201@a.example"))
    lines.put(line("a", "201@a.example"))
    assert found(lines, f"sip:201@{PLACE}") == "a"


@given(
    put=st.lists(st.sampled_from(["1@a", "2@a", "1@b", "2@b"]), max_size=8),
    removed=st.lists(st.sampled_from(range(8))),
)
def test_coming_and_going_leaves_what_is_there(put, removed):
    """A directory that lines left is the same as one that they never came to."""
    lines = directory(*(line(f"{n}", account) for n, account in enumerate(put)))
    for number in removed:
        lines.remove(f"{number}")
    rest = directory(*lines._lines.values())
    assert lines._found == rest._found


def test_ten_thousand_lines_cost_no_more_to_look_through_than_two():
    """Counted, not timed: each rule is one look-up, and one line or two are looked at."""

    def executed(lines: LineDirectory, request) -> int:
        count = 0

        def trace(frame, event, _argument):
            nonlocal count
            if frame.f_code.co_filename != line_of_request.__file__:
                return None
            count += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            lines.find(request)
        finally:
            sys.settrace(before)
        return count

    few, many = (
        directory(*(line(f"{n}", f"201@{n}.example") for n in range(number)))
        for number in (2, 10_000)
    )
    for uri, to in [
        (f"sip:201@{PLACE};line=token-of-1", DDI),
        (f"sip:201@{PLACE}", "<sip:201@1.example>"),
        (f"sip:201@{PLACE}", DDI),
        ("sip:999@x", DDI),
    ]:
        request = make_request(uri=uri, to=to)
        assert found(many, uri, to) == found(few, uri, to)
        assert 0 < executed(many, request) == executed(few, request) < 100
