"""Knot DNS as the authority for whole zones, written as zone files on an address of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lab.addresses import PORT
from lab.programs import Program, read_texts, require

_CONFIG = """\
server:
    listen: {host}@{port}
    rundir: "{folder}"
database:
    storage: "{folder}"
log:
  - target: stdout
    any: info
zone:
"""
_ZONE = """\
  - domain: {domain}
    file: "{folder}/{domain}.zone"
    semantic-checks: off
"""
_HEAD = """\
$ORIGIN {domain}.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A {host}
"""


class Knot(Program):
    """A running server; ``zones`` are the records of each domain, with names relative to it.

    It listens on the lab's usual port, so a settings file names it as ``host:5060``.
    """

    def __init__(self, folder: Path, *, host: str, zones: Mapping[str, str]) -> None:
        path = require("knotd", package="knot")
        self.host = host
        folder.mkdir(parents=True)
        config = _CONFIG.format(host=host, port=PORT, folder=folder)
        for domain, records in zones.items():
            config += _ZONE.format(domain=domain, folder=folder)
            zone = _HEAD.format(domain=domain, host=host) + records
            (folder / f"{domain}.zone").write_text(zone, encoding="utf-8")
        (folder / "knot.conf").write_text(config, encoding="utf-8")
        super().__init__([path, "-c", "knot.conf"], folder=folder, host=host)

    @property
    def server(self) -> str:
        """The server as the setting ``dns.servers`` names it."""
        return f"{self.host}:{PORT}"

    def trace(self) -> str:
        """The log and the zones."""
        return super().trace() + read_texts(*self.folder.glob("*.zone"))
