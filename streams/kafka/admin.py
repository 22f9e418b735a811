"""Making the topics and waiting until every partition can be written; how many partitions there are, and where a store is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from aiokafka.partitioner import murmur2

from streams.clock import monotonic
from streams.errors import UnreachableError
from streams.kafka.retention import keep_topics
from streams.kafka.servers import Servers, connection
from streams.kafka.topics import TOPICS, TopicSpec


class TopicsNotReadyError(UnreachableError):
    """The topics could not be made or have no leader; the text names them. ``up`` prints it and tries again."""


async def create_topics(
    bootstrap: Servers,
    *,
    partitions: int,
    replication: int = 1,
    topics: Sequence[TopicSpec] = TOPICS,
    keep_days: Mapping[str, int] | None = None,
    timeout_s: float = 30.0,
) -> list[str]:
    """The names of the topics that were made now; each partition of every topic has a leader then.

    Topics that exist are left as they are, but for those of ``keep_days``, which keep their records for that long. A new one
    next to them has their number of partitions, not ``partitions``.

    Raises:
        TopicsNotReadyError: the broker rejects them, or a partition has no leader in time.
        KafkaError: the broker cannot be reached.
    """
    deadline = monotonic() + timeout_s
    admin, existing = await _connected(bootstrap, timeout_s, deadline)
    try:
        if kept := [spec.name for spec in topics if spec.per_partition and spec.name in existing]:
            partitions = max(len(topic["partitions"]) for topic in await admin.describe_topics(kept))
        new = [
            NewTopic(
                spec.name,
                partitions if spec.per_partition else 1,
                replication,
                topic_configs=dict(spec.configs),
            )
            for spec in topics
            if spec.name not in existing
        ]
        if new:
            answer = await admin.create_topics(new, timeout_ms=int(timeout_s * 1000))
            rejected = [
                f"{name}: {message or code}"
                for name, code, message in (error[:3] for error in answer.topic_errors)
                if code not in (0, TopicAlreadyExistsError.errno)
            ]
            if rejected:
                raise TopicsNotReadyError("cannot create topics: " + "; ".join(rejected))
        await _wait_for_leaders(admin, [spec.name for spec in topics], deadline)
        if keep_days:
            await keep_topics(admin, keep_days, topics)
        return [topic.name for topic in new]
    finally:
        await admin.close()


async def _connected(
    bootstrap: Servers, timeout_s: float, deadline: float
) -> tuple[AIOKafkaAdminClient, set[str]]:
    """A client that has been answered, and the topics there are. A broker that has just started may reject the first try."""
    while True:
        admin = AIOKafkaAdminClient(**connection(bootstrap), request_timeout_ms=int(timeout_s * 1000))
        try:
            await admin.start()
            return admin, set(await admin.list_topics())
        except KafkaError:
            await admin.close()
            if monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


async def _wait_for_leaders(admin: AIOKafkaAdminClient, names: list[str], deadline: float) -> None:
    while True:
        try:
            described = await admin.describe_topics(names)
            waiting = sorted(
                topic["topic"]
                for topic in described
                if topic["error_code"]
                or not topic["partitions"]
                or any(part["leader"] < 0 or part["error_code"] for part in topic["partitions"])
            )
        except KafkaError:
            waiting = names
        if not waiting:
            return
        if monotonic() > deadline:
            raise TopicsNotReadyError("no leader yet for " + ", ".join(waiting))
        await asyncio.sleep(0.05)


@asynccontextmanager
async def admin_of(bootstrap: Servers) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client.

    Raises:
        aiokafka.errors.KafkaError: no broker answers.
    """
    admin = AIOKafkaAdminClient(**connection(bootstrap))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def partition_counts(bootstrap: Servers, topics: Sequence[str]) -> dict[str, int]:
    """Topic → its number of partitions, 0 for one that does not exist or has a partition without leader.

    Raises:
        aiokafka.errors.KafkaError: no broker answers.
    """
    async with admin_of(bootstrap) as admin:
        described = await admin.describe_topics(list(topics))
    found = dict.fromkeys(topics, 0)
    for topic in described:
        if not topic["error_code"] and all(part["leader"] >= 0 for part in topic["partitions"]):
            found[topic["topic"]] = len(topic["partitions"])
    return found


async def add_partitions(
    bootstrap: Servers, topics: Sequence[str], count: int, timeout_s: float = 30.0
) -> None:
    """Give topics ``count`` partitions, each with a leader on return; one that has as many stays as it is.

    Raises:
        TopicsNotReadyError: the broker rejects it (partitions cannot be removed), or a partition has no leader in time.
        aiokafka.errors.KafkaError: no broker answers.
    """
    counts = await partition_counts(bootstrap, topics)
    short = {name: NewPartitions(count) for name, has in counts.items() if has != count}
    if not short:
        return
    async with admin_of(bootstrap) as admin:
        answer = await admin.create_partitions(short)
    rejected = [f"{error[0]}: {error[2] or error[1]}" for error in answer.topic_errors if error[1]]
    if rejected:
        raise TopicsNotReadyError("cannot add partitions: " + "; ".join(rejected))
    until = monotonic() + timeout_s
    while waiting := [
        name for name, has in (await partition_counts(bootstrap, list(short))).items() if has != count
    ]:
        if monotonic() > until:
            raise TopicsNotReadyError("no leader yet for " + ", ".join(waiting))
        await asyncio.sleep(0.05)


def has_more_partitions(consumer: AIOKafkaConsumer, topic: str) -> bool:
    """True if a topic has partitions that ``consumer``, who chose them itself, does not read. Known as its metadata is."""
    read = sum(tp.topic == topic for tp in consumer.assignment())
    return bool(len(consumer.partitions_for_topic(topic) or ()) > read)


async def partitions_of(bootstrap: Servers, topic: str) -> list[int]:
    """The numbers of a topic's partitions, ascending.

    Raises:
        aiokafka.errors.KafkaError: no broker answers.
    """
    async with admin_of(bootstrap) as admin:
        (described,) = await admin.describe_topics([topic])
    return sorted(partition["partition"] for partition in described["partitions"])


def partition_of(key: str | bytes, partitions: int) -> int:
    """The partition of a store's records: Kafka's default partitioner, so that other producers agree."""
    return _hash_of(key.encode() if isinstance(key, str) else key) % partitions


@lru_cache(maxsize=200_000)
def _hash_of(key: bytes) -> int:
    return int(murmur2(key) & 0x7FFFFFFF)
