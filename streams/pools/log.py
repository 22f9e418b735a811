"""What pools remember, and how their alerts are published: both in one transaction, by one process at a time.

Taking over opens the transactional producer, which fences whoever had it before, and then reads the changelog to its
end. So every transition is published once: what a former leader had begun is complete or gone, and the minute up to
which it reported is the minute from which its successor reports.

Changelog keys: ``mark`` (the last minute judged, as text) and ``pool|ID`` (a snapshot, bytes of its own schema).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from scoring.alerts.alert import AlertTransition
from streams.kafka import topics
from streams.kafka.followers import everything
from streams.kafka.servers import servers_of
from streams.kafka.sole_writer import SoleWriter
from streams.settings import Settings

_MARK = b"mark"
_POOL = b"pool|"


class PoolLog:
    """The changelog of the pools, and the producer of their alerts."""

    def __init__(self, settings: Settings, rename: Callable[[str], str] = str) -> None:
        self._settings, self._changelog, self._alerts = (
            settings,
            rename(topics.POOLS_CHANGELOG),
            rename(topics.ALERTS),
        )
        writer_id = rename(f"{settings.group_prefix}-pools")
        self._writer = SoleWriter(servers_of(settings), writer_id, "the pools' log")
        self.scored: int | None = None
        self.snapshots: dict[str, bytes] = {}

    async def take_over(self) -> None:
        """Fence the former writer and read the changelog to its end."""
        await self._writer.take_over()
        self.scored, self.snapshots = None, {}
        async for record in everything(servers_of(self._settings), self._changelog):
            self._apply(record.key, record.value)

    def _apply(self, key: bytes, value: bytes | None) -> None:
        if key == _MARK and value is not None:
            self.scored = int(value)
        elif key.startswith(_POOL):
            name = key.removeprefix(_POOL).decode()
            if value is None:
                self.snapshots.pop(name, None)
            else:
                self.snapshots[name] = value

    async def write(
        self, scored: int, snapshots: Mapping[str, bytes], transitions: Sequence[AlertTransition]
    ) -> None:
        """Publish transitions and remember, in one transaction, up to which minute that was reported.

        Raises:
            LogFencedError: another process leads now, or the broker did not take it.
        """
        await self._writer.write(
            [
                *((self._alerts, t.store_id.encode(), msgspec.json.encode(t), None) for t in transitions),
                *((self._changelog, _POOL + pool.encode(), state, 0) for pool, state in snapshots.items()),
                (self._changelog, _MARK, str(scored).encode(), 0),
            ]
        )

    async def close(self) -> None:
        """Give the log up."""
        await self._writer.close()
