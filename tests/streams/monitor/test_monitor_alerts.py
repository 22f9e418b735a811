"""Alerts of the live monitor on the real broker: baselines from their topic, a planted drop, a kill in the middle of it.

::

    minute   0 ........ 90 ........ 125 ...... 200
             calm       web: −85 %  calm again
                             ^ killed and started again once it has fired
"""

from __future__ import annotations

import signal
import time

import msgspec
import numpy as np
import pytest

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.baselines import (
    Kernel,
    KernelSource,
    StoreBaseline,
    StoreHistory,
    encode_baseline,
    fit_baselines,
)
from scoring.counting.records import ClockTick, encode_tick
from scoring.detection import DetectionPolicy, Detector
from scoring.events.event import Event, EventType
from scoring.funnel.stages import STAGE_INDEX
from streams.kafka.topics import BASELINES, EVENTS
from tests.fixtures.kafka_tools import make_topics, produce
from tests.streams.monitor.alerting_worker import monitor, wait_for, wait_for_score
from tests.streams.monitor.workers import Process

__all__ = ["monitor"]
DAY, MINUTE_MS = 1440, 60_000
TRAIN, LIVE = 8 * DAY, 200
BREAKS, FIXED = 90, 125
SEGMENTS = ("ios/-", "web/-")
CLICK, CART = STAGE_INDEX["click"], STAGE_INDEX["add_to_cart"]
SHARES = (0.2, 0.3, 0.3, 0.2)


def draw_counts() -> np.ndarray:
    """(2, 7, minutes): clicks, and a cart for one in four of them; the web's carts fail for a while of the live part."""
    rng = np.random.default_rng(21)
    counts = np.zeros((2, 7, TRAIN + LIVE), dtype=np.int64)
    counts[:, CLICK] = rng.poisson(np.array([[24.0], [24.0]]), (2, TRAIN + LIVE))
    for delay, share in enumerate(SHARES):
        moved = rng.binomial(counts[:, CLICK], 0.25 * share)
        counts[:, CART, delay:] += moved[:, : TRAIN + LIVE - delay]
    failing = slice(TRAIN + BREAKS, TRAIN + FIXED)
    counts[1, CART, failing] = rng.binomial(counts[1, CART, failing], 0.15)
    return counts


def fitted(counts: np.ndarray, start: int) -> StoreBaseline:
    kernel = Kernel(SHARES, source=KernelSource.PAIRS)
    history = StoreHistory("shop", "UTC", start, SEGMENTS, counts[:, :, :TRAIN])
    return fit_baselines([history], 1, {("shop", "click_to_add_to_cart"): kernel})[0]


def records_of(
    counts: np.ndarray, start: int, first: int, last: int
) -> list[tuple[bytes | None, bytes, int]]:
    """The live minutes from ``first`` to ``last`` as events in the order of their time, then a tick that ends them."""
    records: list[tuple[bytes | None, bytes, int]] = []
    for minute in range(first, last):
        at_ms = (start + TRAIN + minute) * MINUTE_MS
        number = 0
        for row, segment in enumerate(SEGMENTS):
            for stage, kind in ((CLICK, EventType.CLICK), (CART, EventType.ADD_TO_CART)):
                for _ in range(int(counts[row, stage, TRAIN + minute])):
                    number += 1
                    event = Event(
                        f"{minute}-{number}", "shop", kind, at_ms + number, at_ms + number,
                        device_class=segment.split("/")[0],
                    )  # fmt: skip
                    records.append((b"shop", msgspec.json.encode(event), at_ms + number))
    end_ms = (start + TRAIN + last) * MINUTE_MS
    return [*records, (None, encode_tick(ClockTick(end_ms)), end_ms)]


def without_a_restart(counts: np.ndarray, baseline: StoreBaseline, start: int) -> list[AlertTransition]:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline)
    reported: list[AlertTransition] = []
    for minute in range(TRAIN, TRAIN + LIVE):
        rows = {name: counts[row, :, minute].tolist() for row, name in enumerate(SEGMENTS)}
        reported += detector.advance(start + minute, {"shop": rows}).transitions
    return reported


async def test_killed_in_mid_incident_the_monitor_publishes_each_transition_once(
    kafka: str, topic_prefix: str, monitor: Process
) -> None:
    start = int(time.time()) // 60 - TRAIN - LIVE - 5
    counts = draw_counts()
    baseline = fitted(counts, start)
    expected = without_a_restart(counts, baseline, start)
    events = topic_prefix + EVENTS
    await make_topics(kafka, topic_prefix, 1)
    await produce(kafka, topic_prefix + BASELINES, [(b"shop", encode_baseline(baseline), 1)])
    await produce(kafka, events, records_of(counts, start, 0, 40))
    monitor.start()
    await produce(kafka, events, records_of(counts, start, 40, 100))
    fired = (await wait_for(kafka, topic_prefix, bool))[0]
    assert (fired.state, fired.step, fired.segment) == (AlertState.FIRING, "click_to_add_to_cart", "web/-")
    assert fired.contributions[0].segment == "web/-"
    assert fired.contributions[0].share > 0.8
    assert 0 < fired.opened_at_ms / MINUTE_MS - (start + TRAIN + BREAKS) <= 10

    await produce(kafka, events, records_of(counts, start, 100, 110))
    await wait_for_score(kafka, topic_prefix, start + TRAIN + 109)
    monitor.end(signal.SIGKILL)
    await produce(kafka, events, records_of(counts, start, 110, 118))
    monitor.start()
    await produce(kafka, events, records_of(counts, start, 118, LIVE))
    reported = await wait_for(kafka, topic_prefix, lambda found: found[-1].state is AlertState.RESOLVED)
    assert monitor.end(signal.SIGTERM) == 0

    assert [(t.alert_id, t.sequence, t.state, t.level, t.at_ms) for t in reported] == [
        (t.alert_id, t.sequence, t.state, t.level, t.at_ms) for t in expected
    ]
    assert [t.lost for t in reported] == pytest.approx([t.lost for t in expected], rel=0.01)
    assert FIXED < reported[-1].at_ms / MINUTE_MS - (start + TRAIN) < FIXED + 25
    missing = (FIXED - BREAKS) * 24 * 0.25 * 0.85
    assert reported[-1].lost_low < missing < reported[-1].lost_high
