"""``funnelwatch evaluate``: from a folder of a store's exports to its evaluation, without broker, configuration or connection."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

import typer

from streams.cli.asking import failed
from streams.cli.terminal import say
from streams.errors import FunnelwatchError

_HELP = """Evaluate a store from a folder of its exports: scores, losses, what is seen, what to do.

Takes any mix of the order exports and reports that `funnelwatch import` reads. Nothing is sent and nothing needs to run. The newest
complete period is compared with those before it; what could not be judged names the export that would close the gap. `--explain`
writes every input of every score; `deploy/docs/recompute.py` gets to the same numbers from it.

Example: `funnelwatch evaluate exports/ --zone Asia/Shanghai --out report`.
"""


class PageFormat(StrEnum):
    """What is written."""

    HTML = "html"
    JSON = "json"


class PageLanguage(StrEnum):
    """Of whoever reads it."""

    ZH = "zh"
    EN = "en"


class PeriodLength(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="evaluate", help=_HELP)(evaluate)


def evaluate(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders of one store.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to; created if missing.")] = Path("evaluation"),
    formats: Annotated[
        list[PageFormat] | None,
        typer.Option(
            "--format", help="What to write; may be given twice. Default: html.", show_default=False
        ),
    ] = None,
    language: Annotated[PageLanguage, typer.Option(help="Language of the page.")] = PageLanguage.ZH,
    period: Annotated[PeriodLength, typer.Option(help="Length of the period.")] = PeriodLength.MONTH,
    store: Annotated[str, typer.Option(help="Name of the store on the page.")] = "store",
    zone: Annotated[str, typer.Option(help="Zone of times without an offset, such as Asia/Shanghai.")] = "",
    currency: Annotated[str, typer.Option(help="Currency of amounts without one, such as CNY.")] = "",
    explain: Annotated[
        Path | None, typer.Option(help="File to write every input of every score to, as JSON.")
    ] = None,
) -> None:
    """Read, evaluate, write."""
    from scoring.events.incoming import CURRENCIES

    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise failed(f"{missing}: no such file or folder")
    if zone and zone not in available_timezones():
        raise failed(f"unknown zone {zone!r}; give one such as Asia/Shanghai or America/New_York")
    if currency and currency.upper() not in CURRENCIES:
        raise failed(f"unknown currency {currency!r}; give an ISO 4217 code such as CNY or USD")
    try:
        _write(paths, out, formats or [PageFormat.HTML], language, period, (store, zone, currency), explain)
    except FunnelwatchError as error:
        raise failed(str(error)) from error


def _write(
    paths: list[Path],
    out: Path,
    formats: list[PageFormat],
    language: PageLanguage,
    period: PeriodLength,
    known: tuple[str, str, str],
    explain: Path | None,
) -> None:
    from scoring.evaluation.evaluating import evaluate_store
    from scoring.evaluation.spans import SpanLength, span_name
    from streams.clock import now_ms
    from streams.evaluation.folder import read_folder
    from streams.evaluation.page import evaluation_page, explained
    from streams.sources.files.exports.dry_run import ImportChoices

    store, zone, currency = known
    choices = ImportChoices(store=store, zone=zone, currency=currency.upper())
    read = read_folder(paths, choices, SpanLength(period.value), now_ms())
    for one in read.files:
        say(
            f"{one.name}: {one.layout or 'not recognised'}, {one.rows:,} rows"
            + (f"; not used: {one.trouble}" if one.trouble else "")
        )
    out.mkdir(parents=True, exist_ok=True)
    written = []
    if PageFormat.HTML in formats:
        written.append(out / "evaluation.html")
        written[-1].write_text(evaluation_page(read, "zh" if language is PageLanguage.ZH else "en"), "utf-8")
    if PageFormat.JSON in formats:
        written.append(out / "evaluation.json")
        written[-1].write_text(explained(read), "utf-8")
    if explain is not None:
        written.append(explain)
        explain.write_text(explained(read), "utf-8")
    scored = sum(bool(one.scores) for one in evaluate_store(read.figures).indicators)
    say(
        f"{span_name(read.figures.span)}: {scored} indicators scored; written: {', '.join(map(str, written))}"
    )
