"""Takes the events of a span out of what is judged and learned from, and back in again.

Used by ``funnelwatch events``. Nothing is deleted: a row is written again with its mark (``set_apart``), over the one that
landed, and the minutes that it touches are recounted. Each call is kept in ``exclusions``.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from clickhouse_connect.driver import AsyncClient

from streams.clickhouse.clients import table
from streams.clickhouse.errors import mapped
from streams.clickhouse.literals import literal
from streams.clickhouse.recount import MINUTE_SECOND, recount_all
from streams.clickhouse.repeats import MARKED_VERSION, READ_AS_ONE, happened_between
from streams.settings import Settings

#: what an excluded event is marked with; a mark that it had before follows behind a colon
EXCLUDED = "excluded"


class ExclusionAction(StrEnum):
    """Out, or back in."""

    EXCLUDE = "exclude"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class ExclusionSpan:
    """Which events: of a store in [``start_ms``, ``end_ms``), by one door or one visitor if given."""

    store_id: str
    start_ms: int
    end_ms: int
    source: str = ""
    visitor: str = ""

    @property
    def condition(self) -> str:
        """The condition on raw events."""
        more = f" AND source = {literal(self.source)}" if self.source else ""
        more += f" AND visitor = {literal(self.visitor)}" if self.visitor else ""
        return happened_between(self.start_ms, self.end_ms, self.store_id) + more


@dataclass(frozen=True, slots=True)
class ExclusionResult:
    """How many events were marked, and how many minutes recounted."""

    events: int
    minutes: int


_MARK = {
    ExclusionAction.EXCLUDE: (
        f"NOT startsWith(stored.set_apart, '{EXCLUDED}')",
        f"if(stored.set_apart = '', '{EXCLUDED}', concat('{EXCLUDED}:', stored.set_apart))",
    ),
    ExclusionAction.RESTORE: (
        f"startsWith(stored.set_apart, '{EXCLUDED}')",
        f"substring(stored.set_apart, {len(EXCLUDED) + 2})",
    ),
}


async def set_span_apart(
    client: AsyncClient,
    settings: Settings,
    dimensions: tuple[str, ...],
    span: ExclusionSpan,
    action: ExclusionAction,
    reason: str = "",
) -> ExclusionResult:
    """Mark the events of a span, or take their mark away, and recount their minutes. Done twice, it changes nothing more.

    Args:
        client: a writer.
        settings: names the database.
        dimensions: the configured segment dimensions.
        span: which events.
        action: out or in.
        reason: kept with it.
    """
    events = table(settings, "events_raw")
    which, mark = _MARK[action]
    rows = f"FROM {events} AS stored FINAL WHERE {span.condition} AND {which}"
    with mapped():
        found = await client.query(f"SELECT {MINUTE_SECOND}, count() {rows} GROUP BY 1 {READ_AS_ONE}")
        if found.result_rows:
            await client.command(
                f"INSERT INTO {events} SELECT * REPLACE ({mark} AS set_apart, {MARKED_VERSION} AS version) {rows} {READ_AS_ONE}"
            )
    # the minutes of what was marked already as well: a call that broke off before its recount is made good by the next
    with mapped():
        touched = await client.query(
            f"SELECT DISTINCT {MINUTE_SECOND} FROM {events} FINAL WHERE {span.condition} {READ_AS_ONE}"
        )
    minutes = [(span.store_id, int(second) * 1000) for (second,) in touched.result_rows]
    await recount_all(client, settings, dimensions, minutes, action.value)
    result = ExclusionResult(sum(int(count) for _, count in found.result_rows), len(minutes))
    await _keep(client, settings, span, action, reason, result)
    return result


async def _keep(
    client: AsyncClient,
    settings: Settings,
    span: ExclusionSpan,
    action: ExclusionAction,
    reason: str,
    result: ExclusionResult,
) -> None:
    row = {
        "action": action.value,
        "store_id": span.store_id,
        "begins": span.start_ms / 1000,
        "ends": span.end_ms / 1000,
        "source": span.source,
        "visitor": span.visitor,
        "who": getpass.getuser(),
        "reason": reason,
        "events": result.events,
        "minutes": result.minutes,
    }
    with mapped():
        await client.raw_insert(
            table(settings, "exclusions_raw"),
            list(row),
            insert_block=msgspec.json.encode(row),
            fmt="JSONEachRow",
        )
