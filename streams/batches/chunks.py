"""A fetched chunk of one partition, and the two ways to drain it from aiokafka.

The fast way takes aiokafka's record batches (Cython) and reads values straight from them; it touches aiokafka's insides,
which ``internals.py`` pins. The public way goes over ``AIOKafkaConsumer.getmany`` and costs about a microsecond a record
more. Both give the same chunks, and the same contract tests run on both.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult
from aiokafka.errors import CorruptRecordException

#: The values of records of one partition and their offsets, ascending.
Span = tuple[list[bytes | None], Sequence[int]]

#: a span holds at least this many records, as long as there are some: reading them costs least while they stay in the cache
SPAN_RECORDS = 2_000
_ALL = sys.maxsize


class RecordChunk:
    """What was fetched of one partition, read span by span and once only, with the group generation it was drained in.

    Records are made when their span is read, not when they are drained: values that are read at once cost less than
    values that have left the processor's cache. Record batches are decompressed when they are drained, which happens in
    the consumer's thread: the decompressor lets the agent's thread go on meanwhile.

    Attributes:
        last: the offset up to which the chunk reaches, whether or not a record has it.
        timestamp: that of its last record in milliseconds, None if not known.
    """

    __slots__ = ("_spans", "generation", "last", "timestamp")

    def __init__(self, spans: Iterable[Span], last: int, timestamp: int | None, generation: int) -> None:
        self._spans = spans
        self.last = last
        self.timestamp = timestamp
        self.generation = generation

    @classmethod
    def of_records(cls, records: Sequence[Any], generation: int) -> RecordChunk:
        """A chunk of aiokafka's ``ConsumerRecord`` objects."""
        offsets = _dense([record.offset for record in records])
        span = [record.value for record in records], offsets
        return cls([span], offsets[-1], records[-1].timestamp, generation)

    def __iter__(self) -> Iterator[Span]:
        spans, self._spans = self._spans, ()
        return iter(spans)


def drain_fast(
    fetcher: Any,
    active: Iterable[Any],
    batch_topics: frozenset[str],
    is_open: bool,
    generation: int,
    most: int | None = None,
) -> tuple[dict[Any, RecordChunk], list[Any]]:
    """Drain what aiokafka has fetched of batch topics; what is left once there are ``most`` records comes with the next call.

    Returns:
        The chunks by partition, and the partitions that must be read in the ordinary way (other topics, errors).
    """
    chunks: dict[Any, RecordChunk] = {}
    others: list[Any] = []
    wanted = set(active)
    left = _ALL if most is None else most
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
        if left <= 0:
            continue
        chunk, taken = _drain(result, tp, generation, left)
        left -= taken
        if not result.has_more():
            del fetcher._records[tp]
            fetcher._notify(fetcher._wait_consume_future)
        if chunk is not None:
            chunks[tp] = chunk
    return chunks, others


def _drain(result: Any, tp: Any, generation: int, most: int) -> tuple[RecordChunk | None, int]:
    """The record batches of a fetch result until there are ``most`` records, and how many there are.

    None if it holds none or belongs to an older assignment.

    Raises:
        CorruptRecordException: a batch has the wrong checksum. Batches taken before it are gone with it, which is right
            only because this ends the consumer, and what was not counted is read again.
    """
    if not result.check_assignment(tp) or not result.has_more():
        return None, 0
    part = result._partition_records
    batches: list[Any] = []
    begin, taken = part.next_fetch_offset, 0
    while taken < most and part._records.has_next():
        batch = part._records.next_batch()
        if part._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {tp}")
        if not _is_withheld(part, batch):
            iter(batch)  # decompresses it
            batches.append(batch)
            taken += batch.next_offset - batch.base_offset
        part.next_fetch_offset = batch.next_offset
    result._update_position()
    last = part.next_fetch_offset - 1
    if not part._records.has_next():
        result._partition_records = None
    if not batches:
        return None, 0
    timestamp = getattr(batches[-1], "max_timestamp", None)
    return RecordChunk(_open(batches, begin), last, timestamp, generation), taken


def _open(batches: list[Any], begin: int) -> Iterator[Span]:
    """The records of these batches from the offset ``begin`` on."""
    values: list[bytes | None] = []
    offsets: list[int] = []
    batches.reverse()
    while batches:
        take_value, take_offset = values.append, offsets.append
        for record in batches.pop():  # keeping the records, as in a list of them, would cost twice as much
            take_value(record.value)
            take_offset(record.offset)
        if offsets and offsets[0] < begin:  # a batch in the middle of which we begin
            known = bisect_left(offsets, begin)
            values, offsets = values[known:], offsets[known:]
        if len(values) >= SPAN_RECORDS or (values and not batches):
            yield values, _dense(offsets)
            values, offsets = [], []


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
    most: int | None = None,
) -> Mapping[Any, Any]:
    """The same as ``drain_fast`` over aiokafka's public interface; records of other topics come as they are."""
    assigned = consumer.assignment()
    tps = [
        TopicPartition(*tp) for tp in active if tp in assigned and (is_open or tp.topic not in batch_topics)
    ]
    if not tps:
        return {}
    records = await consumer.getmany(*tps, timeout_ms=int(timeout_s * 1000), max_records=most)
    return {
        tp: RecordChunk.of_records(batch, generation) if tp.topic in batch_topics else batch
        for tp, batch in records.items()
        if batch
    }


def _dense(offsets: list[int]) -> Sequence[int]:
    """The offsets as a range if there is no gap in them."""
    first, last = offsets[0], offsets[-1]
    return range(first, last + 1) if last - first + 1 == len(offsets) else offsets
