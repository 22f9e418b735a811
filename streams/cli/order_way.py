"""``funnelwatch events order ID``: the way back from an order to what was reported of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from scoring.records.order_way import Kept, OrderReport, OrderWay, is_time
from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.sql import explain
from streams.cli.terminal import plain, say, say_json
from streams.clickhouse.errors import ClickHouseError, ClickHouseUnreachableError
from streams.clickhouse.reader import Database
from streams.clock import now_ms
from streams.config.model import Config
from streams.instance.typed_ids import TypedIds
from streams.kafka.errors import KafkaUnreachableError
from streams.settings import Settings
from streams.sources.directory import ConnectionDirectory
from streams.sources.order_way import RAW_DAYS, OrderWays
from streams.sources.sealing import Sealer
from streams.sources.source_log import read_book


async def _found(
    settings: Settings, config: Config, order_id: str, store_id: str
) -> tuple[list[str], OrderWay | None]:
    try:
        book = await read_book(settings.kafka)
        directory = ConnectionDirectory(config, Sealer(()), book)
    except KafkaUnreachableError:  # it only helps to choose between deliveries of one moment
        directory = None
    database = Database(settings)
    try:
        ways, at_ms = OrderWays(database, directory, TypedIds(settings)), now_ms()
        configured = [store.id for store in config.stores]
        stores = [store_id] if store_id else await ways.stores(order_id, configured, at_ms)
        return stores, await ways.way(stores[0], order_id, at_ms) if len(stores) == 1 else None
    finally:
        await database.close()


def order(
    number: Annotated[str, typer.Argument(metavar="ID", help="The order's number.")],
    store: Annotated[
        str, typer.Option("--store", help="Of this store; needed where several have the number.")
    ] = "",
    bodies: Annotated[
        bool, typer.Option("--raw", help="Print what came, too (personal fields masked).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    data: DataOption = None,
) -> None:
    """Show who reported an order by which door and when, what each report changed, and what came.

    Example: funnelwatch events order 5012345678 --raw
    """
    settings = running_instance(data)
    try:
        stores, way = asyncio.run(_found(settings, configuration(settings), number.strip(), store))
    except (ClickHouseError, ClickHouseUnreachableError) as error:
        raise failed(explain(error, settings)) from error
    if way is None and len(stores) > 1:
        raise failed(f"several stores have an order {number}: {', '.join(stores)}; add --store")
    if way is None:
        raise failed(f"no order {number} is known{f' in {store}' if store else ''}")
    if as_json:
        say_json(msgspec.json.encode(way).decode())
        return
    said = ", ".join(part for part in (way.state, f"{way.amount} {way.currency}".strip()) if part)
    say(f"{plain(way.order_id)} in {plain(way.store_id)}{f': {plain(said)}' if said else ''}")
    for report in way.reports:
        _print(report, bodies=bodies)
    if way.truncated:
        say(f"only the first {len(way.reports)} reports are shown")


def _print(report: OrderReport, *, bodies: bool) -> None:
    of_platform = f" (platform's time {_moment(report.as_of_ms)})" if report.as_of_ms else ""
    way = " ".join(
        part for part in (report.source, report.connection, report.topic, report.import_id) if part
    )
    say(f"{_moment(report.received_ms)}  {report.door}{f' {plain(way)}' if way else ''}{of_platform}")
    if report.event:
        say(f"    event {report.event}{', a repeat' if report.is_repeat else ''}")
    elif report.withdrawn:
        say("    withdrawn: the import was undone")
    elif not report.changes:
        say("    changed nothing: known already, or older than what was known")
    for change in report.changes:
        before, after = _value(change.name, change.before), _value(change.name, change.after) or "unknown"
        name = change.name.removesuffix("_ms")
        say(plain(f"    {name}: {before} → {after}" if before else f"    {name}: {after}"))
    if report.kept is Kept.EXPIRED:
        say(f"    what came is no longer kept (after {RAW_DAYS} days)")
    elif report.kept is Kept.MISSING:
        say("    what came was not found")
    elif bodies and report.body:
        say(f"    {plain(report.body)}{' …' if report.cut else ''}")


def _value(name: str, text: str) -> str:
    return _moment(int(text)) if text and is_time(name) else text


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(" ", "seconds").removesuffix("+00:00") + "Z"
