"""Kamailio as a registrar that can be asked what it has, and an edge proxy before it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from attrs import frozen
from lab.addresses import PORT
from lab.kamailio import Kamailio
from lab.programs import Program, require

_CONTROL_PORT = 2049
_MODULES = """\
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "tcp:{control}")
modparam("registrar", "use_path", 1)
modparam("registrar", "path_mode", 2)
modparam("registrar", "min_expires", 1)
modparam("usrloc", "timer_interval", 1)
"""
_REFUSE_SHORT = """\
  if ($(hdr(Expires){{s.int}}) > 0 && $(hdr(Expires){{s.int}}) < {shortest}) {{
    append_to_reply("Min-Expires: {shortest}\\r\\n");
    sl_send_reply("423", "Interval Too Brief");
    exit;
  }}
"""
_EDGE = """\
#!KAMAILIO
log_stderror=yes
children=1
auto_aliases=no
disable_tcp=yes
listen=udp:{host}:{port}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "path.so"
loadmodule "textops.so"
request_route {{
  force_rport();
  if (is_method("CANCEL")) {{
    if (t_check_trans()) {{ t_relay(); }}
    exit;
  }}
  loose_route();
  if (is_method("REGISTER")) {{
    add_path();
    $du = "{registrar}";
  }}
  t_relay();
}}
"""


@frozen
class Bound:
    """A Contact that the registrar has; ``expires`` in seconds."""

    address: str
    expires: int
    cseq: int
    path: str


class Registrar(Kamailio):
    """A running registrar that wants ``path`` supported by who comes by an edge proxy (RFC 3327).

    Who asks for less than ``shortest`` seconds gets 423; ``options`` are Kamailio's.
    """

    def __init__(self, folder: Path, *, host: str, shortest: int = 0, **options: Any) -> None:
        super().__init__(folder, host=host, **options)
        self._control = f"{host}:{_CONTROL_PORT}"
        self._ask = require("kamcmd", package="kamailio")
        config = folder / "kamailio.cfg"
        text = config.read_text(encoding="utf-8")
        modules = _MODULES.format(control=self._control)
        text = text.replace('modparam("auth"', modules + 'modparam("auth"', 1)
        # baresip puts its proxy into Route; behind an edge proxy that would lead back here.
        challenge = '  if (is_method("INVITE")) { route(AUTHENTICATE); }\n'
        text = text.replace(challenge, challenge + '  remove_hf("Route");\n', 1)
        if shortest:
            refuse = _REFUSE_SHORT.format(shortest=shortest)
            text = text.replace("  if ($au != $tU)", refuse + "  if ($au != $tU)", 1)
        config.write_text(text, encoding="utf-8")

    def bindings(self, user: str) -> list[Bound]:
        """What it has of ``user``, in no special order."""
        done = subprocess.run(
            [self._ask, "-s", f"tcp:{self._control}", "ul.lookup", "location", user],
            check=True,
            capture_output=True,
            text=True,
            timeout=5,
        ).stdout
        contacts = re.split(r"(?m)^\s*Contact: \{", done)[1:]
        assert contacts or "AOR not found" in done, done
        return [
            Bound(
                address=_field(contact, "Address"),
                expires=int(_field(contact, "Expires")),
                cseq=int(_field(contact, "CSeq")),
                path=_field(contact, "Path"),
            )
            for contact in contacts
        ]


class EdgeProxy(Program):
    """A running proxy that passes REGISTERs on to ``registrar`` with a Path of its own."""

    def __init__(self, folder: Path, *, host: str, registrar: Kamailio) -> None:
        path = require("kamailio", package="kamailio")
        self.host = host
        (folder / "run").mkdir(parents=True)
        (folder / "kamailio.cfg").write_text(
            _EDGE.format(host=host, port=PORT, registrar=registrar.uri), encoding="utf-8"
        )
        super().__init__(
            [
                *(path, "-f", "kamailio.cfg", "-DD", "-E", "-m", "32", "-M", "4"),
                *("-w", ".", "-Y", "./run", "-P", "./run/kamailio.pid"),
            ],
            folder=folder,
            host=host,
        )


def _field(text: str, name: str) -> str:
    found = re.search(rf"(?m)^\s*{name}: (.*)$", text)
    return found[1].strip().removeprefix("[not set]") if found else ""
