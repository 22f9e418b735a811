"""``funnelwatch report``: the evaluation of stores of the running instance as files, from its own tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.asking import DataOption, configuration, configured_store, failed, running_instance
from streams.cli.evaluate import (
    FormatOption,
    PageFormat,
    PageLanguage,
    PeriodLength,
    PeriodOption,
    write_evaluation,
)
from streams.cli.report_advice import advice
from streams.cli.report_check import CHECK_HELP, asked_of_tables, check
from streams.cli.report_mail import preview, schedule
from streams.cli.report_targets import targets
from streams.cli.terminal import say
from streams.clock import now_ms
from streams.errors import FunnelwatchError

if TYPE_CHECKING:
    from scoring.wording.text import Language
    from streams.clickhouse.reader import Database
    from streams.config.model import Config, StoreConfig
    from streams.evaluation.knowing import KnownStore
    from streams.evaluation.reporting import MadeReport

_HELP = """Write the evaluation of stores of the running instance as files, from its own tables.

The last complete period against the store's own past, or against stores alike where at least five are counted alike. The same page as
in the browser, without what needs one; `--format json` writes every input of every score, for `deploy/docs/recompute.py`.

Example: `funnelwatch report --store us-own --format pdf --language en`
"""
reports = typer.Typer(invoke_without_command=True, help=_HELP)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    reports.callback(help=_HELP)(report)
    reports.command(help=CHECK_HELP)(check)
    reports.command()(preview)
    reports.command()(schedule)
    reports.command()(advice)
    reports.command()(targets)
    app.add_typer(reports, name="report")


def report(
    context: typer.Context,
    stores: Annotated[
        list[str] | None,
        typer.Option(
            "--store",
            help="Id of a store; may be given several times. Default: all that are configured.",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        str,
        typer.Option(
            "--group",
            help="A group of `groups` in funnelwatch.yaml: one report of all its stores.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder to write to; created if missing.")] = Path("reports"),
    formats: FormatOption = None,
    language: Annotated[PageLanguage, typer.Option(help="Language of the pages.")] = PageLanguage.ZH,
    period: PeriodOption = None,
    data: DataOption = None,
) -> None:
    """Read, evaluate, write."""
    from streams.evaluation.reporting import group_report, store_report

    if context.invoked_subcommand is not None:
        return
    settings = running_instance(data)
    config = configuration(settings)
    if group and stores:
        raise failed("give --store or --group, not both")
    chosen = _group(config, group) if group else _stores(config, stores or [])
    reads: Language = "zh" if language is PageLanguage.ZH else "en"
    try:
        known, missing = asked_of_tables(settings, lambda database: _read(database, config, chosen, period))
        for store in missing:
            say(f"{store}: no complete period is known yet; nothing written")
        written = formats or [PageFormat.HTML]
        if group and known:
            _write(group, group_report(group, known, missing, reads), out, written)
        elif not group:
            for one in known:
                _write(one.config.id, store_report(one, reads), out, written)
    except FunnelwatchError as error:
        raise failed(str(error)) from error


def _stores(config: Config, asked: list[str]) -> list[StoreConfig]:
    """The stores that were asked for; all without any. Ends the command if one is not configured."""
    for store in asked:
        configured_store(config, store)
    return [store for store in config.stores if not asked or store.id in asked]


def _group(config: Config, name: str) -> list[StoreConfig]:
    """The stores of a group. Ends the command if there is no such group."""
    if name not in {one.name for one in config.groups}:
        known = ", ".join(one.name for one in config.groups) or "(none is configured; add `groups:`)"
        raise failed(f"unknown group {name!r}; expected one of: {known}")
    return config.chosen((), name)


async def _read(
    database: Database, config: Config, stores: list[StoreConfig], period: PeriodLength | None
) -> tuple[list[KnownStore], list[str]]:
    from scoring.evaluation.spans import SpanLength
    from streams.evaluation.reporting import known_stores

    length = SpanLength(period.value) if period else None
    return await known_stores(database, config, stores, length, now_ms())


def _write(name: str, made: MadeReport, out: Path, formats: list[PageFormat]) -> None:
    from scoring.evaluation.spans import span_name

    written = write_evaluation(out, name, formats, made.page, made.inputs)
    periods = sorted({span_name(one.read.spans[0]) for one in made.known})
    say(f"{name}, {' and '.join(periods)}: {', '.join(map(str, written))}")
