"""Figures that platforms' reports give: clicks per impression, orders per visitor, each from one source's own two measures.

A rate takes both measures from the same rows: one source, one period, one zone, the same part of the store. A day on which only one of
the two was reported is in neither. What counts people is never added over days to one number of people: of visitors the sum over days
is an exposure (visits of people by day), and orders per visitor-day is a count per exposure, not a share of people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar, cast

from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.figure import Figure, SourceRows, rate_figure
from scoring.evaluation.steps import StepFigure, step_figure
from scoring.funnel.period_steps import PERIOD_STEPS
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.records.measures import measure_of
from scoring.records.report_row import (
    Identity,
    Period,
    ReportRow,
    identity_of,
    newest,
    restated_figures,
)

#: a source's measures, the most trusted first, that click-through is made of: both count events
_SHOWN, CLICKED = ("impressions",), ("clicks", "link_clicks")
_VIEWED, _HELD = "page_views", "featured_offer_share"
#: people who saw a product, the closest first
_SEERS = ("viewers", "visitors")
SPEND = "spend"
#: the view that holds what platforms report
REPORTS = "report_rows"
#: measures that add up over parts of a store, and are read for parts as well
ADDED_OVER_PARTS = (*_SHOWN, *CLICKED, SPEND)
#: measures of visits, which add up over parts where a visit is in one part only; over products or pages it is in several
ADDED_OVER_VISITS, PARTS_OF_VISITS = (
    ("sessions", "engaged_sessions", "orders"),
    ("channel", "campaign", "device", "country"),
)
#: by which measures a report says how much there was of a stage: what speaks of the whole shop before what speaks of its ads
VOLUME_MEASURES: Mapping[Stage, tuple[str, ...]] = {
    Stage.IMPRESSION: (*_SHOWN, "unique_impressions"),
    Stage.CLICK: ("sessions", *reversed(_SEERS), _VIEWED, *CLICKED),
    Stage.ADD_TO_CART: ("add_to_cart", "add_to_cart_users", "add_to_cart_units"),
}
#: all measures that figures are made of
MEASURES_USED = tuple(
    sorted(
        {
            *_SHOWN,
            *CLICKED,
            _VIEWED,
            _HELD,
            *_SEERS,
            "add_to_cart_users",
            "sessions",
            "engaged_sessions",
            SPEND,
        }
        | {measure for measures in VOLUME_MEASURES.values() for measure in measures}
        | {m for step in PERIOD_STEPS for m in (step.upstream, step.downstream)}
    )
)


Day = tuple[str, str, int]
T = TypeVar("T")


def adds_up(measure: str, parts: Collection[str]) -> bool:
    """Whether a measure of the parts that some dimensions name adds up to that of the store; of the whole store it does."""
    if not parts or measure in ADDED_OVER_PARTS:
        return True
    return measure in ADDED_OVER_VISITS and set(parts) <= set(PARTS_OF_VISITS)


@dataclass(frozen=True, slots=True)
class PartSum:
    """A measure of a day over all parts that are named by the same dimensions, and how many rows they are."""

    value: Decimal
    rows: int
    currencies: frozenset[str]


class ReportBook:
    """What platforms report of a store's days, each figure by its newest version; worked out once."""

    def __init__(self, rows: Iterable[ReportRow], counts: Mapping[Identity, int] | None = None) -> None:
        """
        Args:
            rows: in any order, older versions among them.
            counts: of rows that are sums already, how many they were made of.
        """
        self._counts = counts or {}
        every = list(rows)
        held = newest(every)
        self._rows = [row for row in held.values() if row.period is Period.DAY and row.complete]
        self._restated = restated_figures(every) if len(held) < len(every) else frozenset()
        self._spans: dict[tuple[int, int], list[ReportRow]] = {}
        self._read: dict[tuple[object, int, int], Mapping[str, object]] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def within(self, span: EvaluationSpan) -> Sequence[ReportRow]:
        """Rows of complete days within a period."""
        key = span.start_ms, span.end_ms
        if key not in self._spans:
            self._spans[key] = [
                row
                for row in self._rows
                if span.start_ms <= row.period_start_ms and row.period_end_ms <= span.end_ms
            ]
        return self._spans[key]

    def is_restated(self, row: ReportRow) -> bool:
        """Whether the figure was reported before with another value."""
        return identity_of(row) in self._restated

    def read(
        self, read: Callable[[ReportBook, EvaluationSpan], Mapping[str, T]], span: EvaluationSpan
    ) -> Mapping[str, T]:
        """What a reader finds in a period, which it is asked for once: a period is judged, and then the past of those after it."""
        key = read, span.start_ms, span.end_ms
        if key not in self._read:
            self._read[key] = read(self, span)
        return cast("Mapping[str, T]", self._read[key])

    def days(self, span: EvaluationSpan) -> dict[Day, dict[str, ReportRow]]:
        """Rows of the whole store: by source, zone and day, then by measure."""
        found: dict[Day, dict[str, ReportRow]] = {}
        for row in self.within(span):
            if not row.dimensions:
                found.setdefault((row.source, row.zone, row.period_start_ms), {})[row.measure] = row
        return found

    def parts(
        self, span: EvaluationSpan, measures: Collection[str]
    ) -> dict[Day, dict[tuple[str, ...], dict[str, PartSum]]]:
        """What adds up over parts, such as campaigns: by day, then by the dimensions that name the parts, then by measure."""
        found: dict[Day, dict[tuple[str, ...], dict[str, PartSum]]] = {}
        for row in self.within(span):
            if row.measure in measures:
                names = tuple(sorted(row.dimensions))
                day = found.setdefault((row.source, row.zone, row.period_start_ms), {}).setdefault(names, {})
                known = day.get(row.measure, PartSum(Decimal(0), 0, frozenset()))
                count = self._counts.get(identity_of(row), 1)
                day[row.measure] = PartSum(
                    known.value + Decimal(row.value), known.rows + count, known.currencies | {row.currency}
                )
        return found

    @property
    def store(self) -> str:
        """Whose they are, quoted for a condition."""
        return quoted_id(self._rows[0].store_id)


def quoted_id(store: str) -> str:
    """An id, ready to be put between the quotes of a condition."""
    return store.replace("\\", "\\\\").replace("'", "\\'")


@dataclass(slots=True)
class _ReportedPair:
    """Sums of two measures over the days that have both, by the dimensions that name the parts, and how many rows they are."""

    entered: Decimal = Decimal(0)
    advanced: Decimal = Decimal(0)
    rows: int = 0


def _pairs(
    rows: ReportBook, span: EvaluationSpan, up: str, down: str
) -> dict[str, tuple[tuple[str, ...], _ReportedPair]]:
    """By source: of the whole store if it says so on any day of the period, else of its fewest dimensions that add up."""
    sums: dict[str, dict[tuple[str, ...], _ReportedPair]] = {}
    for (source, _, _), day in rows.parts(span, {up, down}).items():
        for names, measures in day.items():
            if up in measures and down in measures and adds_up(up, names) and adds_up(down, names):
                pair = sums.setdefault(source, {}).setdefault(names, _ReportedPair())
                pair.entered += measures[up].value
                pair.advanced += measures[down].value
                pair.rows += measures[up].rows + measures[down].rows
    return {
        source: min(by_names.items(), key=lambda one: (len(one[0]), one[0]))
        for source, by_names in sorted(sums.items())
    }


def measure_rows(
    store: str,
    source: str,
    measures: tuple[str, ...],
    span: EvaluationSpan,
    count: int,
    parts: tuple[str, ...] = (),
) -> tuple[SourceRows, ...]:
    """Where figures of some measures of a source are; ``parts``: the dimensions that name what they are of."""
    which = f"arraySort(mapKeys(dimensions)) = {list(parts)}" if parts else "empty(dimensions)"
    condition = f"store_id = '{store}' AND source = '{source}' AND measure IN ({', '.join(map(repr, measures))}) AND {which} AND {_within(span)}"
    by = f" by {', '.join(parts)}" if parts else ""
    return (SourceRows(REPORTS, condition, count, f"{source}: {', '.join(measures)}{by}"),)


def _within(span: EvaluationSpan) -> str:
    """Complete days of a period, as a condition on ``report_rows``."""
    return (
        f"period = 'day' AND complete AND period_start >= toDateTime({span.start_ms // 1000}, 'UTC')"
        f" AND period_end <= toDateTime({span.end_ms // 1000}, 'UTC')"
    )


def click_through(rows: ReportBook, span: EvaluationSpan) -> dict[str, Figure]:
    """Clicks of impressions, by the source and measures that give both, of the whole store or of parts such as campaigns.

    Sources are never added: two that count the same impressions would count them twice. Nor are parts to the whole.
    """
    sums: dict[tuple[str, str, str, tuple[str, ...]], list[PartSum]] = {}
    for (source, _, _), day in rows.parts(span, {*_SHOWN, *CLICKED}).items():
        for names, measures in day.items():
            for up, down in ((up, down) for up in _SHOWN for down in CLICKED):
                if up in measures and down in measures:
                    sums.setdefault((source, up, down, names), []).extend((measures[up], measures[down]))
    found = {}
    for (source, up, down, names), pairs in sorted(sums.items()):
        shown, clicked = (int(sum(one.value for one in pairs[at::2])) for at in (0, 1))
        if 0 <= clicked <= shown and shown:
            count = sum(one.rows for one in pairs)
            behind = measure_rows(rows.store, source, (up, down), span, count, names)
            found[behind[0].counted_by] = rate_figure(clicked, shown, behind)
    return found


def engaged_sessions(rows: ReportBook, span: EvaluationSpan) -> dict[str, Figure]:
    """Sessions that the source holds for engaged, of all its sessions."""
    return _rates(rows, span, [("sessions", "engaged_sessions")])


def people_to_cart(rows: ReportBook, span: EvaluationSpan) -> dict[str, Figure]:
    """Of the people of each day who saw a product (or the shop), those who put one into the cart: days of people, never one number."""
    return _rates(rows, span, [(up, "add_to_cart_users") for up in _SEERS])


def _rates(rows: ReportBook, span: EvaluationSpan, pairs: Sequence[tuple[str, str]]) -> dict[str, Figure]:
    found = {}
    for up, down in pairs:
        for source, (names, pair) in _pairs(rows, span, up, down).items():
            cases, hits = int(pair.entered), int(pair.advanced)
            if 0 <= hits <= cases and cases:
                behind = measure_rows(rows.store, source, (up, down), span, pair.rows, names)
                found[behind[0].counted_by] = rate_figure(hits, cases, behind)
    return dict(sorted(found.items()))


def featured_offer(rows: ReportBook, span: EvaluationSpan) -> dict[str, Figure]:
    """Views during which the shop held the featured offer, of all: the share of each day, weighed by that day's page views."""
    found: dict[str, list[tuple[int, int]]] = {}
    for (source, _, _), day in rows.days(span).items():
        if _HELD in day and _VIEWED in day:
            viewed = int(Decimal(day[_VIEWED].value))
            found.setdefault(source, []).append((viewed, round(viewed * float(day[_HELD].value))))
    made = {}
    for source, days in sorted(found.items()):
        viewed, held = (sum(day[at] for day in days) for at in (0, 1))
        if 0 <= held <= viewed and viewed:
            behind = measure_rows(rows.store, source, (_VIEWED, _HELD), span, 2 * len(days))
            made[behind[0].counted_by] = rate_figure(held, viewed, behind)
    return made


@dataclass(frozen=True, slots=True)
class AdSpend:
    """What ads cost in a period: of all sources that report it, in one currency."""

    amount: Decimal
    currency: str
    sources: tuple[str, ...]
    rows: int


def ad_spend(rows: ReportBook, span: EvaluationSpan) -> AdSpend | None:
    """The spend of a period over all sources; None where none reports any, or several currencies are paid.

    A source may report the whole and its parts, such as campaigns, next to each other: of each day the coarsest is taken.
    """
    days = rows.parts(span, {SPEND})
    taken = [
        (day[0], parts[min(parts, key=lambda names: (len(names), names))][SPEND])
        for day, parts in days.items()
    ]
    amount = sum((one.value for _, one in taken), Decimal(0))
    currencies = frozenset[str]().union(*(one.currencies for _, one in taken))
    if amount <= 0 or len(currencies) != 1:
        return None
    sources = tuple(sorted({source for source, _ in taken}))
    return AdSpend(amount, next(iter(currencies)), sources, sum(one.rows for _, one in taken))


def spend_rows(store: str, spend: AdSpend, span: EvaluationSpan, orders: str) -> SourceRows:
    """Where a spend is; ``orders`` says which orders are held against it."""
    sources = ", ".join(f"'{source}'" for source in spend.sources)
    condition = f"store_id = '{quoted_id(store)}' AND source IN ({sources}) AND measure = '{SPEND}' AND {_within(span)}"
    return SourceRows(
        REPORTS,
        condition,
        spend.rows,
        f"{', '.join(spend.sources)}: spend in {spend.currency}; {orders}",
    )


def reported_steps(rows: ReportBook, span: EvaluationSpan) -> dict[str, StepFigure]:
    """The step from visits to orders of each source that reports both, by source."""
    step = next(
        one.id for one in STEP_BY_ID.values() if (one.upstream, one.downstream) == (Stage.CLICK, Stage.ORDER)
    )
    found = {}
    for known in PERIOD_STEPS:
        if measure_of(known.downstream).stage is not Stage.ORDER:
            continue
        names, pair = _pairs(rows, span, known.upstream, known.downstream).get(
            known.source, ((), _ReportedPair())
        )
        if pair.entered > 0:
            behind = measure_rows(
                rows.store, known.source, (known.upstream, known.downstream), span, pair.rows, names
            )
            found[known.source] = step_figure(
                step, int(pair.entered), int(pair.advanced), behind, may_repeat=True
            )
    return found
