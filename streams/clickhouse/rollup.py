"""Writes whole hours of scores and counts as sums, for the views ``score_sums`` and ``count_sums``.

Minute rows are replaced when late events arrive, so an hour is rewritten, whole, whenever something has landed in it.
A mark says how far that goes: every hour before ``horizon``, with all that had landed before ``through``. What lands later
is noticed by the views at every read and taken from the minutes, so a reader never waits for this to have run: it only makes
reading cheap. Hours that are still filling are left to the minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver import AsyncClient

from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.settings import Settings

HOUR_S = 3600
#: an hour is summed up so long after its end: until then nearly every flush would touch it
CLOSED_S = 600
#: an insert is seen at most so long after the moment that ``landed_at`` names, which is when it began
SETTLED_S = 120
#: hours a statement, so that memory does not grow with what there is to do
CHUNK = 24


@dataclass(frozen=True, slots=True)
class Rollup:
    """One kind of sums: the minute rows it is made of (a table, and the view of them), where it goes, and how."""

    kind: str
    raw: str
    minutes: str
    hours: str
    columns: dict[str, str]
    keys: str


SCORES = Rollup(
    kind="scores",
    raw="scores_raw",
    minutes="score_minutes",
    hours="hour_scores_raw",
    columns={
        "segment": "segment",
        "hour": "toStartOfHour(minute)",
        "store_id": "store_id",
        "step": "step",
        "minutes": "count()",
        **{name: f"sum({name})" for name in ("observed", "judged_minutes", "judged_observed", "expected")},
        **{name: f"sum({name})" for name in ("low", "below", "above", "missing_minutes")},
        "newest_minute": "max(minute)",
        "newest_state": "argMax(state, minute)",
    },
    keys="segment, toStartOfHour(minute), store_id, step",
)
COUNTS = Rollup(
    kind="counts",
    raw="minutes_raw",
    minutes="count_minutes",
    hours="hour_counts_raw",
    columns={
        "hour": "toStartOfHour(minute)",
        "store_id": "store_id",
        "counts": "sumForEach(counts)",
        "pageless": "sumForEach(pageless)",
        "firsts": "minForEach(firsts)",
        "lasts": "maxForEach(lasts)",
    },
    keys="toStartOfHour(minute), store_id",
)
ROLLUPS = (SCORES, COUNTS)


async def roll_up(client: AsyncClient, settings: Settings, rollup: Rollup, settled_s: int = SETTLED_S) -> int:
    """Bring one roll-up up to date; returns how many hours were written.

    It may be stopped at any moment and run again: the mark moves only over what is written.

    Args:
        client: a writer.
        settings: names the database.
        rollup: what to bring up to date.
        settled_s: how long an insert may take to be seen; 0 where nobody inserts.

    Raises:
        ClickHouseError: the store is unreachable or rejects the query.
    """
    now_s, horizon_s, through_s = await _mark(client, settings, rollup)
    closed_s = (now_s - CLOSED_S) // HOUR_S * HOUR_S
    settled = now_s - settled_s
    late = await _hours(
        client, settings, rollup, f"landed_at >= toDateTime({through_s}) AND minute < toDateTime({horizon_s})"
    )
    for chunk in _chunks(late):
        await _write(client, settings, rollup, chunk)
    new = await _hours(
        client, settings, rollup, f"minute >= toDateTime({horizon_s}) AND minute < toDateTime({closed_s})"
    )
    for chunk in _chunks(new):
        await _write(client, settings, rollup, chunk)
        await _note(client, settings, rollup, chunk[-1] + HOUR_S, settled)
    await _note(client, settings, rollup, max(closed_s, horizon_s), settled)
    return len(late) + len(new)


async def _mark(client: AsyncClient, settings: Settings, rollup: Rollup) -> tuple[int, int, int]:
    """Now by the store's clock, horizon and through, in seconds since 1970; zeros before the first run."""
    rows = await _rows(
        client,
        f"SELECT toUnixTimestamp(now()), toUnixTimestamp(max(horizon)), toUnixTimestamp(max(through)) "
        f"FROM {table(settings, 'rollup_marks_raw')} FINAL WHERE kind = '{rollup.kind}'",
    )
    now_s, horizon_s, through_s = rows[0]
    return int(now_s), int(horizon_s), int(through_s)


async def _hours(client: AsyncClient, settings: Settings, rollup: Rollup, where: str) -> list[int]:
    """Starts of the hours that hold minute rows under the condition ``where``, oldest first."""
    rows = await _rows(
        client,
        f"SELECT DISTINCT toUnixTimestamp(toStartOfHour(minute)) AS hour FROM {table(settings, rollup.raw)} "
        f"WHERE {where} ORDER BY hour",
    )
    return [int(hour) for (hour,) in rows]


async def _write(client: AsyncClient, settings: Settings, rollup: Rollup, hours: Sequence[int]) -> None:
    listed = ", ".join(f"toDateTime({hour}, 'UTC')" for hour in hours)
    await _run(
        client,
        f"INSERT INTO {table(settings, rollup.hours)} ({', '.join(rollup.columns)}, version) "
        f"SELECT {', '.join(rollup.columns.values())}, toUnixTimestamp64Milli(now64(3)) "
        f"FROM {settings.clickhouse_database}.{rollup.minutes} "
        f"WHERE minute >= toDateTime({hours[0]}, 'UTC') AND minute < toDateTime({hours[-1] + HOUR_S}, 'UTC') "
        f"AND toStartOfHour(minute) IN ({listed}) GROUP BY {rollup.keys} "
        "SETTINGS max_partitions_per_insert_block = 0",
    )


async def _note(
    client: AsyncClient, settings: Settings, rollup: Rollup, horizon_s: int, through_s: int
) -> None:
    await _run(
        client,
        f"INSERT INTO {table(settings, 'rollup_marks_raw')} SELECT '{rollup.kind}', toDateTime({horizon_s}, 'UTC'), "
        f"toDateTime({through_s}, 'UTC'), toUnixTimestamp64Milli(now64(3))",
    )


async def _rows(client: AsyncClient, sql: str) -> Sequence[Sequence[Any]]:
    with mapped():
        return (await client.query(sql)).result_rows


async def _run(client: AsyncClient, sql: str) -> None:
    with mapped():
        await client.command(sql)


def _chunks(hours: Sequence[int]) -> list[Sequence[int]]:
    return [hours[at : at + CHUNK] for at in range(0, len(hours), CHUNK)]
