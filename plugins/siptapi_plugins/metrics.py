"""The observer ``metrics``: figures for Prometheus, at an address of their own.

They are counted from events alone, so they say what listeners were told, and a restart begins
them anew, as Prometheus expects.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import Attribute, field, frozen

from siptapi_core import (
    CallEnded,
    CallEvent,
    CallId,
    CallPlaced,
    Context,
    ConversationEnded,
    Event,
    Gap,
    IncomingAnsweredElsewhere,
    IncomingEnded,
    IncomingRinging,
    LineRemoved,
    NetworkError,
    Observer,
    Offer,
    RegistrationChanged,
    RegistrationState,
    StrategyFellBack,
    hookimpl,
)

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter

_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 180)
_CONVERSATION_SECONDS = (10, 30, 60, 180, 300, 600, 1800, 3600, 7200)
_LARGEST_PORT = 65535


def _is_port(_instance: object, _attribute: Attribute[int], value: int) -> None:
    if not 0 < value <= _LARGEST_PORT:
        raise ValueError("expected a port, 1 to 65535")


@frozen
class MetricsSettings:
    """Where Prometheus finds the figures: ``http://ADDRESS:PORT/metrics``."""

    address: str = field(
        default="127.0.0.1",
        metadata={"help": "the address to listen on; whoever reaches it can read the figures"},
    )
    port: int = field(
        default=9650, validator=_is_port, metadata={"help": "the TCP port to listen on"}
    )
    by_line: bool = field(
        default=False,
        metadata={"help": "whether figures of calls are told apart by line: not with many lines"},
    )


class Metrics:
    """Counts what happens into ``registry``, which Prometheus reads."""

    def __init__(self, registry: CollectorRegistry, *, by_line: bool) -> None:
        from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415  # when named

        line = ("line",) if by_line else ()
        self._by_line = by_line
        self._placed = Counter(
            "siptapi_calls_placed", "Calls that somebody asked for", line, registry=registry
        )
        self._ended = Counter(
            "siptapi_calls_ended",
            "Calls that ended, as far as SIPTAPI is concerned",
            (*line, "outcome", "stage"),
            registry=registry,
        )
        self._in_progress = Gauge(
            "siptapi_calls_in_progress", "Calls that SIPTAPI holds now", registry=registry
        )
        self._set_up = Histogram(
            "siptapi_call_seconds",
            "From the wish to call until the end of SIPTAPI's part",
            buckets=_SECONDS,
            registry=registry,
        )
        self._conversation = Histogram(
            "siptapi_conversation_seconds",
            "From answer to end, where a dialog watch tells",
            buckets=_CONVERSATION_SECONDS,
            registry=registry,
        )
        self._fell_back = Counter(
            "siptapi_strategy_fallbacks",
            "Strategies that failed before anybody was disturbed",
            ("from", "to"),
            registry=registry,
        )
        self._incoming = Counter(
            "siptapi_incoming_calls", "Calls that came to a line", line, registry=registry
        )
        self._incoming_ended = Counter(
            "siptapi_incoming_calls_ended",
            "How calls that came to a line ended",
            (*line, "outcome"),
            registry=registry,
        )
        self._registered = Gauge(
            "siptapi_lines_registered", "Lines that are registered now", registry=registry
        )
        self._failures = Counter(
            "siptapi_registration_failures", "Tries that failed", ("status",), registry=registry
        )
        self._missed = Counter(
            "siptapi_events_missed", "Events that are not in these figures", registry=registry
        )
        self._began: dict[CallId, float] = {}
        self._registered_lines: set[str] = set()

    def observe(self, event: Event | Gap) -> None:
        """Count it."""
        if isinstance(event, Gap):
            self._missed.inc(event.missed)
            self._began.clear()  # whether they have ended, nobody says any more
        elif isinstance(event, CallEvent):
            self._observe_call(event)
        else:
            happening = event.happening
            if isinstance(happening, RegistrationChanged):
                if happening.state is RegistrationState.FAILED:
                    self._failures.labels(str(happening.status or "none")).inc()
                registered = happening.state is RegistrationState.REGISTERED
                self._set_registered(event.line, registered=registered)
            elif isinstance(happening, LineRemoved):
                self._set_registered(event.line, registered=False)

    def _observe_call(self, event: CallEvent) -> None:
        line = (event.line,) if self._by_line else ()
        match event.happening:
            case CallPlaced():
                self._began[event.call] = event.time
                self._in_progress.set(len(self._began))
                _of(self._placed, line).inc()
            case CallEnded(outcome=outcome, stage=stage):
                began = self._began.pop(event.call, None)
                if began is not None:
                    self._set_up.observe(max(event.time - began, 0.0))
                self._in_progress.set(len(self._began))
                self._ended.labels(*line, outcome.value, stage.value).inc()
            case StrategyFellBack(from_=failed, to=to):
                self._fell_back.labels(failed, to).inc()
            case ConversationEnded(duration=duration):
                self._conversation.observe(duration)
            case IncomingRinging():
                _of(self._incoming, line).inc()
            case IncomingAnsweredElsewhere():
                self._incoming_ended.labels(*line, "answered-elsewhere").inc()
            case IncomingEnded(outcome=incoming_outcome):
                self._incoming_ended.labels(*line, incoming_outcome.value).inc()

    def _set_registered(self, line: str, *, registered: bool) -> None:
        change = self._registered_lines.add if registered else self._registered_lines.discard
        change(line)
        self._registered.set(len(self._registered_lines))


def _of(counter: Counter, line: tuple[str, ...]) -> Counter:
    return counter.labels(*line) if line else counter


class MetricsServer:
    """The observer: `Metrics`, and a small server for them."""

    def __init__(self, settings: MetricsSettings) -> None:
        from prometheus_client import CollectorRegistry, make_wsgi_app  # noqa: PLC0415  # see above

        from siptapi_plugins.metrics_server import open_server  # noqa: PLC0415  # as above

        registry = CollectorRegistry()
        self._metrics = Metrics(registry, by_line=settings.by_line)
        try:
            self._server = open_server(settings.address, settings.port, make_wsgi_app(registry))
        except OSError as error:
            place = f"{settings.address}:{settings.port}"
            raise NetworkError(f"metrics: cannot listen on {place}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def observe(self, event: Event | Gap) -> None:
        """Count it."""
        self._metrics.observe(event)

    def close(self) -> None:
        """Give the port back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _create(settings: MetricsSettings, _: Context) -> Observer:
    return MetricsServer(settings)


@hookimpl
def siptapi_observers() -> Iterable[Offer[MetricsSettings, Observer]]:
    """Figures for Prometheus."""
    yield Offer(
        name="metrics",
        summary="figures for Prometheus, at http://127.0.0.1:9650/metrics",
        settings=MetricsSettings,
        create=_create,
    )
