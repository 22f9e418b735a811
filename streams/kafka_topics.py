"""Making the topics, and waiting until every partition can be written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from streams.clock import monotonic
from streams.topics import TOPICS, TopicSpec


class TopicsNotReady(Exception):
    """The topics could not be made or have no leader; the text names them. ``up`` prints it and tries again."""


async def create_topics(
    bootstrap: str,
    *,
    partitions: int,
    replication: int = 1,
    topics: Sequence[TopicSpec] = TOPICS,
    timeout_s: float = 30.0,
) -> list[str]:
    """The names of the topics that were made now; each partition of every topic has a leader then.

    Topics that exist are left as they are.

    Raises:
        TopicsNotReady: the broker refuses, or a partition has no leader in time.
        KafkaError: the broker cannot be reached.
    """
    deadline = monotonic() + timeout_s
    admin, existing = await _connected(bootstrap, timeout_s, deadline)
    try:
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
            refused = [
                f"{name}: {message or code}"
                for name, code, message in (error[:3] for error in answer.topic_errors)
                if code not in (0, TopicAlreadyExistsError.errno)
            ]
            if refused:
                raise TopicsNotReady("topics could not be made: " + "; ".join(refused))
        await _wait_for_leaders(admin, [spec.name for spec in topics], deadline)
        return [topic.name for topic in new]
    finally:
        await admin.close()


async def _connected(
    bootstrap: str, timeout_s: float, deadline: float
) -> tuple[AIOKafkaAdminClient, set[str]]:
    """A client that has been answered, and the topics there are. A broker that has just started may refuse the first try."""
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000))
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
            raise TopicsNotReady("no leader yet for " + ", ".join(waiting))
        await asyncio.sleep(0.05)


async def partitions_of(bootstrap: str, topic: str) -> list[int]:
    """The numbers of a topic's partitions, ascending.

    Raises:
        aiokafka.errors.KafkaError: no broker answers.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return sorted(partition["partition"] for partition in described["partitions"])
