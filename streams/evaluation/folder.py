"""A folder of a store's exports as what an evaluation needs: figures with the files and rows behind them, and what could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scoring.evaluation.assembling import stage_volumes, store_figures
from scoring.evaluation.attribution.journeys import LOOKBACK_MS
from scoring.evaluation.attribution.lines import Attribution
from scoring.evaluation.comparator import OWN_PERIODS, Comparator
from scoring.evaluation.evaluating import EvaluationSpan, StoreFigures
from scoring.evaluation.figure import Figure, SourceRows
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.order_figures import OrderFigures
from scoring.evaluation.report_figures import SPEND, ReportBook
from scoring.evaluation.results import PeriodResult, SoldOrders, period_results
from scoring.evaluation.rules import DecoyKind
from scoring.evaluation.seen_decoys import seen_decoys
from scoring.evaluation.spans import SpanLength, covered_spans, longest_with_past
from scoring.evaluation.suppliers import NO_PROMISES, SUPPLIED, StorePromises, StoreSources
from scoring.funnel.stages import VISIT_STAGES, Stage
from scoring.funnel.units import DAY_MS, MINUTE_MS
from scoring.records.order_facts import OrderFacts
from scoring.records.order_life import OrderLife, merge
from scoring.records.report_row import ReportRow
from scoring.wording.text import Bilingual
from streams.errors import InputError
from streams.evaluation import words
from streams.evaluation.attributed import AttributionRates, bundled_rates
from streams.evaluation.folder_doubts import assumed, mappings_of, summaries_of, why_unused
from streams.evaluation.folder_events import FolderEvents
from streams.evaluation.folder_ways import folder_attribution
from streams.incidents.facts import country_of
from streams.sources.files.exports.dry_run import ExportSummary, ImportChoices
from streams.sources.files.exports.event_rows import EventTable
from streams.sources.files.exports.opening import opened
from streams.sources.files.exports.order_life import OrderBook
from streams.sources.files.exports.report_rows import ReportTable
from streams.sources.files.exports.versions import ImportMarks, OrderVersions, report_row

#: indicators that files can give; of the others no file is read, and none is asked for
FROM_FILES = SUPPLIED - {"returns.disputes"}
#: files that are seldom in a folder of exports by chance
_TABLES = (".zip", ".xlsx", ".xls")
#: of exports that come from an ERP or an unknown platform: they do not say on which platform an order was placed
OF_NO_PLATFORM = frozenset({"", "other", "erp"})
#: what shows by which way an order came
_WAYS = tuple(stage.value for stage in VISIT_STAGES)


class NothingToEvaluateError(InputError):
    """Raised where a folder holds nothing that can be evaluated; the text says why, file by file. The command line prints it."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One table of a file: what it was recognised as, or why it was not used.

    Attributes:
        name: of the file, with its sheet.
        layout: title of the layout; empty if none was recognised.
        rows: that it holds.
        trouble: why it was not used, with what to do; empty if it was.
    """

    name: str
    layout: str
    rows: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReadFolder:
    """What a folder holds.

    Attributes:
        files: all tables, used or not, by name.
        figures: of the last complete period, and of those before it.
        volumes: orders a day in the period, and what reports say of the stages before, with what is usual of the store.
        currency: of the orders; empty where they have several or none.
        length: of the period.
        attribution: by which ways orders came; None without orders and ads in the period.
        notices: what whoever reads the scores has to know of the files first.
        platforms: whose exports they are.
        decoys, checked: what else may make it look so, and what could be looked for.
        results: of the period next to those before it.
    """

    files: tuple[ReadFile, ...]
    figures: StoreFigures
    volumes: dict[Stage, tuple[Figure, Comparator]]
    currency: str
    length: SpanLength
    attribution: Attribution | None = None
    notices: tuple[Bilingual, ...] = ()
    platforms: frozenset[str] = frozenset()
    decoys: tuple[DecoyEvidence, ...] = ()
    checked: frozenset[DecoyKind] = frozenset()
    results: Mapping[str, PeriodResult] = field(default_factory=dict)


@dataclass(slots=True)
class _Content:
    """The records of all files."""

    facts: dict[str, list[OrderFacts]] = field(default_factory=dict)
    rows: list[ReportRow] = field(default_factory=list)
    order_files: list[str] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    ad_files: list[str] = field(default_factory=list)
    platforms: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    assumed: list[Bilingual] = field(default_factory=list)
    is_read_as_guessed: bool = False
    events: FolderEvents = field(default_factory=FolderEvents)

    def attribution(
        self, store: str, span: EvaluationSpan, lives: Sequence[OrderLife], rates: AttributionRates
    ) -> Attribution | None:
        """By which ways the orders of a period came."""
        ways = sorted({*self.order_files, *filter(None, [self.events.names(_WAYS)])})
        names = " + ".join(ways), " + ".join(sorted(set(self.ad_files)))
        return folder_attribution(store, span, lives, self.events, self.rows, names, rates)


def read_folder(
    paths: Sequence[Path],
    choices: ImportChoices,
    length: SpanLength | None,
    read_at_ms: int,
    promises: StorePromises | None = None,
    rates: AttributionRates | None = None,
) -> ReadFolder:
    """What ``paths`` hold, as figures of the last complete period.

    Args:
        paths: files and folders; all of it is one store's.
        choices: zone and currency where files do not name them.
        length: of the period; None: the longest that has enough of a past.
        read_at_ms: now: a report's day that was not over long enough is not complete.
        promises: of the store: what is not promised is not in time.
        rates: of currencies; None: those that come with the package.

    Raises:
        NothingToEvaluateError: no file holds orders, reports or events that can be used, or no period is complete.
    """
    content = _content_of(paths, choices, read_at_ms)
    lives = [life for versions in content.facts.values() if (life := merge(versions)) is not None]
    if not lives and not content.rows and not content.events.days:
        raise NothingToEvaluateError(_why_nothing(content.files))
    zone = choices.zone or next(iter(content.zones), "UTC")
    first, until = _known(lives, content, zone)
    chosen = length or longest_with_past(first, until, zone)
    spans = covered_spans(first, until, zone, chosen, OWN_PERIODS + 1)
    if not spans:
        raise NothingToEvaluateError(
            f"not one complete {chosen.value} is in the files; take a shorter period with --period"
        )
    content.events.note_within = spans[0].start_ms - LOOKBACK_MS, spans[0].end_ms
    orders_of = " + ".join(sorted(content.order_files))
    orders = OrderFigures(lives, orders_of or "orders", until, zone)
    currencies = {life.currency for life in lives if life.currency}
    known = StoreSources(
        choices.store,
        orders,
        ReportBook(content.rows),
        content.events.figures(until, zone),
        promises=promises or NO_PROMISES,
    )
    sold = _sold_in(lives, spans, orders_of)
    figures = store_figures(known, spans, sold[spans[0]].each if spans[0] in sold else None)
    return ReadFolder(
        tuple(sorted(content.files, key=lambda one: one.name)),
        figures,
        _volumes(lives, spans, orders_of, known.rows),
        next(iter(currencies)) if len(currencies) == 1 else "",
        chosen,
        content.attribution(choices.store, spans[0], lives, rates or bundled_rates()),
        tuple(_notices(content, currencies)),
        frozenset({*content.platforms, *content.reported}),
        *seen_decoys(known, spans, country_of(zone)),
        period_results(figures, spans, sold),
    )


def _content_of(paths: Sequence[Path], choices: ImportChoices, read_at_ms: int) -> _Content:
    """The records of all files, refunds of event files next to the orders that they are of."""
    content = _Content()
    for path in paths:
        with opened(path) as files:
            mappings = mappings_of(files)
            for file in files:
                for summary in summaries_of(file, choices, mappings):
                    _take(summary, content, choices.store, read_at_ms)
    for refund in content.events.refunds():
        if refund.order_id in content.facts:
            content.facts[refund.order_id].append(refund)
    return content


def _take(summary: ExportSummary, content: _Content, store: str, read_at_ms: int) -> None:
    layout = summary.table.layout.said_title if summary.table else ""
    trouble = why_unused(summary)
    content.files.append(ReadFile(summary.file, layout, summary.tally.rows, trouble))
    if trouble:
        return
    content.assumed += assumed(summary)
    content.is_read_as_guessed |= any(one.about == "layout" for one in summary.questions)
    marks = ImportMarks(
        store_id=store,
        platform=summary.table.layout.platform if summary.table else "",
        zone="" if summary.zone.startswith("UTC") else summary.zone,
        import_id=summary.file,
        told_at_ms=read_at_ms,
        exported_at_ms=read_at_ms,
    )
    if marks.zone:
        content.zones.append(marks.zone)
    if isinstance(summary.content, OrderBook):
        content.order_files.append(summary.file)
        content.platforms.add(marks.platform)
        for _, facts, _ in OrderVersions(summary.content, marks):
            content.facts.setdefault(facts.order_id, []).append(facts)
    elif isinstance(summary.content, EventTable):
        content.events.take(summary.file, summary.content, marks, list(summary.per_day))
    elif isinstance(summary.content, ReportTable):
        currency = summary.values.currency if summary.values else ""
        if SPEND in summary.measures:
            content.ad_files.append(summary.file)
        else:
            content.reported.add(marks.platform)
        content.rows += [
            row for figure in summary.content.rows if (row := report_row(figure, marks, currency))
        ]


def _notices(content: _Content, currencies: set[str]) -> Iterator[Bilingual]:
    """What makes all the rest doubtful: files left out, files of several shops, amounts that cannot be added."""
    for one in content.files:
        if one.trouble and (one.layout or one.name.lower().endswith(_TABLES)):
            layout = one.layout or words.NOT_RECOGNISED.both()
            yield words.FILE_LEFT_OUT.both(name=one.name, layout=layout, why=one.trouble)
    yield from content.assumed
    if content.is_read_as_guessed:
        yield words.CORRECT_BY_MAPPING.both()
    taken_twice = sum(_are_two(versions) for versions in content.facts.values())
    if taken_twice >= max(3, len(content.facts) / 100):
        yield words.SAME_NUMBERS.both(n=taken_twice)
    if len(platforms := content.platforms - OF_NO_PLATFORM) > 1:
        yield words.SEVERAL_PLATFORMS.both(names=", ".join(sorted(platforms)))
    if len(currencies) > 1:
        yield words.SEVERAL_CURRENCIES.both(names=", ".join(sorted(currencies)))


def _are_two(versions: Sequence[OrderFacts]) -> bool:
    """Whether an order's versions of several files cannot be of one order: placed a day apart, or at other times and for other money."""
    known = [one for one in versions if one.placed_ms]
    if len({one.import_id for one in known}) < 2:
        return False
    apart = max(one.placed_ms for one in known) - min(one.placed_ms for one in known)
    return apart > DAY_MS or (apart > MINUTE_MS and len({one.amount for one in known if one.amount}) > 1)


def _why_nothing(files: Iterable[ReadFile]) -> str:
    lines = [f"{one.name}: {one.trouble or 'nothing that can be evaluated'}" for one in files]
    nothing = "no orders and no reports that can be used"
    return "\n".join([nothing, *lines]) if lines else f"{nothing}: there is no file in what was given"


def _known(lives: Sequence[OrderLife], content: _Content, zone: str) -> tuple[int, int]:
    """From when to when the files know what happened: by times of orders, days of reports that are complete, and days of events."""
    events = content.events.bounds_ms(zone)
    times = [max(life.placed_ms, life.paid_at_ms, life.shipped_ms, life.delivered_ms) for life in lives]
    ends = [*times, *(row.period_end_ms for row in content.rows if row.complete), *(events or ())]
    begins = [life.placed_ms for life in lives if life.placed_ms]
    begins += [row.period_start_ms for row in content.rows]
    return min([*begins, *(events or ())]), max(ends)


def _sold_in(
    lives: Sequence[OrderLife], spans: Sequence[EvaluationSpan], relation: str
) -> dict[EvaluationSpan, SoldOrders]:
    """What was sold in each period, as far as it is of one currency."""
    return {span: one for span in spans if (one := _sold(lives, span, relation)) is not None}


def _sold(lives: Sequence[OrderLife], span: EvaluationSpan, relation: str) -> SoldOrders | None:
    """The period's orders that have an amount, where all are of one currency."""
    priced = [
        life
        for life in lives
        if life.left_out is None and life.highest and span.start_ms <= life.placed_ms < span.end_ms
    ]
    if not priced or len({life.currency for life in priced}) != 1 or not priced[0].currency:
        return None
    rows = SourceRows(relation, f"placed_ms >= {span.start_ms} AND placed_ms < {span.end_ms}", len(priced))
    amount = float(sum(life.highest or 0 for life in priced))
    return SoldOrders(len(priced), amount, priced[0].currency, rows)


def _volumes(
    lives: Sequence[OrderLife], spans: Sequence[EvaluationSpan], relation: str, reports: ReportBook
) -> dict[Stage, tuple[Figure, Comparator]]:
    """Orders a day, what reports say of the stages before them, and what is usual; nothing with too short a past."""
    placed = [life.placed_ms for life in lives if life.left_out is None and life.placed_ms]

    def rows(_: Sequence[Stage], span: EvaluationSpan, count: int) -> SourceRows:
        condition = f"placed_ms >= {span.start_ms} AND placed_ms < {span.end_ms}"
        return SourceRows(relation, condition, count)

    counts = [sum(span.start_ms <= at < span.end_ms for at in placed) for span in spans]
    return stage_volumes({Stage.ORDER: counts}, spans, rows, reports)
