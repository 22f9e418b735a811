"""A buyer's ids in Kafka: in the files of a broker that does not run, or, where only its port is ours, by deleting what is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import RecordsToDelete

from scoring.errors import UNDECODABLE
from scoring.events.erasure import BuyerIds, Erasure
from streams.clock import now_ms
from streams.kafka import topics
from streams.kafka.admin import admin_of
from streams.kafka.servers import connection, servers_of
from streams.privacy.log_segments import rewrite_segment, segment_records, topics_under
from streams.settings import Settings

#: whose records say which orders, sessions and devices are a buyer's
_REPORTED_IN = (topics.EVENTS, topics.ORDER_FACTS)
#: topics whose records may hold ids of people or of orders, and are deleted by age, not compacted
WITH_IDS = (topics.EVENTS, topics.RAW, topics.ORDER_FACTS, topics.DEADLETTERS, topics.SIGNALS)


class _Named(msgspec.Struct):
    """What an event, an order's facts or a dead letter say of whose they are."""

    store_id: str | None = None
    visitor: str | None = None
    buyer: str | None = None
    session: str | None = None
    order_id: str | None = None
    event_id: str | None = None
    #: of a dead letter: what was rejected
    payload: str | None = None


_NAMED = msgspec.json.Decoder(_Named)


def take_buyer(log_dir: Path, buyer: BuyerIds) -> None:
    """Learn from events and orders that may not have been landed."""
    for take in (buyer.take_devices, buyer.take, buyer.take_nameless):
        for record in _reported(log_dir, _REPORTED_IN):
            if record.store_id == buyer.store_id:
                take(msgspec.structs.asdict(record))
    for letter in _reported(log_dir, (topics.DEADLETTERS,)):
        if letter.store_id == buyer.store_id and letter.payload:
            buyer.take_letter(letter.store_id, letter.payload)


def everybody(log_dir: Path) -> set[tuple[str, str]]:
    """Store and pseudonym of everybody of whom there are events or orders."""
    return {
        (record.store_id or "", person)
        for record in _reported(log_dir, _REPORTED_IN)
        for person in (record.visitor, record.buyer)
        if person
    }


def _reported(log_dir: Path, wanted: Collection[str]) -> Iterator[_Named]:
    for topic, path in _segments(log_dir):
        if topic in wanted:
            for record in segment_records(path):
                with suppress(*UNDECODABLE):
                    yield _NAMED.decode(record.value or b"{}")


def records_with(log_dir: Path, erasure: Erasure) -> Iterator[tuple[str, bytes]]:
    """Topic and value of every record that holds an id, of the topics that hold what was sent and reported of people."""
    for topic, path in _segments(log_dir):
        if topic not in WITH_IDS:
            continue
        for record in segment_records(path):
            if record.value is not None and erasure.in_record(record.value) != record.value:
                yield topic, record.value


def erase_logs(log_dir: Path, erasure: Erasure) -> dict[str, int]:
    """Replace in every topic; topic → how many records were changed."""
    changed: dict[str, int] = {}
    for topic, path in _segments(log_dir):
        replace = erasure.in_order_keys if topic == topics.COUNTS_CHANGELOG else erasure.in_record
        if count := rewrite_segment(path, replace):
            changed[topic] = changed.get(topic, 0) + count
    return changed


def _segments(log_dir: Path) -> Iterator[tuple[str, Path]]:
    for topic, folder in topics_under(log_dir) if log_dir.is_dir() else ():
        for path in sorted(folder.iterdir()):
            if path.suffix in (".log", ".deleted", ".cleaned", ".swap"):
                if path.suffix == ".log":
                    yield topic, path
                else:  # what the broker was about to delete
                    path.unlink()


async def delete_read(settings: Settings) -> tuple[dict[str, int], list[str]]:
    """Delete, in a Kafka of one's own, what all roles have read and no restart needs.

    Returns:
        Topic → records deleted, and a sentence for each topic of which something stays until its retention ends.
    """
    horizon_ms = int(2 * settings.duplicate_horizon_minutes * 60_000)
    consumer = AIOKafkaConsumer(**connection(servers_of(settings)), enable_auto_commit=False)
    await consumer.start()
    deleted: dict[str, int] = {}
    stays = []
    try:
        async with admin_of(servers_of(settings)) as admin:
            group = f"{settings.group_prefix}-landing"
            landed = {
                part: at.offset for part, at in (await admin.list_consumer_group_offsets(group)).items()
            }
            described = await admin.describe_topics(list(WITH_IDS))
            for topic in described:
                parts = [TopicPartition(topic["topic"], part["partition"]) for part in topic["partitions"]]
                starts, ends = await consumer.beginning_offsets(parts), await consumer.end_offsets(parts)
                times = await consumer.offsets_for_times(dict.fromkeys(parts, now_ms() - horizon_ms))
                before = {}
                for part in parts:
                    recent = ends[part] if times.get(part) is None else times[part].offset
                    before[part] = min(recent, landed.get(part, starts[part]))
                    if before[part] < ends[part]:
                        stays.append(
                            f"{part.topic}/{part.partition}: the last {ends[part] - before[part]:,} records, until the topic's retention ends"
                        )
                wanted = {part: RecordsToDelete(at) for part, at in before.items() if at > starts[part]}
                if wanted:
                    await admin.delete_records(wanted)
                    deleted[topic["topic"]] = sum(before[part] - starts[part] for part in wanted)
    finally:
        await consumer.stop()
    return deleted, stays
