"""What the table knows of events that were probably landed before: when each was first received, by which import, and whether it was
taken back when that import was undone.

On the path of an event: asked by ``streams/landing/events.py``. The memory of ids (``duplicates.py``) reaches back one horizon. An import
is undone, and its events are reported again, long after that, so in stores that have imports every old event is looked up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver import AsyncClient

from scoring.events.identity import PIXEL_IDS, PUBLIC_SOURCE, known_id
from scoring.funnel.units import HOUR_MS
from streams.clickhouse.clients import table
from streams.clickhouse.literals import literals, portions
from streams.landing.duplicates import KNOWN_ID_SQL, id_key
from streams.landing.heads import Head
from streams.settings import Settings

Ask = Callable[[str], Awaitable[Any]]


class KnownEvent(NamedTuple):
    """An event that has a row in the table.

    Attributes:
        received_at_ms: when it was first received.
        import_id: of the import whose version of it holds.
        taken_back_of: if no version holds any more: the imports whose versions were taken back.
    """

    received_at_ms: int
    import_id: str = ""
    taken_back_of: frozenset[str] = frozenset()


class KnownEvents:
    """Asks the table. ``stores`` are those that have imports."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._events = table(settings, "events_raw")
        self.stores: set[str] = set()

    async def remember(self, client: AsyncClient) -> None:
        """See which stores have imports."""
        found = await client.query(
            f"SELECT DISTINCT store_id FROM {table(self._settings, 'import_events_raw')}"
        )
        self.stores = {store for (store,) in found.result_rows}

    def old_ones(
        self,
        keys: Sequence[str],
        heads: Sequence[Head],
        clocks: Sequence[int],
        late_ms: int,
        suspects: Mapping[str, Head],
    ) -> dict[str, Head]:
        """The events of stores with imports that are too old for the memory of ids to speak of, and are not suspects by it."""
        self.stores.update(head.store_id for head in heads if head.import_id)
        if not self.stores:
            return {}
        return {
            key: head
            for key, head, clock in zip(keys, heads, clocks, strict=True)
            if head.store_id in self.stores
            and clock - head.event_time_ms >= late_ms
            and head.source != PUBLIC_SOURCE
            and key not in suspects
        }

    async def find(
        self, suspects: Mapping[str, Head], old: Mapping[str, Head], ask: Ask
    ) -> dict[str, KnownEvent]:
        """What is known of each of these events that is in the table; an old one only if it has its own time there."""
        found: dict[str, KnownEvent] = {}
        for some in portions(list(suspects.values())):
            await self._find(some, "", ask, found)
        for some in portions(sorted(old.values(), key=lambda head: head.event_time_ms)):
            hours = sorted({head.event_time_ms // HOUR_MS * 3600 for head in some})
            span = "fromUnixTimestamp64Milli({}, 'UTC')".format
            where = (
                f" AND event_time >= {span(hours[0] * 1000)} AND event_time < {span((hours[-1] + 3600) * 1000)}"
                f" AND toUnixTimestamp(toStartOfHour(event_time)) IN ({', '.join(map(str, hours))})"
            )
            await self._find(some, where, ask, found)
        return found

    async def _find(self, heads: Sequence[Head], where: str, ask: Ask, found: dict[str, KnownEvent]) -> None:
        result = await ask(
            "SELECT store_id, id, toUnixTimestamp64Milli(if(min(gone) = 1, min(received), minIf(received, gone = 0))), "
            "argMinIf(by_import, received, gone = 0), if(min(gone) = 1, groupUniqArray(by_import), []) FROM ("
            f"SELECT store_id, {KNOWN_ID_SQL} AS id, argMax(events.received_at, events.version) AS received, "
            "argMax(events.import_id, events.version) AS by_import, argMax(events.is_deleted, events.version) AS gone "
            f"FROM {self._events} AS events WHERE store_id IN ({literals(head.store_id for head in heads)}) "
            f"AND event_id IN ({literals(written for head in heads for written in _written_ids(head))}){where} "
            "GROUP BY store_id, id, type, toStartOfHour(event_time)) GROUP BY store_id, id"
        )
        for store_id, event_id, received_ms, import_id, gone in result.result_rows:
            found[id_key(store_id, event_id)] = KnownEvent(int(received_ms), import_id, frozenset(gone))


def _written_ids(head: Head) -> tuple[str, ...]:
    """The ids under which an event may be in the table: those of the pixel were once written as they were given."""
    event_id = known_id(head.event_id, head.source)
    return (event_id, event_id.removeprefix(PIXEL_IDS)) if head.source == PUBLIC_SOURCE else (event_id,)
