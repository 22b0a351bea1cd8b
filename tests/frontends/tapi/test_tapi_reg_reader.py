"""Registry files: both formats, what people write by hand, and errors that name the line."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siptapi_core.errors import SettingsError
from siptapi_frontends.tapi.reg_reader import (
    HEADER,
    OLD_HEADER,
    KeyEntry,
    ValueEntry,
    keys_of,
    read_reg,
)
from siptapi_frontends.tapi.reg_writer import write_reg
from siptapi_frontends.tapi.registry_values import (
    Kind,
    RegistryValue,
    number,
    read_octets,
    text,
    write_octets,
)

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Example"


def read(body: str, header: str = HEADER) -> list[tuple[str, RegistryValue | None]]:
    entries = read_reg(f"{header}\r\n\r\n[{KEY}]\r\n{body}".encode("utf-16"))
    return [(each.name, each.value) for each in entries if isinstance(each, ValueEntry)]


def one(body: str) -> RegistryValue | None:
    ((_, value),) = read(body)
    return value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"x"="text"', text("text")),
        ('"x"=""', text("")),
        (r'"x"="a \"b\" c:\\d"', text(r'a "b" c:\d')),
        ('"x"="zwei\r\nZeilen"', text("zwei\r\nZeilen")),
        ('"x" = "spaced" ; and a comment', text("spaced")),
        ('"x"="; no comment"', text("; no comment")),
        ('"x"=dword:0000001f', number(31)),
        ('"x"=DWORD:FFFFFFFF', number(0xFFFFFFFF)),
        ('"x"=dword: 1', number(1)),
        ('"x"=hex:', RegistryValue(Kind.BINARY, b"")),
        ('"x"=hex:01,a,FF', RegistryValue(Kind.BINARY, b"\x01\x0a\xff")),
        ('"x"=hex:01,02,\\\r\n  03', RegistryValue(Kind.BINARY, b"\1\2\3")),
        ('"x"=hex:01,\\ ; why\r\n; more\r\n\r\n  02,', RegistryValue(Kind.BINARY, b"\1\2")),
        ('"x"=hex:01,\\', RegistryValue(Kind.BINARY, b"\1")),
        ('"x"=hex(1):61,00,00,00', text("a")),
        ('"x"=hex(2):25,00,61,00,25,00', RegistryValue(Kind.EXPANDED_TEXT, "%a%")),
        ('"x"=hex(4):1f,00,00,00', number(31)),
        ('"x"=hex(4):1f', RegistryValue(Kind.DWORD, b"\x1f")),
        ('"x"=hex(7):61,00,00,00,62,00,00,00,00,00', RegistryValue(Kind.TEXTS, ("a", "b"))),
        ('"x"=hex(7):00,00', RegistryValue(Kind.TEXTS, ())),
        ('"x"=hex(b):01,00,00,00,00,00,00,00', RegistryValue(11, b"\1\0\0\0\0\0\0\0")),
        ('"x"=hex(1):61', RegistryValue(Kind.TEXT, b"a")),
        ('"x"=-', None),
    ],
)
def test_values(written: str, value: RegistryValue | None) -> None:
    assert one(written) == value
    assert one(f"{written}\r\n") == value


def test_names_are_unescaped_and_the_default_has_none() -> None:
    assert read('@="d"\r\n"a\\"\\\\"="n"') == [("", text("d")), ('a"\\', text("n"))]


def test_comments_and_empty_lines_stand_anywhere() -> None:
    assert read('\r\n; one\r\n  ; two\r\n\t\r\n"x"="y"\r\n;end') == [("x", text("y"))]


def test_keys_and_their_lines() -> None:
    entries = read_reg(f'{HEADER}\n\n[A\\B]\n"x"="1"\n[-A\\C]\n[A [1]] ; odd\n'.encode("utf-16"))
    assert entries == (
        KeyEntry(3, r"A\B"),
        ValueEntry(4, r"A\B", "x", text("1")),
        KeyEntry(5, r"A\C", deleted=True),
        KeyEntry(6, "A [1]"),
    )


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF16_BE + f'{HEADER}\r\n[K]\r\n"ü"="ß"\r\n'.encode("utf-16-be"),
        f'{HEADER}\r\n[K]\r\n"ü"="ß"\r\n'.encode("utf-8-sig"),
        f'{HEADER}\n[K]\n"ü"="ß"'.encode(),
        f'{OLD_HEADER}\r\n[K]\r\n"ü"="ß"\r\n'.encode("cp1252"),
    ],
)
def test_encodings(data: bytes) -> None:
    assert read_reg(data)[1] == ValueEntry(3, "K", "ü", text("ß"))


def test_the_old_format_is_in_the_computers_code_page_text_in_hex_too() -> None:
    data = f'{OLD_HEADER}\n[K]\n"ж"=hex(2):e6,00\n"m"=hex(7):e6,00,00'.encode("cp1251")
    _, first, second = read_reg(data, code_page="cp1251")
    assert first == ValueEntry(3, "K", "ж", RegistryValue(Kind.EXPANDED_TEXT, "ж"))
    assert second == ValueEntry(4, "K", "m", RegistryValue(Kind.TEXTS, ("ж",)))


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", 1, "no registry file"),
        ("\n\nhello", 3, "no registry file"),
        (f"{HEADER} or so\n", 1, "no registry file"),
        (f"{HEADER}\n\nnonsense\n", 3, "expected [KEY]"),
        (f"{HEADER}\n[K\n", 2, "expected [KEY]"),
        (f"{HEADER}\n[K] x\n", 2, "expected [KEY]"),
        (f"{HEADER}\n[]\n", 2, "no name"),
        (f"{HEADER}\n[-]\n", 2, "no name"),
        (f'{HEADER}\n"x"="y"\n', 2, "below a key"),
        (f'{HEADER}\n[-K]\n"x"="y"\n', 3, "below a key"),
        (f'{HEADER}\n[K]\n\n"x"=secret\n', 4, "after the name"),
        (f'{HEADER}\n[K]\n"x"=dword:123456789\n', 3, "after the name"),
        (f'{HEADER}\n[K]\n"x"="a" "b"\n', 3, "behind the value"),
        (f'{HEADER}\n[K]\n"x"="a\n\n\n', 3, "after the name"),
        (f'{HEADER}\n[K]\n"x\n\n\n', 3, "expected [KEY]"),
        (f'{HEADER}\n[K]\n"x"="C:\\temp"\n', 3, "must stand before"),
        (f'{HEADER}\n[K]\n"x"=hex:01,,02\n', 3, "octets"),
        (f'{HEADER}\n[K]\n"x"=hex:01 02\n', 3, "octets"),
        (f'{HEADER}\n[K]\n"x"=hex:123\n', 3, "octets"),
        (f'{HEADER}\n[K]\n"a"=hex:01,\\\n 02\n"x"=hex:zz\n', 5, "behind the value"),
    ],
)
def test_errors_name_the_line_and_nothing_that_stands_there(
    content: str, line: int, words: str
) -> None:
    with pytest.raises(SettingsError, match=f"^lines.reg: line {line}: ") as caught:
        read_reg(content.encode("utf-16"), where="lines.reg")
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "line"),
    [(b"REGEDIT4\n\n\x81", 3), (codecs.BOM_UTF8 + b"\n\xff", 2), (b"\xff\xfea", 1)],
)
def test_what_is_no_text(data: bytes, line: int) -> None:
    with pytest.raises(SettingsError, match=f"line {line}: this is no text"):
        read_reg(data)


def test_what_a_registry_holds_afterwards() -> None:
    data = (
        f'{HEADER}\n[A\\B]\n"X"="1"\n"y"="2"\n[a\\b]\n"x"="3"\n"Y"=-\n[A\\C]\n@="4"\n[A\\CD]\n'
        '[A\\C\\D]\n"z"="5"\n[-a\\c]\n'
    )
    keys = keys_of(read_reg(data.encode("utf-16")))
    assert keys == {r"a\b": {"x": ValueEntry(6, r"a\b", "x", text("3"))}, r"a\cd": {}}


# A writer that writes what the product's does not: other encodings, line ends, comments, folding.

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=("Cs",))
NAMES = st.text(CHARACTERS, max_size=8)
KEYS = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=("Cs",)), min_size=1)
VALUES = st.one_of(
    st.builds(RegistryValue, st.sampled_from([1, 2]), st.text(CHARACTERS, max_size=12)),
    st.builds(number, st.integers(0, 0xFFFFFFFF)),
    st.builds(
        RegistryValue,
        st.just(Kind.TEXTS),
        st.lists(st.text(CHARACTERS, min_size=1, max_size=5), max_size=3).map(tuple),
    ),
    st.builds(
        RegistryValue, st.sampled_from([0, 3, 5, 6, 8, 11, 0xFFFFFFFF]), st.binary(max_size=30)
    ),
)
REGISTRIES = st.dictionaries(
    KEYS.filter(lambda key: not key.startswith("-")),
    st.dictionaries(NAMES, VALUES, max_size=3),
    max_size=3,
)


def written_otherwise(keys: Mapping[str, Mapping[str, RegistryValue]], seed: int) -> str:
    end = ("\r\n", "\n")[seed % 2]
    lines = [f"  {HEADER}\t", "; a comment"]
    for key, values in keys.items():
        lines += ["", f"\t[{key}] "]
        for name, value in values.items():
            octets = write_octets(value).hex(",").split(",")
            folded = f",\\ ;fold{end};{end}{end}  ".join(octets)
            lines.append(f"{quoted(name) if name else '@'} = hex({value.kind:X}):{folded} ;")
    return end.join(lines)


def quoted(plain: str) -> str:
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def expected(
    keys: Mapping[str, Mapping[str, RegistryValue]],
) -> list[tuple[str, str, RegistryValue]]:
    return [(key, name, value) for key in keys for name, value in keys[key].items()]


def found(data: bytes) -> list[tuple[str, str, RegistryValue | None]]:
    entries = read_reg(data)
    return [(e.key, e.name, e.value) for e in entries if isinstance(e, ValueEntry)]


@given(REGISTRIES)
def test_what_is_written_is_read_again(keys: dict[str, dict[str, RegistryValue]]) -> None:
    assert found(write_reg(keys)) == expected(keys)


@given(REGISTRIES, st.integers(0, 1), st.sampled_from(["utf-16", "utf-8-sig"]))
def test_what_others_write_is_read(
    keys: dict[str, dict[str, RegistryValue]], seed: int, encoding: str
) -> None:
    assert found(written_otherwise(keys, seed).encode(encoding)) == expected(keys)


@given(VALUES)
def test_octets_of_the_registry(value: RegistryValue) -> None:
    assert read_octets(value.kind, write_octets(value)) == value


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    for prefix in (b"", f"{HEADER}\n[K]\n".encode(), f'{HEADER}\n[K]\n"x"='.encode()):
        with suppress(SettingsError):
            keys_of(read_reg(prefix + data, where="any.reg"))


def test_what_is_to_be_removed() -> None:
    data = write_reg({"A": {"x": text("1"), "": text("2")}, "B": {"y": text("3")}, "C": None})
    gone = write_reg({"A": {"x": None, "": None}, "B": None})
    entries = (*read_reg(data), *read_reg(gone))
    assert keys_of(entries) == {"a": {}}


def test_a_file_as_the_registry_editor_writes_it() -> None:
    data = write_reg({KEY: {"Address": text("127.0.0.1:5039"), "": text(""), "n": number(5000)}})
    assert data == codecs.BOM_UTF16_LE + (
        f'{HEADER}\r\n\r\n[{KEY}]\r\n"Address"="127.0.0.1:5039"\r\n@=""\r\n'
        '"n"=dword:00001388\r\n\r\n'
    ).encode("utf-16-le")
