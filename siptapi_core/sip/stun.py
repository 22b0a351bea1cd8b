"""STUN messages (RFC 8489): how a server tells at which address it sees our packets.

::

     0                 4            8                            20
     | class, method | length     | magic cookie, transaction id | attributes: type, length, value
     └ two zero bits, which no SIP message begins with (RFC 7983)

Only the Binding method is of use here. MESSAGE-INTEGRITY is not checked: it needs a password, and
public servers have none. What keeps strangers out is the transaction id: 96 random bits.
"""

from __future__ import annotations

import enum
import ipaddress
import struct
import zlib
from typing import Self

from siptapi_core.errors import MessageError
from siptapi_core.values import Value

MAGIC_COOKIE = b"\x21\x12\xa4\x42"
TRANSACTION_ID_SIZE = 12
LARGEST = 1500
"""Bytes: a STUN message over UDP fits into one packet (RFC 8489 section 6.1)."""

_HEADER = struct.Struct("!HH4s12s")
_ATTRIBUTE = struct.Struct("!HH")
_BINDING = 0x001
_MAPPED_ADDRESS = 0x0001
_USERNAME = 0x0006
_MESSAGE_INTEGRITY = 0x0008
_ERROR_CODE = 0x0009
_UNKNOWN_ATTRIBUTES = 0x000A
_REALM = 0x0014
_NONCE = 0x0015
_MESSAGE_INTEGRITY_SHA256 = 0x001C
_XOR_MAPPED_ADDRESS = 0x0020
_OPTIONAL = 0x8000  # and above: who does not know such an attribute ignores it (section 14)
_FINGERPRINT = 0x8028
_FINGERPRINT_MASK = 0x5354554E
_INTEGRITY = (_MESSAGE_INTEGRITY, _MESSAGE_INTEGRITY_SHA256)
_UNDERSTOOD = {
    *(_MAPPED_ADDRESS, _USERNAME, _ERROR_CODE, _UNKNOWN_ATTRIBUTES, _REALM, _NONCE),
    *(_XOR_MAPPED_ADDRESS, *_INTEGRITY),
}
_FAMILIES = {1: 4, 2: 16}
"""Bytes of an address, by the family's number (section 14.1)."""

Attributes = tuple[tuple[int, bytes], ...]
Mapped = tuple[str, int]
"""Host (an IP literal without brackets) and port."""


class StunClass(enum.IntEnum):
    """What kind of message (RFC 8489 section 5)."""

    REQUEST = 0b00
    INDICATION = 0b01
    SUCCESS = 0b10
    ERROR = 0b11


class StunMessage(Value):
    """A message; ``attributes`` are type and value, in order, values without their padding."""

    message_class: StunClass
    transaction_id: bytes
    attributes: Attributes = ()
    method: int = _BINDING

    @classmethod
    def binding_request(cls, transaction_id: bytes) -> Self:
        """Ask a server where it sees us; ``transaction_id`` is 12 random bytes."""
        return cls(StunClass.REQUEST, transaction_id)

    @classmethod
    def binding_success(cls, transaction_id: bytes, mapped: Mapped) -> Self:
        """What a server answers to a request that came from ``mapped``."""
        value = _xor_address(mapped, transaction_id)
        return cls(StunClass.SUCCESS, transaction_id, ((_XOR_MAPPED_ADDRESS, value),))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a message.

        Raises:
            MessageError: it is none, it is damaged, or larger than `LARGEST`.
        """
        if not is_stun(data):
            raise MessageError("no STUN message: it has no magic cookie where RFC 8489 wants it")
        if len(data) > LARGEST:
            raise MessageError(f"a STUN message of {len(data)} bytes; at most {LARGEST} are read")
        kind, length, _, transaction_id = _HEADER.unpack_from(data)
        if length % 4 or len(data) != _HEADER.size + length:
            raise MessageError(f"a STUN message of {len(data)} bytes says that it has {length}")
        # The two bits of the class stand between those of the method (section 5, figure 3).
        message_class = StunClass((kind >> 4 & 1) | (kind >> 7 & 2))
        method = (kind & 0xF) | (kind >> 1 & 0x70) | (kind >> 2 & 0xF80)
        return cls(message_class, transaction_id, _attributes(data), method)

    def encode(self) -> bytes:
        """The bytes on the wire.

        Raises:
            ValueError: ``transaction_id`` has not 12 bytes, or an attribute is too long.
        """
        if len(self.transaction_id) != TRANSACTION_ID_SIZE:
            raise ValueError(f"a transaction id of {len(self.transaction_id)} bytes, not 12")
        body = b"".join(
            _ATTRIBUTE.pack(kind, len(value)) + value + bytes(-len(value) % 4)
            for kind, value in self.attributes
        )
        if _HEADER.size + len(body) > LARGEST:
            raise ValueError(f"attributes of {len(body)} bytes are too long for one packet")
        bits, method = self.message_class, self.method
        kind = (method & 0xF) | (method & 0x70) << 1 | (method & 0xF80) << 2
        kind |= (bits & 1) << 4 | (bits & 2) << 7
        return _HEADER.pack(kind, len(body), MAGIC_COOKIE, self.transaction_id) + body

    def attribute(self, kind: int) -> bytes | None:
        """The first attribute of that type: others of it are ignored (section 14)."""
        return next((value for each, value in self.attributes if each == kind), None)

    def mapped_address(self) -> Mapped:
        """Where the server sees us: XOR-MAPPED-ADDRESS, or what servers of RFC 3489 send.

        Raises:
            MessageError: it is no success response, does not say so, or cannot be understood.
        """
        if self.message_class is not StunClass.SUCCESS or self.method != _BINDING:
            raise MessageError(f"the STUN server answered {self._problem()}")
        unknown = [f"{kind:#06x}" for kind, _ in self.attributes if _is_unknown(kind)]
        if unknown:
            raise MessageError(f"the STUN server wants {', '.join(unknown)} understood")
        xored = self.attribute(_XOR_MAPPED_ADDRESS)
        if xored is not None:
            return _address(xored, MAGIC_COOKIE + self.transaction_id)
        plain = self.attribute(_MAPPED_ADDRESS)
        if plain is None:
            raise MessageError("the STUN server's answer has no mapped address")
        return _address(plain, bytes(16))

    def _problem(self) -> str:
        value = self.attribute(_ERROR_CODE)
        if self.message_class is not StunClass.ERROR or value is None or len(value) < 4:  # noqa: PLR2004
            return f"with a {self.message_class.name} of method {self.method:#x}"
        reason = value[4:].decode(errors="replace")
        return f"{(value[2] & 7) * 100 + value[3]} {reason}".rstrip()


def is_stun(data: bytes) -> bool:
    """Whether a datagram is STUN's, on a socket that carries SIP as well (RFC 7983, RFC 8489 5)."""
    return data[:1] < b"\x40" and data[4:8] == MAGIC_COOKIE and len(data) >= _HEADER.size


def _attributes(data: bytes) -> Attributes:
    attributes: list[tuple[int, bytes]] = []
    position = _HEADER.size
    protected = False
    while position < len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, position)
        begin = position + _ATTRIBUTE.size
        end = begin + length
        if end > len(data):
            raise MessageError(f"a STUN attribute {kind:#06x} of {length} bytes ends too early")
        value = data[begin:end]
        if kind == _FINGERPRINT:
            _check_fingerprint(data, position, value)
        if kind == _FINGERPRINT or not protected:  # what follows the integrity is anybody's (14.5)
            attributes.append((kind, value))
        protected = protected or kind in _INTEGRITY
        position = end + -length % 4
    return tuple(attributes)


def _check_fingerprint(data: bytes, position: int, value: bytes) -> None:
    """Section 14.7: the last attribute, a checksum of all before it."""
    checksum = zlib.crc32(data[:position]) ^ _FINGERPRINT_MASK
    if value != checksum.to_bytes(4, "big") or position + 8 != len(data):
        raise MessageError("a STUN message whose FINGERPRINT is wrong: it was damaged on its way")


def _is_unknown(kind: int) -> bool:
    return kind < _OPTIONAL and kind not in _UNDERSTOOD


def _address(value: bytes, mask: bytes) -> Mapped:
    size = _FAMILIES.get(value[1]) if len(value) > 1 else None
    if size is None or len(value) != 4 + size:
        raise MessageError(f"a STUN address that cannot be read: {value.hex()}")
    port, host = (_xor(part, mask) for part in (value[2:4], value[4:]))
    return str(ipaddress.ip_address(host)), int.from_bytes(port, "big")


def _xor_address(mapped: Mapped, transaction_id: bytes) -> bytes:
    host, port = ipaddress.ip_address(mapped[0]), mapped[1].to_bytes(2, "big")
    mask = MAGIC_COOKIE + transaction_id
    family = 1 if host.version == 4 else 2  # noqa: PLR2004
    return bytes((0, family)) + _xor(port, mask) + _xor(host.packed, mask)


def _xor(value: bytes, mask: bytes) -> bytes:
    return bytes(each ^ other for each, other in zip(value, mask, strict=False))
