"""A plugin that steps the wall clock of its process: for `siptapi --plugin`.

The file that ``SIPTAPI_TEST_CLOCK`` names has by how many seconds.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from siptapi_core import Offer, hookimpl

FILE = Path(os.environ["SIPTAPI_TEST_CLOCK"])
real_time = time.time


def stepped_time() -> float:
    return real_time() + float(FILE.read_text(encoding="ascii"))


time.time = stepped_time


@hookimpl
def siptapi_resolvers():
    yield Offer(name="stepped", summary="a plugin must offer something", create=lambda *_: None)
