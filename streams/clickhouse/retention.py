"""How long tables keep their rows, where a setting says otherwise than the migrations."""

from __future__ import annotations

import re
from collections.abc import Mapping

import structlog
from clickhouse_connect.driver import AsyncClient

from streams.clickhouse.errors import ClickHouseError, mapped
from streams.errors import InputError

_log = structlog.get_logger()
_TTL = re.compile(r"\bTTL (.+?)(?: SETTINGS |$)", re.DOTALL)
_DAYS = re.compile(r"toIntervalDay\((\d+)\)")


class UnknownTableError(ClickHouseError, InputError):
    """The retention of a table is set that there is not, or that keeps its rows for ever; whoever set it corrects it."""


async def keep_tables(
    client: AsyncClient, database: str, days: Mapping[str, int], on_cluster: str = ""
) -> None:
    """Let each table of ``days`` (``events_raw`` → days) keep its rows for so long; older ones are deleted soon after.

    Raises:
        UnknownTableError: a table is not one whose rows end.
    """
    if not days:
        return
    with mapped():
        rows = (
            await client.query(
                "SELECT name, engine_full FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'",
                parameters={"database": database},
            )
        ).result_rows
    found = {name: ttl[1] for name, engine in rows if (ttl := _TTL.search(engine)) and _DAYS.search(ttl[1])}
    if unknown := sorted(set(days) - set(found)):
        raise UnknownTableError(
            f"FUNNELWATCH_RETENTION names {', '.join(unknown)}; expected a topic, or one of {', '.join(sorted(found))}"
        )
    for table, wanted in days.items():
        has = _DAYS.search(found[table])
        if has is not None and int(has[1]) != wanted:
            changed = _DAYS.sub(f"toIntervalDay({wanted})", found[table])
            with mapped():
                await client.command(f"ALTER TABLE {database}.{table} {on_cluster} MODIFY TTL {changed}")
            _log.info("retention_changed", name=table, days=wanted, before=int(has[1]))
