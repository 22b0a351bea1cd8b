"""Run as a program: a daemon with the front end http, whose line calls simulated phones.

Arguments: the port, and how calls end. It prints the address, a token and the number to dial, and
runs until it is interrupted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time

import attrs

from siptapi_core.demo import Ending, open_demo
from siptapi_core.dialer import open_daemon
from siptapi_core.logs import configure
from siptapi_core.plugin_loading import load_plugins
from siptapi_core.settings import HistorySettings, Sections
from siptapi_frontends.http.tokens import Scope, TokenFile, tokens_file


async def main(port: str = "5088", ending: str = "answered") -> None:
    configure("info")
    token = TokenFile(tokens_file()).add(
        "demo", scopes=frozenset(Scope), lines=None, created=time.time()
    )
    async with open_demo(Ending(ending)) as demo:
        sections = Sections({"frontends": {"http": {"listen": f"127.0.0.1:{port}"}}})
        settings = attrs.evolve(demo.settings, history=HistorySettings(), sections=sections)
        plugins = load_plugins(files=(), third_party=False)
        async with open_daemon(settings, plugins) as daemon:

            def ready() -> None:
                print(f"http://127.0.0.1:{port}/#token={token}\nnumber {demo.number}", flush=True)

            await daemon.serve(ready, asyncio.Event())


with tempfile.TemporaryDirectory() as folder:
    os.environ |= {"XDG_STATE_HOME": folder, "LOCALAPPDATA": folder}
    asyncio.run(main(*sys.argv[1:]))
