"""Over TCP daemon and client prove to each other that they know the token; it is never sent.

::

    client                                                daemon
       │──authenticate: a nonce────────────────────────────>│
       │<─challenge: another nonce, proof: of the daemon────│
       │──proof: of the client─────────────────────────────>│

A proof is an HMAC-SHA-256 (RFC 2104), by the token, of a nonce of each side, as in SCRAM (RFC
5802), and of the addresses of both ends: whoever passes proofs on has another connection. The
daemon is the first to prove, so what a stranger on its port gets is a nonce.
"""

from __future__ import annotations

import hmac
import os
import socket
import time
from contextlib import suppress
from typing import Any, Literal, NamedTuple

from siptapi_core.control.lines import read_line, write_line
from siptapi_core.errors import NetworkError, UsageError

ANSWER_SECONDS = 2.0
_NONCE_BYTES = 32
_LONGEST_ANSWER = 1024
"""Bytes."""


class Handshake(NamedTuple):
    """What both proofs are made of; ``client`` and ``daemon`` are the addresses of the two."""

    token: str
    client_nonce: str
    daemon_nonce: str
    client: str
    daemon: str

    def proof(self, side: Literal["client", "daemon"]) -> str:
        """What that side proves itself with: 64 hexadecimal digits."""
        text = "\n".join((side, *self[1:])).encode("utf-8", "surrogatepass")
        return hmac.new(self.token.encode(), text, "sha256").hexdigest()

    def is_proof(self, side: Literal["client", "daemon"], given: str) -> bool:
        """Whether that side has given its proof; how long this takes tells nothing."""
        return hmac.compare_digest(
            self.proof(side).encode(), given.encode("utf-8", "surrogatepass")
        )


def new_nonce() -> str:
    """A number that was never used before, and that nobody can guess."""
    return os.urandom(_NONCE_BYTES).hex()


def address_text(address: Any) -> str:
    """``127.0.0.1:5039`` or ``[::1]:5039`` of a socket's ``(host, port, ...)``."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def authenticate(connected: socket.socket, token: str) -> None:
    """Have the other end prove that it is the daemon, then prove ourselves to it.

    Raises:
        NetworkError: it does not prove it within `ANSWER_SECONDS`; it was told nothing, and the
            connection is closed.
    """
    nonce = new_nonce()
    said = b""
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the hello comes at once
        said = _ask(connected, {"authenticate": nonce})
        answer = read_line(said)
        handshake = Handshake(
            token=token,
            client_nonce=nonce,
            daemon_nonce=str(answer.get("challenge")),
            client=address_text(connected.getsockname()),
            daemon=address_text(connected.getpeername()),
        )
        proven = handshake.is_proof("daemon", str(answer.get("proof")))
        if proven:
            connected.sendall(write_line({"proof": handshake.proof("client")}))
    except (OSError, UsageError):
        proven = False
    if not proven:
        connected.close()
        raise NetworkError(f"{_unproven(said)}; it was told nothing")


def _unproven(said: bytes) -> str:
    """What to think of whoever ``said`` that instead of proving that it is the daemon."""
    if not said:
        return "the program at the daemon's address gives no answer"
    with suppress(UsageError):
        if {"challenge", "proof"} <= read_line(said).keys():
            return (
                "a daemon listens there that knows another token, or who pretends to be one; "
                "compare the token here with the second line of the daemon's control.address"
            )
    words = said[:200].decode("ascii", "replace")
    return f"the program at the daemon's address is another: it says {words!r}"


def _ask(connected: socket.socket, line: dict[str, str]) -> bytes:
    """Send a line; returns what comes until one ends, or it is too long, or too late."""
    connected.sendall(write_line(line))
    said = b""
    end = time.monotonic() + ANSWER_SECONDS
    while not said.endswith(b"\n") and len(said) < _LONGEST_ANSWER:
        connected.settimeout(max(end - time.monotonic(), 0.001))
        more = connected.recv(_LONGEST_ANSWER)
        if not more:
            break
        said += more
    return said
