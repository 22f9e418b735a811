"""Carries the monitor's state over when the events topic has been given more partitions: ``funnelwatch repartition``.

With it: ``moves.py`` (which records move). Everything is written in one transaction, so that a command that is stopped in the
middle has changed nothing, and can be given again:

* the changelog's records of every store whose events are in another partition now, and new marks;
* a copy of the events that were sent to a store's old partition and not counted yet, in its new one. They keep their ids:
  ClickHouse has each of them once, and their minutes are recounted from the raw table.

No monitor gets between: a running one exits when it sees the change, its successors wait for all topics to have the
same number of partitions (which they have last), and one that was suspended is fenced.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from streams.clock import monotonic, now_ms
from streams.errors import StateError
from streams.kafka.admin import add_partitions, admin_of, partition_counts, partition_of
from streams.kafka.servers import Servers, servers_of
from streams.kafka.topic_ids import TopicIds
from streams.kafka.topics import COUNTS_CHANGELOG, EVENTS, METADATA_AGE_MS, TOPICS, Rename
from streams.monitor.moves import State, marks_of, moves
from streams.monitor.records import MARK_KEY, Mark, Record, decode_key
from streams.monitor.recovery import plain_reader, read_to_end
from streams.monitor.writer import PartitionWriter, Stamped, send_batched, transactional_producer
from streams.settings import Settings

#: seconds after which every collector sends to the new partitions
SETTLE_S = 2 * METADATA_AGE_MS / 1000
#: seconds that running monitors may take to see the change and end
MONITORS_END_S = 90.0
#: how long the transaction may take; brokers allow 15 minutes unless configured otherwise
TRANSACTION_TIMEOUT_MS = 600_000
#: records that wait to be copied, at most
_COPY_AT_ONCE = 5_000


class CannotRepartitionError(StateError):
    """The topics cannot be brought to one number of partitions now; the text says why. The command line prints it."""


@dataclass(slots=True)
class Repartitioned:
    """What was done. ``before`` is the number of partitions that the counts were made with, 0 without counts."""

    before: int
    partitions: int
    moved_stores: int = 0
    copied_events: int = 0
    is_changed: bool = True


async def repartition(
    settings: Settings,
    wanted: int | None = None,
    *,
    report: Callable[[str], None] = lambda line: None,
    rename: Rename = str,
    settle_s: float = SETTLE_S,
) -> Repartitioned:
    """Bring the monitor's state and topics to as many partitions as the events topic has, or is given now.

    Args:
        settings: of the instance.
        wanted: give the events topic this many; None: it has been given them.
        report: is given a line for each step.
        rename: the topics' names on this broker.
        settle_s: seconds to wait until collectors send to the new partitions.

    Raises:
        CannotRepartitionError: see there.
        TopicsNotReadyError: the broker rejects partitions.
        aiokafka.errors.KafkaError: the broker does not answer or rejects it; nothing has been moved.
    """
    kafka = servers_of(settings)
    per_store = [rename(spec.name) for spec in TOPICS if spec.per_partition]
    events, changelog = rename(EVENTS), rename(COUNTS_CHANGELOG)
    count = await _checked_count(kafka, per_store, events, wanted)
    marks = marks_of(await _read_states(kafka, changelog))
    before = max((mark.partitions for mark in marks.values()), default=0)
    is_same = set((await partition_counts(kafka, per_store)).values()) == {count}
    if is_same and {mark.partitions or count for mark in marks.values()} <= {count}:
        return Repartitioned(before, count, is_changed=False)
    await add_partitions(kafka, [events], count)
    report(f"{events} has {count} partitions; waiting for monitors to exit and collectors to see it")
    await asyncio.gather(_wait_for_no_monitor(settings), asyncio.sleep(settle_s))
    await add_partitions(kafka, [changelog], count)
    await _fence(settings, count, rename)
    done = await _carry_over(settings, events, changelog, count)
    report(f"{done.moved_stores} stores and {done.copied_events} uncounted events moved")
    await add_partitions(kafka, per_store, count)
    return done


async def _checked_count(kafka: Servers, per_store: Sequence[str], events: str, wanted: int | None) -> int:
    counts = await partition_counts(kafka, per_store)
    missing = [topic for topic, has in counts.items() if not has]
    if missing:
        raise CannotRepartitionError(
            f"topics are missing: {', '.join(missing)}; `funnelwatch prepare` creates them"
        )
    count, most = wanted or counts[events], max(counts.values())
    if count < most:
        listed = ", ".join(f"{topic} {has}" for topic, has in counts.items())
        raise CannotRepartitionError(
            f"Kafka cannot remove partitions, and there are topics with {most} ({listed}): "
            f"`funnelwatch repartition {most}` gives all of them as many"
        )
    return count


async def _wait_for_no_monitor(settings: Settings) -> None:
    group = f"{settings.group_prefix}-monitor"
    async with admin_of(servers_of(settings)) as admin:
        until = monotonic() + MONITORS_END_S
        while True:
            try:
                members = await _members(admin, group)
                if not members:
                    return
            except KafkaError as error:  # a coordinator that has just started, or moves
                if not error.retriable or monotonic() > until:
                    raise
            else:
                if monotonic() > until:
                    raise CannotRepartitionError(
                        f"{members} monitors still run after {MONITORS_END_S:.0f} s; stop them, then run this command again"
                    )
            await asyncio.sleep(0.5)


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    # one group a request: aiokafka 0.14 reads further ones at the wrong place
    (answer,) = await admin.describe_consumer_groups([group])
    ((code, _, _, _, _, members, *_),) = answer.groups
    if code:
        raise for_code(code)(group)
    return len(members)


async def _fence(settings: Settings, count: int, rename: Rename) -> None:
    """Whoever wrote for a partition before, and was suspended since, can write nothing more."""
    for number in range(count):
        name = f"{settings.group_prefix}-monitor-{number}"
        writer = PartitionWriter(servers_of(settings), name, number, frozenset(), rename)
        await writer.open()
        await writer.close()


async def _carry_over(settings: Settings, events: str, changelog: str, count: int) -> Repartitioned:
    states = await _read_states(servers_of(settings), changelog)
    marks = marks_of(states)
    written = moves(states, count)
    done = Repartitioned(max((mark.partitions for mark in marks.values()), default=0), count)
    done.moved_stores = len(_stores(written))
    if not written:
        return done
    starts = await _uncounted(servers_of(settings), events, marks, count)
    present = now_ms()
    async with _transaction(settings) as producer:
        async for target, records in _misplaced(servers_of(settings), events, starts, count):
            await _write(producer, events, target, records)
            done.copied_events += len(records)
        for number, changes in written.items():
            await _write(producer, changelog, number, [(key, value, present) for key, value in changes])
        await _wait_for_no_monitor(settings)
    return done


def _stores(written: dict[int, list[Record]]) -> set[str]:
    """The stores of the records that leave a partition."""
    found = set()
    for records in written.values():
        for key, value in records:
            if value is None and key is not None and key != MARK_KEY:
                kind, *rest = decode_key(key)
                if kind in ("c", "n", "s"):
                    found.add(str(rest[1] if kind == "c" else rest[0]))
    return found


@asynccontextmanager
async def _transaction(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    name = f"{settings.group_prefix}-repartition"
    producer = transactional_producer(servers_of(settings), name, TRANSACTION_TIMEOUT_MS)
    await producer.start()
    try:
        async with producer.transaction():
            yield producer
    finally:
        await producer.stop()


async def _write(producer: AIOKafkaProducer, topic: str, partition: int, records: Sequence[Stamped]) -> None:
    for delivered in await send_batched(producer, topic, partition, records):
        await delivered


async def _read_states(kafka: Servers, changelog: str) -> dict[int, State]:
    """Each partition's newest values."""
    states: dict[int, dict[bytes, bytes]] = {}
    numbers = range((await partition_counts(kafka, [changelog]))[changelog])
    async with plain_reader(kafka) as reader:
        async for found in read_to_end(reader, changelog, dict.fromkeys(numbers, 0)):
            for number, records in found.items():
                state = states.setdefault(number, {})
                for record in records:
                    if record.value is None:
                        state.pop(record.key, None)
                    else:
                        state[record.key] = record.value
                await asyncio.sleep(0)
    return dict(states)


async def _uncounted(kafka: Servers, events: str, marks: dict[int, Mark], count: int) -> dict[int, int]:
    """Partition → the offset of the first event that is not counted yet; 0 where the topic was recreated."""
    ids = TopicIds(kafka)
    try:
        present = await ids.of(events)
    finally:
        await ids.close()
    starts = {}
    for number in range(count):
        mark = marks.get(number, Mark())
        is_same = not present or mark.topic_id in ("", present)
        starts[number] = mark.offset + 1 if is_same else 0
    return starts


async def _misplaced(
    kafka: Servers, events: str, starts: dict[int, int], count: int
) -> AsyncIterator[tuple[int, list[Stamped]]]:
    """The uncounted events in another partition than their store's, by the partition they belong to."""
    waiting: dict[int, list[Stamped]] = {}
    held = 0
    async with plain_reader(kafka) as reader:
        async for some in read_to_end(reader, events, starts):
            for number, records in some.items():
                for record in records:
                    if record.key is None or record.value is None:  # a tick: each partition has its own
                        continue
                    target = partition_of(record.key, count)
                    if target != number:
                        waiting.setdefault(target, []).append((record.key, record.value, record.timestamp))
                        held += 1
                await asyncio.sleep(0)
            if held >= _COPY_AT_ONCE:
                for target, found in waiting.items():
                    yield target, found
                waiting, held = {}, 0
    for target, found in waiting.items():
        yield target, found
