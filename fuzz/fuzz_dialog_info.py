"""A document about dialogs, from whoever may send a NOTIFY."""

from __future__ import annotations

from siptapi_core.errors import MessageError
from siptapi_core.sip.dialog_info import parse_dialog_info


def read(data: bytes) -> None:
    try:
        document = parse_dialog_info(data)
    except MessageError:
        return
    for dialog in document.dialogs:
        for text in (dialog.local.display_name, dialog.remote.display_name, dialog.id):
            assert "\n" not in text
