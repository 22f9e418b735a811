"""The consumer thread: drains chunks instead of records and notes when the group coordinator last heard of us."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

from streams.batches.chunks import RecordChunk, drain_fast, drain_publicly
from streams.clock import boot_clock
from streams.kafka.holding import QUIET_MEMBER_MS, hold_while_quiet

#: Kafka's error code for "rejoin, the group is rebalancing": the answer still shows that we are a member
REBALANCE_IN_PROGRESS = 27
#: seconds between looks while only the gate keeps records back
GATE_SLEEP_S = 0.05


class BatchThread(AIOKafkaConsumerThread):
    """Faust's aiokafka thread with another way to fetch."""

    consumer: Any
    _consumer: Any

    #: when the last group request that the coordinator answered was sent, on the boot clock
    alive_at = float("-inf")

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        options = self.consumer.options
        consumer._isolation_level = options.isolation_level
        consumer._fetch_max_wait_ms = options.fetch_wait_ms  # [10]
        return consumer

    async def on_start(self) -> None:
        """Start, then listen to the coordinator's answers: each keeps us in the group for a session timeout."""
        await super().on_start()
        hold_while_quiet(self._consumer, QUIET_MEMBER_MS)
        coordinator = self._consumer._coordinator
        send = getattr(coordinator, "_send_req", None)
        if send is None:  # no group
            return

        async def send_and_note(request: Any) -> Any:
            sent = boot_clock()
            response = await send(request)
            if type(response).__name__.startswith(("HeartbeatResponse", "SyncGroupResponse")) and (
                response.error_code in (0, REBALANCE_IN_PROGRESS)
            ):
                self.alive_at = sent
            return response

        coordinator._send_req = send_and_note

    def generation(self) -> int:
        """The generation of the group we are a member of, −1 once the coordinator has thrown us out."""
        return -1 if self._consumer is None else int(self._consumer._coordinator.generation)

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: Any,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Any:
        fetcher = consumer._fetcher
        if not self.consumer.flow_active:
            return {}
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError()
        if not self.consumer.fast_path:
            return await self._fetch_publicly(consumer, active_partitions, timeout or 0.0)
        found = await self._drain(consumer, active_partitions, max_records)
        if found:
            return found
        waiter = fetcher._create_fetch_waiter()
        await asyncio.wait([waiter], timeout=timeout)
        if not waiter.done():
            waiter.cancel()
            return {}
        waiter.result()
        if not self.consumer.flow_active:
            return {}
        found = await self._drain(consumer, active_partitions, max_records)
        if not found and not self.consumer.gate_open:
            await asyncio.sleep(GATE_SLEEP_S)  # records are ready but held: do not spin
        return found

    async def _drain(self, consumer: Any, active: Any, max_records: int | None) -> Any:
        fetcher = consumer._fetcher
        if fetcher._subscriptions.reassignment_in_progress:
            return {}
        owner = self.consumer
        with fetcher._subscriptions.fetch_context():
            chunks, others = drain_fast(
                fetcher, active, owner.batch_topics, owner.gate_open, self.generation()
            )
        if chunks or not others:
            return chunks
        records = await super()._fetch_records(consumer, set(others), timeout=0, max_records=max_records)
        generation = self.generation()
        return {
            tp: RecordChunk.of_records(batch, generation) if tp.topic in owner.batch_topics else batch
            for tp, batch in records.items()
        }

    async def _fetch_publicly(self, consumer: Any, active: Any, timeout: float) -> Any:
        owner = self.consumer
        found = await drain_publicly(
            consumer, active, owner.batch_topics, owner.gate_open, self.generation(), timeout
        )
        if not found and not owner.gate_open:
            await asyncio.sleep(GATE_SLEEP_S)
        return found
