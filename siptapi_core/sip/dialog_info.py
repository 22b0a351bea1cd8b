"""Who is in which dialog: the ``application/dialog-info+xml`` of a NOTIFY (RFC 4235 section 4).

It is read as PBXs and phones really send it: without namespaces or with any, words in any case,
parts left out. What is said twice counts the first time; what is not understood counts as unsaid.
"""

from __future__ import annotations

import enum
import re
from typing import TypeVar

from siptapi_core.errors import MessageError
from siptapi_core.sip.parameters import excerpt
from siptapi_core.sip.xml_element import XmlElement, parse_xml
from siptapi_core.values import Value

MEDIA_TYPE = "application/dialog-info+xml"

E = TypeVar("E", bound=enum.StrEnum)


class DialogState(enum.StrEnum):
    """The states of RFC 4235 section 3.7.1; a dialog only ever goes down this list."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class DialogDirection(enum.StrEnum):
    """Whether the watched side sent the INVITE or got it."""

    INITIATOR = "initiator"
    RECIPIENT = "recipient"


class DialogEvent(enum.StrEnum):
    """What led to the state, most often to the end (RFC 4235 section 3.7.1)."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REPLACED = "replaced"
    LOCAL_BYE = "local-bye"
    REMOTE_BYE = "remote-bye"
    ERROR = "error"
    TIMEOUT = "timeout"


class Participant(Value):
    """One end of a dialog. ``identity`` and ``target`` are URIs, if the sender knows its trade."""

    identity: str = ""
    display_name: str = ""
    target: str = ""


class WatchedDialog(Value, kw_only=True):
    """One dialog of the watched side, which is ``local``; empty or None: nothing was said.

    ``id`` is the notifier's name for it, ``code`` the SIP status that led to the state;
    ``duration`` counts seconds since the dialog began, ringing included.
    """

    id: str
    state: DialogState
    event: DialogEvent | None = None
    code: int | None = None
    call_id: str | None = None
    local_tag: str | None = None
    remote_tag: str | None = None
    direction: DialogDirection | None = None
    duration: int | None = None
    local: Participant = Participant()
    remote: Participant = Participant()


class DialogInfo(Value, kw_only=True):
    """One document about ``entity``. ``is_full``: what it does not list is no dialog any more."""

    version: int
    is_full: bool
    entity: str
    dialogs: tuple[WatchedDialog, ...]


def parse_dialog_info(body: bytes) -> DialogInfo:
    """Read the document.

    Without a version it is number 0, without a state it is partial; a dialog without an id goes by
    its Call-ID.

    Raises:
        MessageError: it is no XML that we read (`parse_xml`), no dialog-info, or has a dialog
            whose state nobody can tell.
    """
    root = parse_xml(body)
    if root.name != "dialog-info":
        raise MessageError(f"an XML document about {excerpt(root.name)}, not dialog-info")
    return DialogInfo(
        version=_number(root.attribute("version"), "[0-9]{1,20}") or 0,
        is_full=root.attribute("state").lower() == "full",
        entity=root.attribute("entity"),
        dialogs=tuple(_dialog(element) for element in root.all("dialog")),
    )


def _dialog(element: XmlElement) -> WatchedDialog:
    told = element.first("state")
    state = _one_of(DialogState, told.line())
    if state is None:
        raise MessageError(f"a dialog in the state {excerpt(told.line())}, which there is not")
    call_id = element.attribute("call-id")
    return WatchedDialog(
        id=element.attribute("id") or call_id,
        state=state,
        event=_one_of(DialogEvent, told.attribute("event")),
        code=_number(told.attribute("code"), "[1-6][0-9]{2}"),
        call_id=call_id or None,
        local_tag=element.attribute("local-tag") or None,
        remote_tag=element.attribute("remote-tag") or None,
        direction=_one_of(DialogDirection, element.attribute("direction")),
        duration=_number(element.first("duration").line(), "[0-9]{1,9}"),
        local=_participant(element.first("local")),
        remote=_participant(element.first("remote")),
    )


def _participant(element: XmlElement) -> Participant:
    identity = element.first("identity")
    return Participant(
        identity.line(),
        identity.attribute("display"),
        element.first("target").attribute("uri"),
    )


def _one_of(words: type[E], text: str) -> E | None:
    return next((word for word in words if word == text.lower()), None)


def _number(text: str, pattern: str) -> int | None:
    return int(text) if re.fullmatch(pattern, text) else None
