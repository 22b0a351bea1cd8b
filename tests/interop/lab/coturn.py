"""coturn as a mere STUN server."""

from __future__ import annotations

from pathlib import Path

from lab.programs import Program, require, wait_until

STUN_PORT = 3478


class Coturn(Program):
    """A running server, which tells everybody where it sees them."""

    def __init__(self, folder: Path, *, host: str) -> None:
        path = require("turnserver", package="coturn")
        self.host = host
        folder.mkdir(parents=True)
        super().__init__(
            [
                *(path, "-n", "--stun-only", "-L", host, "-p", str(STUN_PORT), "--no-cli"),
                *("--no-tls", "--no-dtls", "--no-tcp", "--log-file", "stdout", "--simple-log"),
                *("--db", str(folder / "turndb"), "--pidfile", str(folder / "turnserver.pid")),
            ],
            folder=folder,
            host=host,
            port=STUN_PORT,
        )

    def start(self) -> None:
        """Start it and wait until all its threads run: it binds its port long before."""
        super().start()
        wait_until(
            lambda: "IO method (admin thread)" in self.output.read_text(),
            seconds=5,
            what=f"{self.folder.name} serving on {self.host}",
        )

    @property
    def server(self) -> str:
        """The server as a setting names it."""
        return f"{self.host}:{STUN_PORT}"
