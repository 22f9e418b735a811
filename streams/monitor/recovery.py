"""Rebuilds the state of partitions taken over: rows from the changelog, event ids from the source topic.

Both are read with plain readers, not by Faust (which applies some 2,300 records a second), after the former owner's
producer has been fenced: what it wrote is complete or gone by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from streams.batches.reader import BatchReader
from streams.kafka.servers import Servers, connection
from streams.monitor import records
from streams.monitor.partition import Partition

_log = structlog.get_logger()

#: records applied before other work gets a turn
AT_ONCE = 2000
POLL_S = 0.2

IsCurrent = Callable[[], bool]


async def read_changelog(
    bootstrap: Servers, topic: str, partitions: dict[int, Partition], is_current: IsCurrent
) -> bool:
    """Apply the changelog from its beginning to its end; False if a rebalance came between."""
    if not partitions:
        return is_current()
    async with plain_reader(bootstrap) as reader:
        async for found in read_to_end(reader, topic, dict.fromkeys(partitions, 0)):
            if not is_current():
                return False
            for number, batch in found.items():
                waiting = iter(batch)
                while part := list(islice(waiting, AT_ONCE)):
                    for record in part:
                        partitions[number].restore(record.key, record.value)
                    await asyncio.sleep(0)
    return is_current()


@asynccontextmanager
async def plain_reader(bootstrap: Servers) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer outside of any group that sees what was committed."""
    reader = AIOKafkaConsumer(
        **connection(bootstrap),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=4_000_000,
    )
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


async def read_to_end(
    reader: AIOKafkaConsumer, topic: str, starts: Mapping[int, int]
) -> AsyncIterator[Mapping[int, Sequence[ConsumerRecord]]]:
    """The records of partitions from their starts, or the first that is left, to their present ends, as they come.

    Gives an empty mapping where nothing came for ``POLL_S`` seconds.
    """
    tps = [TopicPartition(topic, number) for number in starts]
    reader.assign(tps)
    firsts, ends = await reader.beginning_offsets(tps), await reader.end_offsets(tps)
    for tp in tps:
        reader.seek(tp, min(max(starts[tp.partition], firsts[tp]), ends[tp]))
    while tps := [tp for tp in tps if await reader.position(tp) < ends[tp]]:
        found = await reader.getmany(*tps, timeout_ms=int(POLL_S * 1000))
        yield {tp.partition: records for tp, records in found.items()}


async def read_source(
    bootstrap: Servers, topic: str, topic_id: str, partitions: dict[int, Partition], is_current: IsCurrent
) -> bool:
    """Hold the event ids again that were held at the marks; False if a rebalance came between.

    Also finds out whether the topic is still the one that was counted: it has the same id (``topic_id`` is the present
    one) or, where the broker keeps no ids, the record at the mark is the same.
    """
    wanted: dict[int, int] = {}
    for number, partition in partitions.items():
        start = partition.restored()
        partition.topic_id = topic_id
        if partition.mark.topic_id and topic_id and partition.mark.topic_id != topic_id:
            _begin_again(partition, topic)
        if partition.offset >= 0:
            wanted[number] = min(start, partition.offset) if start >= 0 else partition.offset
    if not wanted:
        return is_current()
    async with BatchReader(bootstrap, topic, isolation_level="read_committed") as reader:
        bounds = await reader.bounds(set(wanted))
        for number, (first, end) in bounds.items():
            partition = partitions[number]
            if partition.offset >= end:
                _meet_shorter_log(partition, topic, end)
            if (
                partition.offset < first
            ):  # nothing left to hold or compare: recreated, or deleted by retention since
                del wanted[number]
            else:
                wanted[number] = max(first, min(wanted[number], partition.offset))
        left = set(wanted)
        if left:
            reader.start(wanted)
        while left:
            for number, chunk in (await reader.chunks(left, POLL_S)).items():
                for values, offsets in chunk:
                    _remember(partitions[number], topic, values, offsets)
                    await asyncio.sleep(0)
            if not is_current():
                return False
            left = {number for number in left if await reader.position(number) <= partitions[number].offset}
    return is_current()


def _is_known(partition: Partition) -> bool:
    """True if the topic's id says that it is the one the mark was made in."""
    return bool(partition.topic_id) and partition.mark.topic_id == partition.topic_id


def _begin_again(partition: Partition, topic: str) -> None:
    _log.warning("topic_recreated", topic=topic, partition=partition.number)
    partition.begin_again()


def _meet_shorter_log(partition: Partition, topic: str, end: int) -> None:
    if not _is_known(partition):
        _begin_again(partition, topic)
        return
    _log.error(
        "counted_records_lost",
        advice="run `funnelwatch reconcile`",
        topic=topic,
        partition=partition.number,
        counted_to=partition.offset,
        ends_at=end,
    )
    partition.cut_off(end)


def _remember(partition: Partition, topic: str, values: list[bytes | None], offsets: object) -> None:
    known = [
        (offset, value)
        for offset, value in zip(offsets, values, strict=True)  # type: ignore[call-overload]
        if offset <= partition.offset
    ]
    if not known:
        return
    last_offset, last_value = known[-1]
    is_same = records.fingerprint(last_value) == partition.mark.fingerprint
    if last_offset == partition.offset and not is_same and not _is_known(partition):
        _begin_again(partition, topic)
        return
    partition.counts.remember([value for _, value in known], [offset for offset, _ in known])
