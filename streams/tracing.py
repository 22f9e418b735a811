"""Traces (OpenTelemetry, the extra ``tracing``): what became of records from the request to the message, without a byte more in Kafka.

A trace is of a block: so many neighbouring offsets of a partition. Its id is a digest of topic, partition and block, so collector,
landing and monitor put their spans into the same trace without a word between them, and agree on which blocks are traced. An alert has a trace
of its own, by its id: from the flush that judged it (a link leads to the block) to the messages about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import structlog

from streams.clock import now_ms
from streams.errors import InputError

if TYPE_CHECKING:
    from streams.settings import Settings

_log = structlog.get_logger()
#: offsets of one trace: at 1,000 events a second and six partitions a second and a half
BLOCK = 256
#: requests of one flush that get a span of their own
_MOST_REQUESTS = 50


class TracingNotInstalledError(InputError):
    """Traces are asked for, and the extra is not installed; the role ends with this sentence."""


@dataclass(frozen=True, slots=True)
class TracedRequest:
    """A request whose records are about to be published."""

    path: str
    begun_ns: int
    traceparent: str


#: the request that this task answers; None where nothing is traced
REQUEST: ContextVar[TracedRequest | None] = ContextVar("traced_request", default=None)


class _Tracer:
    """The exporter of this process, and which blocks it exports."""

    def __init__(self, provider: Any, one_in: int) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self.provider, self._one_in, self._api = provider, one_in, trace
        self._tracer = provider.get_tracer("funnelwatch")
        self._propagator = TraceContextTextMapPropagator()

    def blocks(self, topic: str, partition: int, first: int, last: int) -> list[bytes]:
        """The digests of the traced blocks that these offsets belong to."""
        found = (_digest(topic, partition, number) for number in range(first // BLOCK, last // BLOCK + 1))
        return [one for one in found if int.from_bytes(one[-4:], "big") % self._one_in == 0]

    def context(self, digest: bytes) -> Any:
        """Of the trace with this id: what its spans are children of."""
        return self._api.SpanContext(
            int.from_bytes(digest[:16], "big"),
            int.from_bytes(digest[16:24], "big"),
            is_remote=True,
            trace_flags=self._api.TraceFlags(self._api.TraceFlags.SAMPLED),
        )

    def emit(
        self,
        name: str,
        parent: Any,
        begun_ns: int,
        links: Iterable[Any],
        attributes: Mapping[str, Any],
    ) -> Any:
        """A span that ends now."""
        parent_span = self._api.NonRecordingSpan(parent)
        span = self._tracer.start_span(
            name,
            self._api.set_span_in_context(parent_span),
            start_time=begun_ns,
            links=[self._api.Link(one) for one in links],
            attributes=dict(attributes),
        )
        span.end()
        return span.get_span_context()

    def caller(self, traceparent: str) -> list[Any]:
        """What a sender's header names."""
        context = self._propagator.extract({"traceparent": traceparent}) if traceparent else None
        found = self._api.get_current_span(context).get_span_context() if context is not None else None
        return [found] if found is not None and found.is_valid else []


_tracer: _Tracer | None = None


def start(settings: Settings, role: str) -> None:
    """Begin to trace, if the settings name a receiver of traces. Of each role's own process, once.

    Raises:
        TracingNotInstalledError: the extra is missing.
    """
    global _tracer  # one exporter a process, as OpenTelemetry has it
    if not settings.traces_url:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingNotInstalledError(
            "FUNNELWATCH_TRACES_URL is set, but the extra is missing: pip install 'funnelwatch[tracing]'"
        ) from error
    resource = Resource.create({"service.name": f"funnelwatch-{role}", "service.namespace": "funnelwatch"})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(f"{settings.traces_url.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = _Tracer(provider, settings.traces_one_in)
    _log.info("tracing_started", url=settings.traces_url, one_in=settings.traces_one_in)


def stop() -> None:
    """Export what waits, and trace no more."""
    global _tracer
    if _tracer is not None:
        _tracer.provider.shutdown()
        _tracer = None


def is_on() -> bool:
    """Whether this process traces."""
    return _tracer is not None


def now_ns() -> int:
    """The moment, as spans have it."""
    return now_ms() * 1_000_000


def of_records(
    name: str,
    topic: str,
    partition: int,
    offsets: tuple[int, int],
    begun_ns: int,
    requests: Sequence[TracedRequest] = (),
    attributes: Mapping[str, str | int] = MappingProxyType({}),
) -> None:
    """A span that ends now, in the trace of each block that is traced of a range of offsets.

    Args:
        name: what was done, such as ``publish``.
        offsets: the first and the last.
        begun_ns: when it began; ``now_ns`` of then.
        requests: those whose records these are: they get spans of their own, linked to what their senders traced.
    """
    if _tracer is None:
        return
    first, last = offsets
    for digest in _tracer.blocks(topic, partition, first, last):
        context = _tracer.context(digest)
        place = {
            "messaging.system": "kafka",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
            "funnelwatch.first_offset": first,
            "funnelwatch.last_offset": last,
        }
        span = _tracer.emit(name, context, begun_ns, (), {**place, **attributes})
        for request in requests[:_MOST_REQUESTS]:
            links = [span, *_tracer.caller(request.traceparent)]
            _tracer.emit(f"request {request.path}", context, request.begun_ns, links, {})


def of_alert(
    name: str,
    alert_id: str,
    begun_ns: int,
    judged_at: tuple[str, int, int] | None = None,
    attributes: Mapping[str, str | int] = MappingProxyType({}),
) -> None:
    """A span that ends now, in an alert's trace; ``judged_at`` is topic, partition and last offset of what it was judged by."""
    if _tracer is None:
        return
    links = []
    if judged_at is not None:
        topic, partition, offset = judged_at
        links.append(_tracer.context(_digest(topic, partition, offset // BLOCK)))
    context = _tracer.context(_digest("alert", alert_id, 0))
    _tracer.emit(name, context, begun_ns, links, {"funnelwatch.alert_id": alert_id, **attributes})


def _digest(kind: str, which: str | int, number: int) -> bytes:
    return hashlib.blake2b(f"{kind}/{which}/{number}".encode(), digest_size=32).digest()
