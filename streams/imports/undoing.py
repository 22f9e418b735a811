"""Undoes an import: its report rows and facts of orders are withdrawn, its events are taken back, the minutes are recounted.

What another source, or another import, reported as well stays. Broken off, it is undone again from the beginning, which changes nothing
of what is done already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from clickhouse_connect.driver import AsyncClient

from scoring.records.order_facts import OrderFacts
from scoring.records.report_row import Period, ReportRow
from streams.clickhouse.clients import open_writer, table
from streams.clickhouse.errors import mapped
from streams.clickhouse.imported import take_back
from streams.clickhouse.literals import literal
from streams.clock import now_ms
from streams.collector.intake import open_intake
from streams.config.model import Config
from streams.imports.runs import (
    ImportBusyError,
    ImportRun,
    ImportState,
    UnknownImportError,
    keep_run,
)
from streams.kafka import topics
from streams.kafka.landed import wait_until_landed
from streams.settings import Settings
from streams.sources.publishing import RecordPublisher
from streams.sources.source_log import RecordWriter

_WITHDRAWN_AT_ONCE = 2000
#: what an import sends has to be in the tables before it is undone
_LANDED_FROM = (topics.EVENTS, topics.REPORTS, topics.ORDER_FACTS)
#: as long as landing has not come forward for so long, it is not waited for any more
LANDING_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """How many orders' facts and figures of an import were withdrawn."""

    orders: int
    report_rows: int


async def undo_import(
    settings: Settings, config: Config, runs: Sequence[ImportRun], import_id: str, who: str
) -> ImportRun:
    """Undo one of the imports that there are (``runs``); returns what is kept of it then, with what was removed.

    Raises:
        UnknownImportError: there is none of this id.
        ImportBusyError: it is running still.
        NotLandedError: landing does not run, or is far behind; nothing has been undone, or not all. Undo it again.
        KafkaUnreachableError, ClickHouseError: as above.
    """
    run = next((one for one in runs if one.import_id == import_id), None)
    if run is None:
        raise UnknownImportError(f"unknown import {import_id!r}; `funnelwatch import list` shows all")
    if run.state is ImportState.RUNNING:
        raise ImportBusyError(f"{import_id} is still running; undo it once it has ended")
    if run.state is ImportState.UNDONE:
        return run
    async with RecordWriter(settings) as writer:
        return await _undo(settings, config, runs, msgspec.structs.replace(run, undone_by=who), writer)


async def _undo(
    settings: Settings, config: Config, runs: Sequence[ImportRun], run: ImportRun, writer: RecordWriter
) -> ImportRun:
    await wait_until_landed(settings, _LANDED_FROM, LANDING_PATIENCE_S)
    run = msgspec.structs.replace(run, state=ImportState.UNDOING, at_ms=now_ms())
    await keep_run(writer, run)
    others = [
        one.import_id
        for one in runs
        if one.state in (ImportState.UNDONE, ImportState.UNDOING) and one.store_id == run.store_id
    ]
    client = await open_writer(settings)
    try:
        withdrawn = await _withdraw(client, settings, config, run)
        taken = await take_back(
            client, settings, config.segments.dimensions, run.store_id, run.import_id, others
        )
    finally:
        await client.close()
    await wait_until_landed(settings, _LANDED_FROM, LANDING_PATIENCE_S)
    run = msgspec.structs.replace(
        run,
        state=ImportState.UNDONE,
        at_ms=now_ms(),
        undone_ms=now_ms(),
        removed_events=run.removed_events + taken.events,
        kept_events=taken.kept,
        removed_orders=run.removed_orders + withdrawn.orders,
        removed_report_rows=run.removed_report_rows + withdrawn.report_rows,
    )
    await keep_run(writer, run)
    return run


async def _withdraw(client: AsyncClient, settings: Settings, config: Config, run: ImportRun) -> Withdrawn:
    """Report each thing that the import reported as withdrawn."""
    at = now_ms()
    with mapped():
        reports = await client.query(_REPORTS.format(table(settings, "report_versions_raw"), *_of(run)))
        orders = await client.query(_ORDERS.format(table(settings, "order_versions_raw"), *_of(run)))
    rows = [_row(one, run, at) for one in reports.named_results()]
    facts = [
        OrderFacts(
            store_id=run.store_id,
            order_id=one["order_id"],
            source=one["source"],
            import_id=run.import_id,
            told_at_ms=max(at, one["newest_ms"] + 1),
            withdrawn=True,
        )
        for one in orders.named_results()
    ]
    async with open_intake(settings, config, spool=False) as intake:
        publisher = RecordPublisher.of(intake)
        for start in range(0, max(len(rows), len(facts)), _WITHDRAWN_AT_ONCE):
            part = slice(start, start + _WITHDRAWN_AT_ONCE)
            await publisher.publish(reports=rows[part], orders=facts[part])
    return Withdrawn(len(facts), len(rows))


def _of(run: ImportRun) -> Sequence[str]:
    return literal(run.store_id), literal(run.import_id)


#: what an import reported and has not withdrawn yet
_REPORTS = """SELECT source, measure, period, toUnixTimestamp(period_start) AS begins, any(toUnixTimestamp(period_end)) AS ends, zone,
    any(dimensions) AS dimensions, any(currency) AS currency, toUnixTimestamp64Milli(max(told_at)) AS newest_ms
FROM {} WHERE store_id = {} AND import_id = {}
GROUP BY source, measure, period, begins, zone, parts HAVING argMax(withdrawn, (told_at, withdrawn)) = 0"""
_ORDERS = """SELECT order_id, source, max(told_at_ms) AS newest_ms FROM {} WHERE store_id = {} AND import_id = {}
GROUP BY order_id, source HAVING argMax(withdrawn, (told_at_ms, withdrawn)) = 0"""


def _row(one: Any, run: ImportRun, at: int) -> ReportRow:
    return ReportRow(
        store_id=run.store_id,
        source=one["source"],
        measure=one["measure"],
        period=Period(one["period"]),
        period_start_ms=int(one["begins"]) * 1000,
        period_end_ms=int(one["ends"]) * 1000,
        zone=one["zone"],
        value="0",
        dimensions=dict(one["dimensions"]),
        currency=one["currency"],
        told_at_ms=max(at, one["newest_ms"] + 1),
        import_id=run.import_id,
        withdrawn=True,
    )
