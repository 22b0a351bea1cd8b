from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import MessageError
from siptapi_core.sip.headers import Headers, first_value, split_values

THREE = Headers([("Via", "a"), ("v", "b, c"), ("CALL-ID", "x")])


def read(lines: list[str]) -> Headers:
    return Headers.from_text("".join(f"{line}\r\n" for line in lines))


def test_any_spelling_of_a_name_finds_the_header() -> None:
    for name in ("Via", "via", "VIA", "v", "V"):
        assert THREE.get(name) == "a"
        assert THREE.lines(name) == ("a", "b, c")
        assert THREE.values(name) == ("a", "b", "c")
        assert name in THREE
    assert THREE.get("i") == THREE.only("call-id") == "x"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        *(("a", "Accept-Contact"), ("b", "Referred-By"), ("c", "Content-Type")),
        *(("d", "Request-Disposition"), ("e", "Content-Encoding"), ("f", "From")),
        *(("i", "Call-ID"), ("j", "Reject-Contact"), ("k", "Supported")),
        *(("l", "Content-Length"), ("m", "Contact"), ("n", "Identity-Info"), ("o", "Event")),
        *(("r", "Refer-To"), ("s", "Subject"), ("t", "To"), ("u", "Allow-Events"), ("v", "Via")),
        *(("x", "Session-Expires"), ("y", "Identity")),
    ],
)
def test_compact_names(short: str, long: str) -> None:
    assert Headers([(short, "1")]).get(long) == "1"
    assert Headers([(long, "1")]).get(short.upper()) == "1"
    assert read([f"{short.upper()} : 1"]).get(long.upper()) == "1"


def test_what_is_not_there() -> None:
    assert THREE.get("Contact") is None
    assert THREE.lines("Contact") == ()
    assert THREE.values("Contact") == ()
    assert "Contact" not in THREE
    assert "no name" not in THREE
    assert 1 not in THREE
    assert Headers().get("Via") is None
    with pytest.raises(MessageError, match="there is no Contact"):
        THREE.only("Contact")
    with pytest.raises(MessageError, match="more than one Via"):
        THREE.only("Via")
    with pytest.raises(MessageError, match="no header name"):
        THREE.get("no name")


def test_items_keep_spelling_and_order() -> None:
    items = (("Via", "a"), ("v", "b, c"), ("CALL-ID", "x"))
    assert THREE.items() == items
    assert tuple(THREE) == items
    assert len(THREE) == 3
    assert read(["Via:a", "v : b, c ", "CALL-ID:\tx"]).items() == items


def test_changed_headers_are_new_ones() -> None:
    assert THREE.with_first("To", "t").items()[0] == ("To", "t")
    assert THREE.with_last("To", " t ").items()[-1] == ("To", "t")
    assert THREE.without("VIA").items() == (("CALL-ID", "x"),)
    assert THREE.without("Contact") == THREE
    assert THREE.replaced("Via", "d").items() == (("Via", "d"), ("CALL-ID", "x"))
    assert THREE.replaced("i", "y", "z").items()[2:] == (("i", "y"), ("i", "z"))
    assert THREE.replaced("To", "t").items()[-1] == ("To", "t")
    assert THREE.replaced("Via") == THREE.without("Via")
    assert len(THREE) == 3
    assert THREE.with_first("Via", "z").get("Via") == "z"


def test_equality_looks_through_spelling_but_not_through_order_or_values() -> None:
    assert Headers([("v", "a"), ("To", "b")]) == Headers([("Via", "a"), ("t", "b")])
    assert hash(Headers([("v", "a")])) == hash(Headers([("VIA", "a")]))
    assert Headers([("v", "a")]) != Headers([("v", "A")])
    assert Headers([("v", "a"), ("v", "b")]) != Headers([("v", "b"), ("v", "a")])
    assert Headers() != ()


def test_a_repr_shows_no_values() -> None:
    assert repr(Headers([("Authorization", "secret"), ("v", "x")])) == "<Headers Authorization v>"


@pytest.mark.parametrize(
    "value",
    ["a\r\nVia: b", "a\nb", "a\rb", "\n", "a\n", "a\0b", "\0", "\ud800", "a\r", "\r\n a"],
)
def test_values_that_would_break_the_line_are_refused_everywhere(value: str) -> None:
    for make in (
        lambda: Headers([("Subject", value)]),
        lambda: Headers().with_first("Subject", value),
        lambda: Headers().with_last("Subject", value),
        lambda: Headers().replaced("Subject", value),
    ):
        with pytest.raises(MessageError, match="Subject"):
            make()


@pytest.mark.parametrize("name", ["", "A B", "A:", "A\r\nB", "A\n", "Ä", "Via ", "\0", "a\ud800"])
def test_names_that_are_no_tokens_are_refused_everywhere(name: str) -> None:
    for make in (
        lambda: Headers([(name, "x")]),
        lambda: Headers().with_first(name, "x"),
        lambda: Headers().with_last(name, "x"),
        lambda: Headers().replaced(name, "x"),
        lambda: Headers().without(name),
    ):
        with pytest.raises(MessageError):
            make()


def test_a_quoted_nul_and_other_control_characters_may_stand_in_a_value() -> None:
    value = 'a\tb\x07 "\\\x00" \x85 \u2028 ж'
    assert Headers([("Subject", value)]).get("Subject") == value


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("", []),
        (" ", []),
        (",", []),
        ("a", ["a"]),
        ("a,b", ["a", "b"]),
        (" a , , b ,", ["a", "b"]),
        ('"a,b",c', ['"a,b"', "c"]),
        ('"a\\",b",c', ['"a\\",b"', "c"]),
        ("<a,b>,c", ["<a,b>", "c"]),
        ('"<",<",">,c', ['"<"', '<",">', "c"]),
        ('x "a,b', ['x "a,b']),
        ('a,"b,c', ["a", '"b,c']),
        ("a,<b,c", ["a", "<b,c"]),
        ("a>b,c", ["a>b", "c"]),
        ('a"b"c,<d>e', ['a"b"c', "<d>e"]),
        ('"a\\', ['"a\\']),
    ],
)
def test_comma_lists(line: str, values: list[str]) -> None:
    assert split_values(line) == values
    assert first_value(line.strip()) == (values or [""])[0]


@pytest.mark.parametrize(
    ("lines", "items"),
    [
        (["A: 1", " 2", "\t 3", "B: 4"], (("A", "1 2 3"), ("B", "4"))),
        (["A:", " 1"], (("A", "1"),)),
        (["A: 1", " "], (("A", "1"),)),
        (["A:1:2"], (("A", "1:2"),)),
        (["A :"], (("A", ""),)),
    ],
)
def test_lines_are_unfolded(lines: list[str], items: tuple[tuple[str, str], ...]) -> None:
    headers = read(lines)
    assert headers.items() == items
    assert headers.get("A") == items[0][1]


@pytest.mark.parametrize(
    "lines",
    [["A"], ["Via"], [": x"], [""], [" A: 1"], ["A: 1", "", "B: 2"], ["A B: 1"], ["A: 1", "B"],
     [" ", "A: 1"]],
)  # fmt: skip
def test_lines_that_are_no_headers_are_refused(lines: list[str]) -> None:
    with pytest.raises(MessageError, match=r"no header name|no colon"):
        read(lines)


NAMES = st.sampled_from(["Via", "v", "Contact", "X-Y"]) | st.from_regex(
    r"[A-Za-z0-9.!%*_+`'~-]{1,9}", fullmatch=True
)
TEXTS = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=30)


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=8))
def test_headers_read_back_from_their_lines(pairs: list[tuple[str, str]]) -> None:
    headers = Headers(pairs)
    again = read([f"{name}: {value}" for name, value in headers])
    assert again == headers
    assert again.items() == headers.items()
    for name, _ in pairs:
        assert again.lines(name) == headers.lines(name)


@given(st.lists(st.sampled_from(["a", '"b,c"', "<d,e>", 'f "g" <h>;i', '"j\\"," <k>']), max_size=8))
def test_values_mean_the_same_in_one_line_and_in_many(values: list[str]) -> None:
    many = Headers([("Contact", value) for value in values])
    one = Headers([("m", ", ".join(values))])
    assert many.values("Contact") == one.values("Contact") == tuple(values)


@given(st.text())
def test_no_text_is_lost_in_a_comma_list(line: str) -> None:
    values = split_values(line)
    assert all(value and value == value.strip() for value in values)
    kept = "".join("".join(values).split())
    assert kept.replace(",", "") == "".join(line.split()).replace(",", "")
