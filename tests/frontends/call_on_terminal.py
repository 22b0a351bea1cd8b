"""Run as a program: one scripted call in the view that fits standard output.

Arguments: the name of a script in `fake_dialer`, seconds between its events, a name for after
the hang-up, and what ``siptapi dial`` takes.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace

import fake_dialer

from siptapi_core.commands import Dial
from siptapi_frontends.cli.calling import place_call
from siptapi_frontends.cli.output import prepare
from siptapi_frontends.cli.view import choose_view

if os.isatty(0) and os.getsid(0) == os.getpid():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the terminal is ours: its Ctrl-C becomes SIGINT
prepare()
script, pause, after, *options = sys.argv[1:]
dialer = fake_dialer.FakeDialer(
    getattr(fake_dialer, script),
    getattr(fake_dialer, after),
    pause=float(pause),
    messages=fake_dialer.MESSAGES,
)
arguments = Namespace(json="--json" in options, trace=False, log_level="warning")
planned = dialer.planned(Dial(number="01/505641"), fake_dialer.NAMES)
sys.exit(place_call(planned, choose_view(arguments)))
