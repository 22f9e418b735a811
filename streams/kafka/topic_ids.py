"""The id of a topic: one that was deleted and recreated under the same name has another, and its offsets mean nothing.

Kafka gives every topic an id (KIP-516); aiokafka speaks Metadata up to version 5, which does not report it, so the one
version that is needed here is written down below, in aiokafka's own terms. Schema: ``MetadataRequest.json`` and
``MetadataResponse.json`` of Apache Kafka, version 12.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from streams.clock import monotonic
from streams.errors import StateError
from streams.kafka.servers import Servers, connection

#: seconds between two attempts while no broker answers
RETRY_S = 0.2
#: what a broker gives whose metadata is too old for ids
_NO_ID = bytes(16)


class _Uuid(AbstractType[bytes]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


_TAGS = ("tags", TaggedFields)
_BROKER = (("node_id", Int32), ("host", CompactString()), ("port", Int32), ("rack", CompactString()), _TAGS)
_PARTITION = (
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", CompactArray(Int32)),
    ("isr", CompactArray(Int32)),
    ("offline_replicas", CompactArray(Int32)),
    _TAGS,
)
_TOPIC = (
    ("error_code", Int16),
    ("topic", CompactString()),
    ("topic_id", _Uuid),
    ("is_internal", Boolean),
    ("partitions", CompactArray(*_PARTITION)),
    ("operations", Int32),
    _TAGS,
)


class _MetadataResponse(Response):  # type: ignore[misc]
    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(*_BROKER)),
        ("cluster_id", CompactString()),
        ("controller_id", Int32),
        ("topics", CompactArray(*_TOPIC)),
        _TAGS,
    )


class _MetadataRequestStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", CompactString()), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class _MetadataRequest(Request[_MetadataRequestStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequestStruct]) -> _MetadataRequestStruct:
        return request_struct_class([(_NO_ID, self._topic, {})], False, False, {})


class TopicReplacedError(StateError):
    """A topic was deleted and recreated while we read it: our offsets mean nothing in it. The app ends the process."""


#: what ``PartitionsChangedError`` says to do
KEYS_MOVED = "keys have moved between them; run `funnelwatch repartition` (deploy/runbook.md, 'The number of partitions changed')"


class PartitionsChangedError(StateError):
    """A topic has another number of partitions than the state was made with: keys have moved. The app ends the process."""


class NoSuchTopicError(StateError):
    """There is no such topic at present. Callers that need it end; those that only compare ids go on."""


class TopicIds:
    """Asks the brokers for the id of a topic, over a connection of its own."""

    def __init__(self, bootstrap: Servers) -> None:
        self._bootstrap = bootstrap
        self._client: AIOKafkaClient | None = None
        #: how many partitions the topic had when it was last asked for; 0 if that is not known
        self.partition_count = 0

    async def of(self, topic: str) -> str:
        """The topic's id in hexadecimal; empty if the brokers keep no ids.

        Raises:
            NoSuchTopicError: it does not exist.
            aiokafka.errors.KafkaError: no broker answers.
        """
        try:
            if self._client is None:
                client = AIOKafkaClient(**connection(self._bootstrap), client_id="funnelwatch-topic-ids")
                self._client = client
                await client.bootstrap()
            answer: Any = await self._client.send(self._client.get_random_node(), _MetadataRequest(topic))
        except NotImplementedError:  # a broker before 3.1
            return ""
        except (KafkaError, OSError, AssertionError):
            await self.close()
            raise
        ((code, _, topic_id, _, partitions, *_),) = answer.topics
        self.partition_count = len(partitions)
        if code == UnknownTopicOrPartitionError.errno:
            raise NoSuchTopicError(topic)
        if code and topic_id == _NO_ID:
            raise for_code(code)(topic)
        return "" if topic_id == _NO_ID else topic_id.hex()

    async def patiently_of(self, topic: str, wait_s: float) -> str:
        """The same, asked again for ``wait_s`` seconds while no broker answers.

        Raises:
            aiokafka.errors.KafkaError: no broker answered in that time.
        """
        until = monotonic() + wait_s
        while True:
            try:
                return await self.of(topic)
            except (KafkaError, OSError) as error:
                if monotonic() > until:
                    raise KafkaError(f"no broker gives the id of {topic}: {error}") from error
                await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        """Give the connection back; the next question opens another."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()
