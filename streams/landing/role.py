"""The landing role's loop: gather records of every topic, land them, recount what they touch, commit.

On the path of an event: consumes ``funnel.events.v1`` next to the monitor, and what the monitor publishes; ends in
ClickHouse. One consumer group; as many processes as wanted. Offsets are committed after the insert, so a crash lands a
batch again, which changes nothing (``targets``). While ClickHouse is unreachable nothing is taken from the log but the batch
in hand and what the fetcher holds (at most 50 MB), so memory stays bounded and everything arrives later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from clickhouse_connect.driver import AsyncClient

from scoring.counting.records import store_of
from scoring.events.bounds import BELIEVED_AHEAD_MS
from scoring.events.event import DeadLetter, RejectReason
from scoring.events.personal_values import mask_text
from scoring.events.redaction import masked
from streams import metrics
from streams.clickhouse.recount import recount
from streams.clock import monotonic, now_ms
from streams.config.model import Config
from streams.instance.files import HEARTBEAT_S, StateReport
from streams.instance.processes import collect_rarely
from streams.kafka import topics
from streams.kafka.holding import QUIET_MEMBER_MS, hold_while_quiet
from streams.kafka.servers import connection, servers_of
from streams.kafka.topic_ids import NoSuchTopicError, TopicIds
from streams.landing.events import EventLanding, Prepared, as_sent
from streams.landing.heads import unreadable_reason
from streams.landing.lag import report_lag_forever
from streams.landing.lines import Taken, taken
from streams.landing.records import RECORD_TOPICS, sorted_out
from streams.landing.recounted import not_recounted
from streams.landing.repeats import mark_resent_orders, note_repeats
from streams.landing.starting import migrated, started
from streams.landing.targets import IMPORT_EVENTS, RESTORED_EVENTS, TARGETS, Target
from streams.landing.writer import Row, Writer
from streams.settings import Settings

_log = structlog.get_logger()

#: bytes of records in one batch, whatever their number
_BATCH_BYTES = 64_000_000
#: from so many records of one flush interval on a second one is waited for: an insert of them costs little more than an empty one
_BUSY_RECORDS = 1000
#: dead letters that are made and sent together; masking one takes up to a millisecond
_LETTERS_AT_ONCE = 100

Records = dict[TopicPartition, list[Taken]]


class Landing(ConsumerRebalanceListener):  # type: ignore[misc]
    """The landing role of one process. ``topic_prefix`` comes before every topic's name, for a broker that is shared."""

    def __init__(self, settings: Settings, config: Config, topic_prefix: str = "") -> None:
        self._settings, self._config = settings, config
        self._prefix = topic_prefix
        self._dimensions = config.segments.dimensions
        self._group = f"{settings.group_prefix}-landing"
        self._writer = Writer(settings, self._rejected_by_clickhouse)
        self._events = EventLanding(settings, self._dimensions)
        self._consumer: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._topic_ids = TopicIds(servers_of(settings))
        #: id of the events topic that is being landed; empty until known
        self._topic_id = ""
        #: the batch in hand was read before the events topic was recreated: it is landed, not committed
        self._is_sought = False
        self._landed = 0
        self._in_hand: dict[TopicPartition, int] = {}
        self._lag_report: asyncio.Task[None] | None = None
        #: events of the batch in hand that ClickHouse could not read
        self._unread: list[bytes] = []
        self._reassigned = asyncio.Event()

    @property
    def detail(self) -> str:
        """One line about its state, for the state report."""
        return self._writer.trouble or self._writer.silence or f"{self._landed} records landed"

    @property
    def in_trouble(self) -> bool:
        """Whether ClickHouse keeps us waiting."""
        return bool(self._writer.trouble or self._writer.silence)

    @property
    def waits_s(self) -> float:
        """For how many seconds ClickHouse has owed an answer."""
        return self._writer.waits_s

    async def start(self) -> None:
        """Bring the tables up to date and join the group."""
        await migrated(self._settings, self._config, self._writer)
        self._producer = AIOKafkaProducer(
            **connection(servers_of(self._settings)), enable_idempotence=True, acks="all"
        )
        await started(self._producer)
        self._consumer = AIOKafkaConsumer(
            **connection(servers_of(self._settings)),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            # by range, so that one process has the same partitions of events and of minutes
            partition_assignment_strategy=(RangePartitionAssignor,),
            session_timeout_ms=int(self._settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(self._settings.session_timeout_s * 1000 / 3),
            max_poll_interval_ms=topics.MAX_POLL_MS,
            rebalance_timeout_ms=60_000,
            metadata_max_age_ms=topics.METADATA_AGE_MS,
            max_partition_fetch_bytes=4_194_304,
        )
        await started(self._consumer)
        hold_while_quiet(self._consumer, QUIET_MEMBER_MS)
        self._consumer.subscribe([self._prefix + target.topic for target in TARGETS], listener=self)
        self._lag_report = asyncio.create_task(report_lag_forever(self._consumer, lambda: self._in_hand))

    async def stop(self) -> None:
        """Leave the group and close every connection."""
        if self._lag_report is not None:
            self._lag_report.cancel()
        for part in (self._consumer, self._producer):
            if part is not None:
                await part.stop()
        await self._topic_ids.close()
        await self._writer.close()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Called by the consumer. The batch in hand is landed all the same; landing it twice changes nothing."""
        _log.info("partitions_revoked", count=len(revoked))

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Called by the consumer before it reads: clocks and the memory of ids are recreated before the next batch."""
        metrics.LANDING_REBALANCES.inc()
        _log.info("partitions_assigned", count=len(assigned))
        self._reassigned.set()

    async def run(self) -> None:
        """Land until cancelled."""
        while True:
            records = await self._gather()
            if records:
                if self._reassigned.is_set():
                    self._reassigned.clear()
                    await self._take_over()
                self._in_hand = {part: some[0].first for part, some in records.items()}
                await self.land(records)
                await self._commit(records)
                self._in_hand = {}

    async def _take_over(self) -> None:
        committed = await self._committed()
        latest = now_ms() + BELIEVED_AHEAD_MS
        self._events.clocks = {number: min(clock, latest) for number, (clock, _) in committed.items()}
        await self._writer.patiently(self._events.remember)
        _log.info("dedup_memory_loaded", ids=len(self._events.memory))
        for topic_id in {topic_id for _, topic_id in committed.values() if topic_id}:
            self._topic_id = topic_id
            self._is_sought = not await self._is_same_topic() or self._is_sought
        if not self._topic_id:  # known before anything is landed: the topic may be gone when it is committed
            self._is_sought = not await self._is_same_topic() or self._is_sought

    async def _committed(self) -> dict[int, tuple[int, str]]:
        """Each partition's clock and the id of its topic as they were committed with the offset."""
        admin = AIOKafkaAdminClient(**connection(servers_of(self._settings)))
        await started(admin)
        try:
            offsets: Mapping[TopicPartition, Any] = await admin.list_consumer_group_offsets(self._group)
        finally:
            await admin.close()
        found = {}
        for part, committed in offsets.items():
            clock, _, topic_id = committed.metadata.partition(" ")
            if part.topic == self._prefix + topics.EVENTS and clock.isdigit():
                found[part.partition] = int(clock), topic_id
        return found

    async def _is_same_topic(self) -> bool:
        """False if the events topic is another one by now (then it is read from its beginning) or gone, or if no broker says.

        Ask after reading: a yes then holds for what was read.
        """
        try:
            present = await self._topic_ids.of(self._prefix + topics.EVENTS)
        except NoSuchTopicError:
            # a commit would be tried until the topic is there again: the old position would be that of the new one
            return False
        except (KafkaError, OSError) as error:
            _log.warning("topic_id_unknown", error=repr(error))
            return False
        before, self._topic_id = self._topic_id, present
        if not before or not present or before == present:
            return True
        _log.warning("topic_recreated", topic=topics.EVENTS, before=before, present=present)
        assert self._consumer is not None
        parts = [part for part in self._consumer.assignment() if part.topic == self._prefix + topics.EVENTS]
        if parts:
            await self._consumer.seek_to_beginning(*parts)
        await self._recount_recent(present)
        return False

    async def _recount_recent(self, batch: str) -> None:
        """Recount what came lately: the monitor may not have read it in time, and counts twice what is sent again."""

        async def work(client: AsyncClient) -> None:
            minutes = await self._events.received_lately(client)
            await recount(client, self._settings, self._dimensions, minutes, f"topic-{batch}")
            metrics.LANDING_RECOUNTED.inc(len(minutes))

        await self._writer.patiently(work)

    async def _gather(self) -> Records:
        """Records of one flush interval, of two if many come, but at most ``landing_batch_rows`` rows and 64 MB."""
        assert self._consumer is not None
        gathered: Records = {}
        rows = size = 0
        ends = monotonic() + self._settings.landing_flush_s
        may_wait = True
        while rows < self._settings.landing_batch_rows and size < _BATCH_BYTES:
            left_s = ends - monotonic()
            if left_s <= 0:
                if not may_wait or rows < _BUSY_RECORDS:
                    break
                may_wait, left_s = False, self._settings.landing_flush_s
                ends += left_s
            most = self._settings.landing_batch_rows - rows
            for part, some in (await taken(self._consumer, self._prefix, left_s, most)).items():
                gathered.setdefault(part, []).append(some)
                rows += len(some.rows)
                size += sum(len(row.line) for row in some.rows)
            if rows < 1000:
                await asyncio.sleep(min(0.02, max(0.0, ends - monotonic())))
        return gathered

    async def land(self, records: Records) -> None:
        """Insert a batch, table by table, and recount what its events touch."""
        for target in TARGETS:
            mine = [some for part, some in records.items() if part.topic == self._prefix + target.topic]
            rows = [row for some in mine for one in some for row in one.rows]
            if not rows:
                continue
            if target.topic == topics.EVENTS:
                await self._land_events(target, rows)
            elif target.topic in RECORD_TOPICS:
                await self._land_records(target, rows)
            else:
                condition = not_recounted(self._settings, rows) if target.topic == topics.MINUTES else ""
                await self._writer.land(target, rows, condition)
            self._landed += len(rows)

    async def _land_records(self, target: Target, rows: list[Row]) -> None:
        good, rejected = await asyncio.to_thread(sorted_out, target.topic, rows)
        await self._set_aside(target, rejected)
        await self._writer.land(target, good)

    async def _land_events(self, target: Target, rows: list[Row]) -> None:
        assert self._consumer is not None
        self._events.partitions = len(self._consumer.partitions_for_topic(self._prefix + target.topic) or ())
        prepared = await self._events.prepare(rows, self._writer)
        await self._set_aside(target, prepared.rejected)
        await self._writer.land(IMPORT_EVENTS, prepared.of_imports)
        self._unread.clear()
        await self._writer.land(target, prepared.rows)
        await self._writer.land(RESTORED_EVENTS, prepared.restored)
        for line in self._unread:
            prepared.recount_without(line)
        if prepared.repeats:
            await self._writer.patiently(
                lambda client: note_repeats(client, self._settings, prepared.repeats)
            )
        if prepared.resent_orders:
            await self._writer.patiently(
                lambda client: mark_resent_orders(client, self._settings, prepared.resent_orders)
            )
        await self._recount(prepared, rows)
        if len(prepared.hashes):
            await asyncio.to_thread(self._events.remember_batch, prepared)
            metrics.LANDING_EVENT_AGE.set((now_ms() - prepared.oldest_received_ms) / 1000)
        metrics.LANDING_REPEATED.inc(prepared.repeated)

    async def _recount(self, prepared: Prepared, rows: list[Row]) -> None:
        async def work(client: AsyncClient) -> int:
            minutes = await self._events.to_recount(prepared, client)
            batch = f"{rows[0].partition}:{rows[0].offset}-{rows[-1].partition}:{rows[-1].offset}"
            await recount(client, self._settings, self._dimensions, minutes, batch)
            return len(minutes)

        started = monotonic()
        count = await self._writer.patiently(work)
        if count:
            metrics.LANDING_RECOUNTED.inc(count)
            metrics.LANDING_RECOUNT_SECONDS.observe(monotonic() - started)

    async def _rejected_by_clickhouse(self, target: Target, row: Row, why: str) -> None:
        reason, detail = RejectReason.BAD_ROW, why
        if target.topic == topics.EVENTS:
            self._unread.append(as_sent(row.line))
            reason, detail = unreadable_reason(self._unread[-1], why)
        await self._dead_letter(target, row, reason, detail)

    async def _set_aside(self, target: Target, rejected: Sequence[tuple[Row, RejectReason, str]]) -> None:
        """Make dead letters of records. Sent one after the other, those of a wrong clock's minute held up landing for minutes."""
        for at in range(0, len(rejected), _LETTERS_AT_ONCE):
            some = rejected[at : at + _LETTERS_AT_ONCE]
            await asyncio.gather(*(self._dead_letter(target, *one) for one in some))

    async def _dead_letter(self, target: Target, row: Row, reason: RejectReason, detail: str) -> None:
        """Set a record aside under a name made from its place in the log: received twice, it is one letter."""
        assert self._producer is not None
        detail = mask_text(detail)
        metrics.LANDING_REJECTED.labels(target.topic).inc()
        _log.warning(
            "record_rejected", topic=target.topic, partition=row.partition, offset=row.offset, why=detail
        )
        letter = DeadLetter(
            received_at_ms=now_ms(),
            reason=reason,
            source="landing",
            store_id=store_of(row.line),
            payload=masked(as_sent(row.line)),
            detail=detail[:500],
            letter_id=f"{target.topic}-{row.partition}-{row.offset}",
        )
        while True:
            try:
                await self._producer.send_and_wait(
                    self._prefix + topics.DEADLETTERS, msgspec.json.encode(letter)
                )
            except KafkaError as error:
                _log.warning("kafka_unreachable", waiting="dead letter", error=str(error))
                await asyncio.sleep(1)
            else:
                return

    async def _commit(self, records: Records) -> None:
        assert self._consumer is not None
        events = self._prefix + topics.EVENTS
        is_same = await self._is_same_topic() and not self._is_sought
        self._is_sought = False
        offsets = {}
        for part, some in records.items():
            if part.topic == events and not is_same:
                continue
            clock = self._events.clocks.get(part.partition, 0) if part.topic == events else 0
            metadata = f"{clock} {self._topic_id}".rstrip() if clock else ""
            offsets[part] = OffsetAndMetadata(some[-1].last + 1, metadata)
        if not offsets:
            return
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # a rebalance came in between: the new owner lands the batch again, which changes nothing
            _log.info("commit_skipped", error=str(error))
        except KafkaError as error:
            # the next commit covers this one
            _log.warning("commit_failed", error=repr(error))


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Run the landing role until cancelled."""
    collect_rarely()
    landing = Landing(settings, config)
    report.say("starting", "waiting for ClickHouse and Kafka")

    async def heartbeat(ready: asyncio.Event) -> None:
        while True:
            metrics.LANDING_WAITING.set(landing.waits_s)
            if landing.in_trouble:
                report.say("degraded", f"ClickHouse: {landing.detail}")
            elif ready.is_set():
                report.ready(landing.detail)
            else:
                report.say("starting", "waiting for Kafka")
            await asyncio.sleep(HEARTBEAT_S)

    ready = asyncio.Event()
    beating = asyncio.create_task(heartbeat(ready))
    try:
        await landing.start()
        ready.set()
        report.ready(landing.detail)
        await landing.run()
    finally:
        beating.cancel()
        report.say("stopping")
        await landing.stop()
        report.clear()
