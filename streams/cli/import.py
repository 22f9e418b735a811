"""``funnelwatch import``: a file or a folder of a platform's exports, recognised, shown, and then taken in."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import available_timezones

import msgspec
import typer
from rich.console import Console
from rich.table import Table as View

from scoring.events.incoming import CURRENCIES
from streams.cli.asking import audited, configuration, failed, login_name, running_instance
from streams.cli.import_runs import list_imports, undo_one
from streams.cli.starting import checked_config, checked_settings, data_option
from streams.cli.terminal import answered, confirm, plain, say, say_json
from streams.cli.terminal import console as printing
from streams.config.model import Config
from streams.errors import FunnelwatchError
from streams.imports.choices import with_store
from streams.imports.layouts import kept_layouts
from streams.imports.running import run_import
from streams.instance.files import NoInstanceError, connect_settings
from streams.kafka.errors import KafkaUnreachableError
from streams.kafka.servers import servers_of
from streams.settings import Settings
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices, summarize
from streams.sources.files.exports.layout import ExportLayout, known_layouts, load_layout
from streams.sources.files.exports.opening import ExportFile, opened
from streams.sources.files.exports.sending import ImportReport
from streams.sources.files.exports.suggesting import suggested
from streams.sources.source_log import read_book

_HELP = """Import a platform's exports: orders, shop reports and ads reports, as CSV, TSV, XLSX, XLS, JSON, Parquet, Avro or zip.

Each file is recognised and shown first: which layout, how sure, orders, money, days, what is left out and why. What a file
cannot say itself (its zone, its currency) is asked. `funnelwatch import suggest FILE` writes a mapping as YAML to start from.
`funnelwatch import list` shows all imports, `funnelwatch import undo ID` takes one back.

Example: `funnelwatch import exports/ --store vn-shop --dry-run`

Example: `funnelwatch import Order.all.xlsx --store vn-shop --zone Asia/Ho_Chi_Minh --yes`
"""
console = printing(err=True, highlight=False)
#: questions that only another file answers
_IN_THE_FILE = frozenset({"ids", "formulas", "columns", "period"})


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="import", help=_HELP)(import_files)


def import_files(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH", help="File or folder; or `suggest FILE`, `list`, `undo ID`.", show_default=False
        ),
    ],
    store: Annotated[str, typer.Option(help="Store that the data belongs to.")] = "",
    layout: Annotated[str, typer.Option(help="Read the file as this layout, whatever it looks like.")] = "",
    mapping: Annotated[
        Path | None, typer.Option(help="Your own mapping (YAML) instead of a known layout.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Zone of times without an offset, such as Asia/Shanghai.")] = "",
    currency: Annotated[str, typer.Option(help="Currency of amounts without one, such as CNY.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Import without asking for confirmation.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be imported.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False,
    data: data_option = None,
) -> None:
    """Recognise, show, ask, send."""
    try:
        if words == ["list"]:
            list_imports(running_instance(data), store, as_json=as_json)
            return
        if words[0] == "undo" and len(words) == 2:
            settings = running_instance(data)
            undo_one(settings, configuration(settings), words[1], yes=yes, as_json=as_json)
            return
        choices = _with_kept(_choices(layout, mapping, zone, currency, store), data)
        if words[0] == "suggest" and len(words) == 2:
            _suggest(Path(words[1]), choices, as_json=as_json)
            return
        paths = [_existing(Path(word)) for word in words]
        outcomes = [_import(path, choices, data, yes, dry_run, as_json) for path in paths]
    except FunnelwatchError as error:
        raise failed(str(error)) from error
    if not all(outcomes):
        raise typer.Exit(1)


def _choices(layout: str, mapping: Path | None, zone: str, currency: str, store: str) -> ImportChoices:
    if zone and zone not in available_timezones():
        raise failed(f"unknown zone {zone!r}; give one such as Asia/Shanghai or America/New_York")
    if currency and currency.upper() not in CURRENCIES:
        raise failed(f"unknown currency {currency!r}; give an ISO 4217 code such as CNY or USD")
    own = load_layout(mapping) if mapping else None
    return ImportChoices(layout, own, zone, currency.upper(), store)


def _with_kept(choices: ImportChoices, data: Path | None) -> ImportChoices:
    """The choices with the layouts that people keep, as far as an instance answers; the layout that was asked for exists."""
    kept: tuple[ExportLayout, ...] = ()
    with suppress(NoInstanceError, KafkaUnreachableError):
        settings = connect_settings(checked_settings(data=data))
        kept = kept_layouts(asyncio.run(read_book(servers_of(settings))))
    names = [one.name for one in (*kept, *known_layouts())]
    if choices.layout and choices.layout not in names:
        raise failed(f"unknown layout {choices.layout!r}; expected one of {', '.join(names)}")
    return replace(choices, kept=kept)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise failed(f"{path}: no such file or folder")
    return path


def _import(
    path: Path, choices: ImportChoices, data: Path | None, yes: bool, dry_run: bool, as_json: bool
) -> bool:
    """Import what is at one path; False if any of it could not be."""
    with opened(path) as files:
        if not files:
            console.print(f"{plain(str(path))}: the folder holds no file")
            return False
        settings = checked_settings(data=data) if dry_run else running_instance(data)
        config = checked_config(settings)[1] if dry_run else configuration(settings)
        choices = with_store(choices, config)
        is_complete = True
        for file in files:
            summaries = _asked(file, choices, can_ask=not (yes or as_json or dry_run) and sys.stdin.isatty())
            for summary in summaries:
                report = None
                if not dry_run and _is_ready(summary, config, yes, as_json):
                    audited(settings, f"import {file.path.name}")
                    report = asyncio.run(_send(file, summary, settings, config))
                    summary.repeats = report.repeats
                _show(summary, report, as_json)
                is_complete &= bool(report) or (dry_run and not summary.trouble)
        return is_complete


def _asked(file: ExportFile, choices: ImportChoices, *, can_ask: bool) -> list[ExportSummary]:
    """The file's summaries; zone and currency are asked for at a terminal, and the file read again with the answers."""
    summaries = summarize(file, choices)
    open_questions = {question.about: question for summary in summaries for question in summary.questions}
    if not can_ask or not open_questions.keys() & {"zone", "currency"}:
        return summaries
    answers: dict[str, str] = {}
    for about in ("zone", "currency"):
        if question := open_questions.get(about):
            answers[about] = answered(f"{file.name}: {question.text}; {about}", question.guess or None)
    if answers.get("zone") and answers["zone"] not in available_timezones():
        raise failed(f"unknown zone {answers['zone']!r}; give one such as Asia/Shanghai")
    return summarize(file, replace(choices, **answers))  # type: ignore[arg-type]


def _is_ready(summary: ExportSummary, config: Config, yes: bool, as_json: bool) -> bool:
    """Whether a table may be imported now; says why where not."""
    if summary.trouble or summary.table is None:
        return False
    if summary.questions:
        summary.notes.append(_how_to_answer(summary))
        return False
    if not summary.store:
        summary.notes.append("nothing was imported: name the store with --store")
        return False
    if config.store(summary.store) is None:
        summary.notes.append(f"nothing was imported: store {summary.store!r} is not configured")
        return False
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        summary.notes.append("nothing was imported: add --yes")
        return False
    _show(summary, None, as_json)
    return confirm(f"import {summary.file} into {summary.store}?")


def _how_to_answer(summary: ExportSummary) -> str:
    """What to do about the open questions: by options where there is one, else by a mapping."""
    asked = {question.about for question in summary.questions}
    known = {"zone": "--zone", "currency": "--currency", "layout": "--layout"}
    ways = [option for about, option in known.items() if about in asked]
    if asked - known.keys() - _IN_THE_FILE:
        ways.append("`funnelwatch import suggest FILE > mine.yaml`, edited, with --mapping mine.yaml")
    how = f"; answer with {' and '.join(ways)}, or on the page Import" if ways else ""
    return f"nothing was imported: questions are open{how}"


async def _send(file: ExportFile, summary: ExportSummary, settings: Settings, config: Config) -> ImportReport:
    _, report = await run_import(settings, config, file.path, summary, login_name())
    return report


def _show(summary: ExportSummary, report: ImportReport | None, as_json: bool) -> None:
    record = summary.as_record()
    if as_json:
        record["imported"] = (
            None
            if report is None
            else {
                "accepted": report.accepted,
                "by_type": report.by_type,
                "orders": report.orders,
                "report_rows": report.report_rows,
                "left_out": report.left_out,
                "rejected": report.rejected,
                "without_time": report.without_time,
            }
        )
        say_json(msgspec.json.encode(record).decode())
        return
    out = printing(highlight=False, soft_wrap=True)
    if summary.trouble:
        out.print(f"[bold]{plain(summary.file)}[/bold]  [red]not read:[/red] {plain(summary.trouble)}\n")
        return
    table = summary.table
    assert table is not None
    out.print(
        f"[bold]{plain(summary.file)}[/bold]  {plain(table.layout.title or table.layout.name)}, {table.sure:.0%} sure"
    )
    out.print(f"  [dim]{plain('; '.join(table.why))}[/dim]")
    view = View(box=None, show_header=False, pad_edge=False)
    view.add_column()
    view.add_column()
    for name, text in _lines(record):
        view.add_row(f"  {name}", plain(text))
    out.print(view)
    for question in summary.questions:
        guess = f" Guess: {question.guess}." if question.guess else ""
        out.print(f"  [yellow]question ({question.about}):[/yellow] {plain(question.text)}.{plain(guess)}")
    for note in summary.notes:
        out.print(f"  {plain(note)}")
    if report is not None:
        _show_report(out, report, summary)
    out.print()


def _lines(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What the readable table says: name and text; what this kind of file does not supply is left out."""
    lines = [("rows", f"{record['rows']:,}")]
    for reason, count in record["left_out"].items():
        where = ", ".join(map(str, record["left_out_lines"].get(reason, [])))
        lines.append(
            (f"left out: {reason.replace('_', ' ')}", f"{count:,} (line {where}{' …' if count > 5 else ''})")
        )
    for name in ("orders", "paid", "shipped", "delivered", "cancelled", "refunded", "parcels", "units"):
        if record[name] is not None:
            lines.append((name, f"{record[name]:,}" if isinstance(record[name], int) else str(record[name])))
    lines += [("money", f"{text} {code}") for code, text in record["money"].items()]
    lines += [(f"event {name}", f"{count:,}") for name, count in record["events"].items()]
    for name, one in record["measures"].items():
        text = (
            f"{one['sum']} {one['unit']}"
            if one["sum"] is not None
            else f"{one['rows']:,} figures, not added up"
        )
        lines.append((name.replace("_", " "), text))
    if record["first_day"]:
        lines.append(
            ("days", f"{record['first_day']} to {record['last_day']} ({record['zone'] or 'zone unknown'})")
        )
    if record["report_rows"]:
        lines.append(("report rows", f"{record['report_rows']:,}"))
    if record["unused"]:
        lines.append(("columns not used", f"{len(record['unused'])}"))
    return lines


def _show_report(out: Console, report: ImportReport, summary: ExportSummary) -> None:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in report.by_type.most_common())
    taken = [f"{report.report_rows:,} report rows"] if report.report_rows else []
    if report.accepted or not taken:
        taken.insert(0, f"{report.accepted:,} events ({kinds})")
    out.print(
        f"  [bold]imported[/bold] as {summary.import_id}: {' and '.join(taken)}; {report.repeats:,} were there before"
    )
    for reason, count in report.left_out.items():
        out.print(f"  {count:,} left out: {reason.replace('_', ' ')}")
    if report.without_day:
        out.print(f"  {report.without_day:,} figures without a day in the file: not stored")
    for kind, count in report.without_time.items():
        out.print(f"  {count:,} {kind} without a time in the file: no event")
    for reason, count in report.rejected.items():
        out.print(f"  [yellow]rejected: {reason}[/yellow] {count:,}")
    for detail in report.first_details:
        out.print(f"  [yellow]rejected:[/yellow] {plain(detail)}")


def _suggest(path: Path, choices: ImportChoices, *, as_json: bool) -> None:
    with opened(_existing(path)) as files:
        for file in files:
            for summary in summarize(file, choices):
                mapping = None
                if summary.table is not None and summary.values is not None:
                    mapping = suggested(summary.table, summary.values.source)
                if as_json:
                    say_json(msgspec.json.encode({**summary.as_record(), "mapping": mapping}).decode())
                elif mapping is None:
                    raise failed(f"{summary.file}: {summary.trouble}")
                else:
                    say(mapping)
