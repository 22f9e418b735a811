"""One record that a person wrote, on its topic: durable once this returns, or an error in words."""

from __future__ import annotations

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.servers import connection, servers_of
from streams.settings import Settings


async def publish_one(settings: Settings, topic: str, key: str, value: bytes, at_ms: int, what: str) -> None:
    """Write a record.

    Args:
        settings: the broker's address.
        topic: its name.
        key: of the record.
        value: of the record.
        at_ms: its time.
        what: it is, for the error.

    Raises:
        KafkaUnreachableError: the broker did not acknowledge it.
    """
    producer = AIOKafkaProducer(
        **connection(servers_of(settings)), acks="all", enable_idempotence=True, request_timeout_ms=10_000
    )
    try:
        await producer.start()
        await producer.send_and_wait(topic, value, key=key.encode(), timestamp_ms=at_ms)
    except KafkaError as error:
        raise KafkaUnreachableError(
            f"the broker did not take {what} ({type(error).__name__}); try again"
        ) from error
    finally:
        await producer.stop()
