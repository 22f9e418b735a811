"""``funnelwatch report``: the evaluation of stores of the running instance as files, from its own tables."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.asking import DataOption, configuration, failed, running_instance
from streams.cli.evaluate import PageFormat, PageLanguage, PeriodLength, write_evaluation
from streams.cli.terminal import say
from streams.errors import FunnelwatchError

if TYPE_CHECKING:
    from scoring.wording.text import Language
    from streams.config.model import Config
    from streams.evaluation.stored import StoredStore
    from streams.settings import Settings

_HELP = """Write the evaluation of stores of the running instance as files, from its own tables.

The last complete period against the store's own past, or against stores alike where at least five are counted alike. The same page as
in the browser, without what needs one; `--format json` writes every input of every score, for `deploy/docs/recompute.py`.

Example: `funnelwatch report --store us-own --format pdf --language en`.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="report", help=_HELP)(report)


def report(
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
    settings = running_instance(data)
    config = configuration(settings)
    asked = stores or [store.id for store in config.stores]
    unknown = next((store for store in asked if config.store(store) is None), None)
    if unknown is not None:
        known = ", ".join(store.id for store in config.stores) or "(none is configured; add `stores:`)"
        raise failed(f"unknown store {unknown!r}; expected one of: {known}")
    try:
        read = asyncio.run(_read(settings, config, asked, period))
        for store, known_of in read.items():
            _write(store, known_of, out, formats or [PageFormat.HTML], language)
    except FunnelwatchError as error:
        raise failed(str(error)) from error


async def _read(
    settings: Settings, config: Config, asked: list[str], period: PeriodLength | None
) -> dict[str, StoredStore | None]:
    from scoring.evaluation.spans import SpanLength
    from streams.clickhouse.reader import Database
    from streams.clock import now_ms
    from streams.evaluation.stored import stored_store, stores_alike

    database = Database(settings)
    length = SpanLength(period.value) if period else None
    found = {}
    try:
        for name in asked:
            store = config.store(name)
            if store is not None:
                alike = stores_alike(config, store)
                found[name] = await stored_store(database, store, length, now_ms(), alike)
    finally:
        await database.close()
    return found


def _write(
    store: str, read: StoredStore | None, out: Path, formats: list[PageFormat], language: PageLanguage
) -> None:
    from scoring.evaluation.evaluating import evaluate_store
    from scoring.evaluation.spans import span_name
    from streams.evaluation.page import evaluation_page, explained
    from streams.evaluation.stored import FROM_TABLES
    from streams.evaluation.view import evaluation_view
    from streams.evaluation.wording import EvaluationReader

    if read is None:
        say(f"{store}: no complete period is known yet; nothing written")
        return
    reads: Language = "zh" if language is PageLanguage.ZH else "en"
    view = evaluation_view(
        evaluate_store(read.figures),
        read.volumes,
        read.currency,
        EvaluationReader(reads),
        FROM_TABLES,
        decoys=read.decoys,
        checked=read.checked,
    )
    written = write_evaluation(out, store, formats, evaluation_page(view, reads), explained(read.figures))
    say(f"{store}, {span_name(read.spans[0])}: {', '.join(map(str, written))}")
