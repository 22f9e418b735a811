"""``funnelwatch replay``: a file of a shop's history through the collector's own path into Kafka."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table as View

from scoring.events.delivery import StoreDefaults
from streams.cli.starting import checked_settings
from streams.cli.terminal import console as printing
from streams.cli.terminal import plain
from streams.clickhouse.clients import open_reader_sync
from streams.clickhouse.counts import stage_totals
from streams.collector.intake import open_intake
from streams.collector.publisher import Publisher
from streams.config.loading import find_config, load_config
from streams.config.model import Config
from streams.config.store_id import STORE_ID
from streams.instance.files import NoInstanceError, connect_settings
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.landed import NotLandedError, wait_until_landed
from streams.kafka.topics import DEADLETTERS, EVENTS
from streams.schema import ConfigError
from streams.settings import Settings
from streams.sources.files.mapping import FileMapping, MappingError, load_mapping, shipped_mappings
from streams.sources.files.reading import Table
from streams.sources.files.run import Replay, ReplayReport

#: how long Kafka may be unreachable before the replay gives up, and after how long that is reported, in seconds
_PATIENCE_S = 60.0
#: as long as landing has not come forward for so long, --wait goes on
_LANDING_PATIENCE_S = 300.0
_REPORT_AFTER_S = 3.0
_LOOK_S = 0.5
console = printing(err=True, highlight=False)


_HELP = f"""Replay a CSV, CSV.GZ or Parquet file of events.

Rows go through the collector's own path: what is accepted and rejected, and how ids are pseudonymised, is the same as over
HTTP. A second replay of the same file changes nothing. Shipped mappings: {", ".join(shipped_mappings())}.

Examples: `funnelwatch replay UserBehavior.csv --mapping taobao`, and paced by event time, sixty times as fast as it was:
`funnelwatch replay orders.csv --mapping my.yaml --speed 60x`.
"""


def replay(
    file: Annotated[Path, typer.Argument(help="CSV, CSV.GZ or Parquet file.")],
    mapping: Annotated[str, typer.Option(help="Name of a shipped mapping, or the path of your own .yaml.")],
    speed: Annotated[
        str, typer.Option(help="max, or a multiple of real time by event time such as 1x or 60x.")
    ] = "max",
    store: Annotated[str, typer.Option(help="Store id of the events; default: the mapping's.")] = "",
    encoding: Annotated[
        str, typer.Option(help="Text encoding such as gb18030; default: the mapping's.")
    ] = "",
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Wait until everything is in ClickHouse, then print counts per stage."),
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the running instance.")] = None,
) -> None:
    """Read the file, send its events, report."""
    try:
        pace = parse_speed(speed)
        rules = load_mapping(mapping)
        table = Table(file, rules, encoding or None)
        settings = connect_settings(checked_settings(data=data))
        config = load_config(find_config(settings.data, settings.config))
        store_id = store or rules.store
        if not re.match(STORE_ID, store_id):
            raise MappingError(
                f"--store {store_id!r}: letters, digits, dot, dash and underscore only, at most 64"
            )
        report = asyncio.run(_run(settings, config, table, rules, store_id, pace))
        _print_report(report, file, settings, store_id)
        if wait:
            asyncio.run(_wait(settings))
            _print_counts(settings, store_id, report)
    except (MappingError, ConfigError, NoInstanceError, KafkaUnreachableError, NotLandedError) as error:
        console.print(f"[red]error:[/red] {plain(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        console.print("stopped; what was sent is there, and the same replay can be run again")
        raise typer.Exit(130) from None
    if report.damage or not (report.accepted or report.repeated):
        raise typer.Exit(1)


def parse_speed(text: str) -> float | None:
    """Event seconds a second; None for ``max``.

    Raises:
        MappingError: it is neither.
    """
    if text == "max":
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)x?", text)
    if found is None or float(found.group(1)) <= 0:
        raise MappingError(f"--speed {text!r}: give max, or a multiple of real time such as 1x, 60x or 0.5x")
    return float(found.group(1))


async def _run(
    settings: Settings, config: Config, table: Table, mapping: FileMapping, store_id: str, pace: float | None
) -> ReplayReport:
    known = config.store(store_id)
    terms = (
        StoreDefaults(known.platform.value, known.currency)
        if known
        else StoreDefaults(mapping.platform.value, mapping.currency)
    )
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=False, disable=not console.is_terminal) as bar:
        task = bar.add_task(plain(table.path.name), total=max(table.size, 1), counts="")

        def progress(position: int, report: ReplayReport) -> None:
            counts = f"{report.accepted:,} events, {report.events_per_s:,.0f}/s"
            if rejected := report.rejected.total():
                counts += f", {rejected:,} rejected"
            bar.update(task, completed=position, counts=counts)

        async with open_intake(settings, config, spool=False, patience_s=_PATIENCE_S) as intake:
            watching = asyncio.create_task(_report_kafka(intake.publisher, settings.kafka))
            try:
                return await Replay(table, mapping, store_id, terms, intake, pace).run(progress)
            finally:
                watching.cancel()


async def _report_kafka(publisher: Publisher, address: str) -> None:
    """Say once that the replay waits, and that it goes on."""
    unreachable_s, is_reported = 0.0, False
    while True:
        await asyncio.sleep(_LOOK_S)
        unreachable_s = 0.0 if publisher.is_broker_there else unreachable_s + _LOOK_S
        if unreachable_s >= _REPORT_AFTER_S and not is_reported:
            text = f"Kafka at {address} does not answer; waiting up to {_PATIENCE_S:.0f} s for it. Nothing is lost"
            console.print(text, soft_wrap=True)
            is_reported = True
        elif is_reported and publisher.is_broker_there:
            console.print("Kafka answers again; the replay goes on")
            is_reported = False


async def _wait(settings: Settings) -> None:
    columns = (TextColumn("into ClickHouse"), BarColumn(), MofNCompleteColumn(), TextColumn("records"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        most = 0

        def show(behind: int) -> None:
            nonlocal most
            most = max(most, behind)
            bar.update(task, total=max(most, 1), completed=most - behind if most else 1)

        await wait_until_landed(settings, (EVENTS, DEADLETTERS), _LANDING_PATIENCE_S, show)


def _print_report(report: ReplayReport, file: Path, settings: Settings, store_id: str) -> None:
    out = printing(highlight=False, soft_wrap=True)
    out.print(
        f"{plain(file.name)}: {report.rows:,} rows read, [bold]{report.accepted:,} events accepted[/bold], "
        f"{report.rejected.total():,} rejected, in {report.seconds:.1f} s ({report.events_per_s:,.0f} events/s)"
    )
    view = View(box=None, show_header=False, pad_edge=False)
    view.add_column()
    view.add_column(justify="right")
    for kind, count in report.accepted_by_type.most_common():
        if count:
            view.add_row(f"  {plain(kind)}", f"{count:,}")
    for reason, count in report.rejected.most_common():
        view.add_row(f"  [yellow]rejected: {reason}[/yellow]", f"{count:,}")
    if report.repeated:
        view.add_row("  same event again in the file", f"{report.repeated:,}")
    if report.left_out:
        view.add_row("  left out by the mapping", f"{report.left_out:,}")
    out.print(view)
    if report.first_ms is not None and report.last_ms is not None:
        out.print(f"  event times {_at(report.first_ms)} to {_at(report.last_ms)}")
    for detail in report.first_details:
        out.print(f"  [yellow]rejected:[/yellow] {plain(detail)}")
    if report.ends_open and report.rejected:
        out.print("  the file's last line has no line end: that row may be cut short")
    if report.damage:
        out.print(f"[red]{plain(report.damage)}[/red]")
    folder = f" --data {settings.data}"
    if report.rejected:
        out.print(f"next: funnelwatch deadletters list{folder}   (what was rejected, and why)")
    out.print(
        f'next: funnelwatch sql{folder} "select stage, sum(count) from stage_counts where store_id = '
        f"'{store_id}' group by stage\""
    )


def _print_counts(settings: Settings, store_id: str, report: ReplayReport) -> None:
    if report.first_ms is None or report.last_ms is None:
        return
    with closing(open_reader_sync(settings)) as client:
        rows = stage_totals(client, store_id, report.first_ms, report.last_ms)
    view = View(title=f"stage_counts of {store_id} over the file's time", box=None, pad_edge=False)
    view.add_column("stage")
    view.add_column("count", justify="right")
    for stage, count in rows:
        view.add_row(stage, f"{count:,}")
    printing(highlight=False, soft_wrap=True).print(view)


def _at(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="replay", help=_HELP)(replay)
