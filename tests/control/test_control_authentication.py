from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from control_lab import free_port, run, serving, token_of_daemon
from scripted_dialer import ScriptedDialer

from siptapi_core.commands import Caller
from siptapi_core.control import authentication
from siptapi_core.control.authentication import Handshake, address_text, authenticate, new_nonce
from siptapi_core.control.lines import write_line
from siptapi_core.control.remote_dialer import open_remote_dialer
from siptapi_core.errors import NetworkError

TOKEN = "0123456789abcdef" * 4
OTHER_TOKEN = "knows another token, or who pretends to be one; compare the token here"
ANOTHER = "the program at the daemon's address is another: it says "
SILENT = "the program at the daemon's address gives no answer"
Says = Callable[[socket.socket, bytes], None]


@contextmanager
def stranger(says: Says) -> Iterator[tuple[socket.socket, bytearray]]:
    """A connection to a program that ``says`` something to the first that it hears, and all that.

    It is all once the connection has been closed here, and the context left.
    """
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            connected, _ = listening.accept()
            with connected:
                heard.extend(connected.recv(65536))
                says(connected, bytes(heard))
                while more := connected.recv(65536):
                    heard.extend(more)

        thread = threading.Thread(target=listen)
        thread.start()
        with socket.create_connection(listening.getsockname()) as ours:
            yield ours, heard
        thread.join(20)


def saying(*lines: dict[str, object] | bytes) -> Says:
    data = b"".join(line if isinstance(line, bytes) else write_line(line) for line in lines)
    return lambda connected, _: connected.sendall(data)


def mirror(connected: socket.socket, heard: bytes) -> None:
    """Proves what can be proved without the token."""
    nonce = json.loads(heard)["authenticate"]
    ends = (address_text(connected.getpeername()), address_text(connected.getsockname()))
    guessed = Handshake("", nonce, nonce, *ends)
    connected.sendall(write_line({"challenge": nonce, "proof": guessed.proof("daemon")}))


def leave(connected: socket.socket, _: bytes) -> None:
    connected.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (saying({"challenge": "1", "proof": "0" * 64}), OTHER_TOKEN),
        (saying({"challenge": 5, "proof": None}), OTHER_TOKEN),
        (saying({}), ANOTHER + "'{}"),
        (saying({"hello": "2.0", "siptapi": "1", "settings": "", "process": 1}), ANOTHER),
        (saying({"goodbye": {"code": "usage", "message": "hello: missing"}}), "hello: missing"),
        (saying(b"HTTP/1.1 400 \x1b\xff\r\n\r\n"), rf"{ANOTHER}'HTTP/1.1 400 \x1b"),
        (mirror, OTHER_TOKEN),
        (leave, SILENT),
        (saying(b"x" * authentication._LONGEST_ANSWER), ANOTHER + "'xxx"),
    ],
)
def test_who_proves_nothing_is_told_a_nonce_and_nothing_else(says: Says, words: str) -> None:
    with stranger(says) as (ours, heard):
        with pytest.raises(NetworkError, match=r"; it was told nothing$") as refused:
            authenticate(ours, TOKEN)
        assert ours.fileno() < 0
    assert words in str(refused.value)
    (nonce,) = json.loads(heard).values()
    assert list(json.loads(heard)) == ["authenticate"]
    assert len(bytes.fromhex(nonce)) == 32


@pytest.mark.parametrize("dribble", [b"", b"x"])
def test_who_says_nothing_or_little_is_not_waited_for(
    dribble: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "ANSWER_SECONDS", 0.05)
    with stranger(saying(dribble)) as (ours, _), pytest.raises(NetworkError, match=SILENT):
        authenticate(ours, TOKEN)


def test_a_connection_that_broke_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(NetworkError, match=SILENT):
        authenticate(ours, TOKEN)


def test_proofs_that_are_passed_on_prove_nothing() -> None:
    """Somebody who once had the daemon's port sits between it and a client of its own."""
    there = ScriptedDialer()
    me = Caller(frontend="test")

    async def main() -> None:
        port = free_port()
        async with serving(there, listen=f"127.0.0.1:{port}"):

            def pass_on(connected: socket.socket, heard: bytes) -> None:
                with socket.create_connection(("127.0.0.1", port)) as daemon:
                    daemon.sendall(heard)
                    connected.sendall(daemon.recv(65536))

            with (
                stranger(pass_on) as (ours, heard),
                pytest.raises(NetworkError, match=OTHER_TOKEN),
            ):
                async with open_remote_dialer(ours, me, token=token_of_daemon()):
                    pytest.fail("it was taken for the daemon")
            assert list(json.loads(heard)) == ["authenticate"]

    run(main())
    assert there.executed == []


def test_a_proof_is_good_for_nothing_else() -> None:
    handshake = Handshake(TOKEN, "1", "2", "127.0.0.1:50000", "127.0.0.1:5039")
    others = [handshake._replace(**{name: "3"}) for name in Handshake._fields]
    proofs = {each.proof(side) for each in (handshake, *others) for side in ("client", "daemon")}
    assert len(proofs) == 2 * (1 + len(others))
    assert handshake.is_proof("client", handshake.proof("client"))
    for wrong in ("", "Jörg", "\ud800", handshake.proof("daemon"), handshake.proof("client")[:-1]):
        assert not handshake.is_proof("client", wrong)


def test_no_nonce_comes_again() -> None:
    assert len({new_nonce() for _ in range(1000)}) == 1000
