"""``funnelwatch report``: the evaluation of stores of the running instance as files, from its own tables."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.evaluate import PageFormat, PageLanguage, PeriodLength, write_evaluation
from streams.cli.terminal import say, say_json
from streams.clock import now_ms
from streams.errors import FunnelwatchError
from streams.printable import counted

if TYPE_CHECKING:
    from streams.clickhouse.reader import Database
    from streams.config.model import Config
    from streams.evaluation.checking import CheckedReport
    from streams.evaluation.stored import StoredStore
    from streams.settings import Settings

T = TypeVar("T")

_HELP = """Write the evaluation of stores of the running instance as files, from its own tables.

The last complete period against the store's own past, or against stores alike where at least five are counted alike. The same page as
in the browser, without what needs one; `--format json` writes every input of every score, for `deploy/docs/recompute.py`.

Example: `funnelwatch report --store us-own --format pdf --language en`.
"""
_CHECK_HELP = """Derive every number of a report again and say which differ.

FILE is the HTML or JSON of `funnelwatch report`, or of `funnelwatch evaluate` with the same files given as `--files`. It names store,
period and the moment up to which anything was known; from the tables of that moment the report is made again and held against the
file, number by number, those of its pictures included. Ends with 0 if every number was derived again and is equal, 1 if one differs, 3 if
none differs but some cannot be derived again.

Example: `funnelwatch report check reports/us-own.html`.
"""
#: how a check ends whose numbers cannot all be derived again
UNDERIVED = 3
#: places that are shown; `--json` has all
_SHOWN = 40

reports = typer.Typer(invoke_without_command=True, help=_HELP)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    reports.callback(help=_HELP)(report)
    app.add_typer(reports, name="report")


@reports.command(help=_CHECK_HELP)
def check(
    file: Annotated[Path, typer.Argument(help="HTML or JSON file of a report.", show_default=False)],
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--files",
            help="File or folder that a report of `funnelwatch evaluate` was made from; may be given several times.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    data: DataOption = None,
) -> None:
    """Read, derive again, compare."""
    from streams.evaluation.checking import check_files, check_report, report_text
    from streams.evaluation.way_back import NoWayBackError, way_back_of

    try:
        text = report_text(file)
        if way_back_of(text).made_from == "files":
            if not files:
                raise failed(f"{file}: made from files; give them with --files")
            found = check_files(files, text, now_ms())
        else:
            found = _asked(running_instance(data), lambda database: check_report(database, text))
    except NoWayBackError as error:
        raise failed(f"{file}: {error}") from error
    except FunnelwatchError as error:
        raise failed(str(error)) from error
    if as_json:
        say_json(msgspec.json.encode(found).decode())
    else:
        _say_checked(found)
    if found.differ:
        raise typer.Exit(1)
    if found.underived:
        raise typer.Exit(UNDERIVED)


def _say_checked(found: CheckedReport) -> None:
    for one in found.differ[:_SHOWN]:
        say(f"differs: {one.place}")
        say(f"  file:  {one.file or '(nothing)'}")
        say(f"  store: {one.store or '(nothing)'}")
    if len(found.differ) > _SHOWN:
        say(f"… and {len(found.differ) - _SHOWN} more places; --json has all")
    for why, count in found.why.items():
        say(f"not derived again: {counted(count, 'number')}: {why}")
    say(
        f"{found.store}: {counted(found.numbers, 'number')}, {found.equal} derived again and equal, "
        f"{counted(len(found.differ), 'place')} differ, {found.underived} not derived again"
    )


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
    out: Annotated[Path, typer.Option(help="Folder to write to; created if missing.")] = Path("reports"),
    formats: Annotated[
        list[PageFormat] | None,
        typer.Option(
            "--format",
            help="What to write; may be given several times. Default: html. A PDF is printed by the Chromium of this machine.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[PageLanguage, typer.Option(help="Language of the pages.")] = PageLanguage.ZH,
    period: Annotated[
        PeriodLength | None,
        typer.Option(
            help="Length of the period. Default: the longest of month, week and day with enough of a past.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    """Read, evaluate, write."""
    if context.invoked_subcommand is not None:
        return
    settings = running_instance(data)
    config = configuration(settings)
    asked = stores or [store.id for store in config.stores]
    unknown = next((store for store in asked if config.store(store) is None), None)
    if unknown is not None:
        known = ", ".join(store.id for store in config.stores) or "(none is configured; add `stores:`)"
        raise failed(f"unknown store {unknown!r}; expected one of: {known}")
    try:
        read = _asked(settings, lambda database: _read(database, config, asked, period))
        promises = {store.id: store.ship_within_days for store in config.stores}
        for store, known_of in read.items():
            _write(store, known_of, promises[store], out, formats or [PageFormat.HTML], language)
    except FunnelwatchError as error:
        raise failed(str(error)) from error


def _asked(settings: Settings, ask: Callable[[Database], Awaitable[T]]) -> T:
    """What ``ask`` reads from the tables of the instance."""
    from streams.clickhouse.reader import Database

    async def work() -> T:
        database = Database(settings)
        try:
            return await ask(database)
        finally:
            await database.close()

    return asyncio.run(work())


async def _read(
    database: Database, config: Config, asked: list[str], period: PeriodLength | None
) -> dict[str, StoredStore | None]:
    from scoring.evaluation.spans import SpanLength
    from streams.evaluation.stored import stored_store, stores_alike

    length = SpanLength(period.value) if period else None
    found = {}
    for name in asked:
        store = config.store(name)
        if store is not None:
            found[name] = await stored_store(database, store, length, now_ms(), stores_alike(config, store))
    return found


def _write(
    store: str,
    read: StoredStore | None,
    promise: int | None,
    out: Path,
    formats: list[PageFormat],
    language: PageLanguage,
) -> None:
    from scoring.evaluation.spans import span_name
    from streams.evaluation.page import explained, stored_page
    from streams.evaluation.way_back import way_of_tables

    if read is None:
        say(f"{store}: no complete period is known yet; nothing written")
        return
    way = way_of_tables(read, promise, "zh" if language is PageLanguage.ZH else "en")
    written = write_evaluation(out, store, formats, stored_page(read, way), explained(read.figures, way))
    say(f"{store}, {span_name(read.spans[0])}: {', '.join(map(str, written))}")
