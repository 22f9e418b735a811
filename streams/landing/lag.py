"""How far behind landing is, reported continuously: also while an insert waits, which is when people look."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from streams import metrics

MEASURE_S = 5.0

#: partition → the first record of the batch in hand
InHand = Mapping[TopicPartition, int]


async def report_lag_forever(consumer: AIOKafkaConsumer, in_hand: Callable[[], InHand]) -> None:
    """Set the gauge of every topic to what has not been landed, until cancelled; an unreachable broker changes nothing."""
    while True:
        with contextlib.suppress(
            KafkaError, IllegalStateError
        ):  # unreachable, or others have the partitions by now
            await _measure(consumer, in_hand)
        await asyncio.sleep(MEASURE_S)


async def _measure(consumer: AIOKafkaConsumer, in_hand: Callable[[], InHand]) -> None:
    lags: dict[str, int] = dict.fromkeys(consumer.subscription(), 0)  # of topics that others land: none
    parts = list(consumer.assignment())
    ends = await consumer.end_offsets(parts) if parts else {}
    for part, end in ends.items():
        landed_to = in_hand().get(part)
        if landed_to is None:
            landed_to = await consumer.position(part)
        lags[part.topic] = lags.get(part.topic, 0) + max(0, end - landed_to)
    for topic, lag in lags.items():
        metrics.LANDING_LAG.labels(topic).set(lag)
