"""What else can make a period look so, seen in the store's own sources: bots, broken tracking, sold-out products, late reports, holidays.

Each is looked for where a source can show it, and then it is checked, found or not. A share of cases counts only if it is more than the
store's own ups and downs: it must come by chance in at most one period of forty (``expecting.py``). Of a holiday the calendar is the
evidence: days of a kind that the periods which it is compared with lack.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scoring.calendar.entries import CalendarEntry, calendar_between
from scoring.evaluation.comparator import LEAST_OWN_PERIODS, ComparatorKind, comparator_of
from scoring.evaluation.evaluating import EvaluationSpan
from scoring.evaluation.event_facts import EventFact
from scoring.evaluation.event_figures import CountedEvents, fact_rates
from scoring.evaluation.expecting import low_chance
from scoring.evaluation.figure import Figure, SourceRows, count_figure, to_value
from scoring.evaluation.findings import DecoyEvidence
from scoring.evaluation.indicator import Direction
from scoring.evaluation.order_figures import PAYING, OrderWindow
from scoring.evaluation.report_figures import REPORTS, ReportBook
from scoring.evaluation.rules import RARE, DecoyKind
from scoring.evaluation.spans import span_name
from scoring.evaluation.suppliers import VISITS, StoreSources
from scoring.funnel.units import DAY_MS
from scoring.wording.text import Bilingual

#: rates of cases that show a decoy, by what they are a case of
_RATES: Mapping[DecoyKind, tuple[EventFact, tuple[str, ...]]] = {
    DecoyKind.BOT_WAVE: (EventFact.BOTS, VISITS),
    DecoyKind.STOCK_OR_LISTING: (EventFact.SOLD_OUT_VIEWS, ("click", "stock")),
}
#: tracking that saw fewer of the shop's orders than this in usual periods shows nothing by seeing fewer
_LEAST_TRACKED = 0.2
#: a source that reports nearly every day of usual periods is late where it lacks some
_REPORTS_ALL = 0.97
#: entries that last longer are life as it is then
_LONGEST_DAYS = 10


def seen_decoys(
    known: StoreSources, spans: Sequence[EvaluationSpan], country: str = ""
) -> tuple[tuple[DecoyEvidence, ...], frozenset[DecoyKind]]:
    """What a store's sources show of decoys in the first of ``spans``, and which kinds could be looked for.

    Args:
        known: of the store.
        spans: the judged period first, then those it is compared with.
        country: whose holidays and commerce days its buyers keep; empty: not known, and not looked for.
    """
    found: list[DecoyEvidence] = []
    checked: set[DecoyKind] = set()
    if len(spans) <= LEAST_OWN_PERIODS:
        return (), frozenset()
    events = known.events
    for kind, (fact, types) in _RATES.items() if events is not None else ():
        rates = fact_rates(events, fact, types, spans) if events is not None else []
        found += _more_than_usual(kind, rates, spans, checked)
    if events is not None:
        found += _untracked(known, events, spans, checked)
    if known.rows:
        checked |= {DecoyKind.REPORT_LATE, DecoyKind.RESTATED}
        found += _missing_days(known.rows, spans)
        found += _restated(known.rows, spans[0])
    if country:
        checked.add(DecoyKind.CALENDAR)
        found += _other_days(country, spans)
    return largest_of_each(found), frozenset(checked)


def largest_of_each(found: Sequence[DecoyEvidence]) -> tuple[DecoyEvidence, ...]:
    """Of each kind the evidence with the largest share: several ways may show the same."""
    by_kind: dict[DecoyKind, DecoyEvidence] = {}
    for one in found:
        if one.kind not in by_kind or one.share > by_kind[one.kind].share:
            by_kind[one.kind] = one
    return tuple(by_kind.values())


def _looked_at(
    figures: Sequence[Figure | None], spans: Sequence[EvaluationSpan], direction: Direction
) -> tuple[float, float] | None:
    """What is usual of a number, and the chance that the first period is as far off by chance; None where nobody can say."""
    now, *past = figures
    members = {span_name(span): one for span, one in zip(spans[1:], past, strict=True) if one is not None}
    usual = comparator_of(ComparatorKind.OWN, members)
    if now is None or usual is None:
        return None
    return to_value(usual.mu, now.kind), low_chance(now, usual, direction)


def _more_than_usual(
    kind: DecoyKind, rates: Sequence[Figure | None], spans: Sequence[EvaluationSpan], checked: set[DecoyKind]
) -> Iterator[DecoyEvidence]:
    looked = _looked_at(rates, spans, Direction.LOWER)
    if looked is None or rates[0] is None:
        return
    checked.add(kind)
    share = rates[0].value - looked[0]
    if looked[1] <= RARE and share > 0:
        yield DecoyEvidence(kind, share, spans[0].start_ms, spans[0].end_ms, "", rates[0].rows)


def _untracked(
    known: StoreSources, events: CountedEvents, spans: Sequence[EvaluationSpan], checked: set[DecoyKind]
) -> Iterator[DecoyEvidence]:
    """Orders of the shop that visits do not show, beyond those that they never showed."""
    line: list[Figure | None] = []
    shown = [events.fact(EventFact.AD_ORDERS, span).cases for span in spans]
    if not any(shown):
        return
    for span, seen in zip(spans, shown, strict=True):
        placed = known.orders.tally(PAYING, span, PAYING.days[-1]).begun
        rows = (_orders_of(known, PAYING, span, placed), events.rows(("order",), span, seen))
        line.append(count_figure(seen, placed, rows) if placed else None)
    looked = _looked_at(line, spans, Direction.HIGHER)
    if looked is None or line[0] is None or looked[0] < _LEAST_TRACKED:
        return
    checked.add(DecoyKind.TRACKING_BROKEN)
    share = 1 - line[0].value / looked[0]
    if looked[1] <= RARE and share > 0:
        yield DecoyEvidence(
            DecoyKind.TRACKING_BROKEN, share, spans[0].start_ms, spans[0].end_ms, "", line[0].rows
        )


def _orders_of(known: StoreSources, window: OrderWindow, span: EvaluationSpan, count: int) -> SourceRows:
    return known.orders.rows(window, span, window.days[-1], count)


def _missing_days(rows: ReportBook, spans: Sequence[EvaluationSpan]) -> Iterator[DecoyEvidence]:
    """Days of the period that a source which reports every day has not reported."""
    days = [_days_by_source(rows, span) for span in spans]
    for source, reported in sorted(days[0].items()):
        usual = [
            one.get(source, 0) * DAY_MS / (span.end_ms - span.start_ms)
            for one, span in zip(days[1:], spans[1:], strict=True)
        ]
        share = 1 - reported * DAY_MS / (spans[0].end_ms - spans[0].start_ms)
        if min(usual[:LEAST_OWN_PERIODS]) >= _REPORTS_ALL and share > 1 - _REPORTS_ALL:
            behind = SourceRows(
                REPORTS, f"source = '{source}' AND period = 'day' AND complete", reported, source
            )
            yield DecoyEvidence(
                DecoyKind.REPORT_LATE, share, spans[0].start_ms, spans[0].end_ms, source, (behind,)
            )


def _days_by_source(rows: ReportBook, span: EvaluationSpan) -> dict[str, int]:
    found: dict[str, set[int]] = {}
    for row in rows.within(span):
        found.setdefault(row.source, set()).add(row.period_start_ms)
    return {source: len(days) for source, days in found.items()}


def _restated(rows: ReportBook, span: EvaluationSpan) -> Iterator[DecoyEvidence]:
    """Figures of the period that were reported before with another value."""
    within = rows.within(span)
    changed = [row for row in within if rows.is_restated(row)]
    if changed:
        behind = SourceRows(REPORTS, "reported before with another value", len(changed))
        share = len(changed) / len(within)
        yield DecoyEvidence(DecoyKind.RESTATED, share, span.start_ms, span.end_ms, "", (behind,))


def _other_days(country: str, spans: Sequence[EvaluationSpan]) -> Iterator[DecoyEvidence]:
    """Days of holidays and sales of a period beyond those of the periods it is compared with."""
    shares = [_special_share(country, span) for span in spans]
    more = shares[0] - math.fsum(shares[1:]) / len(shares[1:])
    entries = _entries(country, spans[0])
    if more <= 0 or not entries:
        return
    named = list(dict.fromkeys(one.name for one in entries[:3]))
    names = Bilingual("、".join(one.zh for one in named), ", ".join(one.en for one in named))
    behind = SourceRows("calendar", f"country = '{country}', {span_name(spans[0])}", len(entries))
    yield DecoyEvidence(
        DecoyKind.CALENDAR, min(more, 1.0), spans[0].start_ms, spans[0].end_ms, names, (behind,)
    )


@lru_cache(maxsize=4096)
def _special_share(country: str, span: EvaluationSpan) -> float:
    days, entries = _days_of(span), _entries(country, span)
    special = {day for entry in entries for day in days if entry.first <= day <= entry.last}
    return len(special) / len(days)


def _days_of(span: EvaluationSpan) -> list[date]:
    first, end = (
        datetime.fromtimestamp(at / 1000, ZoneInfo(span.zone)).date() for at in (span.start_ms, span.end_ms)
    )
    return [first + timedelta(days=at) for at in range((end - first).days)]


@lru_cache(maxsize=4096)
def _entries(country: str, span: EvaluationSpan) -> tuple[CalendarEntry, ...]:
    days = _days_of(span)
    return tuple(
        one
        for one in calendar_between([country], days[0], days[-1])
        if (one.last - one.first).days < _LONGEST_DAYS
    )
