"""Reading XML that comes from strangers, as a small tree.

expat itself, not ElementTree: its handlers refuse a document type, and with it every entity, where
it begins; names need no declared prefix, as some phones forget to; and it is imported in a quarter
of the time. Nothing outside the document is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

from siptapi_core.errors import MessageError
from siptapi_core.sip.message import MAXIMUM_SIZE

MAXIMUM_DEPTH = 16
"""How deep elements may be nested: more than any format of SIP's needs."""


class XmlElement:
    """An element; its name is without prefix, and as all names in lower case.

    ``text`` is its own, not that inside its children.
    """

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name.rpartition(":")[2].lower()
        self.attributes = {key.lower(): value for key, value in attributes.items()}
        self.children: list[XmlElement] = []
        self.text = ""

    def all(self, name: str) -> Iterator[XmlElement]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> XmlElement:
        """The first child of that name, or an empty element."""
        return next(self.all(name), XmlElement(name, {}))

    def line(self) -> str:
        """The text, with every run of blanks and line breaks one space."""
        return " ".join(self.text.split())

    def attribute(self, name: str) -> str:
        """An attribute as `line` has the text; empty where there is none."""
        return " ".join(self.attributes.get(name, "").split())


def parse_xml(data: bytes) -> XmlElement:
    """The root element of a document of at most `MAXIMUM_SIZE` bytes.

    Blanks and NULs around it are ignored. Its encoding is UTF-8, else Latin-1, whatever it says.

    Raises:
        MessageError: it is no XML, has a document type, or is too long or too deep.
    """
    from xml.parsers import expat  # noqa: PLC0415  # few lines are watched

    if len(data) > MAXIMUM_SIZE:
        raise MessageError(f"an XML document of {len(data)} bytes: more than {MAXIMUM_SIZE}")
    stack = [XmlElement("", {})]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAXIMUM_DEPTH:
            raise MessageError(f"an XML document deeper than {MAXIMUM_DEPTH} elements")
        element = XmlElement(name, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def read_text(text: str) -> None:
        stack[-1].text += text

    def refuse(*_parts: object) -> NoReturn:
        raise MessageError("an XML document with a document type: SIP has no use for one")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = read_text
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(_decoded(data.strip(b"\0 \t\r\n")), True)
    except expat.ExpatError as error:
        raise MessageError(f"no XML document: {error}") from None
    (root,) = stack[0].children
    return root


def _decoded(data: bytes) -> str:
    """Text, which expat takes as it is: a stranger chooses no codec."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
