"""``GET /metrics``: how the process is, for Prometheus.

What happens to calls is counted by the observer ``metrics``, at an address of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from siptapi_core.commands import Status

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def figures(status: Status, *, listeners: int, events: int, sessions: int) -> bytes:
    """What ``status`` says, and how many listeners, events so far and sessions there are."""
    registry = CollectorRegistry()
    registry.register(_Collector(list(_metrics(status, listeners, events, sessions))))
    return generate_latest(registry)


def _metrics(status: Status, listeners: int, events: int, sessions: int) -> Iterator[Metric]:
    info = GaugeMetricFamily("siptapi_info", "Its version", labels=["version"])
    info.add_metric([status.version], 1)
    yield info
    alive = GaugeMetricFamily("siptapi_alive", "What is alive in the process", labels=["kind"])
    for kind, number in status.counters.items():
        alive.add_metric([kind], number)
    yield alive
    for name, meaning, value in (
        ("siptapi_started_seconds", "When it was started, since the epoch", status.started),
        ("siptapi_lines", "Lines in the settings", status.lines),
        ("siptapi_lines_registered_now", "Lines that are registered", status.registered),
        ("siptapi_http_listeners", "Listeners to the events", listeners),
        ("siptapi_http_sessions", "Sessions of the page", sessions),
    ):
        yield GaugeMetricFamily(name, meaning, value=value)
    yield CounterMetricFamily("siptapi_http_events", "Events told to listeners", value=events)


class _Collector:
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics
