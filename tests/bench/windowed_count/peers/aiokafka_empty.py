"""aiokafka's ``getmany`` with nothing done: what reading alone costs in the library beneath Faust."""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.windowed_count.peers import Job, read_job, say, write_counts


async def consume(job: Job) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=job.kafka, enable_auto_commit=False)
    await consumer.start()
    partitions = [TopicPartition(job.topic, number) for number in range(job.partitions)]
    consumer.assign(partitions)
    say("start")
    await consumer.seek_to_beginning(*partitions)
    seen = 0
    while seen < job.events:
        for records in (await consumer.getmany(timeout_ms=1000)).values():
            seen += len(records)
    say("done")
    write_counts(job, ())
    await consumer.stop()


if __name__ == "__main__":
    asyncio.run(consume(read_job()))
