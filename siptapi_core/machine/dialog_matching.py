"""Which call a dialog is that a watch tells of.

The phone that we sent a REFER to makes a call of its own: another Call-ID than our INVITE's, and
most often another than any message that we see. What we know of it is whom it calls and when, so
it is that dialog which

- the phone initiated,
- began after our REFER, and soon,
- has the callee at its other end,
- is none of our own legs, which have their Call-IDs.

An incoming call keeps its Call-ID on the way to the phone where the PBX is a proxy. A back-to-back
user agent gives each leg another one: then it is the dialog that the phone received from that
caller at that time.

Every fork of a call is a dialog with the same Call-ID: whoever has found one knows the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from siptapi_core.errors import MessageError
from siptapi_core.machine.dialog_watch import DialogReport
from siptapi_core.sip.dialog_info import DialogDirection
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.uri import SipUri, TelUri, Uri, parse_uri
from siptapi_core.values import Value

ENOUGH_DIGITS = 7
"""Numbers that end alike for so long are the same, whatever prefix each is written with."""


class SoughtCall(Value, kw_only=True):
    """A call, as far as it helps to find its dialog. Times are monotonic seconds.

    ``direction`` is as the watched phone sees it; ``party`` the other end: a URI or a number;
    ``earliest`` and ``latest`` are when the dialog may have begun. ``call_id`` is that of an INVITE
    of the call that came to us as well; ``not_call_ids`` are those of our own legs.
    """

    direction: DialogDirection
    party: str
    earliest: float
    latest: float
    call_id: str | None = None
    not_call_ids: frozenset[str] = frozenset()


def call_of(report: DialogReport, calls: Iterable[SoughtCall]) -> SoughtCall | None:
    """The call of ``calls`` whose dialog that is: by Call-ID, else the one sought for longest."""
    calls = tuple(calls)
    dialog = report.dialog
    for call in calls:
        if dialog.call_id is not None and dialog.call_id == call.call_id:
            return call
    fitting = (call for call in calls if _fits(report, call))
    return min(fitting, key=lambda call: call.earliest, default=None)


def _fits(report: DialogReport, call: SoughtCall) -> bool:
    dialog = report.dialog
    return (
        dialog.direction is call.direction
        and dialog.call_id not in call.not_call_ids
        and call.earliest <= report.began <= call.latest
        and any(
            same_party(call.party, shown)
            for shown in (dialog.remote.identity, dialog.remote.target)
        )
    )


def same_party(one: str, other: str) -> bool:
    """Whether two URIs or numbers name the same party, as PBXs rewrite them.

    Neither the host counts nor the case of a user. Numbers may differ in what stands before their
    last `ENOUGH_DIGITS` digits (``+431505641`` is shown as ``01505641``), unless both say all.
    """
    first, second = _user(one), _user(other)
    if not first or first == second:
        return first != ""
    both_say_all = first.startswith("+") and second.startswith("+")
    tail = first[-ENOUGH_DIGITS:]
    is_enough = len(tail) == ENOUGH_DIGITS and tail.isdecimal() and _is_number(second)
    return is_enough and not both_say_all and _is_number(first) and second.endswith(tail)


def _user(text: str) -> str:
    """The user or number that a URI names; a number without its visual separators."""
    uri, user = _uri(text), text
    if isinstance(uri, SipUri):
        user = uri.user_text.partition(";")[0]
    elif isinstance(uri, TelUri):
        user = uri.number
    bare = re.sub(r"[ ().\-/]", "", user)
    return bare if re.fullmatch(r"\+?[0-9*#]+", bare) else user.strip().lower()


def _uri(text: str) -> Uri | None:
    """A URI, or what stands in ``<...>`` behind a name."""
    with suppress(MessageError):
        return parse_uri(text)
    with suppress(MessageError):
        return NameAddr.parse(text).uri
    return None


def _is_number(user: str) -> bool:
    return user.removeprefix("+").isdecimal()
