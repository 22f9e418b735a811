"""Takes the events of an import back: where another source, or another import, reported the same event, its version takes the place;
all others leave the counts, and their minutes are recounted.

Used by ``streams/imports``. Nothing is deleted: a row is written again, as no longer valid or with the other version's content, over the
one that landed. Reported again by anybody, an event that was taken back lands again (``streams/landing/known.py``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver import AsyncClient

from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literal, literals
from streams.clickhouse.recount import MINUTE_SECOND, Minute, recount_all
from streams.clickhouse.repeats import MARKED_VERSION, READ_AS_ONE, settle_repeats
from streams.settings import Settings

_COLUMNS = (
    "event_id", "store_id", "type", "event_time", "received_at", "schema_version", "platform", "visitor", "buyer", "session", "order_id",
    "product", "category", "country", "device_class", "channel", "campaign", "payment_method", "quantity", "amount", "currency", "source",
    "attributes", "log_offset", "import_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What taking back an import's events did.

    Attributes:
        events: that nobody else reported, and that are no longer counted.
        kept: that somebody else reported as well, and that stay.
        minutes: that were recounted.
    """

    events: int
    kept: int
    minutes: int


async def take_back(
    client: AsyncClient,
    settings: Settings,
    dimensions: tuple[str, ...],
    store_id: str,
    import_id: str,
    undone: Collection[str] = (),
) -> TakenBack:
    """Take back the events of an import. Done twice, it changes nothing more.

    Args:
        client: a writer.
        settings: names the database.
        dimensions: the configured segment dimensions.
        store_id: of the import.
        import_id: which import.
        undone: other imports that were undone before: what they reported counts for nobody.
    """
    statements = _Statements(settings, store_id, import_id, undone)
    with mapped():
        reported = await _number(client, statements.reported())
        version = await _number(client, f"SELECT toUInt64({MARKED_VERSION})")
        await client.command(statements.give_way(version))
        gone = await _number(client, statements.gone(version))
        times = (statements.times_of_versions(), statements.times_of_orders())
        minutes = {minute for one in times for minute in await _minutes(client, store_id, one)}
    await settle_repeats(
        client, settings, f"store_id = {literal(store_id)} AND order_id IN ({statements.orders()})"
    )
    await recount_all(client, settings, dimensions, minutes, "undo")
    return TakenBack(gone, reported - gone, len(minutes))


async def _number(client: AsyncClient, query: str) -> int:
    result = await client.query(query)
    return int(result.result_rows[0][0])


async def _minutes(client: AsyncClient, store_id: str, times: str) -> set[Minute]:
    result: Any = await client.query(f"SELECT DISTINCT {MINUTE_SECOND} FROM ({times})")
    return {(store_id, int(second) * 1000) for (second,) in result.result_rows}


class _Statements:
    """The SQL of taking back one import."""

    def __init__(self, settings: Settings, store_id: str, import_id: str, undone: Collection[str]) -> None:
        self.store_id = store_id
        self._events = table(settings, "events_raw")
        self._versions = table(settings, "import_events_raw")
        self._store = f"store_id = {literal(store_id)}"
        self._import = literal(import_id)
        self._undone = literals({import_id, *undone})
        self._mine = mine = (
            f"SELECT type, event_id FROM {self._versions} WHERE {self._store} AND import_id = {self._import}"
        )
        span = (
            f"SELECT toStartOfHour({{}}(event_time)) FROM {self._versions} WHERE {self._store} AND import_id = {self._import}"
        ).format
        #: rows whose version is the import's. Only its days are read, and whole hours: versions of one event share an hour, and a part
        #: that is left out because of its times would leave an older version in force
        self._held = (
            f"FROM {self._events} AS stored FINAL WHERE {self._store} AND stored.import_id = {self._import} "
            f"AND stored.event_time >= ({span('min')}) AND stored.event_time < ({span('max')}) + INTERVAL 1 HOUR AND (type, event_id) IN ({mine})"
        )
        #: what others said of the same events; the first received holds
        self._others = (
            f"SELECT * FROM {self._versions} FINAL WHERE {self._store} AND import_id NOT IN ({self._undone}) "
            f"AND (type, event_id) IN ({mine}) ORDER BY received_at, log_offset LIMIT 1 BY type, event_id"
        )

    def reported(self) -> str:
        """How many events the import reported."""
        return f"SELECT uniqExact(type, event_id) FROM {self._versions} WHERE {self._store} AND import_id = {self._import}"

    def give_way(self, version: int) -> str:
        """Write over each of the import's rows, in one pass: the others' version, or what is no longer valid.

        A version of another hour has a row of its own, next to the one that is no longer valid. What was set apart stays so.
        """
        values = ", ".join(f"if(is_others, other.{name}, mine.{name}) AS {name}" for name in _COLUMNS)
        return (
            f"INSERT INTO {self._events} ({', '.join(_COLUMNS)}, set_apart, is_repeat, is_deleted, version) "
            "SELECT * EXCEPT (is_others) FROM (SELECT arrayJoin(multiIf(other.event_id = '', [0], "
            "toStartOfHour(other.event_time) = toStartOfHour(mine.event_time), [1], [1, 0])) AS is_others, "
            f"{values}, mine.set_apart AS set_apart, if(is_others, 0, mine.is_repeat) AS is_repeat, "
            f"1 - is_others AS is_deleted, {version} AS version FROM (SELECT * {self._held}) AS mine "
            f"LEFT JOIN ({self._others}) AS other ON mine.type = other.type AND mine.event_id = other.event_id) {READ_AS_ONE}"
        )

    def gone(self, version: int) -> str:
        """How many events nobody reports any more, of those that ``give_way`` wrote."""
        return (
            f"SELECT countIf(valid = 0) FROM (SELECT min(is_deleted) = 0 AS valid FROM {self._events} WHERE {self._store} "
            f"AND version = {version} AND (type, event_id) IN ({self._mine}) GROUP BY type, event_id)"
        )

    def orders(self) -> str:
        """The order ids that the import reported."""
        return f"SELECT order_id FROM {self._versions} WHERE {self._store} AND import_id = {self._import} AND order_id != ''"

    def times_of_versions(self) -> str:
        """When the import's events happened, by whoever reported them."""
        return f"SELECT event_time FROM {self._versions} WHERE {self._store} AND (type, event_id) IN ({self._mine})"

    def times_of_orders(self) -> str:
        """When the same orders happened, by whoever reported them."""
        return f"SELECT event_time FROM {self._events} WHERE {self._store} AND order_id IN ({self.orders()})"
