"""The role ``sources``: asks platforms, and translates what they sent. One owner per connection, any number of processes.

The group that consumes ``funnel.raw.v1`` gives each of its partitions to one process. A connection's deliveries are in one partition
(its key is ``source/connection``), and whoever has the partition owns the connection: translates its deliveries, polls it, keeps its
token. What the owner keeps goes through the partition's own transactional producer (``streams/sources/source_log.py``), so a former owner,
however late it wakes up, can write nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import stamina
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from scoring.errors import UNDECODABLE
from scoring.records.raw_delivery import RawDelivery
from streams.clickhouse.reader import Database
from streams.clock import monotonic, now_ms
from streams.collector.intake import EventIntake, open_intake
from streams.config.model import Config
from streams.instance.files import HEARTBEAT_S, StateReport
from streams.kafka import topics
from streams.kafka.admin import partition_of
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.holding import QUIET_MEMBER_MS, hold_while_quiet
from streams.kafka.servers import connection, servers_of
from streams.metrics import SOURCES_WAITING
from streams.outgoing import outgoing_session
from streams.settings import Settings
from streams.sources.asking import AiohttpSender, HttpSender
from streams.sources.budgets import Budgets
from streams.sources.directory import ConnectionDirectory, following
from streams.sources.health_keeping import DeliveryNotes
from streams.sources.orders_known import OrderMemory, StoredVersions
from streams.sources.owning import PartitionOwner, SharedTools
from streams.sources.publishing import RecordPublisher
from streams.sources.registry import source_named
from streams.sources.sealing import open_sealer
from streams.sources.source import SourceSpec
from streams.sources.stored_days import ClickHouseDays
from streams.sources.stored_orders import ClickHouseOrders
from streams.sources.translating import DeliveryTranslator

_log = structlog.get_logger()

ROLE = "sources"
_POLL_MS = 300
#: deliveries translated at once
_MAX_AT_ONCE = 500
_AGAIN_S, _SHARE_S = 2.0, 0.5
#: how long a command that waits for the broker may
_COMMAND_WAIT_S = 30.0

Records = dict[TopicPartition, list[ConsumerRecord]]


class SourcesRole(ConsumerRebalanceListener):  # type: ignore[misc]
    """The role in one process.

    Args:
        settings: addresses and names.
        directory: the connections.
        intake: takes events; its publisher takes everything else.
        shared: what all owners use.
        translator: translates deliveries.
        prefix: comes before each topic's name and the group, for a broker that is shared.
    """

    def __init__(
        self,
        settings: Settings,
        directory: ConnectionDirectory,
        shared: SharedTools,
        translator: DeliveryTranslator,
        prefix: str = "",
    ) -> None:
        self._settings, self._directory, self._shared, self._translator = (
            settings,
            directory,
            shared,
            translator,
        )
        self._prefix = prefix
        self._topic = prefix + topics.RAW
        self._consumer: AIOKafkaConsumer | None = None
        self._owners: dict[int, PartitionOwner] = {}
        self._due: set[int] = set()
        #: what has been translated of each partition
        self._positions: dict[int, int] = {}
        self._share_at_s = 0.0

    @property
    def detail(self) -> str:
        """What the role reports about its work."""
        states = [worker.health.published for owner in self._owners.values() for worker in owner.workers]
        bad = sorted(
            one.name for one in states if one is not None and one.state.value in ("paused", "broken")
        )
        said = f"{len(states)} connections"
        return said + (f"; not working: {', '.join(bad[:5])}" if bad else "")

    async def start(self) -> None:
        """Join the group."""
        self._consumer = AIOKafkaConsumer(
            **connection(servers_of(self._settings)),
            group_id=f"{self._prefix}{self._settings.group_prefix}-{ROLE}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(self._settings.session_timeout_s * 1000 / 3),
            max_poll_interval_ms=topics.MAX_POLL_MS,
            rebalance_timeout_ms=60_000,
            metadata_max_age_ms=topics.METADATA_AGE_MS,
        )
        while True:
            try:
                await self._consumer.start()
            except (KafkaError, OSError) as error:
                _log.warning("kafka_unreachable", role=ROLE, error=str(error), retry_in_s=_AGAIN_S)
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        hold_while_quiet(self._consumer, QUIET_MEMBER_MS)
        self._consumer.subscribe([self._topic], listener=self)

    async def stop(self) -> None:
        """Let go of every connection and leave the group."""
        await self._let_go(list(self._owners))
        if self._consumer is not None:
            await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Called by the consumer: another process may own these connections from now on."""
        _log.info("partitions_revoked", count=len(revoked))
        await self._let_go([tp.partition for tp in revoked])

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Called by the consumer before it reads."""
        _log.info("partitions_assigned", count=len(assigned))
        self._due = {tp.partition for tp in assigned}

    async def _let_go(self, partitions: Sequence[int]) -> None:
        self._due -= set(partitions)
        for number in partitions:
            with contextlib.suppress(KeyError):  # its new owner says how many wait
                SOURCES_WAITING.remove(str(number))
        going = [self._owners.pop(number) for number in partitions if number in self._owners]
        await asyncio.gather(*(owner.close() for owner in going))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._own()
            records = await self._taken()
            if records:
                await self._translate(records)

    async def _own(self) -> None:
        """Take up the connections of partitions that are new here, or that were lost for a moment."""
        lost = [number for number, owner in self._owners.items() if owner.is_lost]
        await self._let_go(lost)
        self._due |= set(lost) & self._assigned()
        opened = await asyncio.gather(*map(self._take_over, sorted(self._due)))
        if not all(opened):
            await asyncio.sleep(_AGAIN_S)
            return
        if not self._due and monotonic() >= self._share_at_s:
            self._share_at_s = monotonic() + _SHARE_S
            self._share_out()

    async def _take_over(self, number: int) -> bool:
        """Take up one partition; False if no broker answers."""
        owner = PartitionOwner(
            number,
            f"{self._prefix}{self._settings.group_prefix}-{ROLE}-{number}",
            self._shared,
            self._lag,
        )
        try:
            await owner.open()
        except (KafkaError, KafkaUnreachableError) as error:
            _log.warning("kafka_unreachable", role=ROLE, error=type(error).__name__, retry_in_s=_AGAIN_S)
            await owner.close()
            return False
        if number not in self._due:  # it was taken away meanwhile
            await owner.close()
            return True
        self._due.discard(number)
        self._owners[number] = owner
        return True

    def _assigned(self) -> set[int]:
        assert self._consumer is not None
        return {tp.partition for tp in self._consumer.assignment()}

    def _share_out(self) -> None:
        """Start and stop work as connections come, change and go; give each app's budget the part that is ours."""
        assert self._consumer is not None
        count = len(self._consumer.partitions_for_topic(self._topic) or ())
        if not count:
            return
        for owner in self._owners.values():
            mine = [one for one in self._directory if partition_of(one.key, count) == owner.number]
            owner.keep_to(mine)
        self._shared.share_budgets(self._directory, set(self._owners), count)

    async def _taken(self) -> Records:
        assert self._consumer is not None
        records: Records = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_MAX_AT_ONCE)
        for tp in self._consumer.assignment():
            SOURCES_WAITING.labels(str(tp.partition)).set(self._lag(tp.partition))
        return records

    def _lag(self, number: int) -> int:
        """Deliveries of a partition that wait to be translated."""
        assert self._consumer is not None
        tp = TopicPartition(self._topic, number)
        end = self._consumer.highwater(tp) if tp in self._consumer.assignment() else None
        at = self._positions.get(number)
        return max(0, end - at) if end is not None and at is not None else 0

    async def _translate(self, records: Records) -> None:
        deliveries = [found for some in records.values() for one in some if (found := _decoded(one))]
        while True:
            try:
                await self._translator.translate(deliveries)
            except KafkaUnreachableError as error:
                _log.warning("kafka_unreachable", role=ROLE, error=str(error), retry_in_s=_AGAIN_S)
                await asyncio.sleep(_AGAIN_S)
            else:
                break
        await self._commit({tp: some[-1].offset + 1 for tp, some in records.items() if some})

    async def _commit(self, offsets: dict[TopicPartition, int]) -> None:
        assert self._consumer is not None
        self._positions.update({tp.partition: offset for tp, offset in offsets.items()})
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # a rebalance came in between: the new owner translates the batch again, which changes nothing
            _log.info("commit_skipped", error=str(error))
        except KafkaError as error:
            _log.warning("commit_failed", error=repr(error))


def _decoded(record: ConsumerRecord) -> RawDelivery | None:
    try:
        return msgspec.json.decode(record.value, type=RawDelivery)
    except (*UNDECODABLE, TypeError) as error:
        _log.warning("record_skipped", topic=record.topic, offset=record.offset, error=str(error))
        return None


@asynccontextmanager
async def opened(
    settings: Settings,
    config: Config,
    intake: EventIntake,
    sender: HttpSender,
    *,
    specs: Callable[[str], SourceSpec | None] = source_named,
    prefix: str = "",
    process: str = ROLE,
) -> AsyncIterator[SourcesRole]:
    """The role with all it needs, started."""
    database = Database(settings, timeout_s=60.0)
    notes: dict[str, DeliveryNotes] = {}

    def notes_of(name: str) -> DeliveryNotes:
        return notes.setdefault(name, DeliveryNotes())

    def rename(topic: str) -> str:
        return prefix + topic

    async with following(settings, config, rename) as directory:
        records = RecordPublisher(intake.publisher, intake.stores, intake.pseudonyms, prefix)
        shared = SharedTools(
            kafka=servers_of(settings),
            directory=directory,
            specs=specs,
            records=records,
            sender=sender,
            budgets=Budgets(),
            sealer=open_sealer(settings),
            pseudonym=intake.pseudonyms.marked,
            stored=ClickHouseDays(database),
            orders=ClickHouseOrders(database),
            now_ms=now_ms,
            clock_s=monotonic,
            notes_of=notes_of,
            process=process,
            rename=rename,
        )
        memory = OrderMemory(StoredVersions(database))
        translator = DeliveryTranslator(directory, specs, intake, records, memory, notes_of, prefix)
        role = SourcesRole(settings, directory, shared, translator, prefix)
        try:
            await role.start()
            yield role
        finally:
            await role.stop()
            await database.close()


async def run(settings: Settings, config: Config, report: StateReport) -> None:
    """Work until cancelled."""
    report.say("starting", "connecting to Kafka")
    stamina.instrumentation.set_on_retry_hooks(())  # what failed is said where it is decided what to do
    async with (
        open_intake(settings, config, spool=False, patience_s=_COMMAND_WAIT_S) as intake,
        outgoing_session() as session,
        opened(
            settings, config, intake, AiohttpSender(session), process=f"{socket.gethostname()}:{os.getpid()}"
        ) as role,
    ):
        beating = asyncio.create_task(_beat(report, role))
        try:
            await role.run()
        finally:
            beating.cancel()
            report.say("stopping")
    report.clear()


async def _beat(report: StateReport, role: SourcesRole) -> None:
    while True:
        report.ready(role.detail)
        await asyncio.sleep(HEARTBEAT_S)
