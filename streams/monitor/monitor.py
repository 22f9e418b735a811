"""The monitor's heart: which partitions are ours, counting into them, flushing them, giving them up.

On the path of an event: between the agent of ``app.py`` and ``partition.py``. The rules that keep counts exact:

* Count only in the generation the partitions were recovered in, and only after our own recovery has finished (Faust
  may say so too early). A partition that missed a batch is not counted again until it is recovered again.
* A flush that did not come through leaves memory ahead of the log: forget the partition, or end the process.
* A member that was thrown out of its group forgets everything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import structlog
from aiokafka.errors import KafkaError, ProducerFenced

from streams import metrics, tracing
from streams.batches.chunks import Span
from streams.clock import monotonic, now_ms
from streams.kafka.servers import Servers
from streams.kafka.topic_ids import (
    KEYS_MOVED,
    NoSuchTopicError,
    PartitionsChangedError,
    TopicIds,
    TopicReplacedError,
)
from streams.monitor.partition import Partition, Work
from streams.monitor.recovery import read_changelog, read_source
from streams.monitor.traced import trace_flush
from streams.monitor.writer import PartitionWriter

_log = structlog.get_logger()

#: seconds of the group session that must be left for a flush to begin
LEASE_MARGIN_S = 1.5
#: seconds a rebalance may wait for the flush
DRAIN_TIMEOUT_S = 20.0
#: seconds a flush asks on for the topic's id while no broker answers: about what its producer waits
TOPIC_ID_WAIT_S = 40.0
#: from this many rows on, judging goes to a thread
THREAD_ROWS = 50
#: a flush may take this share of the time: after a long one the next waits longer
FLUSH_SHARE = 0.1
#: but never longer than this many seconds, without a backlog than those: what is counted must not wait without bound for being durable
MAX_FLUSH_WAIT_S, STEADY_FLUSH_WAIT_S = 3.0, 1.5
#: nothing but ticks has come: they are made durable once in this long, as long as they close no minute
TICKS_WAIT_MS = 30_000
BACKLOG_RECORDS = 20_000


class GroupMembership(Protocol):
    """What the monitor asks of the consumer (``streams.transport.consumer.BatchConsumer``)."""

    def is_member(self, generation: int | None) -> bool: ...

    def lease_left(self) -> float: ...


class Monitor:
    """The partitions of this process and their way to the log.

    Args:
        bootstrap: Kafka addresses.
        topic: the events topic; changelog: the table's changelog topic.
        make_partition: an empty partition of that number.
        make_writer: its producer, not opened.
        group: the consumer, once there is one.
        fatal: ends the process with that reason (and error) in its last log line.
    """

    def __init__(
        self,
        bootstrap: Servers,
        topic: str,
        changelog: str,
        make_partition: Callable[[int], Partition],
        make_writer: Callable[[int], PartitionWriter],
        group: Callable[[], GroupMembership],
        fatal: Callable[[str, BaseException | None], None],
    ) -> None:
        self._bootstrap = bootstrap
        self._topic_ids = TopicIds(bootstrap)
        #: id of the topic whose partitions this process was given, or looked for in vain
        self._topic_id = ""
        self.topic = topic
        self._changelog = changelog
        self._make_partition = make_partition
        self._make_writer = make_writer
        self._group = group
        self.fatal = fatal
        self.partitions: dict[int, Partition] = {}
        self.owned: set[int] = set()
        self._measured: set[int] = set()
        self.generation: int | None = None
        #: recovered and not being rebalanced
        self.is_active = False
        self.active_since = monotonic()
        #: fills a partition's detector before it is warmed up
        self.prepare: Callable[[Partition], Any] = lambda partition: None
        self._writers: dict[int, PartitionWriter] = {}
        self._background: set[asyncio.Future[Any]] = set()
        self._lock = asyncio.Lock()
        self._flushed_at = self._flush_took_s = 0.0
        #: a backlog is being worked off
        self._was_behind = False

    # taking partitions over

    async def assigned(self, partitions: set[int], generation: int) -> None:
        """Own these partitions from now on; fence their former owners."""
        metrics.MONITOR_REBALANCES.inc()
        self.is_active = False
        for number in set(self.partitions) - partitions:
            self._forget(number)
        for number in set(self._writers) - partitions:
            self._close_writer(number)
        new = [number for number in partitions if number not in self._writers]
        await asyncio.gather(*(self._open_writer(number) for number in new))
        for number in partitions:
            if number in new or number not in self.partitions:
                self.partitions[number] = self._make_partition(number)
        self.owned = set(partitions)
        self.generation = generation
        _log.info("partitions_assigned", generation=generation, partitions=len(partitions), new=len(new))

    async def recover(self) -> None:
        """Rebuild what is not in memory yet, then begin to count."""
        generation, started = self.generation, monotonic()

        def is_current() -> bool:
            return self.generation == generation

        missing = {number: part for number, part in self.partitions.items() if not part.is_loaded}
        for number in missing:  # a recovery before this one may have stopped half-way
            missing[number] = self.partitions[number] = self._make_partition(number)
        if not await read_changelog(self._bootstrap, self._changelog, missing, is_current):
            return
        topic_id = await self._topic_ids.patiently_of(self.topic, TOPIC_ID_WAIT_S) if missing else ""
        self._topic_id = topic_id or self._topic_id
        self._end_on_another_count(missing)
        if not await read_source(self._bootstrap, self.topic, topic_id, missing, is_current):
            return
        for partition in missing.values():
            await self._prepared(partition)
            await asyncio.to_thread(partition.warm_up)
        if not is_current():
            return
        self.is_active, self.active_since = True, monotonic()
        took = monotonic() - started
        metrics.MONITOR_RECOVERY_SECONDS.set(took)
        rows = sum(partition.counts.rows for partition in self.partitions.values())
        _log.info("counts_recovered", generation=generation, rows=rows, seconds=round(took, 2))

    async def _prepared(self, partition: Partition) -> None:
        waiting = self.prepare(partition)
        if waiting is not None:
            await waiting

    def positions(self) -> Mapping[int, int]:
        """Partition → offset to read from next, where the state knows it."""
        return {
            number: partition.offset + 1
            for number, partition in self.partitions.items()
            if partition.is_loaded and (partition.has_mark or partition.offset >= 0)
        }

    async def _open_writer(self, number: int) -> None:
        writer = self._make_writer(number)
        await writer.open()
        self._writers[number] = writer

    def _close_writer(self, number: int) -> None:
        writer = self._writers.pop(number, None)
        if writer is not None:
            self._spawn(writer.close())

    def _forget(self, number: int) -> None:
        """Drop a partition's memory; if it is still ours it must be recovered again before it counts again."""
        self.partitions.pop(number, None)
        self._close_writer(number)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.ensure_future(coroutine)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    # counting

    def receive(self, message: Any, chunk: Iterable[Span]) -> None:
        """Count one chunk."""
        if message.generation_id != self.generation:
            return  # whoever owns the partition now reads it again
        partition = self.partitions.get(message.partition)
        if not self.is_active or partition is None or not partition.is_loaded:
            self._forget(message.partition)
            return
        self._was_behind |= message.highwater - partition.offset > BACKLOG_RECORDS
        tally = partition.count(message, chunk, now_ms())
        if self._was_behind and not any(part.backlog for part in self.partitions.values()):
            self._was_behind = False
            self._spawn(self._flush_backlog())
        metrics.MONITOR_BATCHES.inc()
        metrics.MONITOR_EVENTS.inc(tally.counted)
        if tally.duplicates:
            metrics.MONITOR_DUPLICATES.inc(tally.duplicates)
        if tally.too_old:
            metrics.MONITOR_TOO_OLD.inc(tally.too_old)
        if tally.without_stage:
            metrics.MONITOR_OTHERS.inc(tally.without_stage)
        for rejected in tally.rejected:
            metrics.MONITOR_REJECTED.labels(rejected.reason).inc()

    # flushing

    async def flush_if_due(self) -> None:
        """Flush, unless the last flush took so long that counting should come first."""
        most = MAX_FLUSH_WAIT_S if self._has_backlog() else STEADY_FLUSH_WAIT_S
        if monotonic() >= self._flushed_at + min(self._flush_took_s * (1 / FLUSH_SHARE - 1), most):
            await self.flush(TICKS_WAIT_MS)

    def _has_backlog(self) -> bool:
        return any(part.backlog > BACKLOG_RECORDS for part in self.partitions.values())

    async def _flush_backlog(self) -> None:
        """A backlog has been worked off: what was counted of it need not wait for the next turn."""
        try:
            await self.flush()
        except Exception as error:
            self.fatal("the flush failed", error)

    async def flush(self, ticks_wait_ms: int = 0) -> bool:
        """Make everything counted durable and ack it, ticks alone after ``ticks_wait_ms``; False if it could not be begun."""
        async with self._lock:
            if not self.is_active or self._group().lease_left() < LEASE_MARGIN_S:
                return False
            started, generation = monotonic(), self.generation
            present = now_ms()
            works: dict[int, Work] = {}
            for number, partition in self.partitions.items():
                work = partition.take(present, ticks_wait_ms) if partition.is_loaded else None
                if work is not None:
                    works[number] = work
            if not works:
                return True
            unsure = set(works)
            try:
                await self._end_on_another_topic(works)
                done = await asyncio.gather(
                    *(self._write(number, work, present) for number, work in works.items())
                )
                unsure -= {number for number, is_written in zip(works, done, strict=True) if is_written}
            finally:
                for number in unsure:  # memory is ahead of the log, or the partition is somebody else's
                    self._forget(number)
            if generation == self.generation:
                consumer: Any = self._group()
                for number, work in works.items():
                    if number not in unsure:
                        for message in work.messages:
                            message.ack(consumer)
            took = monotonic() - started
            self._flushed_at, self._flush_took_s = monotonic(), took
            metrics.MONITOR_FLUSH_SECONDS.observe(took)
            return True

    async def _end_on_another_topic(self, works: Mapping[int, Work]) -> None:
        """What was taken was read from the topic that the state belongs to; asked after it was read, so it cannot be wrong.

        Raises:
            TopicReplacedError: there is another topic of that name by now, and some of it may have been counted.
        """
        try:
            present = await self._topic_ids.patiently_of(self.topic, TOPIC_ID_WAIT_S)
        except NoSuchTopicError:
            return  # nothing can have been read of a new one yet
        self._end_on_another_count({number: self.partitions[number] for number in works})
        for number, work in works.items():
            known = work.mark.topic_id
            if present and known and present != known:
                raise TopicReplacedError(
                    f"partition {number} of {self.topic} was counted under the topic id {known}, which is now {present}: "
                    "was the topic deleted and recreated?"
                )

    def _end_on_another_count(self, partitions: Mapping[int, Partition]) -> None:
        """The topic has as many partitions as when the state was made; asked after it was read.

        Raises:
            PartitionsChangedError: it has not, so a store's events may be in another partition than what was counted of it.
        """
        count = self._topic_ids.partition_count
        for number, partition in partitions.items():
            known = partition.mark.partitions or partition.partitions
            if count and known and count != known:
                raise PartitionsChangedError(
                    f"{self.topic} has {count} partitions, but partition {number} was counted while it had {known}: {KEYS_MOVED}"
                )
            partition.partitions = count or known

    async def replaced_topic(self) -> str | None:
        """Why a process that was given no partitions must begin afresh: the topic it knew is another one by now.

        While a topic is gone its group is assigned nothing; this is asked every two seconds, so no later than the group looks again.
        """
        if self.owned:
            return None
        try:
            present = await self._topic_ids.of(self.topic)
        except (NoSuchTopicError, KafkaError, OSError):
            return None  # look again later
        known, self._topic_id = self._topic_id or present, present or self._topic_id
        if present and present != known:
            return f"{self.topic} has the id {present} and no longer {known}: was the topic deleted and recreated?"
        return None

    async def _write(self, number: int, work: Work, present_ms: int) -> bool:
        """Judge and write one partition's work; False if the partition has another owner."""
        partition, writer = self.partitions[number], self._writers[number]
        begun_ns = tracing.now_ns()
        if work.weight > THREAD_ROWS:
            await asyncio.to_thread(partition.judge, work)
        else:
            partition.judge(work)
        try:
            await writer.write(work.records, present_ms)
        except ProducerFenced:
            _log.warning("partition_fenced", partition=number)
            if self._group().lease_left() > LEASE_MARGIN_S:
                raise  # not by a new owner: a transaction that took too long; begin afresh
            return False
        if tracing.is_on():
            trace_flush((self.topic, number), partition.mark.offset + 1, work, begun_ns)
        partition.mark = work.mark
        partition.has_mark = True
        metrics.MONITOR_CLOSED.inc(len(work.closing))
        metrics.MONITOR_SCORED.inc(work.scored_rows)
        metrics.MONITOR_LATE.inc(sum(map(len, work.amending.values())))
        for transition in work.transitions:
            metrics.MONITOR_TRANSITIONS.labels(transition.state).inc()
            _log.info(
                "alert_changed",
                state=transition.state,
                store=transition.store_id,
                step=transition.step,
                segment=transition.segment,
                level=transition.level,
                surprise=round(transition.surprise, 2),
            )
        return True

    # giving partitions up

    async def drain(self) -> None:
        """Before partitions are given up: make everything durable, or forget it."""
        if self.generation is None:
            return
        if self._group().is_member(self.generation):
            try:
                await asyncio.wait_for(self.flush(), DRAIN_TIMEOUT_S)
            except TimeoutError:
                _log.warning("drain_timed_out", after_s=DRAIN_TIMEOUT_S)
            for number in [n for n, partition in self.partitions.items() if not partition.is_saved]:
                self._forget(number)
        else:  # others may have gone on from our last commit
            for number in list(self.partitions):
                self._forget(number)
        self.is_active, self.generation = False, None
        self.owned = set()
        self.active_since = monotonic()

    async def close(self) -> None:
        """Give the connections back."""
        writers, self._writers = list(self._writers.values()), {}
        await asyncio.gather(self._topic_ids.close(), *(writer.close() for writer in writers))

    def measure(self) -> None:
        """Set the gauges."""
        rows, clock = 0, 0
        for number in self._measured - set(self.partitions):  # else a lag of another's partition would remain
            metrics.MONITOR_POSITION.remove(number)
            metrics.MONITOR_LAG.remove(number)
        self._measured = set(self.partitions)
        for number, partition in self.partitions.items():
            rows += partition.counts.rows
            clock = max(clock, partition.counts.clock_ms)
            metrics.MONITOR_POSITION.labels(number).set(partition.offset + 1)
            metrics.MONITOR_LAG.labels(number).set(partition.backlog)
        metrics.MONITOR_ROWS.set(rows)
        if clock:
            metrics.MONITOR_EVENT_AGE.set(max(0, now_ms() - clock) / 1000)
