"""``funnelwatch evaluate``: from a folder of a store's exports to its evaluation, without broker, configuration or connection."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import available_timezones

import typer

from streams.cli.asking import failed
from streams.cli.terminal import say
from streams.errors import FunnelwatchError

if TYPE_CHECKING:
    from scoring.wording.text import Language

_HELP = """Evaluate a store from a folder of its exports: scores, losses, what is seen, what to do.

Takes any mix of the order exports and reports that `funnelwatch import` reads. Nothing is sent and nothing needs to run. The newest
complete period is compared with those before it; what could not be judged names the export that would close the gap. `--explain`
writes every input of every score; `deploy/docs/recompute.py` gets to the same numbers from it.

Example: `funnelwatch evaluate exports/ --zone Asia/Shanghai --out report`
"""


class PageFormat(StrEnum):
    """What is written."""

    HTML = "html"
    PDF = "pdf"
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


class AnswerLimit(StrEnum):
    """Hours in which a store may promise to answer."""

    ONE = "1"
    FOUR = "4"
    EIGHT = "8"
    TWELVE = "12"
    DAY = "24"
    TWO_DAYS = "48"


FormatOption = Annotated[
    list[PageFormat] | None,
    typer.Option(
        "--format",
        help="What to write; may be given several times. Default: html. A PDF is printed by the Chromium of this machine.",
        show_default=False,
    ),
]
PeriodOption = Annotated[
    PeriodLength | None,
    typer.Option(
        help="Length of the period. Default: the longest of month, week and day with enough of a past.",
        show_default=False,
    ),
]
ShipOption = Annotated[
    int | None,
    typer.Option(
        min=1, max=60, help="Days after payment in which the store promises to ship.", show_default=False
    ),
]
AnswerOption = Annotated[
    AnswerLimit | None,
    typer.Option(help="Hours in which the store promises an answer by a person.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="evaluate", help=_HELP)(evaluate)


def evaluate(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files and folders of one store.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to; created if missing.")] = Path("evaluation"),
    formats: FormatOption = None,
    language: Annotated[PageLanguage, typer.Option(help="Language of the page.")] = PageLanguage.ZH,
    period: PeriodOption = None,
    store: Annotated[str, typer.Option(help="Name of the store on the page.")] = "store",
    zone: Annotated[str, typer.Option(help="Zone of times without an offset, such as Asia/Shanghai.")] = "",
    currency: Annotated[str, typer.Option(help="Currency of amounts without one, such as CNY.")] = "",
    ship_within_days: ShipOption = None,
    answer_within_hours: AnswerOption = None,
    benchmark: Annotated[
        Path | None,
        typer.Option(
            help="CSV of published figures to compare with as well; each row needs its denominator.",
            show_default=False,
        ),
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(help="File to write every input of every score to, as JSON.")
    ] = None,
) -> None:
    """Read, evaluate, write."""
    _check(paths, zone, currency)
    try:
        promised = ship_within_days, int(answer_within_hours.value) if answer_within_hours else None
        _write(
            paths,
            out,
            formats or [PageFormat.HTML],
            language,
            period,
            (store, zone, currency),
            promised,
            explain,
            benchmark,
        )
    except FunnelwatchError as error:
        raise failed(str(error)) from error


def _check(paths: list[Path], zone: str, currency: str) -> None:
    """See that what was asked for can be."""
    from scoring.events.incoming import CURRENCIES

    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise failed(f"{missing}: no such file or folder")
    if zone and zone not in available_timezones():
        raise failed(f"unknown zone {zone!r}; give one such as Asia/Shanghai or America/New_York")
    if currency and currency.upper() not in CURRENCIES:
        raise failed(f"unknown currency {currency!r}; give an ISO 4217 code such as CNY or USD")


def _write(
    paths: list[Path],
    out: Path,
    formats: list[PageFormat],
    language: PageLanguage,
    period: PeriodLength | None,
    known: tuple[str, str, str],
    promised: tuple[int | None, int | None],
    explain: Path | None,
    benchmark: Path | None,
) -> None:
    from scoring.evaluation.evaluating import evaluate_store
    from scoring.evaluation.spans import SpanLength, span_name
    from scoring.evaluation.suppliers import StorePromises
    from streams.clock import now_ms
    from streams.evaluation.benchmark_file import read_benchmarks, with_benchmarks
    from streams.evaluation.folder import read_folder
    from streams.evaluation.page import explained, folder_page
    from streams.evaluation.way_back import way_of_files
    from streams.sources.files.exports.dry_run import ImportChoices

    store, zone, currency = known
    choices = ImportChoices(store=store, zone=zone, currency=currency.upper())
    length = SpanLength(period.value) if period else None
    promises = StorePromises(*promised)
    published = read_benchmarks(benchmark) if benchmark is not None else []
    read = with_benchmarks(read_folder(paths, choices, length, now_ms(), promises), published)
    for one in read.files:
        say(
            f"{one.name}: {one.layout or 'not recognised'}, {one.rows:,} rows"
            + (f"; not used: {one.trouble}" if one.trouble else "")
        )
    for notice in read.notices:
        say(f"note: {notice}")
    reads: Language = "zh" if language is PageLanguage.ZH else "en"
    way = way_of_files(read, (store, zone, choices.currency), promises, reads, published)
    evaluation = evaluate_store(read.figures)
    inputs = explained(evaluation, way, read.attribution)
    written = write_evaluation(out, "evaluation", formats, folder_page(read, way), inputs)
    if explain is not None:
        written.append(explain)
        explain.write_text(inputs, "utf-8")
    scored = sum(bool(one.scores) for one in evaluation.indicators)
    say(
        f"{span_name(read.figures.span)}: {scored} {'indicator' if scored == 1 else 'indicators'} scored; written: {', '.join(map(str, written))}"
    )


def write_evaluation(out: Path, name: str, formats: list[PageFormat], page: str, inputs: str) -> list[Path]:
    """Write an evaluation into the folder ``out``; gives back the files.

    Raises:
        NoPrinterError: a PDF was asked for, and there is nothing to print it with.
    """
    from streams.evaluation.pdf import print_pdf

    out.mkdir(parents=True, exist_ok=True)
    html, written = out / f"{name}.html", []
    if PageFormat.JSON in formats:
        written.append(out / f"{name}.json")
        written[-1].write_text(inputs, "utf-8")
    if PageFormat.HTML in formats or PageFormat.PDF in formats:
        html.write_text(page, "utf-8")
    if PageFormat.PDF in formats:
        print_pdf(html, out / f"{name}.pdf")
        written.append(out / f"{name}.pdf")
    if PageFormat.HTML in formats:
        written.append(html)
    elif PageFormat.PDF in formats:
        html.unlink()
    return written
