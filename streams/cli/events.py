"""``funnelwatch events``: take the events of a span out of what is judged, and back in; where an order comes from."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from scoring.events.event import Source
from streams.cli.asking import DataOption, audited, configuration, failed, running_instance
from streams.cli.events_breakdown import breakdown
from streams.cli.moments import span_ms
from streams.cli.order_way import order
from streams.cli.sql import explain
from streams.cli.terminal import say
from streams.clickhouse.clients import open_writer
from streams.clickhouse.errors import ClickHouseError
from streams.clickhouse.exclusion import ExclusionAction, ExclusionResult, ExclusionSpan, set_span_apart
from streams.config.model import Config
from streams.instance.typed_ids import TypedIds
from streams.settings import Settings

_Store = Annotated[str, typer.Option("--store", help="Only events of this store.")]
_From = Annotated[
    str,
    typer.Option(
        "--from",
        help="Start of the span in event time: 2026-11-22T08:00+08:00 (UTC without offset), or 2h ago.",
    ),
]
_To = Annotated[str, typer.Option("--to", help="End of the span, not included.")]
_Source = Annotated[
    Source | None, typer.Option("--source", help="Only events that came in by this door.", show_default=False)
]
_Visitor = Annotated[
    str,
    typer.Option(
        "--visitor",
        help="Only this visitor: its id as the page or server sends it, or as the view `events` shows it.",
        show_default=False,
    ),
]
_Reason = Annotated[
    str, typer.Option("--reason", help="Reason, kept in the view `exclusions`.", show_default=False)
]


async def _mark(
    settings: Settings, config: Config, span: ExclusionSpan, action: ExclusionAction, reason: str
) -> ExclusionResult:
    client = await open_writer(settings)
    try:
        return await set_span_apart(client, settings, config.segments.dimensions, span, action, reason)
    finally:
        await client.close()


def _run(data: Path | None, span: ExclusionSpan, action: ExclusionAction, reason: str) -> None:
    settings = running_instance(data)
    if span.visitor:
        span = replace(span, visitor=TypedIds(settings).person(span.store_id, span.visitor))
    config = configuration(settings)
    if span.store_id not in {store.id for store in config.stores}:
        raise typer.BadParameter(f"unknown store {span.store_id!r}", param_hint="--store")
    try:
        audited(settings, f"events {action} --store {span.store_id}")
        result = asyncio.run(_mark(settings, config, span, action, reason))
    except ClickHouseError as error:
        raise failed(explain(error, settings)) from error
    done = "excluded" if action is ExclusionAction.EXCLUDE else "restored"
    say(f"{result.events:,} events {done}, {result.minutes:,} minutes recounted")
    say(
        "Pages, digests and stage_counts follow now, baselines at their next fit. Existing scores and alerts stay."
    )


def exclude(
    store: _Store,
    begin: _From,
    end: _To,
    source: _Source = None,
    visitor: _Visitor = "",
    reason: _Reason = "",
    data: DataOption = None,
) -> None:
    """Exclude events from counts and learning; they stay in `events`, marked.

    Example: funnelwatch events exclude --store us-shop --source pixel --from 2026-11-22T08:00Z --to 2026-11-22T09:00Z
    """
    _run(
        data,
        ExclusionSpan(store, *span_ms(begin, end), source.value if source else "", visitor),
        ExclusionAction.EXCLUDE,
        reason,
    )


def restore(
    store: _Store,
    begin: _From,
    end: _To,
    source: _Source = None,
    visitor: _Visitor = "",
    reason: _Reason = "",
    data: DataOption = None,
) -> None:
    """Restore excluded events."""
    _run(
        data,
        ExclusionSpan(store, *span_ms(begin, end), source.value if source else "", visitor),
        ExclusionAction.RESTORE,
        reason,
    )


def register(app: typer.Typer) -> None:
    """Add the commands ``events …``."""
    events = typer.Typer(
        help="Exclude a span of events from counts and learning, or restore it; show where an order comes from; split a step by product.",
        no_args_is_help=True,
    )
    events.command()(exclude)
    events.command()(restore)
    events.command()(order)
    events.command()(breakdown)
    app.add_typer(events, name="events")
