"""What goes wrong, as application/problem+json (RFC 9457), in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from siptapi_core.errors import DeniedError, SiptapiError
from siptapi_frontends.http.json_response import JsonResponse

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[str, int] = {
    "usage": 422,
    "number": 422,
    "message": 422,
    "settings": 500,
    "plugin": 500,
    "denied": 403,
    "unknown-name": 404,
    "refused": 409,
    "busy": 503,
    "not-supported": 409,
    "network": 502,
    "resolve": 502,
    "protocol": 502,
}
"""What an error of ours is answered with, by its code."""
RETRY_AFTER = {"busy": "5"}
"""Seconds until it may be tried again, by code: then some of the calls in progress have ended."""
CONFIRMABLE = 409
"""A number that a person may say yes to all the same."""


class Problem(Exception):  # noqa: N818  # the RFC's word
    """A request that is answered with ``status``; the other parts are those of the answer.

    ``code`` is for programs, as that of a `SiptapiError`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        confirmable: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.confirmable = confirmable

    def response(self) -> JsonResponse:
        """The answer."""
        content: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.confirmable:
            content["confirmable"] = True
        return JsonResponse(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def problem_of(error: SiptapiError) -> Problem:
    """What ``error`` means over HTTP."""
    confirmable = isinstance(error, DeniedError) and error.confirmable
    status = CONFIRMABLE if confirmable else STATUSES.get(error.code, 500)
    seconds = RETRY_AFTER.get(error.code)
    headers = {"Retry-After": seconds} if seconds else None
    return Problem(status, error.code, str(error), headers=headers, confirmable=confirmable)
