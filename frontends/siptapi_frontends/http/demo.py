"""The phones of ``siptapi serve --demo``, for the page: what they do, and a hand to pick them up.

Events ``demo_phone`` and ``demo_message`` go out to every listener beside the dialer's own, without
an id: who comes again asks for the phones as they are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from siptapi_core.errors import RefusedError
from siptapi_frontends.http.access import AccessControl
from siptapi_frontends.http.broadcaster import Broadcaster
from siptapi_frontends.http.json_response import JsonResponse, to_json
from siptapi_frontends.http.problems import Problem
from siptapi_frontends.http.tokens import Scope


class Change(Protocol):
    """An event of the demo: its name, and what is told, as plain data."""

    @property
    def name(self) -> str:
        """For the stream."""
        ...

    @property
    def data(self) -> Mapping[str, object]:
        """What is told."""
        ...


class DemoPhones(Protocol):
    """What the demo gives this front end (`siptapi_core.demo.desk_phones.DeskPhones`)."""

    def phones(self) -> Sequence[Mapping[str, object]]:
        """Every phone as it is now."""
        ...

    def pick_up(self, name: str) -> None:
        """Answer what rings; raises UnknownNameError, RefusedError as the others do."""
        ...

    def reject(self, name: str) -> None:
        """Refuse what rings."""
        ...

    def hang_up(self, name: str) -> None:
        """Put the receiver down."""
        ...

    def call(self, name: str) -> None:
        """Let somebody call from that phone."""
        ...

    def changes(self) -> AsyncIterator[Change]:
        """What happens, from now on."""
        ...


class DemoApi:
    """The endpoints under ``/demo``, and the demo's events."""

    def __init__(self, phones: DemoPhones, access: AccessControl, broadcaster: Broadcaster) -> None:
        self._phones = phones
        self._access = access
        self._broadcaster = broadcaster
        self._acts: Mapping[str, Callable[[str], None]] = {
            "pick_up": phones.pick_up,
            "reject": phones.reject,
            "hang_up": phones.hang_up,
            "call": phones.call,
        }

    def routes(self) -> list[Route]:
        """Both."""
        return [
            Route("/demo", self._show, methods=["GET"]),
            Route("/demo/phones/{name}/{act}", self._act, methods=["POST"]),
        ]

    async def run(self) -> None:
        """Tell what happens until the demo ends, or this is cancelled."""
        async for change in self._phones.changes():
            data = b"event: %s\ndata: %s\n\n" % (change.name.encode(), to_json(change.data))
            for listener in tuple(self._broadcaster.listeners):
                if not listener.put(data):
                    self._broadcaster.end(listener, RefusedError("this listener reads too slowly"))

    async def _show(self, request: Request) -> Response:
        self._access.admit(request, Scope.READ)
        return JsonResponse({"phones": self._phones.phones()})

    async def _act(self, request: Request) -> Response:
        self._access.admit(request, Scope.DIAL)
        act = self._acts.get(request.path_params["act"])
        if act is None:
            known = ", ".join(self._acts)
            raise Problem(404, "unknown-name", f"nobody can do that with a phone; there is {known}")
        act(request.path_params["name"])  # its errors are answered as any others
        return Response(status_code=204)
