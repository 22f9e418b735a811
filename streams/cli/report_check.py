"""``funnelwatch report check``: every number of a report derived again, and which differ."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from streams.cli.asking import DataOption, failed, running_instance
from streams.cli.terminal import say, say_json
from streams.clock import now_ms
from streams.errors import FunnelwatchError
from streams.printable import counted

if TYPE_CHECKING:
    from streams.clickhouse.reader import Database
    from streams.evaluation.checking import CheckedReport
    from streams.settings import Settings

T = TypeVar("T")
CHECK_HELP = """Derive every number of a report again and say which differ.

FILE is the HTML, JSON or PDF of `funnelwatch report`, or of `funnelwatch evaluate` with the same files given as `--files`. It names store,
period and the moment up to which anything was known; from the tables of that moment the report is made again and held against the
file, number by number, those of its pictures included. Of a PDF both are held: the page that it carries as an attachment, and what it
prints. Ends with 0 if every number was derived again and is equal, 1 if one differs, 3 if
none differs but some cannot be derived again.

Example: `funnelwatch report check reports/us-own.html`
"""
#: how a check ends whose numbers cannot all be derived again
UNDERIVED = 3
#: places that are shown; `--json` has all
_SHOWN = 40


def check(
    file: Annotated[Path, typer.Argument(help="HTML, JSON or PDF file of a report.", show_default=False)],
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
    from streams.evaluation.checking import check_files, check_report, report_file
    from streams.evaluation.way_back import NoWayBackError, way_back_of

    try:
        given = report_file(file)
        if getattr(way_back_of(given.text), "made_from", "") == "files":
            if not files:
                raise failed(f"{file}: made from files; give them with --files")
            found = check_files(files, given, now_ms())
        else:
            found = asked_of_tables(running_instance(data), lambda database: check_report(database, given))
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


def asked_of_tables(settings: Settings, ask: Callable[[Database], Awaitable[T]]) -> T:
    """What ``ask`` reads from the tables of the instance."""
    from streams.clickhouse.reader import Database
    from streams.digests.composing import PATIENCE_S  # a report reads whole periods, as a digest does

    async def work() -> T:
        database = Database(settings, timeout_s=PATIENCE_S)
        try:
            return await ask(database)
        finally:
            await database.close()

    return asyncio.run(work())
