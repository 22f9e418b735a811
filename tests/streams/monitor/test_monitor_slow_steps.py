"""A warehouse that stops, through the real broker: each transition once, although the monitor is killed in between."""

from __future__ import annotations

import signal
import time

import msgspec
import numpy as np
import pytest

from scoring.alerts.alert import AlertState, AlertTransition
from scoring.baselines import Kernel, KernelSource, SlowBaseline, StoreBaseline, encode_baseline
from scoring.baselines.business import BusinessHours
from scoring.counting.records import ClockTick, encode_tick
from scoring.detection import DetectionPolicy, Detector
from scoring.events.event import Event, EventType
from scoring.funnel.scores import ScoreRow
from scoring.funnel.stages import STAGE_INDEX
from streams.kafka.topics import BASELINES, EVENTS, SCORES
from tests.fixtures.kafka_tools import make_topics, produce, read_all
from tests.scoring.detection.turns import said_apart
from tests.streams.monitor.alerting_worker import monitor, wait_for, wait_for_score
from tests.streams.monitor.workers import Process

__all__ = ["monitor"]
MINUTE_MS = 60_000
HOURS = 9
#: hours in which nothing leaves the warehouse
STOP, FIXED = 3, 5
PMF = (0.2, 0.5, 0.3)
PER_MINUTE = 2
PAYMENT, FULFILMENT = STAGE_INDEX["payment"], STAGE_INDEX["fulfilment"]


def counts_of() -> np.ndarray:
    """(7, minutes): two payments a minute, as many fulfilments, none while the warehouse is stopped."""
    counts = np.zeros((7, HOURS * 60), dtype=np.int64)
    counts[PAYMENT] = counts[FULFILMENT] = PER_MINUTE
    counts[FULFILMENT, STOP * 60 : FIXED * 60] = 0
    return counts


def baseline_at(start: int) -> StoreBaseline:
    slow = SlowBaseline(
        step="payment_to_fulfilment", upstream="payment", downstream="fulfilment",
        hours=BusinessHours("UTC", tuple(range(168))), kernel=Kernel(PMF, source=KernelSource.PAIRS), rate=1.0,
        rate_variance=1e-4, profile=(0.0,) * 168, profile_variance=(1e-3,) * 168, sigma=0.08, tau=24.0, dispersion=1.0,
        arrivals_per_hour=60.0 * PER_MINUTE, until_minute=start, recent=(60 * PER_MINUTE,) * 10,
    )  # fmt: skip
    return StoreBaseline(
        "shop", "UTC", 1, (start - 40_320) * MINUTE_MS, start * MINUTE_MS, 28.0, ("payment", "fulfilment"), {}, slow=slow
    )  # fmt: skip


def records_of(
    counts: np.ndarray, start: int, first: int, last: int
) -> list[tuple[bytes | None, bytes, int]]:
    """The minutes from ``first`` to ``last`` as events, then a tick that ends them."""
    records: list[tuple[bytes | None, bytes, int]] = []
    for minute in range(first, last):
        at_ms = (start + minute) * MINUTE_MS
        for kind, column in ((EventType.PAYMENT, PAYMENT), (EventType.FULFILMENT, FULFILMENT)):
            for number in range(int(counts[column, minute])):
                event = Event(f"{kind}-{minute}-{number}", "shop", kind, at_ms + number, at_ms + number)
                records.append((b"shop", msgspec.json.encode(event), at_ms + number))
    end_ms = (start + last) * MINUTE_MS
    return [*records, (None, encode_tick(ClockTick(end_ms + 10_000)), end_ms)]


def in_one_run(counts: np.ndarray, start: int) -> tuple[list[AlertTransition], list[ScoreRow]]:
    detector = Detector(DetectionPolicy())
    detector.set_baseline(baseline_at(start))
    reported: list[AlertTransition] = []
    rows: list[ScoreRow] = []
    for minute in range(counts.shape[1]):
        made = detector.advance(start + minute, {"shop": {"-/-": counts[:, minute].tolist()}})
        reported += made.transitions
        rows += [row for row in made.scores if row.step == "payment_to_fulfilment"]
    return reported, rows


async def test_a_warehouse_that_stops_is_reported_once_and_scored_by_the_hour_through_a_kill(
    kafka: str, topic_prefix: str, monitor: Process
) -> None:
    start = int(time.time()) // 3600 * 60 - HOURS * 60
    counts = counts_of()
    expected, rows = in_one_run(counts, start)
    assert said_apart(t.state for t in expected) == [AlertState.FIRING, AlertState.RESOLVED]
    events, killed = topic_prefix + EVENTS, STOP * 60 + 90
    await make_topics(kafka, topic_prefix, 1)
    await produce(kafka, topic_prefix + BASELINES, [(b"shop", encode_baseline(baseline_at(start)), 1)])
    await produce(kafka, events, records_of(counts, start, 0, 50))
    monitor.start()
    await wait_for_score(kafka, topic_prefix, start + 49)
    await produce(kafka, events, records_of(counts, start, 50, killed))
    fired = (await wait_for(kafka, topic_prefix, bool))[0]
    assert fired.step == "payment_to_fulfilment"
    assert fired.opened_at_ms / MINUTE_MS == start + (STOP + 1) * 60
    await wait_for_score(kafka, topic_prefix, start + killed - 1)
    monitor.end(signal.SIGKILL)
    monitor.start()
    await produce(kafka, events, records_of(counts, start, killed, HOURS * 60))
    reported = await wait_for(kafka, topic_prefix, lambda found: found[-1].state is AlertState.RESOLVED)
    await wait_for_score(kafka, topic_prefix, start + HOURS * 60 - 1)
    assert monitor.end(signal.SIGTERM) == 0
    assert [(t.alert_id, t.sequence, t.state, t.at_ms) for t in reported] == [
        (t.alert_id, t.sequence, t.state, t.at_ms) for t in expected
    ]
    assert [t.lost for t in reported] == pytest.approx([t.lost for t in expected], rel=1e-6)
    scored = [
        msgspec.json.decode(r.value, type=ScoreRow) for r in await read_all(kafka, topic_prefix + SCORES)
    ]
    hourly = {row.minute_ms: row.expected for row in scored if row.step == "payment_to_fulfilment"}
    assert hourly == pytest.approx({row.minute_ms: row.expected for row in rows}, rel=1e-6)
