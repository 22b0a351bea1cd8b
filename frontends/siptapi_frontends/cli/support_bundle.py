"""A zip archive with all that somebody needs who shall find out why a call failed.

No secret is in it: messages have their credentials masked, settings their secrets left out. Numbers
and addresses of the call are.
"""

from __future__ import annotations

import io
import json
import platform
import sys
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from siptapi_core.commands import CallRecord, Plugins, ShownSettings
from siptapi_core.control.vocabulary import encode_reply
from siptapi_core.events import TracedMessage
from siptapi_core.ladder import draw_ladder, draw_ladder_svg
from siptapi_core.logs import print_message
from siptapi_core.packet_capture import packet_capture
from siptapi_core.version import VERSION

if TYPE_CHECKING:
    from siptapi_frontends.cli.session import Session

_README = """\
What SIPTAPI knows of one call, for somebody who shall find out what went wrong.

ladder.txt, ladder.svg   the SIP messages as a drawing
messages.txt             each in full, credentials masked
messages.pcap            the same for sngrep and Wireshark
call.json                how the call went, event by event
settings.json            what is set, without secrets
environment.json         SIPTAPI, Python, the system, the plugins

It has the numbers and the addresses of the call: look through it before you pass it on.
"""
_WIDTH = 160
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""Zip knows no earlier one; so that the same content is the same archive."""


def support_bundle(session: Session, call: CallRecord, messages: Sequence[TracedMessage]) -> bytes:
    """The bytes of the archive."""
    printed = io.StringIO()
    for message in messages:
        print_message(message, printed)
    files: dict[str, str | bytes] = {
        "README.txt": _README,
        "ladder.txt": draw_ladder(messages, unicode=True, width=_WIDTH) + "\n",
        "ladder.svg": draw_ladder_svg(messages),
        "messages.txt": printed.getvalue(),
        "messages.pcap": packet_capture(messages),
        "call.json": _json(encode_reply(call)),
        "settings.json": _json(encode_reply(_settings(session))),
        "environment.json": _json(_environment(session)),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"siptapi-{call.call}/{name}", _FIRST_DAY), data)
    return content.getvalue()


def _settings(session: Session) -> ShownSettings:
    from siptapi_core.settings.showing import show  # noqa: PLC0415  # reads every section

    settings = session.settings
    return ShownSettings(file=settings.where, settings=show(settings, session.full_catalog))


def _environment(session: Session) -> dict[str, object]:
    return {
        "siptapi": VERSION,
        "python": sys.version,
        "platform": platform.platform(),
        **encode_reply(Plugins(session.plugins())),
    }


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
