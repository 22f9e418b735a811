"""``funnelwatch events breakdown``: which products, campaigns or countries of a store fell."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import typer

from scoring.funnel.stages import STEP_BY_ID
from streams.cli.asking import DataOption, failed, running_instance
from streams.cli.moments import span_ms
from streams.cli.sql import explain
from streams.cli.terminal import say
from streams.clickhouse.clients import open_reader
from streams.clickhouse.errors import ClickHouseError
from streams.incidents.breakdown import (
    LONGEST_MS,
    Before,
    BreakdownRow,
    SplitBy,
    breakdown_of,
    breakdown_parameters,
    breakdown_sql,
)
from streams.settings import Settings


async def _rows(settings: Settings, sql: str, parameters: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
    client = await open_reader(settings)
    try:
        return list((await client.query(sql, parameters=parameters)).named_results())
    finally:
        await client.close()


def breakdown(
    store: Annotated[str, typer.Option("--store", help="The store.")],
    by: Annotated[SplitBy, typer.Option("--by", help="What the events are split by.")] = SplitBy("product"),
    step: Annotated[str, typer.Option("--step", help="The step.")] = "add_to_cart_to_order",
    begin: Annotated[str, typer.Option("--from", help="Start: a date or time, or 2h ago.")] = "24h",
    end: Annotated[
        str, typer.Option("--to", help="End, not included; default: now.", show_default=False)
    ] = "",
    against: Annotated[
        Before, typer.Option("--against", help="The same span a week or a day before.")
    ] = Before.WEEK,
    limit: Annotated[int, typer.Option("--limit", min=1, max=200, help="At most this many rows.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: DataOption = None,
) -> None:
    """Split a step by product, or by another dimension of its events, against a week or a day before.

    Counts only: there is no expectation by product, so no score. Example: funnelwatch events breakdown --store us-shop --from 2h
    """
    if step not in STEP_BY_ID:
        raise typer.BadParameter(
            f"unknown step {step!r}; expected one of {', '.join(STEP_BY_ID)}", param_hint="--step"
        )
    from_ms, to_ms = span_ms(begin, end)
    if to_ms - from_ms > LONGEST_MS:
        raise typer.BadParameter("at most 72 hours at once", param_hint="--from")
    settings = running_instance(data)
    parameters = breakdown_parameters(store, step, against.value, from_ms, to_ms, limit)
    try:
        rows = asyncio.run(_rows(settings, breakdown_sql(by.value), parameters))
    except ClickHouseError as error:
        raise failed(explain(error, settings)) from error
    found = breakdown_of(rows, store, step, by.value, against.value, from_ms, to_ms)
    if as_json:
        say(msgspec.json.encode(found).decode())
        return
    if not found.rows:
        say("no event of this step in this span, nor in the one before")
        return
    known = STEP_BY_ID[step]
    say(
        f"{by.value:<32} {known.downstream.value:>12} {'before':>12} {'change':>8}   {known.upstream.value} (before)"
    )
    for name, row in (("all", found.whole), *((row.value or "-", row) for row in found.rows)):
        say(_line(name, row))


def _line(name: str, row: BreakdownRow) -> str:
    change = "-" if row.change is None else f"{row.change:+.0%}"
    return f"{name[:32]:<32} {row.advanced:>12,} {row.advanced_before:>12,} {change:>8}   {row.entered:,} ({row.entered_before:,})"
