"""A fetched chunk of one partition, and the two ways to drain it from aiokafka.

The fast way reads values straight from aiokafka's record batches (Cython) and builds nothing else; it touches
aiokafka's insides, which ``internals.py`` pins. The public way goes over ``AIOKafkaConsumer.getmany`` and costs about
a microsecond a record more. Both give the same chunks, and the same contract tests run on both.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import CorruptRecordException


class Chunk:
    """Records of one partition with the group generation in which they were drained."""

    __slots__ = ("generation", "offsets", "timestamp", "values")

    def __init__(
        self, values: list[bytes | None], offsets: Sequence[int], timestamp: int | None, generation: int
    ) -> None:
        self.values = values
        self.offsets = offsets
        self.timestamp = timestamp
        self.generation = generation

    @classmethod
    def of_records(cls, records: Sequence[Any], generation: int) -> Chunk:
        """A chunk of aiokafka's ``ConsumerRecord`` objects."""
        offsets = _dense([record.offset for record in records])
        return cls([record.value for record in records], offsets, records[-1].timestamp, generation)


def drain_fast(
    fetcher: Any, active: Iterable[Any], batch_topics: frozenset[str], is_open: bool, generation: int
) -> tuple[dict[Any, Chunk], list[Any]]:
    """Drain what aiokafka has fetched of batch topics.

    Returns:
        The chunks by partition, and the partitions that must be read in the ordinary way (other topics, errors).
    """
    chunks: dict[Any, Chunk] = {}
    others: list[Any] = []
    wanted = set(active)
    for tp in list(fetcher._records):
        if tp not in wanted:
            if not fetcher._subscriptions.is_assigned(tp):
                del fetcher._records[tp]
            continue
        result = fetcher._records[tp]
        is_batched = tp.topic in batch_topics
        if is_batched and not is_open:
            continue
        if not is_batched or type(result) is not FetchResult:
            others.append(tp)
            continue
        chunk = _drain(result, tp, generation)
        if not result.has_more():
            del fetcher._records[tp]
            fetcher._notify(fetcher._wait_consume_future)
        if chunk is not None:
            chunks[tp] = chunk
    return chunks, others


def _drain(result: Any, tp: Any, generation: int) -> Chunk | None:
    """All records of a fetch result; None if it holds none or belongs to an older assignment."""
    if not result.check_assignment(tp) or not result.has_more():
        return None
    part = result._partition_records
    values: list[bytes | None] = []
    spans: list[Sequence[int]] = []
    timestamp: int | None = None
    position = part.next_fetch_offset
    batches = part._records
    while batches.has_next():
        batch = batches.next_batch()
        if part._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {tp}")
        if not _is_withheld(part, batch):
            found: list[bytes | None] = []
            places: list[int] = []
            take_value, take_place = found.append, places.append
            for record in batch:  # keeping the records, as in a list of them, would cost twice as much
                take_value(record.value)
                take_place(record.offset)
            if places and places[0] < position:  # a batch in the middle of which we begin
                known = bisect_left(places, position)
                found, places = found[known:], places[known:]
            if places:
                values += found
                spans.append(_dense(places))
                timestamp = record.timestamp
        position = batch.next_offset
    part.next_fetch_offset = position
    result._update_position()
    result._partition_records = None
    if not values:
        return None
    dense = spans[-1][-1] - spans[0][0] + 1 == len(values)
    offsets = range(spans[0][0], spans[-1][-1] + 1) if dense else list(chain.from_iterable(spans))
    return Chunk(values, offsets, timestamp, generation)


def _is_withheld(part: Any, batch: Any) -> bool:
    """True for batches that a reader must not see: control batches and, reading committed, aborted ones.

    The same decisions as aiokafka's ``PartitionRecords._unpack_records``.
    """
    if part._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        part._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and part._contains_abort_marker(batch):
            part._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in part._aborted_producers:
            return True
    return bool(batch.is_control_batch)


async def drain_publicly(
    consumer: Any,
    active: Iterable[Any],
    batch_topics: frozenset[str],
    is_open: bool,
    generation: int,
    timeout_s: float,
) -> Mapping[Any, Any]:
    """The same as ``drain_fast`` over aiokafka's public interface; records of other topics come as they are."""
    assigned = consumer.assignment()
    tps = [
        TopicPartition(*tp) for tp in active if tp in assigned and (is_open or tp.topic not in batch_topics)
    ]
    if not tps:
        return {}
    records = await consumer.getmany(*tps, timeout_ms=int(timeout_s * 1000))
    return {
        tp: Chunk.of_records(batch, generation) if tp.topic in batch_topics else batch
        for tp, batch in records.items()
        if batch
    }


def _dense(offsets: list[int]) -> Sequence[int]:
    """The offsets as a range if there is no gap in them."""
    first, last = offsets[0], offsets[-1]
    return range(first, last + 1) if last - first + 1 == len(offsets) else offsets
