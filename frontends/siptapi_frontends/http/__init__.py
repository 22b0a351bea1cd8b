"""The front end ``http``: an API, live events and a page, for programs and people.

Only what is needed to read its settings is imported before it runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core.contracts import Context, Frontend, Offer
from siptapi_core.hookspecs import hookimpl
from siptapi_frontends.http.settings import HttpSettings


def _create(settings: HttpSettings, context: Context) -> Frontend:
    from siptapi_frontends.http.frontend import HttpFrontend  # noqa: PLC0415  # when it is named

    return HttpFrontend(settings, context)


@hookimpl
def siptapi_frontends() -> Iterable[Offer[HttpSettings, Frontend]]:
    """HTTP."""
    yield Offer(
        name="http",
        summary="an API, live events and a page, at http://127.0.0.1:5088",
        settings=HttpSettings,
        create=_create,
    )
