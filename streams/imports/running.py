"""Runs one import: an id of its own, what it is doing kept while it lasts, and everything sent under that id."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import msgspec

from scoring.events.delivery import StoreDefaults
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.stored_orders import stored_facts
from streams.clock import now_ms
from streams.collector.intake import open_intake
from streams.config.model import Config
from streams.imports.runs import ImportRun, ImportState, keep_run, new_import_id
from streams.settings import Settings
from streams.sources.files.exports.dry_run import ExportSummary
from streams.sources.files.exports.sending import ImportReport, send
from streams.sources.source_log import RecordWriter

#: how often it is said how far an import is
_SAY_MS = 5_000
_HASHED_AT_ONCE = 1 << 20


async def run_import(
    settings: Settings,
    config: Config,
    path: Path,
    summary: ExportSummary,
    who: str,
    progress: Callable[[int], None] = lambda sent: None,
) -> tuple[ImportRun, ImportReport]:
    """Import a table that was shown and confirmed.

    Args:
        settings: addresses.
        config: has the store.
        path: of the file on disk.
        summary: of the table, without open questions, with its store.
        who: imports it.
        progress: is called with how many events or report rows have been sent.

    Raises:
        KafkaUnreachableError: what was sent is there; undo it, or import the file again.
        ClickHouseError: nothing was sent, or as above.
    """
    run, made_ms = await asyncio.to_thread(_new_run, path, summary, who)
    async with RecordWriter(settings) as writer:
        return await _run_import(settings, config, summary, (run, made_ms), writer, progress)


async def _run_import(
    settings: Settings,
    config: Config,
    summary: ExportSummary,
    begun: tuple[ImportRun, int],
    writer: RecordWriter,
    progress: Callable[[int], None],
) -> tuple[ImportRun, ImportReport]:
    run, made_ms = begun
    await keep_run(writer, run)
    summary.import_id = run.import_id
    sent = [0]
    saying = asyncio.create_task(_say_forever(writer, run, sent))

    def note(count: int) -> None:
        sent[0] = count
        progress(count)

    ended, report = ImportState.INTERRUPTED, ImportReport()
    try:
        report = await _send(settings, config, summary, note, made_ms)
        ended = ImportState.DONE
    finally:
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
        run = _ended(run, ended, report, sent[0])
        await asyncio.shield(keep_run(writer, run))
    return run, report


async def _send(
    settings: Settings, config: Config, summary: ExportSummary, note: Callable[[int], None], made_ms: int
) -> ImportReport:
    store = config.store(summary.store)
    assert store is not None
    defaults = StoreDefaults(store.platform.value, store.currency)
    with closing(open_reader_sync(settings)) as client:
        known = partial(stored_facts, client)
        async with open_intake(settings, config, spool=False) as intake:
            mine = intake.noting(import_id=summary.import_id)
            return await send(summary, mine, defaults, known, note, exported_at_ms=made_ms)


def _ended(run: ImportRun, state: ImportState, report: ImportReport, sent: int) -> ImportRun:
    return msgspec.structs.replace(
        run,
        state=state,
        at_ms=now_ms(),
        events=report.accepted or (0 if report.report_rows else sent),
        orders=report.orders,
        report_rows=report.report_rows,
        repeats=report.repeats,
        rejected=sum(report.rejected.values()),
    )


async def _say_forever(writer: RecordWriter, run: ImportRun, sent: list[int]) -> None:
    while True:
        await asyncio.sleep(_SAY_MS / 1000)
        await keep_run(writer, msgspec.structs.replace(run, at_ms=now_ms(), events=sent[0]))


def _new_run(path: Path, summary: ExportSummary, who: str) -> tuple[ImportRun, int]:
    """The run, and when its file was made."""
    assert summary.table is not None
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_HASHED_AT_ONCE):
            digest.update(block)
    at = now_ms()
    record = summary.as_record()
    run = ImportRun(
        import_id=new_import_id(at),
        store_id=summary.store,
        file=summary.file,
        layout=summary.table.layout.name,
        platform=summary.table.layout.platform,
        digest=digest.hexdigest(),
        zone=summary.zone,
        currency=summary.values.currency if summary.values else "",
        first_day=record["first_day"] or "",
        last_day=record["last_day"] or "",
        who=who,
        started_ms=at,
        at_ms=at,
    )
    return run, int(path.stat().st_mtime * 1000)
