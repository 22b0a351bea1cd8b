"""The observer ``webhooks``: tells other programs by HTTP what happens, and does not give up soon.

::

    event ─▶ body, by the target's preset ─▶ queue on disk ─▶ POST ─2xx─▶ gone
                                                 ▲              │
                                                 └── later ◀────┴─ no answer, 408, 429, 5xx
                                                     any other answer: dropped, and said in the log
"""

from __future__ import annotations

from collections.abc import Iterable

from siptapi_core import Context, Observer, Offer, hookimpl
from siptapi_plugins.webhooks.settings import WebhookSettings


def _create(settings: WebhookSettings, context: Context) -> Observer:
    from siptapi_plugins.webhooks.observer import Webhooks  # noqa: PLC0415  # when it is named

    return Webhooks(settings, context)


@hookimpl
def siptapi_observers() -> Iterable[Offer[WebhookSettings, Observer]]:
    """Webhooks."""
    yield Offer(
        name="webhooks",
        summary="tell other programs by HTTP what happens (JSON, or as Zammad wants it)",
        settings=WebhookSettings,
        create=_create,
    )
