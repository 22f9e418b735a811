"""The Faust table's store: the partitions' states, seen as one mapping, and the hooks by which Faust recovers it.

Faust calls ``on_rebalance`` with the new assignment, then ``on_recovery_completed`` once it has nothing more to do
for the table (at once: the transport reports our changelog as empty). What happens there is in ``monitor.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from faust.stores import STORES, memory

if TYPE_CHECKING:
    from streams.monitor.monitor import Monitor

SCHEME = "funnelcounts"

Key = tuple[int, str, str]


class CountsView(MutableMapping[Key, list[int]]):
    """All rows of the owned partitions by (minute, store, segment). For looking: only batches change them."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def __getitem__(self, key: Key) -> list[int]:
        for partition in self._monitor.partitions.values():
            counts = partition.counts.get(*key)
            if counts is not None:
                return counts
        raise KeyError(key)

    def __iter__(self) -> Iterator[Key]:
        for partition in self._monitor.partitions.values():
            yield from partition.counts

    def __len__(self) -> int:
        return sum(partition.counts.rows for partition in self._monitor.partitions.values())

    def __setitem__(self, key: Key, value: list[int]) -> None:
        raise TypeError("rows change by counting batches only, or memory and log would differ")

    def __delitem__(self, key: Key) -> None:
        raise TypeError("rows leave with their horizon only, or memory and log would differ")


class CountsStore(memory.Store[Any, Any]):
    """A store that keeps no data of its own; the monitor is given as ``options['monitor']``."""

    def __init__(self, *args: Any, options: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, options=options, **kwargs)
        self.monitor: Monitor = options["monitor"]
        self.data: MutableMapping[Any, Any] = CountsView(self.monitor)

    def persisted_offset(self, tp: Any) -> int | None:
        """None: the store is in memory."""
        return None

    async def on_rebalance(
        self, assigned: Any, revoked: Any, newly_assigned: Any, generation_id: int = 0
    ) -> None:
        """Take the new assignment over."""
        partitions = {tp.partition for tp in assigned if tp.topic == self.monitor.topic}
        try:
            await self.monitor.assigned(partitions, generation_id)
        except Exception as error:
            self.monitor.fatal("taking partitions over failed", error)

    async def on_recovery_completed(self, active_tps: Any, standby_tps: Any) -> None:
        """Recover. Faust drops exceptions raised here and would go on with half a table."""
        try:
            await self.monitor.recover()
        except Exception as error:
            self.monitor.fatal("recovering the counts failed", error)


def install() -> None:
    """Teach Faust the store's URL scheme. Repeating it does nothing."""
    STORES.aliases[SCHEME] = f"{CountsStore.__module__}:{CountsStore.__qualname__}"
