"""Which command each endpoint of the API executes: the only list of them.

What an endpoint takes are the fields of its command: those that its path names, and the others in
the query (GET) or a JSON object (POST). What it answers are the fields of the reply.
"""

from __future__ import annotations

import re

from siptapi_core.commands import (
    CallRecord,
    Calls,
    Dial,
    Dialling,
    Done,
    Explain,
    HangUp,
    History,
    Lines,
    ListCalls,
    ListHistory,
    ListLines,
    ListPlugins,
    Messages,
    Plugins,
    Redirect,
    Reject,
    Reload,
    Reloaded,
    Resolve,
    ShowCall,
    ShowMessages,
    ShownSettings,
    ShowSettings,
    ShowStatus,
    Status,
    Transfer,
)
from siptapi_core.numbers import Explanation
from siptapi_core.resolution import Resolution
from siptapi_core.values import Value
from siptapi_frontends.http.tokens import Scope

API = "/api/v1"


class Operation(Value, kw_only=True):
    """``method`` and ``path`` execute ``command`` for tokens of ``scope``.

    ``status`` is that of success. A reply `Done` has no body.
    """

    method: str
    path: str
    command: type
    reply: type
    scope: Scope
    summary: str
    status: int = 200

    @property
    def in_path(self) -> tuple[str, ...]:
        """The fields of the command that the path has."""
        return tuple(re.findall(r"{(\w+)}", self.path))


def _get(
    path: str, command: type, reply: type, summary: str, scope: Scope = Scope.READ
) -> Operation:
    return Operation(
        method="GET",
        path=path,
        command=command,
        reply=reply,
        scope=scope,
        summary=summary,
    )


def _post(
    path: str,
    command: type,
    summary: str,
    reply: type = Done,
    status: int = 204,
    scope: Scope = Scope.DIAL,
) -> Operation:
    return Operation(
        method="POST",
        path=path,
        command=command,
        reply=reply,
        scope=scope,
        summary=summary,
        status=status,
    )


OPERATIONS = (
    _get("/lines", ListLines, Lines, "The lines"),
    _get("/calls", ListCalls, Calls, "The calls in progress"),
    _post("/calls", Dial, "Make the phone of a line call a number", Dialling, 201),
    _get("/calls/{call}", ShowCall, CallRecord, "One call, with its events"),
    _get(
        "/calls/{call}/messages",
        ShowMessages,
        Messages,
        "The SIP messages of a call, in order, as far as they are kept",
    ),
    _post("/calls/{call}/hangup", HangUp, "End a call that SIPTAPI still holds"),
    _post("/calls/{call}/transfer", Transfer, "Send the party that is held to another number"),
    _post("/calls/{call}/reject", Reject, "Reject an incoming call, for all phones of the account"),
    _post("/calls/{call}/redirect", Redirect, "Send an incoming call to another number"),
    _get("/history", ListHistory, History, "Past calls and those in progress, the latest first"),
    _get("/numbers", Explain, Explanation, "What would become of a number, step by step"),
    _get("/resolve", Resolve, Resolution, "Where requests for a target would be sent, and why"),
    _post("/reload", Reload, "Read the settings again", Reloaded, 200, Scope.ADMIN),
    _get("/status", ShowStatus, Status, "How the process is", Scope.ADMIN),
    _get("/plugins", ListPlugins, Plugins, "The plugins that were found"),
    _get("/settings", ShowSettings, ShownSettings, "The settings, without secrets", Scope.ADMIN),
)
