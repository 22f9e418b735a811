"""What is sent again: within minutes, after a day, after a restart, on another connection; on the real broker.

::

    received   −25 h                    −20 min   −5 min        now
    orders     sent                                             sent again, under other event ids
    clicks                              sent      sent again    sent again
                                                  ^ the monitor is killed and started again after each
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import msgspec

from scoring.events.event import Event, EventType
from scoring.funnel.stages import STAGE_INDEX
from streams.kafka.topics import EVENTS
from tests.fixtures.kafka_tools import make_topics, produce
from tests.streams.monitor.workers import PARTITIONS, Process, published, wait_for_total

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ORDER, PAYMENT, CLICK, CART = (STAGE_INDEX[stage] for stage in ("order", "payment", "click", "add_to_cart"))


def sent(
    kinds: tuple[str, ...], name: str, happened_ms: int, received_ms: int
) -> list[tuple[bytes, bytes, int]]:
    """Ten events of each kind, as a sender sends them on a connection of its own."""
    events = [
        Event(
            f"{name}-{kind}-{number}",
            "shop",
            EventType(kind),
            happened_ms,
            received_ms,
            order_id=f"o-{number}" if kind in ("order", "payment") else "",
        )
        for kind in kinds
        for number in range(10)
    ]
    return [(b"shop", msgspec.json.encode(event), received_ms) for event in events]


async def test_orders_resent_a_day_later_and_clicks_within_the_horizon_count_once(
    kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    await make_topics(kafka, topic_prefix, PARTITIONS)
    present = int(time.time() * 1000)
    yesterday, lately = present - 25 * HOUR_MS, present - 20 * MINUTE_MS
    batches = [
        sent(("order", "payment"), "first", yesterday, yesterday) + sent(("click",), "same", lately, lately),
        sent(("click",), "same", lately, present - 5 * MINUTE_MS),
        sent(("order", "payment"), "second", yesterday, present) + sent(("click",), "same", lately, present),
    ]
    monitor = Process(kafka, topic_prefix, tmp_path, duplicate_horizon_minutes=30)
    # a new kind of event ends each batch, so that it is known to have been counted before the kill
    ends = [sent(("add_to_cart",), f"end-{number}", lately, present) for number in range(len(batches))]
    counted = 0
    for batch, end, new in zip(batches, ends, (30, 0, 0), strict=True):
        await produce(kafka, topic_prefix + EVENTS, batch + end)
        counted += new + len(end)
        monitor.start()
        await wait_for_total(kafka, topic_prefix, counted)
        assert monitor.end(signal.SIGKILL) == -signal.SIGKILL
    by_stage = dict.fromkeys((ORDER, PAYMENT, CLICK, CART), 0)
    for (_, _, _, stage), number in (await published(kafka, topic_prefix)).items():
        by_stage[stage] += number
    assert by_stage == {ORDER: 10, PAYMENT: 10, CLICK: 10, CART: 30}
