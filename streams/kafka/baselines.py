"""Follows the topic of baselines: all of it at the start, then whatever the nightly job publishes.

A worker keeps the latest baseline of every store as compressed bytes and decodes it when it owns the store's partition.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterator

import structlog

from scoring.baselines.baseline import StoreBaseline, decode_baseline
from scoring.errors import UNDECODABLE
from streams.kafka.admin import partition_of
from streams.kafka.followers import TopicFollower, follow_forever
from streams.kafka.servers import Servers
from streams.kafka.topics import BASELINES

_log = structlog.get_logger()
#: bytes read at once, at most: all stores have one, and it is a large record
_MAX_BYTES = 10_000_000
#: of compression: fast; a baseline is mostly digits, and about half is saved
_LEVEL = 1


class BaselineFollower:
    """The latest baseline of every store.

    Args:
        bootstrap: Kafka addresses.
        partitions: how many partitions the events topic has.
        notify: called with (partition, baseline) for each one that arrives after the start.
    """

    def __init__(
        self, bootstrap: Servers, topic: str, partitions: int, notify: Callable[[int, StoreBaseline], None]
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._partitions = partitions
        self._notify = notify
        self._latest: dict[int, dict[str, bytes]] = {}
        #: set once everything published before the start has been read
        self.is_read = asyncio.Event()

    def of_partition(self, number: int) -> Iterator[StoreBaseline]:
        """The baselines of the stores of a partition."""
        for store_id, value in self._latest.get(number, {}).items():
            baseline = _decoded(store_id, zlib.decompress(value))
            if baseline is not None:
                yield baseline

    async def follow(self) -> None:
        """Read from the beginning and never stop."""
        follower = TopicFollower(self._bootstrap, (self._topic,), max_bytes=_MAX_BYTES)
        await follow_forever(follower, lambda record: self._take(record.key, record.value), self.is_read)

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        if key is None:
            return
        store_id = key.decode("utf-8", "replace")
        number = partition_of(store_id, self._partitions)
        if value is None:
            self._latest.get(number, {}).pop(store_id, None)
            return
        self._latest.setdefault(number, {})[store_id] = zlib.compress(value, _LEVEL)
        if self.is_read.is_set():
            baseline = _decoded(store_id, value)
            if baseline is not None:
                self._notify(number, baseline)


def _decoded(store_id: str, value: bytes) -> StoreBaseline | None:
    try:
        return decode_baseline(value)
    except UNDECODABLE as error:
        _log.warning("record_skipped", topic=BASELINES, store=store_id, error=str(error))
        return None
