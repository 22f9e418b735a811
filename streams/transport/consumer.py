"""Delivery of chunks, their acknowledgement, and what must happen around a rebalance.

The numbers in brackets are those of the list in the package's docstring.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.batches import internals
from streams.batches.chunks import RecordChunk
from streams.clock import boot_clock
from streams.transport.options import BatchOptions
from streams.transport.thread import BatchThread
from streams.transport.topic import BatchMessage, BatchTopic


class BatchConsumer(driver.Consumer):
    """Faust's aiokafka consumer, by chunks for batch topics and as ever for all others."""

    _thread: Any

    def __init__(self, transport: Any, *args: Any, **kwargs: Any) -> None:
        self.options: BatchOptions = transport.options
        self.fast_path = self.options.path == "fast" or (
            self.options.path == "auto" and internals.are_known_versions()
        )
        #: closed from the beginning of a rebalance until the seek and the resume that end it [1]
        self.gate_open = False
        self._sought = False
        self._epoch = 0
        self._batch_topics: tuple[int, frozenset[str]] = (-1, frozenset())
        #: last offsets of the chunks delivered and not yet committed, in order
        self._in_flight: dict[Any, deque[int]] = defaultdict(deque)
        #: last offset of the last chunk delivered since the last seek
        self._delivered: dict[Any, int] = {}
        super().__init__(transport, *args, **kwargs)

    def _new_consumer_thread(self) -> BatchThread:
        return BatchThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def batch_topics(self) -> frozenset[str]:
        """Names of the topics whose records are delivered as chunks."""
        known, names = self._batch_topics
        channels = self.app.topics
        if known != len(channels):
            names = frozenset(
                topic
                for channel in list(channels)
                if isinstance(channel, BatchTopic)
                for topic in channel.topics
            )
            self._batch_topics = (len(channels), names)
        return names

    def is_member(self, generation: int | None) -> bool:
        """True while the group coordinator counts us as a member in that generation [3]."""
        return bool(self._thread.generation() == generation)

    def lease_left(self) -> float:
        """Seconds during which the coordinator cannot yet have given our partitions to another member [8]."""
        if not self.is_member(self.app.consumer_generation_id):
            return 0.0
        return float(self._thread.alive_at + self.app.conf.broker_session_timeout - boot_clock())

    async def highwaters(self, *partitions: Any) -> Mapping[Any, int]:
        """Ends of partitions; 0 for changelogs that their store reads itself [6]."""
        ours = {tp: 0 for tp in partitions if tp.topic in self.options.self_recovering}
        others = [tp for tp in partitions if tp not in ours]
        return {**ours, **(await super().highwaters(*others) if others else {})}

    def verify_event_path(self, now: float, tp: Any) -> None:
        """Faust's look-out for streams that do not advance, except for changelogs that belong to no stream [6]."""
        if tp.topic not in self.options.self_recovering:
            super().verify_event_path(now, tp)

    # delivery

    async def _wait_next_records(self, timeout: float) -> Any:
        if self.flow_active and not self._get_active_partitions():
            await self.sleep(self.options.idle_sleep_s)  # [7]
            return None, None
        return await super()._wait_next_records(timeout)

    async def getmany(self, timeout: float) -> AsyncIterator[Any]:
        """Give what was fetched: one message a chunk, one a record for other topics."""
        records, active = await self._wait_next_records(timeout)
        if records is None or self.should_stop or not self.flow_active:
            return  # what was read belongs to an assignment that is being given up; no seek from here [4]
        generation = self.app.consumer_generation_id
        others: dict[Any, Any] = {}
        for raw_tp, chunk in records.items():
            if not isinstance(chunk, RecordChunk):
                others[raw_tp] = chunk
                continue
            if not self._still(generation) or chunk.generation != generation:
                break  # [4]
            tp = TP(raw_tp.topic, raw_tp.partition)
            if self._wanted(tp, active):
                yield tp, self._message(tp, chunk, generation)
        for tp, record in self.scheduler.iterate(others):
            if not self._still(generation):
                break
            if self._wanted(tp, active):
                self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                yield tp, self._to_message(tp, record)

    def _message(self, tp: Any, chunk: RecordChunk, generation: int) -> BatchMessage:
        highwater = self.highwater(tp)
        self.app.monitor.track_tp_end_offset(tp, highwater)
        message = BatchMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=chunk.last,
            timestamp=(chunk.timestamp or 0) / 1000.0,
            timestamp_type=0,
            headers=[],
            key=None,
            value=chunk,  # type: ignore[arg-type]
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=generation,
        )
        message.follows = self._delivered.get(tp, -1)
        self._delivered[tp] = message.offset
        message.highwater = highwater or chunk.last + 1
        self._in_flight[tp].append(message.offset)
        return message

    def _still(self, generation: int) -> bool:
        return bool(self.flow_active and self.app.consumer_generation_id == generation)

    def _wanted(self, tp: Any, active: Any) -> bool:
        return active is None or tp in active or tp in self._buffered_partitions

    # acknowledgement: a chunk is acked by its last offset

    async def _add_gap(self, tp: Any, offset_from: int, offset_to: int) -> None:
        if tp.topic not in self.batch_topics:
            await super()._add_gap(tp, offset_from, offset_to)

    def _new_offset(self, tp: Any) -> int | None:
        """The offset to commit: behind the last chunk before the oldest one not acked."""
        if tp.topic not in self.batch_topics:
            offset: int | None = super()._new_offset(tp)
            return offset
        acked, queue, committed = self._acked_index[tp], self._in_flight[tp], self._committed_offset[tp]
        top = None
        while queue:
            last = queue[0]
            if last in acked:
                top = last
                acked.discard(last)
            elif committed is None or last >= committed:
                break
            queue.popleft()
        if top is None:
            return None
        self._acked[tp][:] = [offset for offset in self._acked[tp] if offset > top]
        return top + 1

    # rebalancing

    async def wait_empty(self) -> None:
        """Before a rebalance and at shutdown: drain and commit, instead of waiting for agents [2]."""
        if self.options.drain is not None:
            await self.options.drain()
        await self.commit_and_end_transactions()

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Drain before the base class forgets what was acked and committed [2]."""
        self._close_gate()
        if revoked:
            self.stop_flow()
            self.app.flow_control.suspend()
            self.app.flow_control.clear()
            await self.wait_empty()
        for tp in revoked:
            self._in_flight.pop(tp, None)
            self._delivered.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """Keep the gate closed until this assignment has been recovered."""
        self._close_gate()
        await super().on_partitions_assigned(assigned, generation_id)

    def _close_gate(self) -> None:
        self.gate_open = self._sought = False
        self._epoch += 1

    async def perform_seek(self) -> None:
        """Seek to the committed offsets, then to the position kept with the state [5]."""
        epoch = self._epoch
        self._delivered.clear()
        self._in_flight.clear()  # everything not acked will be read again
        await super().perform_seek()
        assigned = self.assignment()
        known = self.options.positions() if self.options.positions is not None else {}
        ours = {tp: offset for tp, offset in known.items() if tp in assigned}
        if ours and epoch == self._epoch:
            await self.seek_wait(ours)
            for tp, offset in ours.items():
                self._read_offset[tp] = offset or None
                self._committed_offset[tp] = offset or None
                self._acked[tp].clear()
                self._acked_index[tp].clear()
        if epoch == self._epoch:  # else it was the seek of an older rebalance [4]
            self._sought = True

    def resume_flow(self) -> None:
        """Let records flow; of batch topics only once the seek is done [1]."""
        super().resume_flow()
        if self._sought:
            self.gate_open = True

    async def seek(self, partition: Any, offset: int) -> None:
        """Go on reading from ``offset``."""
        self._in_flight.pop(ensure_TP(partition), None)
        self._delivered.pop(ensure_TP(partition), None)
        await super().seek(partition, offset)
