"""librdkafka's ``consume`` from Python with nothing done."""

from __future__ import annotations

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.bench.windowed_count.peers import Job, read_job, say, write_counts


def consume(job: Job) -> None:
    consumer = Consumer({"bootstrap.servers": job.kafka, "group.id": job.run, "enable.auto.commit": False})
    say("start")
    consumer.assign([TopicPartition(job.topic, number, OFFSET_BEGINNING) for number in range(job.partitions)])
    seen = 0
    while seen < job.events:
        seen += len(consumer.consume(10_000, 1.0))
    say("done")
    write_counts(job, ())


if __name__ == "__main__":
    consume(read_job())
