"""``funnelwatch reconcile``: recount any range from the raw events and show what ``stage_counts`` says differently."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import msgspec
import typer
from rich.table import Table

from streams.cli.asking import DataOption, running_instance
from streams.cli.moments import span_ms
from streams.cli.sql import explain
from streams.cli.terminal import console, say, say_json
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import ClickHouseError
from streams.clickhouse.reconcile import Reconciliation, repair
from streams.clickhouse.reconcile import reconcile as compare_counts
from streams.clickhouse.repeats import happened_between, mark_repeats
from streams.config.loading import find_config, load_config
from streams.config.model import Config
from streams.printable import counted
from streams.settings import Settings

#: the span that is compared unless another is given; the last two minutes are still being landed
_FROM, _TO = "48h", "2m"
_SHOWN = 50


async def _compare(
    settings: Settings, config: Config, start_ms: int, end_ms: int, store: str | None, fix: bool
) -> tuple[Reconciliation, int]:
    client = await open_writer(settings)
    try:
        dimensions = config.segments.dimensions
        found = await compare_counts(client, settings, dimensions, start_ms, end_ms, store)
        repaired = 0
        if fix:
            await mark_repeats(client, settings, happened_between(start_ms, end_ms, store))
        if fix and found.differences:
            repaired = await repair(client, settings, dimensions, found, f"reconcile-{uuid4().hex}")
        return found, repaired
    finally:
        await client.close()


def _show(found: Reconciliation, repaired: int) -> None:
    if found.differences:
        table = Table("store", "minute (UTC)", "stage", header_style="bold")
        for name in ("stage_counts", "raw events", "difference"):
            table.add_column(name, justify="right")
        for one in found.differences[:_SHOWN]:
            minute = datetime.fromtimestamp(one.minute_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
            change = one.from_events - one.stored
            table.add_row(
                one.store_id, minute, one.stage, str(one.stored), str(one.from_events), f"{change:+d}"
            )
        console().print(table)
        if len(found.differences) > _SHOWN:
            say(f"… and {len(found.differences) - _SHOWN} more; --json gives all")
    say(
        f"{counted(found.minutes, 'store-minute')}; events in stage_counts: {found.stored}, raw: {found.from_events}; "
        f"{counted(len(found.differences), 'difference')}"
    )
    if repaired:
        say(f"{counted(repaired, 'store-minute')} recounted")
    elif found.differences:
        say("--fix recounts these minutes from the raw events")


def reconcile(
    begin: Annotated[
        str,
        typer.Option("--from", help="First minute: a time, or how long ago.", show_default="48 hours ago"),
    ] = _FROM,
    end: Annotated[str, typer.Option("--to", help="End, not included.", show_default="2 minutes ago")] = _TO,
    store: Annotated[str | None, typer.Option("--store", help="Only this store.", show_default=False)] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Recount the minutes that differ and store the result.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    data: DataOption = None,
) -> None:
    """Compare stage_counts with a fresh count of the raw events, which are the truth.

    Exits with 0 if nothing differs (or everything was repaired), with 1 if something does.
    """
    settings = running_instance(data)
    config = load_config(find_config(settings.data, settings.config))
    start_ms, end_ms = span_ms(begin, end)
    try:
        found, repaired = asyncio.run(_compare(settings, config, start_ms, end_ms, store, fix))
    except ClickHouseError as error:
        say(f"error: {explain(error, settings)}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        say_json(msgspec.json.encode({"repaired_minutes": repaired, **msgspec.to_builtins(found)}).decode())
    else:
        _show(found, repaired)
    if found.differences and not repaired:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command ``reconcile``."""
    app.command(name="reconcile")(reconcile)
