"""A service for the TAPI provider that says what the test wants it to say, and how."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Any

from siptapi_core.commands import Dial, Dialling, Lines, LineStatus
from siptapi_core.control.authentication import Handshake, address_text, new_nonce
from siptapi_core.control.finding import PROTOCOL
from siptapi_core.control.lines import read_line, write_line
from siptapi_core.control.vocabulary import decode_command, encode_reply
from siptapi_core.numbers import NumberRules, explain

LINES = ("office", "Büro")
TOKEN = "token"
PATIENCE = 10.0


class BadBridge:
    """Listens at ``host:port`` and knows the token; the test takes each connection."""

    def __init__(self, host: str, port: int) -> None:
        self.address = f"{host}:{port}"
        self._listening = socket.create_server((host, port))
        self._listening.settimeout(PATIENCE)
        self._taken: list[Connection] = []

    def accept(self) -> Connection:
        """The provider's next connection."""
        taken, _ = self._listening.accept()
        taken.settimeout(PATIENCE)
        self._taken.append(Connection(taken))
        return self._taken[-1]

    def serve(self) -> Connection:
        """The provider's next connection, served until it has the lines."""
        connection = self.accept()
        connection.greet()
        connection.tell_lines()
        return connection

    def close(self) -> None:
        """Close everything."""
        for connection in self._taken:
            connection.close()
        self._listening.close()


class Connection:
    """One connection, of which the test decides what is said; ``heard`` is all that was."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._stream = connected.makefile("rb")
        self.heard = b""

    def hear(self) -> dict[str, Any]:
        """The next line of the provider's, which must be one of the protocol; pings are passed."""
        while "ping" in (line := read_line(self._read())):
            self.say({"pong": line["ping"]})
        if "command" in line:
            decode_command({name: value for name, value in line.items() if name != "id"})
        return line

    def hear_dial(self) -> tuple[int, Dial]:
        """A dial, and its id."""
        line = self.hear()
        number = line.pop("id")
        command = decode_command(line)
        assert isinstance(command, Dial)
        return number, command

    def say(self, *lines: dict[str, Any]) -> None:
        """Say lines."""
        self.send(b"".join(map(write_line, lines)))

    def send(self, data: bytes) -> None:
        """Say these bytes."""
        self._socket.sendall(data)

    def send_to_the_end(self, data: bytes) -> None:
        """Say these bytes, over which the provider hangs up, maybe before it has all."""
        view = memoryview(data)
        with suppress(ConnectionError):
            while view:
                view = view[self._socket.send(view) :]
        self.await_end()

    def greet(self, version: str = PROTOCOL) -> None:
        """Prove that we know the token, have it proved, hear the hello, and say ours."""
        ends = (self._socket.getpeername(), self._socket.getsockname())
        client, daemon = map(address_text, ends)
        handshake = Handshake(TOKEN, self.hear()["authenticate"], new_nonce(), client, daemon)
        self.say({"challenge": handshake.daemon_nonce, "proof": handshake.proof("daemon")})
        assert handshake.is_proof("client", self.hear()["proof"])
        hello = self.hear()
        assert hello == {"hello": PROTOCOL, "frontend": "tapi"}
        self.say({"hello": version, "siptapi": "0", "settings": "", "process": 1})

    def tell_lines(self) -> None:
        """Answer what the provider asks first."""
        subscribe, listing = self.hear(), self.hear()
        assert (subscribe["subscribe"], listing["command"]) == ("events", "list_lines")
        self.say({"id": subscribe["id"], "reply": "done"})
        self.say({"id": listing["id"]} | encode_reply(Lines(tuple(map(_line, LINES)))))

    def accept_call(self, call: str) -> Dial:
        """Hear a dial and say that the call is ``call``."""
        number, dial = self.hear_dial()
        self.say(dialling(number, call))
        return dial

    def tell(self, event: str, call: str, **fields: Any) -> None:
        """Tell of a call."""
        self.say({"id": 1, "event": event, "call": call, "line": "office", "time": 1.0, **fields})

    def await_end(self) -> None:
        """Wait until the provider has gone, whatever it still says."""
        with suppress(ConnectionError):
            while self._read():
                pass
        self.close()

    def _read(self) -> bytes:
        line = self._stream.readline()
        self.heard += line
        return line

    def reset(self) -> None:
        """End it as a crash may."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """End it."""
        self._stream.close()
        self._socket.close()


def dialling(number: int, call: str) -> dict[str, Any]:
    """The answer to the dial of that id."""
    explanation = explain("301", NumberRules(), domain="example.com")
    reply = Dialling(call=call, line="office", explanation=explanation)
    return {"id": number} | encode_reply(reply)


def _line(name: str) -> LineStatus:
    return LineStatus(name=name, account="", phone="", strategies=())
