"""Which line a request is for, among thousands that share our sockets.

What we register for a line has a parameter of its own, ``line=TOKEN``, and a proxy sends calls to
what was registered (RFC 3261 16.5). Some strip parameters, some leave the address of record in the
Request-URI, some put an address of their own there. So these are looked for, in this order, and
the first that is found decides:

1. the ``line`` parameter of the Request-URI
2. its user in its own domain
3. its user in the domain of To
4. its user, wherever: our addresses are shared by all lines, and NATs show others
5. To, as an address of record; after the user, for a diverted call has To of somebody else

Several lines of one account are as good as each other: the first that was added is meant. Where
lines of different accounts fit, the next rule is asked, and in the end nobody is meant: a call is
rather not shown than shown as another's.
"""

from __future__ import annotations

from collections.abc import Iterator

from siptapi_core.machine.accept_from import AcceptFrom
from siptapi_core.sip.message import Request
from siptapi_core.sip.uri import SipUri, TelUri, Uri
from siptapi_core.values import Value

LINE_PARAMETER = "line"
"""The parameter of our Contact that names the line."""

_Key = str | tuple[str, ...]


class IncomingLine(Value, kw_only=True):
    """A line that calls may come to.

    ``account`` is its address of record, ``next_hop`` where it registers; ``token`` stands in our
    Contact's ``line`` parameter. ``send_180``: callers are told that it rings. ``sends_reason``:
    its PBX is known to say why it cancels (RFC 3326). ``accept_from``: from where calls may come.
    """

    name: str
    account: SipUri
    next_hop: SipUri
    token: str
    send_180: bool = True
    sends_reason: bool = False
    accept_from: AcceptFrom = AcceptFrom.PROXY


class LineDirectory:
    """The lines that calls may come to. Each look-up takes the same time, however many they are."""

    def __init__(self) -> None:
        self._lines: dict[str, IncomingLine] = {}
        self._found: dict[_Key, tuple[IncomingLine, ...]] = {}

    def put(self, line: IncomingLine) -> None:
        """Add ``line``, in place of that of its name; one that did not change keeps its place."""
        if self._lines.get(line.name) == line:
            return
        self.remove(line.name)
        self._lines[line.name] = line
        for key in _keys_of_line(line):
            self._found[key] = (*self._found.get(key, ()), line)

    def remove(self, name: str) -> None:
        """Send it no more calls. Harmless where there is no line of that name."""
        line = self._lines.pop(name, None)
        if line is None:
            return
        for key in _keys_of_line(line):
            others = tuple(other for other in self._found.pop(key) if other is not line)
            if others:
                self._found[key] = others

    def find(self, request: Request) -> IncomingLine | None:
        """The line that ``request``, outside any dialog, is for; None: no line, or which?"""
        for key in _keys_of_request(request):
            lines = self._found.get(key)
            if lines and all(line.account == lines[0].account for line in lines[1:]):
                return lines[0]
        return None

    def find_by_token(self, request: Request) -> IncomingLine | None:
        """The line whose token the Request-URI has, which only its registrar was told."""
        token = _token(request.uri)
        return self._found.get(token, (None,))[0] if token else None

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self._lines)


def _keys_of_line(line: IncomingLine) -> tuple[_Key, ...]:
    user = line.account.user_text
    return (line.token, (user, line.account.host), (user,))


def _keys_of_request(request: Request) -> Iterator[_Key]:
    uri, to = request.uri, request.to.uri
    if token := _token(uri):
        yield token
    user, host = _parts(uri)
    to_user, domain = _parts(to)
    yield (user, host)
    yield (user, domain)
    yield (user,)
    yield (to_user, domain)


def _token(uri: Uri) -> str | None:
    return uri.parameter(LINE_PARAMETER) if isinstance(uri, SipUri) else None


def _parts(uri: Uri) -> tuple[str, str]:
    """User and host; a tel: URI has its number and no host."""
    if isinstance(uri, SipUri):
        return uri.user_text, uri.host
    return (uri.number if isinstance(uri, TelUri) else ""), ""
