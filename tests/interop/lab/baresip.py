"""baresip as a phone without sound hardware, remote-controlled over its TCP port."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from pathlib import Path
from typing import Any, BinaryIO

from lab.addresses import PORT
from lab.kamailio import DOMAIN
from lab.programs import Program, require, wait_until

_CONTROL_PORT = 4444
_CONFIG = """\
sip_listen {place}
net_interface {host}
call_max_calls 4
call_local_timeout 60
audio_player aubridge,speaker
audio_source aubridge,speaker
audio_alert aubridge,alert
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {control}
"""


class Baresip(Program):
    """A running baresip with one account.

    ``proxy`` is where it registers (None: it does not, and only calls and is called directly);
    ``answer`` is ``auto`` or ``manual``; ``transfers`` says whether it accepts REFER;
    ``display_name`` is what those see whom it calls. ``port`` is
    for SIP, ``control_port`` for the test; with a ``certificate`` (and key) it speaks TLS too, at
    the port after ``port``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        user: str,
        domain: str = DOMAIN,
        auth_user: str = "",
        password: str = "",
        proxy: str | None = None,
        answer: str = "auto",
        transfers: bool = True,
        port: int = PORT,
        control_port: int = _CONTROL_PORT,
        certificate: Path | None = None,
        display_name: str = "",
    ) -> None:
        path = require("baresip", package="baresip-core")
        self.host = host
        self.user = user
        self._bracketed = f"[{host}]" if ":" in host else host
        self._port = port
        self._control_port = control_port
        self._events: list[dict[str, Any]] = []
        self._replies: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True)
        account = f'"{display_name}" ' if display_name else ""
        account += f"<sip:{user}@{domain}>;answermode={answer}"
        account += f";call_transfer={'yes' if transfers else 'no'}"
        if proxy:
            account += f";auth_user={auth_user or user};auth_pass={password}"
            account += f';regint=600;outbound="{proxy}"'
        else:
            account += ";regint=0"
        (folder / "accounts").write_text(account + "\n", encoding="utf-8")
        (folder / "contacts").write_text("", encoding="utf-8")
        (folder / "config").write_text(
            (f"sip_certificate {certificate}\n" if certificate else "")
            + _CONFIG.format(
                host=host,
                place=f"{self._bracketed}:{port}",
                control=f"{self._bracketed}:{control_port}",
            ),
            encoding="utf-8",
        )
        super().__init__([path, "-s", "-f", str(folder)], folder=folder, host=host, port=port)
        self._registers = proxy is not None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Start it, and wait until it can be controlled and is registered."""
        super().start()
        wait_until(self._connect, seconds=5, what=f"{self.user} controllable")
        if self._registers:
            wait_until(
                lambda: "OK" in self.command("reginfo"), seconds=5, what=f"{self.user} registered"
            )

    @property
    def address(self) -> str:
        """``user@host:port``: the phone as a setting names it when it is called directly."""
        return f"{self.user}@{self._bracketed}:{self._port}"

    def command(self, name: str, parameters: str = "") -> str:
        """Run a command of baresip's (``accept``, ``hangup``, ``listcalls``, ...): what it says."""
        token = f"{name}-{len(self._replies)}"
        text = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        assert self._control, "never started"
        self._control.sendall(b"%d:%s," % (len(text), text))
        wait_until(lambda: token in self._replies, seconds=5, what=f"{self.user}: {name}")
        return str(self._replies[token]["data"])

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has told of until now."""
        if self._reader.is_alive():
            self.command("listcalls")  # its reply comes after what it has told of before
        return self._events

    def await_event(self, kind: str) -> None:
        """Wait until an event of ``kind`` (``CALL_INCOMING``, ...) has come."""
        wait_until(
            lambda: any(event["type"] == kind for event in self._events),
            seconds=10,
            what=f"{self.user}: {kind}, but {self._events}",
        )

    def incoming(self, *, since: int = 0) -> list[str]:
        """Who called, from ``events[since]`` on: URIs, one a call."""
        offers = (e for e in self.events[since:] if e["type"] == "CALL_REMOTE_SDP")
        return [
            e["peeruri"] for e in offers if (e["direction"], e["param"]) == ("incoming", "offer")
        ]

    @property
    def calls(self) -> int:
        """How many calls it is in."""
        return int(self.command("listcalls").partition("Active calls (")[2].partition(")")[0])

    def hang_up_all(self) -> None:
        """End every call that it is in."""

        def silent() -> bool:
            if self.calls == 0:
                return True
            self.command("hangup")
            return False

        wait_until(silent, seconds=5, what=f"{self.user} hanging up")

    def stop(self) -> None:
        """End the program and the thread that reads its events."""
        super().stop()
        if self._control:
            self._reader.join(self.patience)
            self._control.close()

    def _connect(self) -> bool:
        """Its control port opens a moment after its SIP socket."""
        try:
            self._control = self.connect((self.host, self._control_port))
        except ConnectionRefusedError:
            return False
        self._control.settimeout(None)
        self._reader = threading.Thread(target=self._read, args=[self._control])
        self._reader.start()
        return True

    def _read(self, control: socket.socket) -> None:
        """Take netstrings ``length:json,`` from the control port until it closes."""
        with contextlib.suppress(ConnectionError), control.makefile("rb") as stream:
            while length := _until_colon(stream):
                message = json.loads(stream.read(int(length)))
                stream.read(1)
                if message.get("event"):
                    self._events.append(message)
                else:
                    self._replies[message["token"]] = message


def _until_colon(stream: BinaryIO) -> bytes:
    """The length before a netstring; empty at the end."""
    length = b""
    while (byte := stream.read(1)) not in (b":", b""):
        length += byte
    return length
