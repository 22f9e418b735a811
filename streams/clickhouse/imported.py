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
from streams.clickhouse.repeats import MARKED_VERSION, READ_AS_ONE, count_first_reports, mark_repeats
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
        before = await client.query(statements.held())
        reported, minutes = await _reported(client, statements)
        if before.result_rows[0][0]:
            await client.command(statements.replace())
            removed = await client.query(statements.held())
            await client.command(statements.remove())
        else:
            removed = before
        minutes |= await _minutes(client, store_id, statements.times_of_orders())
        minutes |= await _minutes(client, store_id, statements.times_of_others())
    orders = f"store_id = {literal(store_id)} AND order_id IN ({statements.orders()})"
    await mark_repeats(client, settings, orders)
    await count_first_reports(client, settings, orders)
    await recount_all(client, settings, dimensions, minutes, "undo")
    gone = int(removed.result_rows[0][0])
    return TakenBack(gone, reported - gone, len(minutes))


async def _reported(client: AsyncClient, statements: _Statements) -> tuple[int, set[Minute]]:
    """How many events the import reported, and their minutes."""
    counted = await client.query(statements.reported())
    return int(counted.result_rows[0][0]), await _minutes(
        client, statements.store_id, statements.times_of_import()
    )


async def _minutes(client: AsyncClient, store_id: str, times: str) -> set[Minute]:
    result: Any = await client.query(f"SELECT DISTINCT {MINUTE_SECOND} FROM ({times}) {READ_AS_ONE}")
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
        mine = (
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

    def held(self) -> str:
        """How many rows are the import's."""
        return f"SELECT count() {self._held} {READ_AS_ONE}"

    def reported(self) -> str:
        """How many events the import reported."""
        return f"SELECT uniqExact(type, event_id) FROM {self._versions} WHERE {self._store} AND import_id = {self._import}"

    def replace(self) -> str:
        """Write the others' version of each of the import's rows; what was set apart stays so."""
        names = ", ".join(_COLUMNS)
        values = ", ".join(f"other.{name}" for name in _COLUMNS)
        return (
            f"INSERT INTO {self._events} ({names}, set_apart, version) SELECT {values}, mine.set_apart, {MARKED_VERSION} "
            f"FROM ({self._others}) AS other INNER JOIN (SELECT type, event_id, set_apart {self._held}) AS mine "
            f"ON mine.type = other.type AND mine.event_id = other.event_id {READ_AS_ONE}"
        )

    def remove(self) -> str:
        """Write each row that is still the import's as no longer valid."""
        return f"INSERT INTO {self._events} SELECT * REPLACE (1 AS is_deleted, {MARKED_VERSION} AS version) {self._held} {READ_AS_ONE}"

    def orders(self) -> str:
        """The order ids that the import reported."""
        return f"SELECT order_id FROM {self._versions} WHERE {self._store} AND import_id = {self._import} AND order_id != ''"

    def times_of_import(self) -> str:
        """When the import's events happened, by the import."""
        return f"SELECT event_time FROM {self._versions} WHERE {self._store} AND import_id = {self._import}"

    def times_of_others(self) -> str:
        """When they happened, by others."""
        return f"SELECT event_time FROM ({self._others})"

    def times_of_orders(self) -> str:
        """When the same orders happened, by whoever reported them."""
        return f"SELECT event_time FROM {self._events} FINAL WHERE {self._store} AND order_id IN ({self.orders()})"
