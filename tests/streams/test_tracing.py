"""Traces reach a receiver over OTLP; processes that know nothing of each other put a record's spans into one trace."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from streams import tracing
from streams.settings import Settings, load_settings
from tests.fixtures.traces import Receiver

TOPIC = "funnel.events.v1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    tracing.stop()
    made.shutdown()
    thread.join()
    made.server_close()


def settings_of(receiver: Receiver, one_in: int = 1) -> Settings:
    return load_settings(traces_url=receiver.url, traces_one_in=one_in)


def test_spans_of_one_record_are_one_trace_whoever_makes_them(receiver: Receiver) -> None:
    sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    request = tracing.TracedRequest("/v1/events", tracing.now_ns(), sender)
    tracing.start(settings_of(receiver), "collector")
    tracing.of_records("publish", TOPIC, 1, (250, 260), tracing.now_ns(), [request])
    tracing.stop()
    tracing.start(settings_of(receiver), "monitor")
    tracing.of_records("count and judge", TOPIC, 1, (0, 255), tracing.now_ns())
    tracing.of_alert("alert firing", "a1", tracing.now_ns(), (TOPIC, 1, 255))
    tracing.stop()
    tracing.start(settings_of(receiver), "notifier")
    tracing.of_alert("message", "a1", tracing.now_ns(), attributes={"funnelwatch.receiver": "ops"})
    tracing.stop()
    asked = ["funnelwatch-collector publish", "funnelwatch-collector request /v1/events"]
    assert sorted(map(sorted, receiver.traces().values())) == [
        asked,
        [*asked, "funnelwatch-monitor count and judge"],
        ["funnelwatch-monitor alert firing", "funnelwatch-notifier message"],
    ]
    links = {
        span.name: {one.trace_id.hex() for one in span.links} for _, span in receiver.spans if span.links
    }
    assert sender.split("-")[1] in links["request /v1/events"]
    (counted,) = (span for _, span in receiver.spans if span.name == "count and judge")
    assert links["alert firing"] == {counted.trace_id.hex()}


def test_every_process_traces_the_same_of_the_blocks(receiver: Receiver) -> None:
    for role in ("collector", "landing"):
        tracing.start(settings_of(receiver, one_in=10), role)
        for block in range(200):
            first = block * tracing.BLOCK
            tracing.of_records("seen", TOPIC, 0, (first, first + 9), tracing.now_ns())
        tracing.stop()
    traces = receiver.traces()
    assert 0 < len(traces) < 100
    assert {tuple(names) for names in traces.values()} == {
        ("funnelwatch-collector seen", "funnelwatch-landing seen")
    }


def test_without_a_receiver_nothing_is_traced_and_nothing_imported() -> None:
    tracing.start(load_settings(), "collector")
    assert not tracing.is_on()
    tracing.of_records("seen", TOPIC, 0, (0, 9), tracing.now_ns())
