"""Who calls whom, as an INVITE tells it: for people, and never more than it says.

The caller is whom the network asserts (P-Asserted-Identity, RFC 3325; Remote-Party-ID before it),
else whom the caller claims to be (From); nobody, where that is withheld (RFC 3323). The called is
whom the PBX says it calls (P-Called-Party-ID, RFC 7315), else whom the caller called (To). Who
diverted the call is told by Diversion (RFC 5806), else by History-Info (RFC 7044).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from attrs import evolve

from siptapi_core.errors import MessageError
from siptapi_core.events import IncomingRinging
from siptapi_core.sip.headers import Headers
from siptapi_core.sip.history_info import HistoryEntry, original_target
from siptapi_core.sip.message import Request
from siptapi_core.sip.name_addr import NameAddr
from siptapi_core.sip.pattern import Pattern
from siptapi_core.sip.uri import SipUri, TelUri, Uri

T = TypeVar("T")

LONGEST_NAME = 80
LONGEST_ADDRESS = 160
"""Characters that are shown; what follows is cut off."""

_ANONYMOUS_HOST = "anonymous.invalid"
_ANONYMOUS_USERS = frozenset({"anonymous", "restricted", "unavailable", "unknown"})
"""The first is that of RFC 3323 section 4.1.1.3; PBXs and gateways write the others."""
_HIDES_CALLER = frozenset({"id", "user"})
"""Values of Privacy (RFC 3323 section 4.2, RFC 3325 section 9.3) that hide who calls."""

_number = Pattern(r"\+?[0-9*#]++")
_separated_number = Pattern(r"(?=[^0-9*#]*+[0-9*#])\+?[0-9*#().\-]++")


def ringing_of(invite: Request) -> IncomingRinging:
    """What there is to say about who calls whom. A header that cannot be read says nothing."""
    caller, name = _caller(invite)
    return IncomingRinging(
        caller=caller,
        called=_called(invite),
        caller_name=name,
        diverted_by=_diverted_by(invite.headers),
    )


def asserted_identities(invite: Request) -> list[NameAddr]:
    """Who calls, by what the network says: P-Asserted-Identity, else Remote-Party-ID."""
    headers = invite.headers
    parties = _readable(headers, "Remote-Party-ID", NameAddr.parse)
    return _readable(headers, "P-Asserted-Identity", NameAddr.parse) or [
        party for party in parties if (party.parameter("party") or "calling").lower() == "calling"
    ]


def referrers(invite: Request) -> list[NameAddr]:
    """Who asked the caller to call: Referred-By (RFC 3892)."""
    return _readable(invite.headers, "Referred-By", NameAddr.parse)


def address_text(uri: Uri) -> str:
    """``uri`` as people write it: a number without separators, else a SIP address."""
    if isinstance(uri, TelUri):
        extension = uri.parameter("ext")
        text = _without_separators(uri.number) + (f";ext={extension}" if extension else "")
    elif isinstance(uri, SipUri):
        number = _number_of(uri)
        text = number or str(evolve(uri, password=None, parameters=(), headers=()))
    else:
        text = str(uri)
    return _shown(text, LONGEST_ADDRESS)


def _caller(invite: Request) -> tuple[str, str]:
    asserted = asserted_identities(invite)
    privacy = re.split(r"[;,\s]+", " ".join(invite.headers.lines("Privacy")).lower())
    if not _HIDES_CALLER.isdisjoint(privacy) or any(_hides_itself(party) for party in asserted):
        return "", ""
    parties = [party for party in (*asserted, invite.from_) if not _is_anonymous(party.uri)]
    if not parties:
        return "", ""
    # Of a sip: and a tel: URI asserted together, that which is a number.
    numbers = (party for party in asserted if party in parties and _is_number(party.uri))
    names = (name for party in parties if (name := _shown(party.display_name, LONGEST_NAME)))
    return address_text(next(numbers, parties[0]).uri), next(names, "")


def _called(invite: Request) -> str:
    named = _readable(invite.headers, "P-Called-Party-ID", NameAddr.parse)
    uris = (*(party.uri for party in named), invite.to.uri, invite.uri)
    with_user = (uri for uri in uris if not isinstance(uri, SipUri) or uri.user)
    return address_text(next(with_user, invite.to.uri))


def _diverted_by(headers: Headers) -> str:
    diversions = _readable(headers, "Diversion", NameAddr.parse)
    history = _readable(headers, "History-Info", HistoryEntry.parse)
    if diversions:  # the latest on top: the last is whom the call was first meant for
        diverting = None if _hides_itself(diversions[-1]) else diversions[-1]
    else:
        original = original_target(history)
        diverting = None if original is None or original.is_private else original.address
    return "" if diverting is None or _is_anonymous(diverting.uri) else address_text(diverting.uri)


def _hides_itself(party: NameAddr) -> bool:
    """By the ``privacy`` of Diversion and Remote-Party-ID."""
    return (party.parameter("privacy") or "off").lower() in {"full", "uri"}


def _is_anonymous(uri: Uri) -> bool:
    return isinstance(uri, SipUri) and (
        uri.host == _ANONYMOUS_HOST or uri.user_text.lower() in _ANONYMOUS_USERS
    )


def _is_number(uri: Uri) -> bool:
    return isinstance(uri, TelUri) or (isinstance(uri, SipUri) and _number_of(uri) is not None)


def _number_of(uri: SipUri) -> str | None:
    """The number that is the user; parameters of a number (``;phone-context=``) left out."""
    user = uri.user_text.partition(";")[0]
    separated = user.startswith("+") or (uri.parameter("user") or "").lower() == "phone"
    if (_separated_number if separated else _number).fullmatch(user) is None:
        return None
    return _without_separators(user)


def _without_separators(number: str) -> str:
    return re.sub(r"[().\-]", "", number)


def _shown(text: str, longest: int) -> str:
    """``text`` in one line of printable characters: no control codes, no bidi marks."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(printable.split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def _readable(headers: Headers, name: str, parse: Callable[[str], T]) -> list[T]:
    """The values of header ``name`` that can be read."""
    found = []
    for value in headers.values(name):
        try:
            found.append(parse(value))
        except MessageError:
            continue
    return found
